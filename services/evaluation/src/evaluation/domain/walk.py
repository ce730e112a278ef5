"""The rule on indexes: down the ranking, each school the best award that leaves the guarantees in reach."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evaluation.domain.guarantees import Guarantees, Lack, Limits, Turn
from evaluation.domain.pairs import PairGuarantees


@dataclass(frozen=True, slots=True)
class Step:
    """What a turn came to: the place of the option taken, None for nothing, and why none before it was."""

    taken: int | None
    missed: tuple[Lack, ...]


class _Room:
    """Seats and designations nobody holds; what holders have is taken off from the start."""

    def __init__(self, limits: Limits, turns: Sequence[Turn]) -> None:
        held = Counter(group for turn in turns for group in turn.held or ())
        self._seats = limits.seats - sum(turn.held is not None for turn in turns)
        self._free = [most - held[group] for group, most in enumerate(limits.at_most)]

    def lack(self, turn: Turn, option: tuple[int, ...]) -> Lack | None:
        full = tuple(group for group in turn.added(option) if not self._free[group])
        if full:
            return Lack("group_full", full)
        return Lack("seats_full") if turn.held is None and not self._seats else None

    def take(self, turn: Turn, option: tuple[int, ...]) -> None:
        self._seats -= turn.held is None
        for group in turn.added(option):
            self._free[group] -= 1


def walk(limits: Limits, turns: Sequence[Turn]) -> Iterator[Step]:
    """One step for each turn, in rank order. Holders must keep within the limits."""
    room = _Room(limits, turns)
    guarantees = (Guarantees if limits.designations <= 1 else PairGuarantees)(limits, turns)
    for turn in turns:
        missed: list[Lack] = []
        taken = None
        for place, option in enumerate(turn.options):
            lack = room.lack(turn, option) or guarantees.lack(turn, option)
            if lack is None:
                taken = place
                break
            missed.append(lack)
        if taken is not None:
            room.take(turn, turn.options[taken])
        guarantees.settle(turn, None if taken is None else turn.options[taken])
        yield Step(taken, tuple(missed))
