"""Groups of a cohort put together, from the departments upwards, until what is told of them is safe."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from placement.domain.outcomes import Cell, Figures, total

SMALLEST: Final = 5
"""The smallest count that is published; a default of this software, not an official value."""


@dataclass(frozen=True, slots=True, order=True)
class Leaf:
    """The smallest group there is figures for."""

    province: str
    school: str
    cell: Cell

    @property
    def path(self) -> tuple[str, ...]:
        return self.province, self.school, self.cell.track, self.cell.department


_LEVELS: Final = 4


@dataclass(frozen=True, slots=True)
class Block:
    """Groups that are published as one; `days` are their figures on each closed day, in order."""

    leaves: tuple[Leaf, ...]
    days: tuple[Figures, ...]

    @property
    def figures(self) -> Figures:
        """On the day that was closed last."""
        return self.days[-1]

    def names(self) -> tuple[str | None, ...]:
        """Province, school, track and department; None where the block has several."""
        columns = zip(*(leaf.path for leaf in self.leaves), strict=True)
        return tuple(found.pop() if len(found := set(column)) == 1 else None for column in columns)

    def schools(self) -> int:
        return len({leaf.school for leaf in self.leaves})


Counts = Callable[[Block], tuple[int, ...]]
"""What readers can count of a block, which is safe when each of these is 0 or large enough."""


def safe(counts: Iterable[int], smallest: int = SMALLEST) -> bool:
    return all(count == 0 or count >= smallest for count in counts)


def on_another_day(before: Iterable[Block], cells: Mapping[Leaf, Figures], number: int) -> list[Block]:
    """Blocks as they stand on the next day that is closed, and groups that there were none of before."""
    units = [
        Block(each.leaves, (*each.days, total(cells.get(leaf, Figures()) for leaf in each.leaves)))
        for each in before
    ]
    known = {leaf for each in units for leaf in each.leaves}
    new = [
        Block((leaf,), (*[Figures()] * number, cells[leaf])) for leaf in sorted(cells) if leaf not in known
    ]
    return [*units, *new]


def together(units: Sequence[Block], counts: Counts, smallest: int = SMALLEST) -> list[Block]:
    """Unions of `units`, each safe and as small as they come, that have everybody in them.

    Empty where even all of them together are not safe.
    """
    level = _Level(counts, smallest)
    whole, left = level.put_together(sorted(units, key=_path), 0)
    return [] if left else sorted(whole, key=lambda block: block.leaves)


def by_province(units: Sequence[Block], counts: Counts, smallest: int = SMALLEST) -> list[Block]:
    """Unions of whole provinces, and of what lies in several; empty where all of them are not safe."""
    level = _Level(counts, smallest)

    def province(block: Block) -> str:
        return block.names()[0] or ""

    grouped = [_joined(group) for _, group in groupby(sorted(units, key=province), key=province)]
    whole, left = level.absorb(*level.parted(grouped))
    return [] if left else sorted(whole, key=lambda block: block.leaves)


@dataclass(frozen=True, slots=True)
class _Level:
    """Puts groups together from the departments upwards: in a track, in a school, in a province, in all."""

    counts: Counts
    smallest: int

    def safe(self, block: Block) -> bool:
        return safe(self.counts(block), self.smallest)

    def parted(self, several: Iterable[Block]) -> tuple[list[Block], list[Block]]:
        """Those that are safe, and those that are not."""
        parts: tuple[list[Block], list[Block]] = [], []
        for each in several:
            parts[not self.safe(each)].append(each)
        return parts

    def put_together(self, units: Sequence[Block], depth: int) -> tuple[list[Block], list[Block]]:
        """Safe blocks, and what is left over because all of these together are not safe."""
        if depth == _LEVELS:
            return self.absorb(*self.parted(units))
        whole: list[Block] = []
        left: list[Block] = []
        for _, below in groupby(units, key=lambda block: _path(block)[depth]):
            found, over = self.put_together(list(below), depth + 1)
            whole += found
            left += over
        return self.absorb(whole, left)

    def absorb(self, whole: list[Block], left: list[Block]) -> tuple[list[Block], list[Block]]:
        """Make one block of what is left over, with as many of the smallest others as it takes."""
        if not left:
            return whole, []
        rest = _joined(left)
        others = sorted(whole, key=lambda block: (sum(self.counts(block)), block.leaves))
        while not self.safe(rest) and others:
            rest = _joined([rest, others.pop(0)])
        return ([*others, rest], []) if self.safe(rest) else ([], [rest])


def _path(block: Block) -> tuple[str, ...]:
    return tuple(name or "" for name in block.names())


def _joined(several: Iterable[Block]) -> Block:
    found = list(several)
    leaves = sorted(leaf for block in found for leaf in block.leaves)
    return Block(tuple(leaves), tuple(total(day) for day in zip(*(each.days for each in found), strict=True)))
