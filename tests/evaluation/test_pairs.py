"""How far guarantees can be filled when a school may get two designations, against counting all ways."""

import os
import random
from itertools import combinations

import pytest

from evaluation.domain.guarantees import Limits, Turn
from evaluation.domain.pairs import cuts, start

INSTANCES = int(os.environ.get("PAIRS_INSTANCES", "4000"))  # noqa: TID251 - a knob of the test run
BLOCKS = 4


def counted(limits: Limits, turns: list[Turn]) -> int:
    """The largest guaranteed sum: every way each school may go, states that are alike once."""
    held = [sum(group in (turn.held or ()) for turn in turns) for group in range(len(limits.at_most))]
    seats = limits.seats - sum(turn.held is not None for turn in turns)
    missing = [max(0, least - have) for least, have in zip(limits.at_least, held, strict=True)]
    reached = {(seats, tuple(missing))}
    for turn in turns:
        following = set(reached)
        for seats_left, still in reached:
            if turn.held is None and not seats_left:
                continue
            for option in turn.options:
                added = [group for group in option if group not in (turn.held or ())]
                left = tuple(max(0, n - (group in added)) for group, n in enumerate(still))
                following.add((seats_left - (turn.held is None), left))
        reached = following
    return sum(missing) - min(sum(left) for _, left in reached)


def random_state(chance: random.Random) -> tuple[Limits, list[Turn]]:
    groups = chance.choice([1, 2, 3, 3, 3, 3])
    at_least = tuple(chance.randint(0, chance.choice([1, 3, 5])) for _ in range(groups))
    free, turns = list(at_least), []
    favoured = [frozenset(way) for size in (1, 2, 3) for way in combinations(range(groups), size)]
    favoured = chance.sample(favoured, min(len(favoured), chance.randint(1, 4)))
    for _ in range(chance.randint(0, 9)):
        wanted = sorted(chance.choice(favoured))
        options = [way for size in (2, 1) for way in combinations(wanted, size)] + [()]
        held = chance.choice(options) if chance.random() < 0.2 else None
        if held is not None and all(free[group] for group in held):
            for group in held:
                free[group] -= 1
            turns.append(Turn(tuple(way for way in options if set(held) <= set(way)), held))
        else:
            turns.append(Turn(tuple(options)))
    holders = sum(turn.held is not None for turn in turns)
    return Limits(holders + chance.randint(0, 6), at_least, at_least, 2), turns


@pytest.mark.parametrize("block", range(BLOCKS))
def test_the_bounds_rounded_down_are_what_can_be_filled(block: int) -> None:
    for number in range(block, INSTANCES, BLOCKS):
        limits, turns = random_state(random.Random(f"pairs {number}"))
        assert start(limits, turns).to_fill == counted(limits, turns), (limits, turns)


def test_half_bounds_are_needed() -> None:
    """By whole bounds alone four places could be filled; the one seat and two holders can fill three."""
    holders = [Turn(((0, 1), (0, 2), (0,)), (0,))] * 2
    turns = [*holders, Turn(((1, 2), (1,), (2,))), *[Turn(((0,),))] * 3]
    limits = Limits(3, (3, 1, 2), (3, 1, 2), 2)
    begun = start(limits, turns)
    whole = [margin for cut, margin in zip(begun.cuts, begun.margins, strict=True) if 1 not in cut.values]
    assert begun.to_fill == counted(limits, turns) == 3
    assert begun.to_fill + min(whole) // 2 == 4


def test_there_are_as_many_bounds_as_the_derivation_gives() -> None:
    assert [len(cuts(groups)) for groups in range(4)] == [3, 6, 12, 27]
