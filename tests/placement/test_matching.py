"""The rule of matching against its definition: stable, and optimal by exhaustive search."""

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from hashlib import sha256
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from placement import kernel
from placement.domain import matching
from placement.domain.matching import (
    Market,
    Matching,
    Opening,
    OpeningId,
    Student,
    StudentId,
)

SMALL_INSTANCES = 10_400


def market_of(
    draw: random.Random, students: int, openings: int, wishes: int, places: int = 3, strangers: float = 0.1
) -> Market:
    """Lists with gaps, one-sided names, names of nobody, empty lists and openings without places."""
    student_ids = [StudentId(f"stu_{at:05}") for at in range(students)]
    opening_ids = [OpeningId(f"opn_{at:05}") for at in range(openings)]
    listed: dict[OpeningId, list[StudentId]] = {opening: [] for opening in opening_ids}
    lists = []
    for student in student_ids:
        preferences = draw.sample(opening_ids, draw.randint(0, min(wishes, openings)))
        for opening in preferences:
            if draw.random() > strangers:
                listed[opening].append(student)
        if draw.random() < strangers:
            preferences.insert(draw.randint(0, len(preferences)), OpeningId("opn_unknown"))
        lists.append(Student(student, tuple(preferences)))
    return Market(tuple(lists), tuple(opening_of(draw, each, listed[each], places) for each in opening_ids))


def gappy_market(draw: random.Random) -> Market:
    return market_of(draw, draw.randint(0, 5), draw.randint(0, 3), wishes=3, places=2)


def crossed_market(draw: random.Random) -> Market:
    """Complete lists in any order: where several matchings are stable, and which one comes out matters."""
    students = [StudentId(f"stu_{at}") for at in range(draw.randint(2, 4))]
    openings = [OpeningId(f"opn_{at}") for at in range(draw.randint(2, 4))]
    return Market(
        tuple(Student(each, tuple(draw.sample(openings, len(openings)))) for each in students),
        tuple(
            Opening(each, draw.choice((1, 1, 1, 2)), tuple(draw.sample(students, len(students))))
            for each in openings
        ),
    )


def opening_of(draw: random.Random, opening: OpeningId, students: list[StudentId], places: int) -> Opening:
    names = students + ([StudentId("stu_stranger")] if draw.random() < 0.1 else [])
    capacity = draw.randint(0, places)
    if draw.random() < 0.5:
        draw.shuffle(names)
        return Opening(opening, capacity, tuple(names))
    scores = {student: Decimal(draw.randint(0, 4)) for student in names}
    lot = {student: sha256(f"seed:{student}".encode()).hexdigest() for student in names}
    return Opening(opening, capacity, matching.by_scores(scores, lot), scores)


class Definition:
    """Stability as it is defined, written without regard to how the rule works."""

    def __init__(self, market: Market) -> None:
        self.students = {student.id: student.preferences for student in market.students}
        self.capacity = {opening.id: opening.capacity for opening in market.openings}
        self.ranking = {opening.id: opening.ranking for opening in market.openings}
        self.possible = {
            student: [each for each in wishes if each in self.ranking and student in self.ranking[each]]
            for student, wishes in self.students.items()
        }

    def liking(self, student: StudentId, opening: OpeningId | None) -> int:
        """Lower is better; nothing comes after everything possible."""
        wishes = self.possible[student]
        return len(wishes) if opening is None else wishes.index(opening)

    def feasible(self, pairs: Mapping[StudentId, OpeningId]) -> bool:
        taken = Counter(pairs.values())
        return all(opening in self.possible[student] for student, opening in pairs.items()) and all(
            count <= self.capacity[opening] for opening, count in taken.items()
        )

    def blocking(self, pairs: Mapping[StudentId, OpeningId]) -> tuple[StudentId, OpeningId] | None:
        holders: dict[OpeningId, list[StudentId]] = {opening: [] for opening in self.capacity}
        for student, opening in pairs.items():
            holders[opening].append(student)
        for student, wishes in self.possible.items():
            for opening in wishes[: self.liking(student, pairs.get(student))]:
                order = self.ranking[opening]
                worse = any(order.index(other) > order.index(student) for other in holders[opening])
                if len(holders[opening]) < self.capacity[opening] or worse:
                    return student, opening
        return None

    def stable_matchings(self) -> Iterator[dict[StudentId, OpeningId]]:
        names = list(self.possible)
        choices = [[*self.possible[name], None] for name in names]
        for combination in product(*choices):
            pairs = {name: got for name, got in zip(names, combination, strict=True) if got is not None}
            if self.feasible(pairs) and self.blocking(pairs) is None:
                yield pairs


def assert_best_stable(market: Market, result: Matching) -> int:
    """Return how many stable matchings there are."""
    definition = Definition(market)
    assert definition.feasible(result.pairs)
    stable = list(definition.stable_matchings())
    assert dict(result.pairs) in stable
    for other in stable:
        for student in definition.possible:
            mine = definition.liking(student, result.pairs.get(student))
            assert mine <= definition.liking(student, other.get(student))
    return len(stable)


@pytest.mark.parametrize("seed", range(4))
def test_small_markets_get_the_stable_matching_that_is_best_for_every_student(seed: int) -> None:
    draw = random.Random(seed)
    several = 0
    for _ in range(SMALL_INSTANCES // 4):
        market = draw.choice((crossed_market, gappy_market))(draw)
        result = matching.match(market)
        several += assert_best_stable(market, result) > 1
        assert dict(kernel.match(market).pairs) == dict(result.pairs)
    assert several > 100, "markets with one stable matching alone would not show optimality"


def test_where_two_matchings_are_stable_the_students_get_theirs() -> None:
    one, two = StudentId("one"), StudentId("two")
    here, there = OpeningId("here"), OpeningId("there")
    market = Market(
        (Student(one, (here, there)), Student(two, (there, here))),
        (Opening(here, 1, (two, one)), Opening(there, 1, (one, two))),
    )
    assert len(list(Definition(market).stable_matchings())) == 2
    assert matching.match(market).pairs == {one: here, two: there}


@given(seed=st.integers(0, 2**32), students=st.integers(0, 5), openings=st.integers(0, 4))
@settings(max_examples=300)
def test_any_market_gets_the_best_stable_matching(seed: int, students: int, openings: int) -> None:
    market = market_of(random.Random(seed), students, openings, wishes=4)
    assert_best_stable(market, matching.match(market))


@pytest.mark.parametrize(("students", "openings", "wishes"), [(300, 100, 10), (500, 400, 5), (400, 40, 20)])
def test_larger_markets_have_no_blocking_pair_and_the_kernel_agrees(
    students: int, openings: int, wishes: int
) -> None:
    for seed in range(5):
        market = market_of(random.Random(seed), students, openings, wishes)
        result = matching.match(market)
        definition = Definition(market)
        assert definition.feasible(result.pairs)
        assert definition.blocking(result.pairs) is None
        assert kernel.match(market) == result


def test_the_kernel_equals_the_plain_rule_on_a_full_size_market() -> None:
    market = market_of(random.Random(7), 6_000, 2_000, 10)
    assert kernel.match(market) == matching.match(market)


def test_the_order_in_which_the_lists_stand_in_the_market_changes_nothing() -> None:
    market = market_of(random.Random(3), 200, 60, 8)
    turned = Market(market.students[::-1], market.openings[::-1])
    assert matching.match(turned) == matching.match(market)


def test_pairs_and_unmatched_come_by_student_id_and_name_each_student_once() -> None:
    market = market_of(random.Random(5), 100, 20, 5)
    result = matching.match(market)
    assert list(result.pairs) == sorted(result.pairs)
    assert list(result.unmatched) == sorted(result.unmatched)
    assert sorted([*result.pairs, *result.unmatched]) == [student.id for student in market.students]


def test_an_empty_market_gives_an_empty_result() -> None:
    assert matching.match(Market((), ())) == Matching({}, ())
    assert kernel.match(Market((), ())) == Matching({}, ())


def test_equal_scores_are_ordered_by_lot_and_only_they() -> None:
    names = [StudentId(name) for name in ("a", "b", "c")]
    scores = dict(
        zip(
            names,
            (Decimal("3.50"), Decimal("3.5"), Decimal("3.500000000000000000000000000000001")),
            strict=True,
        )
    )
    assert matching.by_scores(scores, {names[0]: "2", names[1]: "1", names[2]: "3"}) == ("c", "b", "a")
