"""Matching rounds: until when students list openings and companies rank students.

open ── the windows have passed ──▶ closed ── run ──▶ decided
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from chassis.refusals import Conflict, Invalid, Refusal
from placement.domain.programme import YearRules
from placement.domain.rules import distinct, refuse
from placement.domain.vocabulary import OpeningId, RoundId, RoundState, StudentId, Year


@dataclass(frozen=True, slots=True)
class Terms:
    """Moments that are the first too late, and the public drawing that settles equal scores."""

    preferences_until: datetime
    rankings_until: datetime
    lot_source: str


@dataclass(frozen=True, slots=True)
class Round:
    """Both windows are half-open and begin when the round opens; `number` counts from 1 within a year."""

    id: RoundId
    year: Year
    number: int
    terms: Terms
    opened_at: datetime
    state: RoundState

    def admit_preferences(self, now: datetime) -> None:
        """Refuse a list that comes too late; one microsecond is."""
        self._admit("preferences", self.terms.preferences_until, now)

    def admit_rankings(self, now: datetime) -> None:
        """Refuse rankings that come too late."""
        self._admit("rankings", self.terms.rankings_until, now)

    def close(self, now: datetime) -> "Round":
        """Take nothing more; not before the windows that were announced have passed."""
        if self.state is not RoundState.OPEN:
            raise Conflict("round_not_open", f"The round is {self.state} already", "state")
        if now < self.terms.rankings_until:
            until = self.terms.rankings_until.isoformat()
            raise Conflict("window_not_over", f"Companies may rank until {until}", "rankings_until")
        return replace(self, state=RoundState.CLOSED)

    def decide(self) -> "Round":
        if self.state is not RoundState.CLOSED:
            raise Conflict(
                "round_not_closed", f"The round is {self.state}; only a closed one is run", "state"
            )
        return replace(self, state=RoundState.DECIDED)

    def _admit(self, what: str, until: datetime, now: datetime) -> None:
        if self.state is not RoundState.OPEN or not self.opened_at <= now < until:
            raise Conflict(f"{what}_too_late", f"The round took {what} until {until.isoformat()}", "round")


def open_round(round_id: RoundId, rules: YearRules, last: Round | None, terms: Terms, now: datetime) -> Round:
    """The next round of a year; the one before is decided.

    Raises:
        Conflict: The last round is undecided, or the policy's rounds are used up.
        Invalid: The windows are over before they begin, or stand in the wrong order.
    """
    if last is not None and last.state is not RoundState.DECIDED:
        raise Conflict(
            "round_undecided", f"Round {last.number} is {last.state}; decide it first", "programme_year"
        )
    number = 1 if last is None else last.number + 1
    if number > rules.rounds:
        raise Conflict(
            "rounds_used_up", f"The policy of {rules.year} has {rules.rounds} rounds", "programme_year"
        )
    if terms.preferences_until <= now:
        raise Invalid("in_the_future", f"It is {now.isoformat()} already", "preferences_until")
    if terms.rankings_until < terms.preferences_until:
        raise Invalid("rankings_after_preferences", "Companies rank who listed them", "rankings_until")
    return Round(round_id, rules.year, number, terms, now, RoundState.OPEN)


def check_preferences(openings: Sequence[OpeningId], possible: Collection[OpeningId], at_most: int) -> None:
    """Refuse a list that is too long, names an opening twice, or one the student cannot be hired for."""
    refuse(_broken_list(openings, possible, at_most))


def _broken_list(
    openings: Sequence[OpeningId], possible: Collection[OpeningId], at_most: int
) -> Iterator[Refusal]:
    if len(openings) > at_most:
        yield Invalid("preferences_at_most", f"A list has at most {at_most} openings", "openings")
    yield from distinct("openings", openings)
    for at, opening in enumerate(openings):
        if opening not in possible:
            yield Conflict(
                "opening_not_possible",
                "No such opening, or its company and the school have no agreement in force",
                f"openings.{at}",
            )


@dataclass(frozen=True, slots=True)
class Ranking:
    """A company's wish for an opening: an order, or scores, the higher the better; exactly one of them."""

    opening: OpeningId
    students: tuple[StudentId, ...] | None
    scores: Mapping[StudentId, Decimal] | None

    @property
    def named(self) -> tuple[StudentId, ...]:
        return (self.students or ()) if self.scores is None else tuple(self.scores)


def check_rankings(
    rankings: Sequence[Ranking], own: Collection[OpeningId], candidates: Collection[StudentId]
) -> None:
    """Refuse rankings of others' openings, of students who do not take part, and doubled names."""
    refuse(_broken_rankings(rankings, own, candidates))


def _broken_rankings(
    rankings: Sequence[Ranking], own: Collection[OpeningId], candidates: Collection[StudentId]
) -> Iterator[Refusal]:
    yield from distinct("rankings.opening", (ranking.opening for ranking in rankings))
    for at, ranking in enumerate(rankings):
        if ranking.opening not in own:
            yield Conflict("opening_not_own", "The company has no such opening", f"rankings.{at}.opening")
        if (ranking.students is None) == (ranking.scores is None):
            yield Invalid("ranking_or_scores", "Give either an order or scores", f"rankings.{at}")
            continue
        yield from distinct(f"rankings.{at}.students", ranking.named)
        for student in ranking.named:
            if student not in candidates:
                yield Conflict("not_in_round", f"{student} does not take part", f"rankings.{at}")
