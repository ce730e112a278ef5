"""Whether the guarantees can still be filled as far as any outcome could have filled them.

With one designation a school, what the schools still to come can give to the open places of the guaranteed
groups is a flow: school → group, one unit a school; schools without a place share the seats that are left.
By max-flow min-cut it suffices as long as for every set T of guaranteed groups

    applicants:  wanting(T) + loss >= open(T)
    seats:       holders wanting(T) + seats left + loss >= open(T)

where `wanting(T)` counts schools to come that asked for a group in T (holders of a place are among them),
`open(T)` the guaranteed places in T nobody holds yet, and `loss` what no outcome can fill (so at the start
the tightest of these is an equality or `loss` is 0). A turn lowers the margin of a set by one or leaves it
alone; a set without margin forbids what would lower it. Margins of all 2^groups sets are held as bit slices
of long integers, so a turn costs a few operations on integers of 2^groups bits.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from operator import add
from typing import Literal

LackOf = Literal["group_full", "seats_full", "needed_for_guarantee"]
Scarce = Literal["seats", "applicants", "seats_and_applicants"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Seats, for each quota group how many designations it should and may have, and how many a school may."""

    seats: int
    at_least: tuple[int, ...]
    at_most: tuple[int, ...]
    designations: int = 1


@dataclass(frozen=True, slots=True)
class Turn:
    """A school in rank order: the awards it would take, best liked first, each the groups it designates.

    `held` are the groups it holds already (every option contains them), None when it holds no place.
    """

    options: tuple[tuple[int, ...], ...]
    held: tuple[int, ...] | None = None

    @property
    def wanted(self) -> frozenset[int]:
        """Groups in which it may still get a designation."""
        return frozenset(group for option in self.options for group in option).difference(self.held or ())

    def added(self, option: tuple[int, ...]) -> tuple[int, ...]:
        """The groups in which the option gives it a designation it does not hold yet."""
        return tuple(group for group in option if group not in self.held) if self.held else option


@dataclass(frozen=True, slots=True)
class Lack:
    """Why an award cannot be had.

    `groups` are the full ones of the award (`group_full`), or those whose guarantees need all that is left
    of what is `scarce` (`needed_for_guarantee`).
    """

    by: LackOf
    groups: tuple[int, ...] = ()
    scarce: Scarce | None = None


class _Margins:
    """A count for every set of groups: bit T of slice k is bit k of the count of set T."""

    def __init__(self, counts: Sequence[int]) -> None:
        width = max(counts).bit_length()
        digits = "".join([f"{count:0{width}b}" for count in reversed(counts)])
        self._slices = [int(digits[width - 1 - bit :: width], 2) for bit in range(width)]
        self._all = (1 << len(counts)) - 1

    def none_left(self) -> int:
        """The sets whose count is 0."""
        some = 0
        for part in self._slices:
            some |= part
        return self._all & ~some

    def lower(self, where: int) -> None:
        """Take 1 from the count of every set in `where`; none of them is 0."""
        for bit, part in enumerate(self._slices):
            self._slices[bit] = part ^ where
            where &= ~part
            if not where:
                return
        if where:
            raise AssertionError("a margin would fall below zero")


class Guarantees:
    """The guarantees as the walk goes down the ranking; `lack` asks, `settle` records a turn's outcome."""

    def __init__(self, limits: Limits, turns: Sequence[Turn]) -> None:
        held = Counter(group for turn in turns for group in turn.held or ())
        self._seats = limits.seats - sum(turn.held is not None for turn in turns)
        self._open = [max(0, least - held[group]) for group, least in enumerate(limits.at_least)]
        self._guarded = [group for group, missing in enumerate(self._open) if missing]
        sets = 1 << len(self._guarded)
        self._all = (1 << sets) - 1
        # Of 2^(n+1) sets in a row, the last 2^n contain the n-th group; a number of ones repeats that.
        self._containing = {
            group: self._all // ((1 << (2 << place)) - 1) * (((1 << (1 << place)) - 1) << (1 << place))
            for place, group in enumerate(self._guarded)
        }
        self._of_size = [1]
        for place in range(len(self._guarded)):
            one_more = [size << (1 << place) for size in self._of_size]
            self._of_size = [
                fewer | more for fewer, more in zip([*self._of_size, 0], [0, *one_more], strict=True)
            ]
        self._reach: dict[Turn, int] = {}
        self._to_fill = 0
        self._start(turns)

    def _start(self, turns: Sequence[Turn]) -> None:
        wanting = self._wanting(turns)
        holding = self._wanting([turn for turn in turns if turn.held is not None])
        missing = [0]
        for group in self._guarded:
            missing += [needed + self._open[group] for needed in missing]
        applicants = [have - need for have, need in zip(wanting, missing, strict=True)]
        seats = [have + self._seats - need for have, need in zip(holding, missing, strict=True)]
        loss = -min(*applicants, *seats, 0)
        self._applicants = _Margins([margin + loss for margin in applicants])
        self._places = _Margins([margin + loss for margin in seats])
        self._to_fill = missing[-1] - loss

    def _wanting(self, turns: Sequence[Turn]) -> list[int]:
        """For each set of guarded groups, how many of the schools want a group in it."""
        place_of = {group: place for place, group in enumerate(self._guarded)}
        within = [0] * (1 << len(self._guarded))
        for turn, count in Counter(turns).items():
            within[sum(1 << place_of[group] for group in turn.wanted if group in place_of)] += count
        for _ in self._guarded:
            # Each round sums over the lowest bit of the index and makes it the highest: all come round once.
            without, with_it = within[::2], within[1::2]
            within = without + list(map(add, without, with_it))
        return [within[-1] - others for others in reversed(within)]

    def lack(self, turn: Turn, option: tuple[int, ...]) -> Lack | None:
        """None when the award leaves the guarantees in reach, else what it would take from them."""
        if self._to_fill <= 0:
            return None
        spared = self._spared(turn, option)
        seats = self._places.none_left() & ~spared & (self._all if turn.held is None else self._reached(turn))
        if seats:
            return Lack("needed_for_guarantee", self._smallest(seats), "seats")
        applicants = self._applicants.none_left() & ~spared & self._reached(turn)
        if applicants:
            return Lack("needed_for_guarantee", self._smallest(applicants), "applicants")
        return None

    def settle(self, turn: Turn, option: tuple[int, ...] | None) -> None:
        """Record what the school got (None: nothing)."""
        if self._to_fill <= 0:
            return
        reached, spared = self._reached(turn), 0
        takes_a_seat = option is not None and turn.held is None
        if option is not None:
            spared = self._spared(turn, option)
            for group in turn.added(option):
                if self._open[group]:
                    self._open[group] -= 1
                    self._to_fill -= 1
        self._applicants.lower(reached & ~spared)
        if takes_a_seat:
            self._places.lower(self._all & ~spared)
        elif turn.held is not None:
            self._places.lower(reached & ~spared)

    def _reached(self, turn: Turn) -> int:
        if turn not in self._reach:
            reached = 0
            for group in turn.wanted:
                reached |= self._containing.get(group, 0)
            self._reach[turn] = reached
        return self._reach[turn]

    def _spared(self, turn: Turn, option: tuple[int, ...]) -> int:
        """The sets that lose a school but also an open place: their margin stays."""
        spared = 0
        for group in turn.added(option):
            if self._open[group]:
                spared |= self._containing[group]
        return spared

    def _smallest(self, sets: int) -> tuple[int, ...]:
        """The groups of the smallest of the sets, the first one among equals."""
        same_size = next(filter(None, (sets & size for size in self._of_size)))
        smallest = (same_size & -same_size).bit_length() - 1
        return tuple(group for place, group in enumerate(self._guarded) if smallest >> place & 1)
