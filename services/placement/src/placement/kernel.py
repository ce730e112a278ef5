"""The matching rule on arrays, compiled by numba: for markets too large for plain Python.

It stands beside the domain, which knows only the standard library. Importing numba and compiling at the first
call take seconds, so small markets are left to the plain rule, `placement.domain.matching.match`.
"""

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from placement.domain.matching import Market, Matching, matching_of, ranks_of

Index = NDArray[np.int32]
Offset = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Prepared:
    """Possible pairs as arrays.

    Student `i` lists the pairs `start[i]` up to `start[i + 1]`, the one liked best first (int64, n + 1
    values). Of a pair, `opening` is the opening's index and `rank` the student's place in its order: any
    numbers from 0 that differ within an opening, lower is better (int32). `capacity` is the free places of
    each opening (int32).
    """

    start: Offset
    opening: Index
    rank: Index
    capacity: Index


def match(market: Market) -> Matching:
    """Give the same result as the plain rule."""
    got = solve(prepare(market))
    listed = (
        (student.id, market.openings[at].id)
        for student, at in zip(market.students, got, strict=True)
        if at >= 0
    )
    return matching_of(market, dict(listed))


def prepare(market: Market) -> Prepared:
    """Keep the pairs in which both sides list each other."""
    ranks = ranks_of(market.openings)
    index = {opening.id: at for at, opening in enumerate(market.openings)}
    start, opening, rank = [0], [], []
    for student in market.students:
        for wish in student.preferences:
            place = ranks.get(wish, {}).get(student.id)
            if place is not None:
                opening.append(index[wish])
                rank.append(place)
        start.append(len(opening))
    return Prepared(
        start=np.array(start, dtype=np.int64),
        opening=np.array(opening, dtype=np.int32),
        rank=np.array(rank, dtype=np.int32),
        capacity=np.array(
            [min(each.capacity, len(each.ranking)) for each in market.openings], dtype=np.int32
        ),
    )


def solve(prepared: Prepared) -> Index:
    """Return the index of each student's opening, -1 for none."""
    wanted = np.bincount(prepared.opening, minlength=len(prepared.capacity))
    capacity = np.minimum(prepared.capacity, wanted).astype(np.int32)
    first = np.zeros(len(capacity) + 1, dtype=np.int64)
    np.cumsum(capacity, out=first[1:])
    return _deferred_acceptance(prepared.start, prepared.opening, prepared.rank, capacity, first)


@numba.njit()
def _deferred_acceptance(start: Offset, opening: Index, rank: Index, capacity: Index, first: Offset) -> Index:
    """Each opening keeps a heap of whom it holds in `held[first[o]:]`, the worst on top.

    An entry is the rank in the upper 32 bits and the student in the lower, so that one comparison of integers
    orders it and its lower half names whom to let go.
    """
    got = np.full(len(start) - 1, -1, dtype=np.int32)
    upto = start[:-1].copy()
    size = np.zeros(len(capacity), dtype=np.int64)
    held = np.zeros(first[-1], dtype=np.int64)
    for student in range(len(got)):
        proposer = student
        while proposer >= 0 and upto[proposer] < start[proposer + 1]:
            pair = upto[proposer]
            upto[proposer] += 1
            at = opening[pair]
            entry = (np.int64(rank[pair]) << 32) | proposer
            if size[at] < capacity[at]:
                _add(held, first[at], size[at], entry)
                size[at] += 1
                got[proposer] = at
                proposer = -1
            elif size[at] > 0 and entry < held[first[at]]:
                loser = held[first[at]] & 0xFFFFFFFF
                _replace_worst(held, first[at], size[at], entry)
                got[proposer] = at
                got[loser] = -1
                proposer = loser
    return got


@numba.njit()
def _add(held: Offset, base: np.int64, count: np.int64, entry: np.int64) -> None:
    place = count
    while place > 0 and held[base + (place - 1) // 2] < entry:
        held[base + place] = held[base + (place - 1) // 2]
        place = (place - 1) // 2
    held[base + place] = entry


@numba.njit()
def _replace_worst(held: Offset, base: np.int64, count: np.int64, entry: np.int64) -> None:
    place, child = np.int64(0), np.int64(1)
    while child < count:
        if child + 1 < count and held[base + child + 1] > held[base + child]:
            child += 1
        if held[base + child] <= entry:
            break
        held[base + place] = held[base + child]
        place, child = child, 2 * child + 1
    held[base + place] = entry
