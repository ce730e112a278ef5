"""What a school is told, in both languages."""

from dataclasses import replace
from decimal import Decimal

from evaluation.domain.explaining import Explanation, Line, explain
from evaluation.domain.selection import select
from evaluation.domain.snapshot import Applicant, Policy, Quota, Snapshot
from evaluation.domain.vocabulary import SchoolId
from evaluation.domain.wording import Names

REGIONAL = Quota("regional", ("regional_key_industry", "work_study"), 1, 1)
TECHNOLOGY = Quota("new_technology", ("new_technology",), 0, 1)
NAMES = Names(
    schools={SchoolId("a"): ("한빛공업고등학교", "Hanbit Technical High School")},
    tracks={
        "work_study": ("일학습병행 연계형", "Work-study-linked"),
        "regional_key_industry": ("지역주력산업 연계형", "Regional key industry-linked"),
        "new_technology": ("신기술 중점지원", "New technology-focused"),
    },
    quotas=(REGIONAL, TECHNOLOGY),
)


def school(
    name: str, score: str, *tracks: str, general: bool = True, barred: tuple[str, ...] = ()
) -> Applicant:
    criteria = {"quantitative": Decimal(30), "qualitative": Decimal(score) - 30}
    return Applicant(SchoolId(name), "new", Decimal(score), criteria, tracks, general, barred)


def explained(
    seats: int, *schools: Applicant, holders: dict[str, tuple[str, ...]] | None = None
) -> dict[str, Explanation]:
    policy = Policy(seats, 1, (("new",),), (REGIONAL, TECHNOLOGY), Decimal(60), (), "lottery", "1")
    held = {SchoolId(name): designations for name, designations in (holders or {}).items()}
    decisions = select(Snapshot(2025, policy, schools, held))
    by_id = {each.id: each for each in schools}
    minima = {"quantitative": Decimal(31)}
    return {each.award.id: explain(each, by_id[each.award.id], minima, NAMES) for each in decisions}


def test_a_selected_school_is_told_score_rank_and_award() -> None:
    told = explained(2, school("a", "87.125", "new_technology"))["a"]
    assert told.ko == (
        "종합점수 87.125점(정성 57.125점, 정량 30점), 순위 1위. 신청: 신기술 중점지원 → 일반지원. "
        "결과: 선정(신기술 중점지원)."
    )
    assert told.en == (
        "Total score 87.125 (qualitative 57.125, quantitative 30), rank 1. "
        "Asked for: New technology-focused, then general support. "
        "Outcome: selected (New technology-focused)."
    )
    assert told.reasons == ()


def test_a_full_group_names_who_was_last_in() -> None:
    told = explained(3, school("a", "90", "new_technology"), school("b", "80", "new_technology"))["b"]
    assert (
        "신기술 중점지원: 먼저 배정된 학교들이 정원을 모두 채웠습니다(마지막 배정: 한빛공업고등학교)."
        in told.ko
    )
    assert (
        "New technology-focused: all of its places were taken (last in: Hanbit Technical High School)."
        in told.en
    )
    assert told.facts["missed"] == [
        {
            "award": ["new_technology"],
            "by": "group_full",
            "full": [{"group": "new_technology", "last_in": "a", "kept_for": []}],
            "groups": [],
            "scarce": None,
        }
    ]


def test_a_seat_kept_for_a_guarantee_names_the_group() -> None:
    told = explained(1, school("a", "90"), school("b", "70", "work_study"))["a"]
    assert told.facts["missed"][0]["by"] == "needed_for_guarantee"
    assert told.facts["missed"][0]["groups"] == ["regional"]
    assert told.facts["missed"][0]["scarce"] == "seats"
    assert "남은 자리가 모두 보장 지정(지역주력산업 연계형 · 일학습병행 연계형)에 필요했습니다" in told.ko
    assert "결과: 예비 1번." in told.ko


def test_an_applicant_kept_for_a_guarantee_names_the_group() -> None:
    told = explained(5, school("a", "90", "new_technology", "work_study"))["a"]
    assert told.facts["designations"] == ["work_study"]
    assert told.facts["missed"][0]["scarce"] == "applicants"
    assert "every school left that asked for them was needed" in told.en


def test_no_seat_left_is_said() -> None:
    told = explained(1, school("a", "90", "work_study"), school("b", "70"))["b"]
    assert "General support: no seat was left." in told.en
    assert "일반지원: 남은 지원 자리가 없었습니다." in told.ko


def test_below_the_cut_line_says_by_how_much() -> None:
    told = explained(1, school("a", "57.5"))["a"]
    assert "사유: 기준점수 60점에 2.5점 모자랍니다." in told.ko
    assert "Reason: the total is 2.5 below the cut line of 60." in told.en
    assert told.facts["shortfalls"] == [{"reason": "below_cut_line", "line": "60", "by": "2.5"}]
    assert told.reasons == ("below_cut_line",)


def test_a_part_below_its_minimum_says_which_and_by_how_much() -> None:
    told = explained(1, school("a", "80", barred=("below_minimum_quantitative",)))["a"]
    assert "사유: 정량 최저점수 31점에 1점 모자랍니다." in told.ko
    assert "Reason: the quantitative part is 1 below its minimum of 31." in told.en
    assert told.reasons == ("below_minimum_quantitative",)


def told_of(reason: str, lines: dict[str, Line]) -> Explanation:
    policy = Policy(1, 1, (("new",),), (REGIONAL, TECHNOLOGY), Decimal(60), (), "lottery", "1")
    applicant = school("a", "80", barred=(reason,))
    (decision,) = select(Snapshot(2025, policy, (applicant,)))
    names = replace(NAMES, criteria={"plan": ("운영 계획", "operation plan")})
    return explain(decision, applicant, {}, names, lines=lines)


def test_a_stages_line_is_told_with_what_lacked() -> None:
    told = told_of("below_line_documents", {"below_line_documents": (Decimal(40), Decimal("3.5"))})
    assert "사유: 서면평가 통과 점수 40점에 3.5점 모자랍니다." in told.ko
    assert "Reason: what was reached by the document review is 3.5 below its line of 40." in told.en
    assert told.facts["shortfalls"] == [{"reason": "below_line_documents", "line": "40", "by": "3.5"}]


def test_a_criterion_below_its_minimum_is_named_as_the_rubric_names_it() -> None:
    told = told_of("below_minimum_plan", {"below_minimum_plan": (Decimal(5), None)})
    assert "사유: 운영 계획 최저점수 5점에 미치지 못했습니다." in told.ko
    assert "Reason: the operation plan is below its minimum of 5." in told.en


def test_a_line_whose_points_are_not_known_is_told_all_the_same() -> None:
    told = told_of("below_line_site_visit", {})
    assert "사유: 현장평가 통과 점수에 미치지 못했습니다." in told.ko
    assert "Reason: what was reached by the site visit is below its line." in told.en


def test_any_other_bar_is_told_by_its_code() -> None:
    told = explained(1, school("a", "80", barred=("sanctioned",)))["a"]
    assert "Reason: sanctioned." in told.en
    assert told.facts["shortfalls"] == [{"reason": "sanctioned", "line": None, "by": None}]


def test_a_holder_is_told_why_it_cannot_change() -> None:
    told = explained(3, school("a", "90", "new_technology", "work_study"), holders={"a": ("work_study",)})[
        "a"
    ]
    assert told.facts["designations"] == ["work_study"]
    assert told.facts["missed"][0]["by"] == "keeps_what_it_holds"
    assert "it cannot be had beside what the school already holds" in told.en


def test_a_school_that_asked_for_nothing_is_told_so() -> None:
    told = explained(3, school("b", "90", general=False))["b"]
    assert "Asked for: nothing." in told.en
    assert "신청: 없음." in told.ko
