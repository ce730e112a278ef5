"""The selection kernel on prepared arrays, against one pass over the scores: no rule could do with less."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.measure import Comparison, Side, Target, timed
from benchmarks.sizes import Sizes
from evaluation import kernel
from evaluation.domain.guarantees import Limits
from evaluation.kernel import Flags, Integers, Small
from evaluation.kernel.singles import NOTHING

TARGET: Final = Target(seconds=2.0)
"""For a million applicants."""
POOLS: Final = 2
GROUPS: Final = 4
TAKES_GENERAL: Final = 0.8
"""The part of schools that take a place without a designation."""
LINE: Final = 60_000
"""Scores are thousandths of a point, from the cut line to 100 points."""


@dataclass(frozen=True, slots=True)
class Field:
    """Applicants as arrays, as `evaluation.kernel` takes them; in no order."""

    limits: Limits
    pools: Small
    merits: Integers
    lots: Integers
    wishes: Small
    general: Flags
    held: Small


@asynccontextmanager
async def compared(sizes: Sizes) -> AsyncIterator[Sequence[Comparison]]:
    """Ranking by pool, score, two tie-breaks and lot, then awards under seats, caps and guarantees."""
    yield [
        _compared(sizes.applicants, times=20, target=None),
        _compared(sizes.many_applicants, times=1, target=TARGET),
    ]


def _compared(applicants: int, *, times: int, target: Target | None) -> Comparison:
    field = simulated(applicants)

    _check(field, decided(field))
    return Comparison(
        row="selection",
        what=f"{applicants:,} applicants on prepared arrays, ranked and awarded, {GROUPS} quota groups",
        unit="applicants",
        ours=Side("the selection kernel", applicants, timed(lambda: decided(field), times=times)),
        other=Side(
            "one pass over the scores", applicants, timed(field.merits[0].sum, times=20_000_000 // applicants)
        ),
        sense="times_as_long",
        target=target,
    )


def decided(field: Field) -> Small:
    """What each applicant gets, best ranked first."""
    order = kernel.rank(field.pools, field.merits, field.lots)
    return kernel.settle(field.limits, field.wishes[order], field.general[order], field.held[order])


def simulated(applicants: int, seed: int = 2025) -> Field:
    """Simulated applicants: seats for two in five, groups guaranteed wholly, half or not, 0 to 3 wishes."""
    chance = np.random.default_rng(seed)
    seats = max(GROUPS, applicants * 2 // 5)
    at_most = (seats // 18, seats // 7, seats // 10, seats // 5)
    at_least = (at_most[0], at_most[1], at_most[2] // 2, 0)
    wishes = chance.permuted(np.tile(np.arange(GROUPS, dtype=np.int8), (applicants, 1)), axis=1)[:, :3]
    wishes[np.arange(3) >= chance.integers(0, 4, applicants)[:, None]] = -1
    return Field(
        limits=Limits(seats, at_least, at_most),
        pools=chance.integers(0, POOLS, applicants, dtype=np.int8),
        merits=np.array(
            [
                chance.integers(LINE, 100_001, applicants),
                chance.integers(0, 401, applicants),
                chance.integers(0, 301, applicants),
            ]
        ),
        lots=chance.permutation(applicants),
        wishes=np.ascontiguousarray(wishes),
        general=chance.random(applicants) < TAKES_GENERAL,
        held=np.full(applicants, NOTHING, dtype=np.int8),
    )


def _check(field: Field, got: Small) -> None:
    limits = field.limits
    held = np.bincount(got[got >= 0], minlength=GROUPS)
    if np.count_nonzero(got != NOTHING) > limits.seats or (held > limits.at_most).any():
        raise AssertionError("the kernel gave more than there is")
    if (held < limits.at_least).any():
        raise AssertionError("a guarantee that could be filled was not")
