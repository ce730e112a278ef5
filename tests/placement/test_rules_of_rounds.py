"""Rounds have half-open windows, follow one another, and strike what cannot be had."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.placement.test_rules import MICROSECOND, NOW, RULES, SCHOOL, rule_of

from chassis.refusals import Conflict, Invalid
from placement import snapshots
from placement.domain import rounds
from placement.domain.explaining import tell_struck
from placement.domain.rounds import Ranking, Round, Terms
from placement.domain.running import Gathered, Listed, Offered
from placement.domain.vocabulary import (
    CompanyId,
    OpeningId,
    RoundId,
    RoundState,
    StudentId,
)

TERMS = Terms(NOW + timedelta(days=7), NOW + timedelta(days=14), "a lottery")


def matching_round() -> Round:
    return rounds.open_round(RoundId("mat_1"), RULES, None, TERMS, NOW)


def test_a_window_is_half_open_to_the_microsecond() -> None:
    opened = matching_round()
    opened.admit_preferences(NOW)
    opened.admit_preferences(TERMS.preferences_until - MICROSECOND)
    opened.admit_rankings(TERMS.rankings_until - MICROSECOND)
    for admit, moment in (
        (opened.admit_preferences, TERMS.preferences_until),
        (opened.admit_rankings, TERMS.rankings_until),
        (opened.admit_preferences, NOW - MICROSECOND),
    ):
        with pytest.raises(Conflict):
            admit(moment)


def test_a_round_goes_one_way() -> None:
    opened = matching_round()
    with pytest.raises(Conflict, match="may rank until"):
        opened.close(TERMS.rankings_until - MICROSECOND)
    with pytest.raises(Conflict):
        opened.decide()
    closed = opened.close(TERMS.rankings_until)
    with pytest.raises(Conflict):
        closed.close(TERMS.rankings_until)
    with pytest.raises(Conflict):
        closed.admit_preferences(NOW)
    decided = closed.decide()
    assert decided.state is RoundState.DECIDED
    with pytest.raises(Conflict):
        decided.decide()


def test_rounds_follow_one_another_up_to_the_number_of_the_policy() -> None:
    first = replace(matching_round(), state=RoundState.DECIDED)
    second = rounds.open_round(RoundId("mat_2"), RULES, first, TERMS, NOW)
    assert second.number == 2
    for last, rule in ((matching_round(), "round_undecided"), (replace(first, number=2), "rounds_used_up")):
        with pytest.raises(Conflict) as refusal:
            rounds.open_round(RoundId("mat_3"), RULES, last, TERMS, NOW)
        assert rule_of(refusal) == rule


def test_windows_lie_ahead_and_in_order() -> None:
    for terms, field in (
        (replace(TERMS, preferences_until=NOW), "preferences_until"),
        (replace(TERMS, rankings_until=TERMS.preferences_until - MICROSECOND), "rankings_until"),
    ):
        with pytest.raises(Invalid) as refusal:
            rounds.open_round(RoundId("mat_1"), RULES, None, terms, NOW)
        assert refusal.value.field == field


def test_openings_whose_agreement_lapsed_are_struck_and_both_sides_are_told() -> None:
    student, first, second = StudentId("stu_1"), OpeningId("opn_1"), OpeningId("opn_2")
    both = tuple(
        Offered(each, company, 1, Ranking(each, (student,), None))
        for each, company in ((first, CompanyId("cmp_1")), (second, CompanyId("cmp_2")))
    )
    gathered = Gathered(
        (Listed(student, SCHOOL.id, (first, second)),), both, frozenset({(SCHOOL.id, CompanyId("cmp_2"))})
    )
    decision = snapshots.decide(snapshots.document_of(1, gathered, None))
    told = tell_struck(decision.told, gathered.lists, gathered.struck)
    [mine] = told.students
    assert (mine.opening, mine.choice) == (second, 2)
    assert [(missed.opening, missed.reason) for missed in mine.missed] == [(first, "agreement_not_in_force")]
    assert told.openings[0].standings == ((student, "agreement_not_in_force"),)
    assert told.openings[1].standings == ((student, "offered"),)
