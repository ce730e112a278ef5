"""Open data that lets nobody recognise anybody: groups are published whole or not at all.

The smallest groups (a department of a track of a school) are put together until each block is safe: every
count in it is zero or at least `SMALLEST`. All that is published is blocks, which are disjoint, so whatever
is added or subtracted is made of whole blocks again, and no small count is among what it can come to.

Two levels of detail fit together. Blocks tell who was employed, who was left out and who was neither; only
unions of blocks, about a province each, tell why people were left out. Each of their counts is zero or at
least `SMALLEST` too, so what can be told of one block's share in them is such a count again, or no more than
a range at least as wide.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from placement.domain.outcomes import Cell, Figures, total

SMALLEST: Final = 5
"""The smallest count that is published; a default of this software, not an official value."""

Atoms = Callable[[Figures], tuple[int, ...]]
"""Counts that share no one, in heads or placements; a group is safe when each is zero or large enough."""


def employment(figures: Figures) -> tuple[int, ...]:
    return figures.employed, figures.outside, figures.base - figures.employed


def retention_6(figures: Figures) -> tuple[int, ...]:
    return figures.retained_6, figures.due_6 - figures.retained_6


def retention_12(figures: Figures) -> tuple[int, ...]:
    return figures.retained_12, figures.due_12 - figures.retained_12


def detail(figures: Figures) -> tuple[int, ...]:
    """What a province tells: also who did not graduate, and why people are left out."""
    parts = figures.advanced, figures.enlisted, figures.excluded
    return figures.enrolled - figures.graduates, *parts, figures.employed, figures.base - figures.employed


@dataclass(frozen=True, slots=True, order=True)
class Leaf:
    """The smallest group there is figures for."""

    province: str
    school: str
    cell: Cell

    @property
    def path(self) -> tuple[str, ...]:
        return self.province, self.school, self.cell.track, self.cell.department


@dataclass(frozen=True, slots=True)
class Block:
    """Groups that are published as one."""

    leaves: tuple[Leaf, ...]
    figures: Figures

    def names(self) -> tuple[str | None, ...]:
        """Province, school, track and department; None where the block has several."""
        columns = zip(*(leaf.path for leaf in self.leaves), strict=True)
        return tuple(found.pop() if len(found := set(column)) == 1 else None for column in columns)

    def schools(self) -> int:
        return len({leaf.school for leaf in self.leaves})


def safe(counts: Iterable[int], smallest: int = SMALLEST) -> bool:
    return all(count == 0 or count >= smallest for count in counts)


def blocks(cells: Mapping[Leaf, Figures], atoms: Atoms, smallest: int = SMALLEST) -> list[Block]:
    """A partition of the groups to blocks that are safe in these counts, as small as they come.

    Empty where even all of them together are not safe.
    """
    singles = [Block((leaf,), cells[leaf]) for leaf in sorted(cells)]
    level = _Level(atoms, smallest)
    whole, left = level.put_together(singles, 0)
    return [] if left else sorted(whole, key=lambda block: block.leaves)


def unions(parts: Sequence[Block], smallest: int = SMALLEST) -> list[Block]:
    """Blocks put together by province, until they are safe in every detail; empty where all are not."""
    level = _Level(detail, smallest)

    def province(block: Block) -> str:
        return block.names()[0] or ""

    grouped = [_joined(group) for _, group in groupby(sorted(parts, key=province), key=province)]
    whole, left = level.absorb(
        [block for block in grouped if level.safe(block)],
        [block for block in grouped if not level.safe(block)],
    )
    return [] if left else sorted(whole, key=lambda block: block.leaves)


@dataclass(frozen=True, slots=True)
class _Level:
    """Puts groups together from the departments upwards: in a track, in a school, in a province, in all."""

    atoms: Atoms
    smallest: int

    def safe(self, block: Block) -> bool:
        return safe(self.atoms(block.figures), self.smallest)

    def put_together(self, singles: Sequence[Block], depth: int) -> tuple[list[Block], list[Block]]:
        """Safe blocks, and what is left over because all of these together are not safe."""
        if depth == len(singles[0].leaves[0].path):
            [single] = singles
            return ([single], []) if self.safe(single) else ([], [single])
        whole: list[Block] = []
        left: list[Block] = []
        for _, below in groupby(singles, key=lambda block: block.leaves[0].path[depth]):
            found, over = self.put_together(list(below), depth + 1)
            whole += found
            left += over
        return self.absorb(whole, left)

    def absorb(self, whole: list[Block], left: list[Block]) -> tuple[list[Block], list[Block]]:
        """Make one block of what is left over, with as many of the smallest others as it takes."""
        if not left:
            return whole, []
        rest = _joined(left)
        others = sorted(whole, key=lambda block: (sum(self.atoms(block.figures)), block.leaves))
        while not self.safe(rest) and others:
            rest = _joined([rest, others.pop(0)])
        return ([*others, rest], []) if self.safe(rest) else ([], [rest])


def _joined(several: Iterable[Block]) -> Block:
    found = list(several)
    leaves = sorted(leaf for block in found for leaf in block.leaves)
    return Block(tuple(leaves), total(block.figures for block in found))


@dataclass(frozen=True, slots=True)
class Published:
    """A line of open data: `count` of `base`; `left_out` are no part of the base."""

    measure: str
    block: Block
    base: int
    count: int
    left_out: int


_MEASURES: Final[Mapping[str, Atoms]] = {
    "employment": employment,
    "retention_6": retention_6,
    "retention_12": retention_12,
}


def published(cells: Mapping[Leaf, Figures], smallest: int = SMALLEST) -> Iterator[Published]:
    """Every line of open data by school, track and department, as far as it may be told."""
    if not cells:
        return
    for measure, atoms in _MEASURES.items():
        for block in blocks(cells, atoms, smallest):
            counts = atoms(block.figures)
            if not any(counts):
                continue
            outside = counts[1] if measure == "employment" else 0
            yield Published(measure, block, sum(counts) - outside, counts[0], outside)


def provinces(cells: Mapping[Leaf, Figures], smallest: int = SMALLEST) -> list[Block]:
    """What is told in every detail, about a province each; made of the blocks that tell of employment."""
    parts = blocks(cells, employment, smallest) if cells else []
    return unions(parts, smallest) if parts else []
