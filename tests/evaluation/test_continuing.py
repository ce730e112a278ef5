"""Figures by the official formula, answers, bonuses; late, corrected, missing; confirmed or dropped."""

from collections.abc import Mapping
from copy import deepcopy
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from tests.asking import done, refused
from tests.evaluation.town import AFTER_APPEALS, RUBRIC, SEED, SELECTION, YEAR, Town
from tests.telling import Given

from contracts import placement, topics
from contracts.examples import example
from evaluation.domain.continuing import ContinuedSupport
from evaluation.domain.figures import Counted, Outcome
from evaluation.domain.intake import Party, Scored
from evaluation.domain.vocabulary import ApplicationId, SchoolId, Year
from evaluation.rubrics.form import RubricForm

CLOSE = f"/programme-years/{YEAR}/scoring-closure"
SUPPORT = f"/programme-years/{YEAR}/continued-support"
MISSING = f"/programme-years/{YEAR}/missing-figures"
HEADS = {
    "graduates": 30,
    "employed": 12,
    "advanced": 4,
    "enlisted": 1,
    "excluded": 1,
    "due_6": 10,
    "retained_6": 8,
    "due_12": 10,
    "retained_12": 5,
}
"""12 ÷ (30 - 4 - 1 - 1) = 50 %."""
EMPLOYMENT = {
    "measure": "employment_rate",
    "cohort": 1,
    "as_of": {"years_before": 1, "month": 12, "day": 31},
    "nothing": "0",
    "full": "100",
}
QUESTIONS = [
    {"name": "partners", "kinds": ["new"], "at_least": "0", "at_most": None},
    {"name": "rural", "kinds": ["new"], "at_least": "0", "at_most": "1"},
]


def rubric(*, line: str | None = None) -> dict[str, Any]:
    """The plain rubric, its results scored by figures, and two bonuses for new schools."""
    figured = deepcopy(RUBRIC)
    new, continuing = figured["kinds"]["new"], figured["kinds"]["continuing"]
    new["criteria"][0]["scored_by"] = {"question": "partners", "nothing": "0", "full": "10"}
    continuing["criteria"][0]["scored_by"] = EMPLOYMENT
    continuing["stages"][0]["line"] = line
    named = {"name_ko": "가점", "name_en": "Bonus", "points": "2"}
    new["bonus"] = [
        named | {"name": "rural_area", "ground": {"question": "rural", "equals": "1"}},
        named | {"name": "funding", "ground": "officer"},
    ]
    return figured


def outcome(town: Town, school: int, *, revision: int = 1, **facts: Any) -> Given:
    """What became of the cohort of the year before, told for its last day."""
    event: type[placement.OutcomeReported | placement.OutcomeCorrected] = (
        placement.OutcomeReported if revision == 1 else placement.OutcomeCorrected
    )
    given = {"programme_year": YEAR - 1, "as_of": "2024-12-31", "origin": "imported", **HEADS, **facts}
    told = example(event, school=f"sch_{school}", revision=revision, **given)
    return town.applications.tells(told)


async def prepared(town: Town, wishes: Mapping[int, Mapping[str, Any]], *, line: str | None = None) -> None:
    await town.prepared(wishes, questions=QUESTIONS)
    done(await town.officer.put("/rubrics/plain", rubric(line=line)), 201)


async def reviewed(town: Town, plan: str = "30") -> None:
    """Two reviewers give every plan as many of its 60 points."""
    await town.assigned(2)
    for number in (1, 2):
        staff = town.reviewer(number)
        own = [each["application"] for each in done(await staff.get("/reviews"))]
        sheets = [{"application": each, "scores": {"plan": plan}} for each in own]
        done(await staff.post("/reviews/scores", {"sheets": sheets}), 201)


async def totals(town: Town) -> dict[str, str]:
    rows = await town.rows("select application, total from total order by application")
    return {row["application"]: f"{row['total']:f}" for row in rows}


CONTINUING = {"kind": "continuing"}


def test_the_published_national_employment_rate_follows_from_the_formula() -> None:
    heads = {
        "graduates": 63_005,
        "employed": 16_588,
        "advanced": 30_216,
        "enlisted": 1_716,
        "excluded": 1_059,
    }
    national = Outcome(
        school=SchoolId("all"),
        cohort=2023,
        as_of=date(2024, 4, 1),
        revision=1,
        due_6=0,
        retained_6=0,
        due_12=1_000,
        retained_12=662,
        **heads,
    )
    rate = national.percentage("employment_rate")
    assert rate is not None
    assert rate.quantize(Decimal("0.1")) == Decimal("55.3")
    assert national.percentage("retention_12_months") == Decimal("66.2")
    assert national.percentage("retention_6_months") is None


async def test_outcomes_of_the_cohort_and_day_that_the_rubric_names_are_scored_by_the_formula(
    town: Town,
) -> None:
    await prepared(town, {1: CONTINUING})
    await reviewed(town)
    await town.receive(
        outcome(town, 1),
        outcome(town, 1, as_of="2024-10-01", employed=24),
        outcome(town, 1, programme_year=YEAR - 2, employed=24),
    )
    done(await town.officer.post(CLOSE), 201)
    assert await totals(town) == {"app_1": "50.000"}
    [shown] = done(await town.officer.get(SUPPORT))
    [figure] = shown["figures"]
    assert (figure["value"], figure["score"], figure["points"]) == ("50", "20.000", "20.000")
    assert figure["outcome"]["cohort"] == YEAR - 1
    assert shown["explanation_en"].startswith(
        "results: employment rate 50 % (12 ÷ (30 - 4 - 1 - 1)) of the students of 2024 as of 2024-12-31 "
        "gives 20/40. "
    )
    assert "2024년 학생의 2024-12-31 기준 취업률 50%" in shown["explanation_ko"]


async def test_a_missing_figure_is_named_before_closing_and_may_be_let_count_as_nothing(town: Town) -> None:
    await prepared(town, {1: CONTINUING, 2: CONTINUING})
    await reviewed(town)
    await town.receive(
        outcome(town, 1), outcome(town, 2, graduates=3, employed=0, advanced=3, enlisted=0, excluded=0)
    )
    missing = done(await town.officer.get(MISSING))
    assert [(each["application"], each["criterion"], each["lack"]) for each in missing] == [
        ("app_2", "results", "nobody_to_count")
    ]
    before = await town.state()
    refused(await town.officer.post(CLOSE), 409, ("figures", "figures_missing"))
    assert await town.state() == before
    reason = {"reason": "first_cohort_still_in_school"}
    waived = done(await town.officer.post("/applications/app_2/missing-figures", reason), 201)
    assert [each["waived"] for each in waived] == [True]
    done(await town.officer.post(CLOSE), 201)
    assert await totals(town) == {"app_1": "50.000", "app_2": "30.000"}


async def test_a_stage_waits_until_what_was_told_is_read(town: Town) -> None:
    await prepared(town, {1: CONTINUING})
    await reviewed(town)
    told = outcome(town, 1)
    late = outcome(town, 1, revision=2, employed=18)
    manifest = [{"school": "sch_1", "sequence": town.applications.sequence(topics.PLACEMENT, "sch_1")}]
    closing = example(
        placement.OutcomeReportingClosed, programme_year=YEAR - 1, as_of="2024-12-31", manifest=manifest
    )
    await town.receive(told, town.applications.tells(closing))
    refused(await town.officer.post(CLOSE), 409, ("figures", "outcomes_on_their_way"))
    await town.receive(late)
    done(await town.officer.post(CLOSE), 201)
    assert await totals(town) == {"app_1": "60.000"}


async def test_a_correction_counts_until_the_final_result_and_voids_what_was_approved(town: Town) -> None:
    await prepared(town, {1: CONTINUING})
    await reviewed(town, "50")
    await town.receive(outcome(town, 1))
    await town.at(SELECTION)
    done(await town.officer.post(CLOSE), 201)
    done(await town.officer.put(f"/programme-years/{YEAR}/lot", {"lot_seed": SEED}))
    run = await town.proposed("preliminary")
    await town.approved(run)
    await town.receive(outcome(town, 1, revision=2, employed=18))
    assert await totals(town) == {"app_1": "80.000"}
    refused(
        await town.officer.post(f"/runs/{run['id']}/publication"), 409, ("snapshot_sha256", "inputs_changed")
    )
    await town.published("preliminary")
    await town.receive(outcome(town, 1, revision=3, employed=6))
    assert await totals(town) == {"app_1": "60.000"}
    await town.at(AFTER_APPEALS)
    await town.published("final")
    await town.receive(outcome(town, 1, revision=4, employed=24))
    assert await totals(town) == {"app_1": "60.000"}
    [kept] = await town.rows(
        "select subject, detail from messaging.audit where action = 'outcome_without_effect'"
    )
    assert kept["subject"] == "sch_1"
    [shown] = done(await town.officer.get(SUPPORT))
    [figure] = shown["figures"]
    assert (figure["outcome"]["revision"], figure["newest_revision"], figure["value"]) == (3, 4, "25")
    assert await town.rows("select revision from reported_outcome where revision = 4")


async def test_a_correction_without_another_score_voids_nothing(town: Town) -> None:
    await prepared(town, {1: CONTINUING})
    await reviewed(town)
    await town.receive(outcome(town, 1))
    await town.at(SELECTION)
    done(await town.officer.post(CLOSE), 201)
    done(await town.officer.put(f"/programme-years/{YEAR}/lot", {"lot_seed": SEED}))
    run = await town.proposed("preliminary")
    await town.receive(outcome(town, 1, revision=2, retained_6=9))
    await town.approved(run)


async def test_below_the_line_a_school_is_dropped_and_a_correction_may_confirm_it(town: Town) -> None:
    await prepared(town, {1: CONTINUING, 2: CONTINUING}, line="65")
    await reviewed(town, "48")
    await town.receive(outcome(town, 1), outcome(town, 2, employed=6))
    await town.at(SELECTION)
    done(await town.officer.post(CLOSE), 201)
    shown = {each["school"]: each for each in done(await town.officer.get(SUPPORT))}
    assert {school: each["decision"] for school, each in shown.items()} == {
        "sch_1": "confirmed",
        "sch_2": "dropped",
    }
    assert shown["sch_2"]["reasons"] == ["below_line_performance", "below_cut_line"]
    assert shown["sch_2"]["explanation_en"].endswith(
        "With 58.000 points support is not continued. Reason: 7.000 below the stage's line of 65. "
        "Reason: 2.000 below the cut line of 60."
    )
    assert shown["sch_1"]["explanation_ko"].endswith("종합 68.000점으로 계속지원을 확정합니다.")
    done(await town.officer.put(f"/programme-years/{YEAR}/lot", {"lot_seed": SEED}))
    await town.published("preliminary")
    await town.receive(outcome(town, 2, revision=2))
    shown = {each["school"]: each for each in done(await town.officer.get(SUPPORT))}
    assert shown["sch_2"]["decision"] == "confirmed"
    await town.at(AFTER_APPEALS)
    await town.published("final")
    assert await town.states() == {"sch_1": "selected", "sch_2": "selected"}


async def test_by_how_much_the_last_line_is_missed_is_told_of_what_counts_now(town: Town) -> None:
    await prepared(town, {1: CONTINUING, 2: CONTINUING}, line="65")
    await reviewed(town, "48")
    await town.receive(outcome(town, 1), outcome(town, 2, employed=6))
    await town.at(SELECTION)
    done(await town.officer.post(CLOSE), 201)
    done(await town.officer.put(f"/programme-years/{YEAR}/lot", {"lot_seed": SEED}))
    await town.published("preliminary")
    await town.receive(outcome(town, 1, revision=2, employed=6), outcome(town, 2, revision=2, employed=9))
    await town.at(AFTER_APPEALS)
    final = await town.published("final")
    told = {each["school"]: each for each in done(await town.officer.get(f"/runs/{final['id']}/ranking"))}
    lacking = {
        school: each["by"]
        for school, of in told.items()
        for each in of["facts"]["shortfalls"]
        if (each["reason"], each["line"]) == ("below_line_performance", "65")
    }
    assert lacking == {"sch_1": "7.000", "sch_2": "2.000"}
    assert "is 2.000 below its line of 65" in told["sch_2"]["explanation_en"]


async def test_a_school_sees_its_own_figures_and_its_decision_with_the_preliminary_result(town: Town) -> None:
    await prepared(town, {1: CONTINUING, 2: CONTINUING})
    await reviewed(town)
    await town.receive(outcome(town, 1), outcome(town, 2))
    await town.at(SELECTION)
    done(await town.officer.post(CLOSE), 201)
    [own] = done(await town.school(1).get(SUPPORT))
    assert (own["school"], own["decision"], own["total"]) == ("sch_1", "pending", None)
    assert own["figures"][0]["value"] == "50"
    done(await town.officer.put(f"/programme-years/{YEAR}/lot", {"lot_seed": SEED}))
    await town.published("preliminary")
    [own] = done(await town.school(1).get(SUPPORT))
    assert (own["decision"], own["total"], own["reasons"]) == ("dropped", "50.000", ["below_cut_line"])


async def test_between_the_results_a_school_reads_what_was_published_and_officers_what_counts(
    town: Town,
) -> None:
    await prepared(town, {1: CONTINUING})
    await reviewed(town)
    await town.receive(outcome(town, 1))
    await town.at(SELECTION)
    done(await town.officer.post(CLOSE), 201)
    done(await town.officer.put(f"/programme-years/{YEAR}/lot", {"lot_seed": SEED}))
    await town.published("preliminary")
    [published] = done(await town.school(1).get(SUPPORT))
    assert (published["total"], published["figures"][0]["value"]) == ("50.000", "50")
    await town.receive(outcome(town, 1, revision=2, employed=18))
    [now] = done(await town.officer.get(SUPPORT))
    assert (now["total"], now["decision"], now["figures"][0]["value"]) == ("60.000", "confirmed", "75")
    [own] = done(await town.school(1).get(SUPPORT))
    [figure], [before] = own.pop("figures"), published.pop("figures")
    assert own == published
    assert figure == {**before, "newest_revision": 2}
    await town.at(AFTER_APPEALS)
    await town.published("final")
    [own] = done(await town.school(1).get(SUPPORT))
    assert (own["total"], own["decision"], own["figures"][0]["value"]) == ("60.000", "confirmed", "75")


async def test_answers_and_bonuses_of_new_schools_count(town: Town) -> None:
    await prepared(
        town,
        {
            1: {"answers": {"partners": "5", "rural": "1"}},
            2: {"answers": {"partners": "25", "rural": "0"}},
        },
    )
    await reviewed(town)
    reason = {"reason": "agreement_of_the_province"}
    funded = "/applications/app_2/bonus/funding"
    done(await town.officer.put(funded, reason), 201)
    done(await town.officer.post(CLOSE), 201)
    assert await totals(town) == {"app_1": "52.000", "app_2": "72.000"}
    done(await town.officer.post(f"{funded}/withdrawal", {"reason": "agreement_ended"}), 201)
    assert await totals(town) == {"app_1": "52.000", "app_2": "70.000"}
    again = await town.officer.post(f"{funded}/withdrawal", {"reason": "agreement_ended"})
    refused(again, 404, ("bonus", "bonus_not_recorded"))


async def test_a_bonus_that_officers_cannot_record_is_refused(town: Town) -> None:
    await prepared(town, {1: {"answers": {"partners": "5", "rural": "1"}}})
    before = await town.state()
    for bonus, rule in (("rural_area", "bonus_by_answer"), ("charm", "bonus_unknown")):
        answer = await town.officer.put(f"/applications/app_1/bonus/{bonus}", {"reason": "because"})
        refused(answer, 422, ("bonus", rule))
    unknown = await town.officer.put("/applications/app_9/bonus/funding", {"reason": "because"})
    refused(unknown, 404, ("application", "application_not_found"))
    assert await town.state() == before


async def test_an_answer_that_is_missing_is_named(town: Town) -> None:
    await prepared(town, {1: {"answers": {"rural": "0"}}})
    [missing] = done(await town.officer.get(MISSING))
    assert (missing["application"], missing["criterion"], missing["lack"]) == (
        "app_1",
        "results",
        "not_answered",
    )


@pytest.mark.parametrize(
    ("barred", "ko", "en"),
    [
        ((), "종합 63.500점으로 계속지원을 확정합니다.", "With 63.500 points support is continued."),
        (
            ("below_minimum_quantitative",),
            "사유: 정량 최저점수 25점에 3.500점 부족.",
            "Reason: 3.500 below the quantitative minimum of 25.",
        ),
        (
            ("below_minimum_plan",),
            "사유: plan 최저점수 50점 미달.",
            "Reason: below the minimum for plan of 50.",
        ),
        (
            ("below_line_performance",),
            "사유: 평가 통과점수 62점에 0.500점 부족.",
            "Reason: 0.500 below the stage's line of 62.",
        ),
        (("sanctioned",), "사유: sanctioned.", "Reason: sanctioned."),
    ],
)
def test_why_a_school_is_dropped_names_the_line_and_by_how_much(
    barred: tuple[str, ...], ko: str, en: str
) -> None:
    form = deepcopy(RUBRIC)
    continuing = form["kinds"]["continuing"]
    continuing["stages"][0]["line"] = "62"
    continuing["minima"] = {"quantitative": "25"}
    continuing["criteria"][1]["minimum"] = "50"
    continuing["bonus"] = [
        {"name": "extra", "name_ko": "가점", "name_en": "Extra", "points": "2", "ground": "officer"}
    ]
    rules = RubricForm.model_validate(form).rubrics("plain", 1).kinds["continuing"]
    school = SchoolId("sch_1")
    application = ApplicationId("app_1")
    party = Party(application, Year(YEAR), school, "모의", None, "seoul", "continuing")
    parts = {"quantitative": Decimal("21.500"), "qualitative": Decimal("40.000"), "bonus": Decimal("2.000")}
    total = Scored(party, (), accepts_general=True, total=Decimal("63.500"), parts=parts, barred=barred)
    counted = Counted(application, school, "모의", "continuing", {}, waived=False, bonus=frozenset({"extra"}))
    support = ContinuedSupport(counted, rules, (), total, Decimal(60))
    told_ko, told_en = support.explained()
    assert told_ko.endswith(ko)
    assert told_en.endswith(en)
