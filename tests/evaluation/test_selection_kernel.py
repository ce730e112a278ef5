"""The compiled kernel against the plain rule."""

import random
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest

from evaluation import kernel
from evaluation.domain.guarantees import Limits, Turn
from evaluation.domain.selection import Walk
from evaluation.domain.walk import walk


def options(wishes: Sequence[int], designations: int, *, general: bool) -> tuple[tuple[int, ...], ...]:
    """Best liked first, as the rule builds them of wishes in different groups."""
    chosen = [way for size in range(designations, 0, -1) for way in combinations(wishes, size)]
    return (*chosen, ()) if general else tuple(chosen)


def random_turns(chance: random.Random, designations: int) -> tuple[Limits, list[Turn]]:
    groups = chance.choice([0, 1, 2, 3, 5] if designations == 1 else [1, 2, 3, 3])
    schools = chance.randint(0, 40)
    at_most = tuple(chance.randint(0, 8) for _ in range(groups))
    at_least = tuple(chance.randint(0, most) for most in at_most)
    seats = chance.randint(0, schools + 1)
    free, places, turns = list(at_most), seats, []
    for _ in range(schools):
        wishes = chance.sample(range(groups), chance.randint(0, groups))
        liked = options(wishes, designations, general=chance.random() < 0.7)
        held = chance.choice(liked) if liked and places and chance.random() < 0.2 else None
        if held is None or any(not free[group] for group in held):
            turns.append(Turn(liked))
            continue
        places -= 1
        for group in held:
            free[group] -= 1
        turns.append(Turn(tuple(option for option in liked if set(held) <= set(option)), held))
    return Limits(seats, at_least, at_most, designations), turns


def taken(down: Walk, limits: Limits, turns: list[Turn]) -> list[int | None]:
    return [step.taken for step in down(limits, turns)]


@pytest.mark.parametrize("designations", [1, 2])
def test_the_kernel_gives_what_the_plain_rule_gives(designations: int) -> None:
    for number in range(2_000):
        limits, turns = random_turns(random.Random(number), designations)
        assert taken(kernel.steps, limits, turns) == taken(walk, limits, turns), (limits, turns)


@pytest.mark.parametrize("groups", [0, 3, 16])
def test_many_schools_and_groups_agree_too(groups: int) -> None:
    chance = random.Random(groups)
    limits = Limits(300, (7,) * groups, (30,) * groups)
    turns = [
        Turn((*((group,) for group in chance.sample(range(groups), min(groups, 3))), ())) for _ in range(600)
    ]
    assert taken(kernel.steps, limits, turns) == taken(walk, limits, turns)


@pytest.mark.parametrize("scale", [1, 10**14])
def test_the_order_is_pool_then_score_then_tie_breaks_then_lot(scale: int) -> None:
    pools = np.array([1, 0, 0, 0, 0], dtype=np.int8)
    merits = np.array([[99, 70, 70, 70, 80], [9, 1, 2, 2, 0]], dtype=np.int64) * scale
    lots = np.array([0, 1, 3, 2, 4], dtype=np.int64)
    assert kernel.rank(pools, merits, lots).tolist() == [4, 3, 2, 1, 0]


def test_nobody_to_rank_is_no_error() -> None:
    empty = np.array([], dtype=np.int64)
    assert kernel.rank(empty.astype(np.int8), empty.reshape(1, 0), empty).tolist() == []
