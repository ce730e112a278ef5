"""The walk for two designations a school, as `evaluation.domain.pairs` gives it."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numba
import numpy as np

from evaluation.domain import pairs
from evaluation.domain.guarantees import Limits, Turn
from evaluation.domain.walk import Step
from evaluation.kernel.arrays import Flags, Integers, Small

NOTHING: Final = -1


def steps(limits: Limits, turns: Sequence[Turn]) -> list[Step]:
    """What each turn comes to, without what was missed."""
    return [Step(None if place == NOTHING else place, ()) for place in settle(limits, turns).tolist()]


def settle(limits: Limits, turns: Sequence[Turn]) -> Small:
    """The place of the option each turn takes, NOTHING for none; up to two designations a school.

    Schools whose wishes are alike share a row of every table, so what is counted a school is small.
    """
    begun = pairs.start(limits, turns)
    kinds = {turn: row for row, turn in enumerate(dict.fromkeys(turns))}
    width = max((len(turn.options) for turn in kinds), default=0) or 1
    options = np.full((len(kinds), width), -1, dtype=np.int8)
    for turn, row in kinds.items():
        masks = [sum(1 << group for group in turn.added(option)) for option in turn.options]
        options[row, : len(masks)] = masks
    held = Counter(group for turn in turns for group in turn.held or ())
    free = [most - held[group] for group, most in enumerate(limits.at_most)]
    worth = [
        [pairs.worth(turn, cut, begun.guarded, limits.designations) for cut in begun.cuts] for turn in kinds
    ]
    values = np.zeros((len(limits.at_most), len(begun.cuts)), dtype=np.int64)
    for place, group in enumerate(begun.guarded):
        values[group] = [cut.values[place] for cut in begun.cuts]
    result: Small = _settle(
        np.int64(limits.seats - sum(turn.held is not None for turn in turns)),
        (np.array(free, dtype=np.int64), np.array(begun.open, dtype=np.int64), np.int64(begun.to_fill)),
        (
            np.array(begun.margins, dtype=np.int64),
            np.array(worth, dtype=np.int64).reshape(len(kinds), len(begun.cuts)),
            values,
            np.array([cut.seat for cut in begun.cuts], dtype=np.int64),
        ),
        np.fromiter((kinds[turn] for turn in turns), np.int64, len(turns)),
        (options, np.array([turn.held is not None for turn in kinds], dtype=np.bool_)),
    )
    return result


@numba.njit()
def _settle(
    seats: np.int64,
    room: tuple[Integers, Integers, np.int64],
    bounds: tuple[Integers, Integers, Integers, Integers],
    kinds: Integers,
    wishes: tuple[Small, Flags],
) -> Small:
    """The walk of `pairs.PairGuarantees` on tables: a row for schools alike, a column for each bound."""
    free, missing, to_fill = room
    margins, worth, values, price = bounds
    options, holders = wishes
    got = np.full(len(kinds), NOTHING, dtype=np.int8)
    full = _full(free)
    for school in range(len(kinds)):
        kind = kinds[school]
        takes = not holders[kind]
        own = worth[kind] + takes * price
        for place in range(options.shape[1] if seats > 0 or not takes else 0):
            if options[kind, place] < 0:
                break
            loss = own - _filled(options[kind, place], missing, values)
            if not options[kind, place] & full and (to_fill <= 0 or (margins >= loss).all()):
                margins -= loss
                to_fill -= _take_all(options[kind, place], free, missing)
                full = _full(free)
                seats -= takes
                got[school] = place
                break
        if got[school] == NOTHING:
            margins -= worth[kind]
    return got


@numba.njit()
def _full(free: Integers) -> int:
    """The groups without a free designation, as bits."""
    full = 0
    for group in range(len(free)):
        full |= (free[group] <= 0) << group
    return full


@numba.njit()
def _filled(groups: np.int8, missing: Integers, values: Integers) -> Integers:
    """What each bound counts of the open guaranteed places that these groups fill."""
    filled = np.zeros(values.shape[1], dtype=np.int64)
    for group in range(len(missing)):
        if groups >> group & 1 and missing[group] > 0:
            filled += values[group]
    return filled


@numba.njit()
def _take_all(groups: np.int8, free: Integers, missing: Integers) -> int:
    """Take a place in each of the groups; answers how many guarantees that fills."""
    filled = 0
    for group in range(len(free)):
        if groups >> group & 1:
            free[group] -= 1
            filled += missing[group] > 0
            missing[group] = max(missing[group] - 1, 0)
    return filled
