"""What a round tells each side of what it did not get, and why; true because the matching is stable."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from placement.domain.matching import (
    Market,
    Matching,
    Opening,
    OpeningId,
    Student,
    StudentId,
    ranks_of,
)

Strike = Literal["opening_withdrawn", "work_over", "company_suspended", "agreement_not_in_force"]
"""Why an opening was struck from a student's list before the rule began; the first that holds is told."""
Loss = Literal["higher_ranked_took_places", "not_ranked_by_company", "no_places", "not_in_round", Strike]
"""Why a student did not get an opening it liked better."""
Standing = Literal[
    "offered",
    "took_one_liked_better",
    "higher_ranked_took_places",
    "lot_decided",
    "no_places",
    "did_not_list",
    "not_ranked",
    "not_in_round",
    Strike,
]
"""What became of a student whom an opening ranked, or who listed it.

`lot_decided`: the student stood equal with the last who got in, and the lot put it behind.
"""


@dataclass(frozen=True, slots=True)
class Missed:
    """An opening liked better than what a student got, and why it could not be had.

    `places` is how many the round could fill, `own_rank` the student's place in the opening's order and
    `last_rank` that of the last who got in, both from 1; `by_lot` says that these two stood equal until the
    lot.
    """

    opening: OpeningId
    reason: Loss
    places: int | None = None
    own_rank: int | None = None
    last_rank: int | None = None
    by_lot: bool = False


@dataclass(frozen=True, slots=True)
class StudentExplanation:
    """What a student got (`choice` is its place in the own list, from 1) and what it liked better."""

    student: StudentId
    opening: OpeningId | None
    choice: int | None
    missed: tuple[Missed, ...]


@dataclass(frozen=True, slots=True)
class OpeningExplanation:
    """What became of each student an opening ranked, in its order, and after them of others who listed it."""

    opening: OpeningId
    capacity: int
    standings: tuple[tuple[StudentId, Standing], ...]


@dataclass(frozen=True, slots=True)
class Explanations:
    """What each side is told, in the order of the market's lists."""

    students: tuple[StudentExplanation, ...]
    openings: tuple[OpeningExplanation, ...]


def explain(market: Market, matching: Matching) -> Explanations:
    """Tell each side the truth about what it did not get.

    `matching` must be the rule's result for `market`: the reasons given rest on its stability.
    """
    told = _Outcome(market, matching)
    return Explanations(
        students=tuple(told.to_student(student) for student in market.students),
        openings=tuple(told.to_opening(opening) for opening in market.openings),
    )


def tell_struck(
    told: Explanations,
    lists: Mapping[StudentId, Sequence[OpeningId]],
    struck: Mapping[StudentId, Mapping[OpeningId, Strike]],
) -> Explanations:
    """Put openings that were struck from the lists back into what both sides are told."""
    by_opening: dict[OpeningId, dict[StudentId, Strike]] = {}
    for student, openings in struck.items():
        for opening, reason in openings.items():
            by_opening.setdefault(opening, {})[student] = reason
    return Explanations(
        students=tuple(
            _with_struck(each, lists[each.student], struck[each.student]) if each.student in struck else each
            for each in told.students
        ),
        openings=tuple(
            _to_whom_it_was_struck(each, by_opening[each.opening]) if each.opening in by_opening else each
            for each in told.openings
        ),
    )


def _with_struck(
    told: StudentExplanation, listed: Sequence[OpeningId], struck: Mapping[OpeningId, Strike]
) -> StudentExplanation:
    known = {missed.opening: missed for missed in told.missed}
    got = len(listed) if told.opening is None else listed.index(told.opening)
    missed = tuple(
        Missed(opening, struck[opening]) if opening in struck else known[opening] for opening in listed[:got]
    )
    return replace(told, choice=None if told.opening is None else got + 1, missed=missed)


def _to_whom_it_was_struck(
    told: OpeningExplanation, struck: Mapping[StudentId, Strike]
) -> OpeningExplanation:
    standings = {**dict(told.standings), **dict(sorted(struck.items()))}
    return replace(told, standings=tuple(standings.items()))


class _Outcome:
    """A matching seen from both sides."""

    def __init__(self, market: Market, matching: Matching) -> None:
        self._pairs = matching.pairs
        self._openings = {opening.id: opening for opening in market.openings}
        self._ranks = ranks_of(market.openings)
        self._order = {
            student.id: {opening: choice for choice, opening in enumerate(student.preferences, 1)}
            for student in market.students
        }
        self._listing: dict[OpeningId, list[StudentId]] = {}
        for student in market.students:
            for opening in student.preferences:
                self._listing.setdefault(opening, []).append(student.id)
        self._last: dict[OpeningId, StudentId] = {}
        for holder, place in matching.pairs.items():
            ranks = self._ranks[place]
            if ranks[holder] >= ranks[self._last.get(place, holder)]:
                self._last[place] = holder

    def to_student(self, student: Student) -> StudentExplanation:
        opening = self._pairs.get(student.id)
        choice = None if opening is None else self._order[student.id][opening]
        better = student.preferences if choice is None else student.preferences[: choice - 1]
        return StudentExplanation(
            student=student.id,
            opening=opening,
            choice=choice,
            missed=tuple(self._missed(student.id, wish) for wish in better),
        )

    def to_opening(self, opening: Opening) -> OpeningExplanation:
        ranked = self._ranks[opening.id]
        unranked = [each for each in self._listing.get(opening.id, ()) if each not in ranked]
        return OpeningExplanation(
            opening=opening.id,
            capacity=opening.capacity,
            standings=(
                *((student, self._standing(student, opening)) for student in opening.ranking),
                *((student, "not_ranked") for student in sorted(unranked)),
            ),
        )

    def _missed(self, student: StudentId, wish: OpeningId) -> Missed:
        opening = self._openings.get(wish)
        if opening is None:
            return Missed(wish, "not_in_round")
        places, own = opening.capacity, self._ranks[wish].get(student)
        if own is None:
            return Missed(wish, "not_ranked_by_company", places)
        if places == 0:
            return Missed(wish, "no_places", places, own)
        last = self._last[wish]
        return Missed(
            wish,
            "higher_ranked_took_places",
            places,
            own_rank=own,
            last_rank=self._ranks[wish][last],
            by_lot=opening.tied(student, last),
        )

    def _standing(self, student: StudentId, opening: Opening) -> Standing:
        order = self._order.get(student)
        if order is None:
            return "not_in_round"
        if opening.id not in order:
            return "did_not_list"
        got = self._pairs.get(student)
        if got == opening.id:
            return "offered"
        if got is not None and order[got] < order[opening.id]:
            return "took_one_liked_better"
        if opening.capacity == 0:
            return "no_places"
        tied = opening.tied(student, self._last[opening.id])
        return "lot_decided" if tied else "higher_ranked_took_places"
