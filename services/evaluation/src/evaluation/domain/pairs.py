"""Whether the guarantees can still be filled when a school may get two designations; up to three groups.

What the schools still to come can give is an integer program: each of them that gets a place takes a seat and
fills one or two of the open guaranteed places, in groups it asked for. Its dual has a value `r` from 0 to 1
for each guaranteed group and a price `v` for a seat. Whatever these are,

    sum of (1 - r) x open places  +  v x seats left  +  sum over schools to come of max(0, top2(r) - v)

is at least what can be filled, where top2 adds the two highest values among the groups the school asked for
(a holder pays no seat, and can add only what it does not hold). The least of it is the linear optimum. It is
a piecewise linear function that bends where r is 0 or 1, where two values are alike, and where v is one of
them or the sum of two; working out where four such planes meet leaves r in {0, 1} with v in {0, 1, 2}, and
with three groups r = (1, ½, ½) in any order with v = 1. These 27 bounds at most are kept, doubled, less what
has to be filled: their margins. The integer optimum is the linear one rounded down (the tests hold that
against counting all ways), so an award leaves the guarantees in reach as long as no margin falls below zero.

Margins stand side by side in one long integer, so that a turn costs a few operations.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations, product
from typing import Final

from evaluation.domain.guarantees import Lack, Limits, Scarce, Turn

GROUPS: Final = 3
"""Guaranteed groups up to which the bounds are complete."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A bound: the value of each guaranteed group and the price of a seat, in halves."""

    values: tuple[int, ...]
    seat: int

    @property
    def groups(self) -> tuple[int, ...]:
        """Those it is about, by their place among the guaranteed ones."""
        return tuple(place for place, value in enumerate(self.values) if value)

    @property
    def scarce(self) -> Scarce:
        """What it counts: seats, schools, or with the seats the schools that are worth more than one."""
        if not self.seat:
            return "applicants"
        return "seats" if sum(sorted(self.values)[-2:]) <= self.seat else "seats_and_applicants"


def cuts(groups: int) -> tuple[Cut, ...]:
    """All bounds that are needed for so many guaranteed groups."""
    whole = [Cut(values, seat) for values in product((0, 2), repeat=groups) for seat in (0, 2, 4)]
    half = sorted(set(permutations((2, 1, 1)))) if groups == GROUPS else []
    return (*whole, *(Cut(values, 2) for values in half))


@dataclass(frozen=True, slots=True)
class Start:
    """Before the first turn: open guaranteed places, the groups that have any, bounds and their margins."""

    open: tuple[int, ...]
    guarded: tuple[int, ...]
    cuts: tuple[Cut, ...]
    margins: tuple[int, ...]
    to_fill: int


def start(limits: Limits, turns: Sequence[Turn]) -> Start:
    """How far the guarantees can be filled, and what each bound has beyond that."""
    held = Counter(group for turn in turns for group in turn.held or ())
    free = tuple(max(0, least - held[group]) for group, least in enumerate(limits.at_least))
    guarded = tuple(group for group, missing in enumerate(free) if missing)
    seats = limits.seats - sum(turn.held is not None for turn in turns)
    coming, bounds = Counter(turns), []
    for cut in cuts(len(guarded)):
        dear = sum((2 - value) * free[group] for value, group in zip(cut.values, guarded, strict=True))
        schools = sum(
            count * worth(turn, cut, guarded, limits.designations) for turn, count in coming.items()
        )
        bounds.append(dear + cut.seat * seats + schools)
    to_fill = min(bounds) // 2
    margins = tuple(bound - 2 * to_fill for bound in bounds)
    return Start(free, guarded, cuts(len(guarded)), margins, to_fill)


def worth(turn: Turn, cut: Cut, guarded: Sequence[int], designations: int) -> int:
    """What a school to come adds to a bound, in halves."""
    wanted = turn.wanted
    values = (value for value, group in zip(cut.values, guarded, strict=True) if group in wanted)
    most = sum(sorted(values, reverse=True)[: designations - len(turn.held or ())])
    return most if turn.held is not None else max(0, most - cut.seat)


class PairGuarantees:
    """The guarantees as the walk goes down the ranking; `lack` asks, `settle` records a turn's outcome."""

    def __init__(self, limits: Limits, turns: Sequence[Turn]) -> None:
        begun = start(limits, turns)
        self._designations = limits.designations
        self._open, self._to_fill = list(begun.open), begun.to_fill
        self._guarded, self._cuts = begun.guarded, begun.cuts
        self._costs: dict[tuple[Turn, tuple[int, ...] | None], int] = {}
        self._width = max(begun.margins).bit_length() + 4
        self._signs = self._packed(1 << self._width - 1 for _ in self._cuts)
        self._margins = self._packed(begun.margins)

    def lack(self, turn: Turn, option: tuple[int, ...]) -> Lack | None:
        """None when the award leaves the guarantees in reach, else what it would take from them."""
        if self._to_fill <= 0:
            return None
        below = self._signs & ~((self._margins | self._signs) - self._cost(turn, option))
        if not below:
            return None
        cut = min(self._where(below), key=_tellable)
        return Lack("needed_for_guarantee", tuple(self._guarded[place] for place in cut.groups), cut.scarce)

    def settle(self, turn: Turn, option: tuple[int, ...] | None) -> None:
        """Record what the school got (None: nothing)."""
        if self._to_fill <= 0:
            return
        left = (self._margins | self._signs) - self._cost(turn, option)
        if left & self._signs != self._signs:
            raise AssertionError("a margin would fall below zero")
        self._margins = left ^ self._signs
        for group in self._filling(turn, option):
            self._open[group] -= 1
            self._to_fill -= 1

    def _filling(self, turn: Turn, option: tuple[int, ...] | None) -> tuple[int, ...]:
        """The groups in which the award fills an open guaranteed place."""
        return () if option is None else tuple(group for group in turn.added(option) if self._open[group])

    def _cost(self, turn: Turn, option: tuple[int, ...] | None) -> int:
        """What each margin loses: the school's worth and its seat, less what the award fills."""
        filling = None if option is None else self._filling(turn, option)
        if (turn, filling) not in self._costs:
            self._costs[turn, filling] = self._packed(self._losses(turn, filling))
        return self._costs[turn, filling]

    def _losses(self, turn: Turn, filling: tuple[int, ...] | None) -> Iterator[int]:
        takes_a_seat = filling is not None and turn.held is None
        for cut in self._cuts:
            value = dict(zip(self._guarded, cut.values, strict=True))
            filled = sum(value[group] for group in filling or ())
            own = worth(turn, cut, self._guarded, self._designations)
            yield own + takes_a_seat * cut.seat - filled

    def _packed(self, counts: Iterable[int]) -> int:
        return sum(count << place * self._width for place, count in enumerate(counts))

    def _where(self, below: int) -> Iterator[Cut]:
        for place, cut in enumerate(self._cuts):
            if below >> (place + 1) * self._width - 1 & 1:
                yield cut


def _tellable(cut: Cut) -> tuple[int, int]:
    """The fewest groups first; among equals what is short alone before what is short together."""
    order: tuple[Scarce, ...] = ("seats", "applicants", "seats_and_applicants")
    return len(cut.groups), order.index(cut.scarce)
