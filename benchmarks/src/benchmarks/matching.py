"""The matching kernel on prepared arrays, against one pass over the preferences, which may all be read."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.measure import Comparison, Side, Target, timed
from benchmarks.sizes import Sizes
from placement import kernel
from placement.kernel import Index, Prepared

TARGET: Final = Target(seconds=3.0)
"""For a million students and 300,000 openings."""
PREFERENCES: Final = 10


@asynccontextmanager
async def compared(sizes: Sizes) -> AsyncIterator[Sequence[Comparison]]:
    """Student-proposing deferred acceptance; popular openings are wanted by many."""
    yield [
        _compared(sizes.students, sizes.openings, times=20, target=None),
        _compared(sizes.many_students, sizes.many_openings, times=1, target=TARGET),
    ]


def _compared(students: int, openings: int, *, times: int, target: Target | None) -> Comparison:
    market = simulated(students, openings)

    _check(market, kernel.solve(market))
    preferences = len(market.opening)
    return Comparison(
        row="matching",
        what=f"{students:,} students and {openings:,} openings, {PREFERENCES} preferences each,"
        " on prepared arrays",
        unit="preferences",
        ours=Side("the matching kernel", preferences, timed(lambda: kernel.solve(market), times=times)),
        other=Side(
            "one pass over the preferences",
            preferences,
            timed(market.opening.sum, times=100_000_000 // preferences),
        ),
        sense="times_as_long",
        target=target,
    )


def simulated(students: int, openings: int, seed: int = 2025) -> Prepared:
    """A simulated market: log-normal popularity, as many places as students, openings rank at random."""
    chance = np.random.default_rng(seed)
    opening = _lists(chance, students, openings).ravel()
    capacity = chance.multinomial(students, np.full(openings, 1 / openings)).astype(np.int32)
    return Prepared(
        start=np.arange(0, len(opening) + 1, PREFERENCES, dtype=np.int64),
        opening=opening,
        rank=_orders(chance, opening, openings),
        capacity=capacity,
    )


def _lists(chance: np.random.Generator, students: int, openings: int) -> NDArray[np.int32]:
    """[students, PREFERENCES] indexes of openings, none twice in a row."""
    popularity = np.cumsum(chance.lognormal(0, 1, openings))

    def drawn(rows: int) -> NDArray[np.int32]:
        points = chance.random((rows, PREFERENCES)) * popularity[-1]
        return np.asarray(np.searchsorted(popularity, points, side="right"), dtype=np.int32)

    lists = drawn(students)
    while True:
        ordered = np.sort(lists, axis=1)
        doubled = np.flatnonzero((ordered[:, 1:] == ordered[:, :-1]).any(axis=1))
        if not len(doubled):
            return lists
        lists[doubled] = drawn(len(doubled))


def _orders(chance: np.random.Generator, opening: Index, openings: int) -> Index:
    """For each pair the student's place in its opening's order, from 0."""
    order = np.lexsort((chance.random(len(opening)), opening))
    first = np.zeros(openings, dtype=np.int64)
    np.cumsum(np.bincount(opening, minlength=openings)[:-1], out=first[1:])
    ranks = np.empty(len(opening), dtype=np.int32)
    ranks[order] = np.arange(len(opening)) - first[opening[order]]
    return ranks


def _check(market: Prepared, got: Index) -> None:
    held = np.bincount(got[got >= 0], minlength=len(market.capacity))
    if (held > market.capacity).any() or not held.any():
        raise AssertionError("the kernel filled more places than there are, or none")
