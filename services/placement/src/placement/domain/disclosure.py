"""Open data that lets nobody recognise anybody: groups are published whole or not at all.

The smallest groups (a department of a track of a school) are put together until each block is safe: every
count in it is zero or at least `SMALLEST`. Everything that is told of a cohort is told of the same people, so
what was told before is reckoned with: each table is made of unions of the blocks of the table before it, and
of two figures one of which may contain the other (who lasted six months, who lasted twelve) the difference
is guarded like a count of its own, across measures and across the days that were closed.

Employment is told of the first day of a cohort that is closed, and never again; retention of every closed
day, in coarser blocks from day to day. The figures are those that stood when the day was closed: what is
corrected afterwards cannot be subtracted from what was told.

Two levels of detail fit together. Blocks tell who was employed, who was left out and who was neither; only
unions of blocks, about a province each, tell why people were left out. Each of their counts is zero or at
least `SMALLEST` too, so what can be told of one block's share in them is such a count again, or no more than
a range at least as wide.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Final

from placement.domain.blocks import SMALLEST, Block, Leaf, by_province, on_another_day, together
from placement.domain.outcomes import Figures, total

EMPLOYMENT: Final = "employment"

Count = Callable[[Figures], int]

COUNTS: Final[Mapping[str, Count]] = {
    "employed": lambda figures: figures.employed,
    "others": lambda figures: figures.base - figures.employed,
    "outside": lambda figures: figures.outside,
    "not_employed": lambda figures: figures.graduates - figures.employed,
    "graduates": lambda figures: figures.graduates,
    "enrolled": lambda figures: figures.enrolled,
    "due_6": lambda figures: figures.due_6,
    "retained_6": lambda figures: figures.retained_6,
    "lost_6": lambda figures: figures.due_6 - figures.retained_6,
    "due_12": lambda figures: figures.due_12,
    "retained_12": lambda figures: figures.retained_12,
    "lost_12": lambda figures: figures.due_12 - figures.retained_12,
}
"""In heads or placements."""


@dataclass(frozen=True, slots=True)
class Measure:
    """What lines of a table tell: `shown` share no one, `follow` are what they add up to.

    The first of `shown` is what is counted, the last of three is no part of the base.
    """

    name: str
    shown: tuple[str, ...]
    follow: tuple[str, ...]


MEASURES: Final = (
    # How many were enrolled is told by province only; from that, too, can be subtracted what is told of work.
    Measure(EMPLOYMENT, ("employed", "others", "outside"), ("not_employed", "graduates", "enrolled")),
    Measure("retention_6", ("retained_6", "lost_6"), ("due_6",)),
    Measure("retention_12", ("retained_12", "lost_12"), ("due_12",)),
)

_PARTS: Final = frozenset(
    {
        *((name, name) for measure in MEASURES[1:] for name in (*measure.shown, *measure.follow)),
        ("due_12", "due_6"),
        ("retained_12", "retained_6"),
        ("lost_6", "lost_12"),
        *product(("due_6", "due_12"), ("graduates", "enrolled")),
        *product(("retained_6", "retained_12"), ("employed",)),
        *product(("lost_6", "lost_12"), ("not_employed",)),
    }
)
"""Of which figures the first may be part of the second, on one day or on two; so their difference is a group.

Whoever is due after twelve months was due after six, was enrolled and as a rule graduated; whoever lasted may
be among the employed, and whoever did not among those who are not.
"""


@dataclass(frozen=True, slots=True)
class Told:
    """A measure as it is told of a day, the `day`-th of the cohort that was closed."""

    measure: Measure
    day: int
    blocks: tuple[Block, ...]


def guarded(new: Measure, day: int, before: Sequence[Told], block: Block) -> tuple[int, ...]:
    """What can be counted of a block once `new` is told of a day beside what was told before."""
    figures = block.days[day]
    counts = [COUNTS[name](figures) for name in new.shown]
    for other in before:
        known = block.days[other.day]
        pairs = product((*new.shown, *new.follow), (*other.measure.shown, *other.measure.follow))
        counts += [
            abs(COUNTS[one](figures) - COUNTS[two](known))
            for one, two in pairs
            if (one, two) in _PARTS or (two, one) in _PARTS
        ]
    return tuple(counts)


def told(days: Sequence[Mapping[Leaf, Figures]], smallest: int = SMALLEST) -> list[Told]:
    """Everything that is told of a cohort, table by table; `days` are its groups as they were closed.

    A measure of which nothing safe can be told is left out. What is told of a day does not depend on the days
    that are closed after it.
    """
    found: list[Told] = []
    units: list[Block] = []
    for day, cells in enumerate(days):
        units = on_another_day(units, cells, day)
        everybody = total(cells.values())
        for measure in MEASURES:
            again = measure.name == EMPLOYMENT and day > 0
            if again or not any(COUNTS[name](everybody) for name in measure.shown):
                continue
            blocks = together(units, partial(guarded, measure, day, tuple(found)), smallest)
            if blocks:
                found.append(Told(measure, day, tuple(blocks)))
                units = blocks
    return found


@dataclass(frozen=True, slots=True)
class Published:
    """A line of open data: `count` of `base`; `left_out` are no part of the base."""

    measure: str
    block: Block
    base: int
    count: int
    left_out: int


def published(days: Sequence[Mapping[Leaf, Figures]], smallest: int = SMALLEST) -> Iterator[Published]:
    """Every line of open data of the last of `days` by school, track and department."""
    for each in told(days, smallest):
        if each.day < len(days) - 1:
            continue
        for block in each.blocks:
            count, others, *left_out = (COUNTS[name](block.days[each.day]) for name in each.measure.shown)
            if count or others or any(left_out):
                yield Published(each.measure.name, block, count + others, count, sum(left_out))


def detail(block: Block) -> tuple[int, ...]:
    """What a province tells: also who did not graduate, and why people are left out."""
    figures = block.figures
    parts = figures.advanced, figures.enlisted, figures.excluded
    return figures.enrolled - figures.graduates, *parts, figures.employed, figures.base - figures.employed


def provinces(days: Sequence[Mapping[Leaf, Figures]], smallest: int = SMALLEST) -> list[Block]:
    """What is told in every detail, about a province each; made of the blocks that tell of employment.

    Empty for every day but the first, as employment is.
    """
    if len(days) > 1:
        return []
    parts = [
        block for each in told(days, smallest) if each.measure.name == EMPLOYMENT for block in each.blocks
    ]
    return by_province(parts, detail, smallest)
