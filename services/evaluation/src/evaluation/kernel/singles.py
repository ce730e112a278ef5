"""The walk for one designation a school: margins as numbers in an array indexed by the set of groups."""

import math
from collections.abc import Sequence
from typing import Final

import numba
import numpy as np
from numpy.typing import NDArray

from evaluation.domain.guarantees import Limits, Turn
from evaluation.domain.walk import Step
from evaluation.kernel.arrays import Flags, Integers, Small

NOTHING: Final = -2
GENERAL: Final = -1
FREE: Final = (~np.int64(0), False)
"""No set of groups forbids anything: `_forbidden` when there is nothing left to guarantee."""


def rank(pools: Small, merits: Integers, lots: Integers) -> NDArray[np.intp]:
    """The order of applicants, best first, as indexes.

    Args:
        pools: [applicants] the place of the applicant's pool in the policy.
        merits: [1 + tie-breaks, applicants] score and tie-breaks as integers of one scale, the higher the
            better.
        lots: [applicants] the place by lot, all different.
    """
    keys = [pools.astype(np.int64), *(-row for row in merits), lots]
    spans = [int(key.max()) - int(key.min()) + 1 if len(key) else 1 for key in keys]
    if math.prod(spans) > np.iinfo(np.int64).max:
        return np.lexsort(keys[::-1])
    joined = np.zeros(len(lots), dtype=np.int64)
    for key, span in zip(keys, spans, strict=True):
        joined *= span
        joined += key - (key.min() if len(key) else 0)
    return np.argsort(joined)


def settle(limits: Limits, wishes: Small, general: Flags, held: Small) -> Small:
    """What each school gets: the number of a quota group, GENERAL or NOTHING; one designation a school.

    Args:
        limits: Seats and the limits of each group.
        wishes: [schools in rank order, width] groups wished for, best liked first, -1 behind the last.
        general: [schools] whether it takes a place without a designation.
        held: [schools] the group a holder holds, GENERAL for a place without one, NOTHING where it holds
            none. Holders keep within the limits.
    """
    places = np.bincount(held[held >= 0], minlength=len(limits.at_most)).astype(np.int64)
    missing = np.maximum(np.array(limits.at_least, dtype=np.int64) - places, 0)
    free = np.array(limits.at_most, dtype=np.int64) - places
    seats = limits.seats - int(np.count_nonzero(held != NOTHING))
    result: Small = _settle(np.int64(seats), missing, free, wishes, general, held)
    return result


def steps(limits: Limits, turns: Sequence[Turn]) -> list[Step]:
    """What each turn comes to, without what was missed."""
    width = max((len(turn.options) for turn in turns), default=0) or 1
    wishes = np.full((len(turns), width), -1, dtype=np.int8)
    for place, turn in enumerate(turns):
        groups = [option[0] for option in turn.options if option]
        wishes[place, : len(groups)] = groups
    held = [NOTHING if turn.held is None else turn.held[0] if turn.held else GENERAL for turn in turns]
    general = np.array([() in turn.options for turn in turns], dtype=np.bool_)
    got = settle(limits, wishes, general, np.array(held, dtype=np.int8))
    return [
        Step(None if each == NOTHING else turn.options.index(() if each == GENERAL else (int(each),)), ())
        for turn, each in zip(turns, got, strict=True)
    ]


@numba.njit()
def _settle(
    seats: np.int64, missing: Integers, free: Integers, wishes: Small, general: Flags, held: Small
) -> Small:
    """The walk. `missing` and `free` are guaranteed and allowed designations that nobody holds."""
    bits = _bits(missing)
    room = (free, missing, bits)
    applicants, places = _margins(seats, missing, bits, wishes, held)
    to_fill = missing.sum() - applicants[0]
    got = held.copy()
    for school in range(len(got)):
        if held[school] >= 0:
            continue
        holder = held[school] == GENERAL
        wanted = _wanted(wishes[school], bits)
        forbidden = _forbidden(applicants, places, wanted, holder) if to_fill > 0 else FREE
        if holder or seats > 0:
            may_be_general = holder or (general[school] and not forbidden[1])
            got[school] = _choice(wishes[school], may_be_general, room, forbidden)
        spared = _take(got[school], room)
        if to_fill > 0:
            _lower(applicants, places, (wanted, spared), holder, got[school])
            to_fill -= spared != 0
        seats -= not holder and got[school] != NOTHING
    return got


@numba.njit()
def _bits(missing: Integers) -> Integers:
    """A bit for each group with guaranteed designations to fill, 0 for the others."""
    bits = np.zeros(len(missing), dtype=np.int64)
    bit = 1
    for group in range(len(missing)):
        if missing[group] > 0:
            bits[group] = bit
            bit *= 2
    return bits


@numba.njit()
def _margins(
    seats: np.int64, missing: Integers, bits: Integers, wishes: Small, held: Small
) -> tuple[Integers, Integers]:
    """Both margins of every set of groups; that of the empty set of applicants is what nobody can fill."""
    sets = 2 * bits.max() if bits.any() else 1
    wanting = np.zeros(sets, dtype=np.int64)
    holding = np.zeros(sets, dtype=np.int64)
    for school in range(len(held)):
        if held[school] < 0:
            wanted = _wanted(wishes[school], bits)
            wanting[wanted] += 1
            holding[wanted] += held[school] == GENERAL
    needed = np.zeros(sets, dtype=np.int64)
    for group in range(len(bits)):
        needed[bits[group]] += missing[group]
    _sum_subsets(wanting)
    _sum_subsets(holding)
    _sum_subsets(needed)
    applicants = wanting[-1] - wanting[::-1] - needed
    places = holding[-1] - holding[::-1] + seats - needed
    loss = -min(applicants.min(), places.min(), 0)
    return applicants + loss, places + loss


@numba.njit()
def _sum_subsets(counts: Integers) -> None:
    """Let the count of each set include those of its subsets."""
    bit = 1
    while bit < len(counts):
        for which in range(len(counts)):
            if which & bit:
                counts[which] += counts[which ^ bit]
        bit *= 2


@numba.njit()
def _wanted(wishes: Small, bits: Integers) -> np.int64:
    wanted = np.int64(0)
    for group in wishes:
        if group >= 0:
            wanted |= bits[group]
    return wanted


@numba.njit()
def _forbidden(
    applicants: Integers, places: Integers, wanted: np.int64, holder: bool
) -> tuple[np.int64, bool]:
    """The groups in every set without margin that this turn would lower, and whether there is such a set."""
    common, tight = ~np.int64(0), False
    for which in range(len(applicants)):
        touched = which & wanted != 0
        if (applicants[which] == 0 and touched) or (places[which] == 0 and (touched or not holder)):
            common &= which
            tight = True
    return common, tight


@numba.njit()
def _choice(
    wishes: Small,
    may_be_general: bool,
    room: tuple[Integers, Integers, Integers],
    forbidden: tuple[np.int64, bool],
) -> np.int8:
    """The first group wished for that has room and costs no guarantee, else general support if it may."""
    free, missing, bits = room
    common, tight = forbidden
    for group in wishes:
        if group < 0:
            break
        spares = missing[group] > 0 and common & bits[group] != 0
        if free[group] > 0 and (spares or not tight):
            return np.int8(group)
    return np.int8(GENERAL) if may_be_general else np.int8(NOTHING)


@numba.njit()
def _take(choice: np.int8, room: tuple[Integers, Integers, Integers]) -> np.int64:
    """Take the place in a group; answers the group's bit when that fills a guarantee, else 0."""
    free, missing, bits = room
    if choice < 0:
        return np.int64(0)
    free[choice] -= 1
    if missing[choice] == 0:
        return np.int64(0)
    missing[choice] -= 1
    return np.int64(bits[choice])


@numba.njit()
def _lower(
    applicants: Integers,
    places: Integers,
    turn: tuple[np.int64, np.int64],
    holder: bool,
    choice: np.int8,
) -> None:
    """Take the turn off the margins: `turn` is what the school wanted and the group it helped to fill."""
    wanted, spared = turn
    for which in range(len(applicants)):
        if which & spared:
            continue
        touched = which & wanted != 0
        if touched:
            applicants[which] -= 1
        if touched if holder else choice != NOTHING:
            places[which] -= 1
