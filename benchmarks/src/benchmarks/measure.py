"""How two sides are compared: in turn within one run, the order reversed each time, medians of what came out.

Machines are noisy and differ; what a run says is the ratio of its two sides, which met the same noise.
"""

import gc
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal, assert_never

Work = Callable[[], Awaitable[float]]
"""Does a side's work once and answers how many seconds it took; preparing and checking stand outside."""
Tick = Callable[[], None]
"""Told after each piece of work."""

Sense = Literal["times_faster", "times_as_long"]
"""Against a peer the other way of doing it, we ask how much faster; against a limit, how much longer."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of two ways: `work` does `units` of what the comparison counts."""

    label: str
    units: int
    work: Work


@dataclass(frozen=True, slots=True)
class Target:
    """What a comparison should reach: a ratio, seconds for our side, or both."""

    times_faster: float | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """What one side took, a run after the other."""

    label: str
    units: int
    seconds: tuple[float, ...]

    @property
    def typical(self) -> float:
        """The median run, in seconds."""
        return median(self.seconds)

    @property
    def rate(self) -> float:
        """Units a second in the median run."""
        return self.units / self.typical


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two sides and what is asked of them.

    `unit` is what is counted, in the plural. `target` is None where the sizes are not those it speaks of.
    `warm` is whether each side is run once beforehand, which gives nothing to a process that starts anew.
    """

    row: str
    what: str
    unit: str
    ours: Side
    other: Side
    sense: Sense
    target: Target | None = None
    warm: bool = True

    def runs(self, rounds: int) -> int:
        """How often `compare` will tick."""
        return 2 * (rounds + self.warm)


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of a comparison. `ratios` has one entry a pair of runs."""

    row: str
    what: str
    unit: str
    ours: Measured
    other: Measured
    sense: Sense
    target: Target | None
    ratios: tuple[float, ...]

    @property
    def ratio(self) -> float:
        return median(self.ratios)

    @property
    def met(self) -> bool | None:
        """Whether the target was reached; None where there is none."""
        if self.target is None:
            return None
        enough = self.target.times_faster is None or self.ratio >= self.target.times_faster
        in_time = self.target.seconds is None or self.ours.typical <= self.target.seconds
        return enough and in_time


async def compare(comparison: Comparison, rounds: int, tick: Tick) -> Finding:
    """Run both sides once to warm up, then `rounds` times each: A B, B A, A B and so on."""
    # What preparing has left, a topic's records for example, is not for the collector to walk in every run.
    gc.collect()
    gc.freeze()
    try:
        mine, theirs = await _measured(comparison, rounds, tick)
    finally:
        gc.unfreeze()
    return Finding(
        row=comparison.row,
        what=comparison.what,
        unit=comparison.unit,
        ours=mine,
        other=theirs,
        sense=comparison.sense,
        target=comparison.target,
        ratios=_ratios(mine, theirs, comparison.sense),
    )


async def _measured(comparison: Comparison, rounds: int, tick: Tick) -> tuple[Measured, Measured]:
    ours, other = comparison.ours, comparison.other
    if comparison.warm:
        await _once(other, tick)
        await _once(ours, tick)
    mine: list[float] = []
    theirs: list[float] = []
    for number in range(rounds):
        pair = ((ours, mine), (other, theirs))
        for side, seconds in pair if number % 2 == 0 else reversed(pair):
            seconds.append(await _once(side, tick))
    return Measured(ours.label, ours.units, tuple(mine)), Measured(other.label, other.units, tuple(theirs))


async def _once(side: Side, tick: Tick) -> float:
    gc.collect()
    seconds = await side.work()
    tick()
    return seconds


def _ratios(ours: Measured, other: Measured, sense: Sense) -> tuple[float, ...]:
    """Time for one unit against time for one unit, pair by pair."""
    scale = ours.units / other.units
    match sense:
        case "times_faster":
            return tuple(
                theirs / mine * scale for mine, theirs in zip(ours.seconds, other.seconds, strict=True)
            )
        case "times_as_long":
            return tuple(
                mine / theirs / scale for mine, theirs in zip(ours.seconds, other.seconds, strict=True)
            )
        case _:
            assert_never(sense)


def timed(function: Callable[[], object], *, times: int = 1) -> Work:
    """A plain function as work: what it takes once, from `times` runs where one is too short for a clock."""

    async def work() -> float:
        begun = time.perf_counter()
        for _ in range(times):
            function()
        return (time.perf_counter() - begun) / times

    return work


def spread(values: Sequence[float]) -> tuple[float, float]:
    """The smallest and the largest."""
    return min(values), max(values)
