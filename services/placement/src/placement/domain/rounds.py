"""Matching rounds: until when students list and companies rank, and what is then decided over.

open ── the windows have passed ──▶ closed ── run ──▶ decided
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from chassis.refusals import Conflict, Invalid, Refusal
from placement.domain.matching import (
    Explanations,
    Loss,
    Missed,
    OpeningExplanation,
    StudentExplanation,
)
from placement.domain.programme import YearRules
from placement.domain.rules import distinct, refuse
from placement.domain.vocabulary import (
    CompanyId,
    OpeningId,
    RoundId,
    RoundState,
    SchoolId,
    StudentId,
    Year,
)


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


@dataclass(frozen=True, slots=True)
class Listed:
    """A student who takes part, and its list as it was when the round closed."""

    student: StudentId
    school: SchoolId
    openings: tuple[OpeningId, ...]


@dataclass(frozen=True, slots=True)
class Offered:
    """An opening of the year, its free places, and how its company wishes."""

    opening: OpeningId
    company: CompanyId
    free: int
    ranking: Ranking | None


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a round decides over; `partners` are schools and companies with an agreement in force today."""

    students: tuple[Listed, ...]
    openings: tuple[Offered, ...]
    partners: frozenset[tuple[SchoolId, CompanyId]]

    def struck(self) -> Mapping[StudentId, frozenset[OpeningId]]:
        """Openings on a student's list that lack the agreement now."""
        company = {offered.opening: offered.company for offered in self.openings}
        found = {
            listed.student: frozenset(
                opening
                for opening in listed.openings
                if opening in company and (listed.school, company[opening]) not in self.partners
            )
            for listed in self.students
        }
        return {student: openings for student, openings in found.items() if openings}

    @property
    def needs_lot(self) -> bool:
        return any(each.ranking is not None and each.ranking.scores is not None for each in self.openings)


@dataclass(frozen=True, slots=True)
class Proof:
    """A decision as it is kept: the exact bytes that were hashed, and by what they were decided."""

    rule: str
    code: str
    snapshot: bytes
    snapshot_sha256: str
    result: bytes
    result_sha256: str


def tell_struck(told: Explanations, gathered: Gathered) -> Explanations:
    """Put openings that were struck from the lists back into what both sides are told."""
    struck = gathered.struck()
    lists = {listed.student: listed.openings for listed in gathered.students}
    return Explanations(
        students=tuple(_with_struck(each, lists[each.student]) for each in told.students),
        openings=tuple(_without_agreement(each, struck) for each in told.openings),
    )


def _with_struck(told: StudentExplanation, listed: Sequence[OpeningId]) -> StudentExplanation:
    known = {missed.opening: missed for missed in told.missed}
    got = len(listed) if told.opening is None else listed.index(told.opening)
    missed = tuple(known.get(opening, Missed(opening, "agreement_not_in_force")) for opening in listed[:got])
    return replace(told, choice=None if told.opening is None else got + 1, missed=missed)


def _without_agreement(
    told: OpeningExplanation, struck: Mapping[StudentId, frozenset[OpeningId]]
) -> OpeningExplanation:
    standings = tuple(
        (student, "agreement_not_in_force" if told.opening in struck.get(student, frozenset()) else standing)
        for student, standing in told.standings
    )
    return replace(told, standings=standings)


_UNMATCHED_BECAUSE: Final[Mapping[Loss, str]] = {
    "higher_ranked_took_places": "listed_openings_full",
    "no_places": "listed_openings_full",
    "not_ranked_by_company": "not_ranked_by_company",
    "agreement_not_in_force": "agreement_not_in_force",
    "not_in_round": "opening_gone",
}


def reasons_unmatched(told: StudentExplanation) -> tuple[str, ...]:
    """Why a student got nothing, as codes in the order of its list, each once."""
    if not told.missed:
        return ("no_opening_listed",)
    return tuple(dict.fromkeys(_UNMATCHED_BECAUSE[missed.reason] for missed in told.missed))
