"""Everything a round tells is true: random rounds against an independent checker, which knows a lie."""

import copy
import json
import random
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.placement.truth import Truth

from placement import snapshots
from placement.domain import telling
from placement.domain.explaining import Loss, Missed, Standing, Strike, tell_struck
from placement.domain.rounds import Ranking
from placement.domain.running import Gathered, Listed, Offered
from placement.domain.vocabulary import CompanyId, OpeningId, SchoolId, StudentId

SEED = "3,11,15,29,35,44"
BARS: tuple[Strike | None, ...] = (*[None] * 8, "opening_withdrawn", "work_over", "company_suspended")


def gathered(draw: random.Random, students: int, openings: int) -> Gathered:
    """A round as a run finds it: lists with gaps, lapsed agreements, withdrawn openings, equal scores."""
    schools = [SchoolId(f"sch_{at}") for at in range(3)]
    companies = [CompanyId(f"cmp_{at}") for at in range(max(1, openings // 2))]
    names = [OpeningId(f"opn_{at:03}") for at in range(openings)]
    listed = tuple(
        Listed(StudentId(f"stu_{at:03}"), draw.choice(schools), wishes(draw, names)) for at in range(students)
    )
    offered = tuple(
        Offered(
            name, draw.choice(companies), draw.choice((0, 1, 1, 2, 3)), ranking(draw, name, listed), bar(draw)
        )
        for name in names
    )
    partners = {(s, c) for s in schools for c in companies if draw.random() < 0.85}
    return Gathered(listed, offered, partners)


def wishes(draw: random.Random, names: list[OpeningId]) -> tuple[OpeningId, ...]:
    known = draw.sample(names, draw.randint(0, min(6, len(names))))
    return (*known, OpeningId("opn_gone")) if draw.random() < 0.05 else tuple(known)


def bar(draw: random.Random) -> Strike | None:
    return draw.choice(BARS)


def ranking(draw: random.Random, opening: OpeningId, listed: tuple[Listed, ...]) -> Ranking | None:
    """Nearly all who list it, a few who do not, and one who takes part no longer."""
    if draw.random() < 0.05:
        return None
    wanted = [s.student for s in listed if draw.random() < (0.9 if opening in s.openings else 0.05)]
    wanted += [StudentId("stu_gone")] if draw.random() < 0.1 else []
    draw.shuffle(wanted)
    if draw.random() < 0.5:
        return Ranking(opening, tuple(wanted), None)
    return Ranking(opening, None, {student: Decimal(draw.randint(0, 3)) for student in wanted})


def strikes_of(found: Gathered) -> dict[tuple[str, str], str]:
    """What cannot be had, said again without the service's help."""
    offered = {each.opening: each for each in found.openings}
    return {
        (each.student, wish): offered[wish].barred or "agreement_not_in_force"
        for each in found.students
        for wish in each.openings
        if wish in offered
        and (offered[wish].barred or (each.school, offered[wish].company) not in found.partners)
    }


def told_of(found: Gathered) -> tuple[Truth, dict[str, Any]]:
    """A round decided as the service does, with its documents as they are stored."""
    document = snapshots.document_of(1, found, SEED)
    decision = snapshots.decide(document)
    told = snapshots.told_documents(tell_struck(decision.told, found.lists, found.struck))
    lists: dict[str, tuple[str, ...]] = {each.student: each.openings for each in found.students}
    snapshot, result = json.loads(decision.proof.snapshot), json.loads(decision.proof.result)
    return Truth(snapshot, result, lists, strikes_of(found)), json.loads(json.dumps(told))


@given(seed=st.integers(0, 2**32), students=st.integers(0, 12), openings=st.integers(0, 8))
@settings(max_examples=500)
def test_everything_that_is_told_is_true_in_any_round(seed: int, students: int, openings: int) -> None:
    truth, told = told_of(gathered(random.Random(seed), students, openings))
    truth.check(told)


def test_larger_rounds_are_told_the_truth_and_every_reason_there_is_comes_up() -> None:
    reasons: Counter[str] = Counter()
    standings: Counter[str] = Counter()
    for seed in range(8):
        truth, told = told_of(gathered(random.Random(seed), 250, 80))
        truth.check(told)
        for each in told.values():
            reasons.update(missed["reason"] for missed in each.get("missed", ()))
            reasons.update("by lot" for missed in each.get("missed", ()) if missed["by_lot"])
            standings.update(standing for _, standing in each.get("standings", ()))
    assert set(reasons) == {*get_args(Loss), "by lot"}
    assert set(standings) == set(get_args(Standing))


def missed_where(told: dict[str, Any], **facts: Any) -> dict[str, Any]:
    """The first thing told to a student of which these facts are told."""
    return next(
        missed
        for each in told.values()
        for missed in each.get("missed", ())
        if all(missed[name] == value for name, value in facts.items())
    )


def standings_of(told: dict[str, Any], standing: str) -> list[Any]:
    return next(pair for each in told.values() for pair in each.get("standings", ()) if pair[1] == standing)


def a_better_rank(told: dict[str, Any]) -> None:
    missed_where(told, reason="higher_ranked_took_places")["own_rank"] -= 1


def a_worse_last_one(told: dict[str, Any]) -> None:
    missed_where(told, reason="higher_ranked_took_places")["last_rank"] += 1


def the_lot_for_a_higher_score(told: dict[str, Any]) -> None:
    missed_where(told, reason="higher_ranked_took_places", by_lot=False)["by_lot"] = True


def higher_ranked_for_the_lot(told: dict[str, Any]) -> None:
    standings_of(told, "lot_decided")[1] = "higher_ranked_took_places"


def places_that_were_not(told: dict[str, Any]) -> None:
    missed_where(told, reason="no_places")["reason"] = "higher_ranked_took_places"


def full_instead_of_not_ranked(told: dict[str, Any]) -> None:
    missed_where(told, reason="not_ranked_by_company")["reason"] = "no_places"


def a_lapse_instead_of_a_suspension(told: dict[str, Any]) -> None:
    missed_where(told, reason="company_suspended")["reason"] = "agreement_not_in_force"


def one_liked_better_kept_back(told: dict[str, Any]) -> None:
    next(each for each in told.values() if each.get("missed")).get("missed").pop()


def one_who_listed_kept_back(told: dict[str, Any]) -> None:
    next(each for each in told.values() if each.get("standings"))["standings"].pop()


def another_opening(told: dict[str, Any]) -> None:
    got = [each for each in told.values() if each.get("choice")]
    got[0]["opening"], got[1]["opening"] = got[1]["opening"], got[0]["opening"]


def a_better_choice(told: dict[str, Any]) -> None:
    next(each for each in told.values() if (each.get("choice") or 0) > 1)["choice"] -= 1


def nobody_listed_it(told: dict[str, Any]) -> None:
    standings_of(told, "took_one_liked_better")[1] = "did_not_list"


def nothing_at_all(told: dict[str, Any]) -> None:
    del told["stu_000"]


LIES = (
    a_better_rank,
    a_worse_last_one,
    the_lot_for_a_higher_score,
    higher_ranked_for_the_lot,
    places_that_were_not,
    full_instead_of_not_ranked,
    a_lapse_instead_of_a_suspension,
    one_liked_better_kept_back,
    one_who_listed_kept_back,
    another_opening,
    a_better_choice,
    nobody_listed_it,
    nothing_at_all,
)


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__)
def test_the_checker_knows_a_lie(lie: Callable[[dict[str, Any]], None]) -> None:
    truth, told = told_of(gathered(random.Random(1), 250, 80))
    truth.check(told)
    wrong = copy.deepcopy(told)
    lie(wrong)
    with pytest.raises(AssertionError):
        truth.check(wrong)


def test_the_checker_knows_a_pair_that_would_rather_have_each_other() -> None:
    truth, told = told_of(gathered(random.Random(1), 250, 80))
    dropped = truth.result["pairs"][0]
    result = {
        "pairs": truth.result["pairs"][1:],
        "unmatched": [*truth.result["unmatched"], dropped["student"]],
    }
    with pytest.raises(AssertionError):
        Truth(truth.snapshot, result, truth.lists, truth.strikes).check(told)


@pytest.mark.parametrize("reason", get_args(Loss))
def test_every_reason_is_a_sentence_in_both_languages(reason: Loss) -> None:
    told = [
        telling.to_student(Missed(OpeningId("opn_1"), reason, 2, 5, 3, by_lot)) for by_lot in (False, True)
    ]
    for ko, en in told:
        assert ko.endswith("다.")
        assert en.endswith(".")
        assert en.isascii()
    if reason == "higher_ranked_took_places":
        (ko, en), (by_lot_ko, by_lot_en) = told
        assert all(number in ko and number in en for number in ("2", "5", "3"))
        assert by_lot_ko.startswith(ko)
        assert "추첨" in by_lot_ko
        assert "the lot" in by_lot_en


@pytest.mark.parametrize("standing", get_args(Standing))
def test_every_standing_is_a_sentence_in_both_languages(standing: Standing) -> None:
    ko, en = telling.to_company(standing)
    assert ko.endswith("다.")
    assert en.endswith(".")
    assert en.isascii()
