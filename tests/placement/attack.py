"""Somebody who has all published tables of a cohort, and knows which people there can be.

What is published are sums over people. Everybody is of a kind: what became of them, and how long their work
lasted. A group (some of the schools, some of the kinds) is given away where its sum follows from published
sums by adding, subtracting and multiplying; all such groups are found by linear algebra, whatever the way.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations, product
from typing import Final

import numpy as np
import numpy.typing as npt

from placement.domain.blocks import Block, Leaf
from placement.domain.disclosure import COUNTS, Told, detail
from placement.domain.outcomes import Figures

FATES: Final = ("employed", "advanced", "enlisted", "excluded", "other", "not_graduated")
Matrix = npt.NDArray[np.int64]
_PRIME: Final = 2**31 - 1
"""Sums of few and small numbers are zero modulo this one where they are zero, up to bad luck of 1 to 10⁹."""


@dataclass(frozen=True, order=True)
class Work:
    """Begun so many months before the first day, lasting so many; `silent` where no one said so after six."""

    age: int
    lasts: int
    silent: bool = False

    def figures(self, since_first: int) -> tuple[int, int, int, int]:
        due_6, due_12 = (self.age + since_first >= months for months in (6, 12))
        kept_6 = due_6 and self.lasts >= 6 and not self.silent
        return due_6, kept_6, due_12, due_12 and self.lasts >= 12


@dataclass(frozen=True, order=True)
class Kind:
    """People who differ in nothing that is counted."""

    fate: str
    work: Work | None

    def figures(self, since_first: int) -> Figures:
        heads = [int(self.fate == fate) for fate in ("employed", "advanced", "enlisted", "excluded")]
        placed = self.work.figures(since_first) if self.work else (0, 0, 0, 0)
        return Figures(1, int(self.fate != "not_graduated"), *heads, *map(int, placed))


WORKS: Final = [None, *(Work(age, lasts) for age, lasts in product((1, 4, 7, 13), (3, 9, 15)))]
_SILENT: Final = [Work(age, lasts, silent=True) for age, lasts in product((1, 7, 13), (9, 15))]


def _worlds() -> Iterator[tuple[str, list[Kind]]]:
    everything = [Kind(fate, work) for fate in FATES for work in WORKS]
    yield "anything", everything
    yield "not_everybody_is_asked", [*everything, *(Kind(fate, work) for fate in FATES for work in _SILENT)]
    graduates = [kind for kind in everything if kind.fate != "not_graduated" or kind.work is None]
    yield "only_graduates_work", graduates
    stayed = [
        kind for kind in graduates if kind.work is None or kind.work.lasts < 15 or kind.fate == "employed"
    ]
    yield "who_lasted_is_employed", stayed
    left = [k for k in stayed if k.work is None or (k.work.lasts >= 15) == (k.fate == "employed")]
    yield "who_left_has_found_nothing_else", left


WORLDS: Final = dict(_worlds())
"""Which kinds of people there can be, as somebody may know or guess; the fewer, the more follows."""

Cohort = Mapping[Leaf, Counter[Kind]]


def closed(cohort: Cohort, days: Sequence[int]) -> list[dict[Leaf, Figures]]:
    """The figures of a cohort on days, by the months since the first."""
    return [
        {
            leaf: sum((_times(kind.figures(day), heads) for kind, heads in people.items()), start=Figures())
            for leaf, people in cohort.items()
        }
        for day in days
    ]


def _times(figures: Figures, heads: int) -> Figures:
    return Figures(*(count * heads for count in figures.counts().values()))


@dataclass(frozen=True)
class Table:
    """Groups that are told of, and what is told of each, by figures of each day."""

    groups: tuple[frozenset[Leaf], ...]
    counts: Callable[[Sequence[Figures]], Sequence[int]]


def tables(told: Sequence[Told], provinces: Sequence[Block]) -> list[Table]:
    """Everything that is published of a cohort."""
    found = [Table(_groups(each.blocks), partial(_shown, each)) for each in told]
    return [*found, Table(_groups(provinces), lambda days: detail(Block((), (days[0],))))]


def _shown(told: Told, days: Sequence[Figures]) -> list[int]:
    return [COUNTS[name](days[told.day]) for name in told.measure.shown]


def _groups(blocks: Sequence[Block]) -> tuple[frozenset[Leaf], ...]:
    return tuple(frozenset(block.leaves) for block in blocks)


def given_away(
    cohort: Cohort, published: Sequence[Table], kinds: Sequence[Kind], days: Sequence[int]
) -> Iterator[int]:
    """How many people are in each group that follows from what is published."""
    alike = _alike(list(cohort), published)
    persons = [[kind.figures(day) for day in days] for kind in kinds]
    told = [(table, np.array([table.counts(each) for each in persons], np.int64).T) for table in published]
    columns = _reduced(np.vstack([counts for _, counts in told]))
    rows = [
        np.concatenate([count * (leaves <= group) for leaves in alike])
        for table, counts in told
        for group in table.groups
        for count in counts
    ]
    known = _reduced(np.array(rows or [np.zeros(len(alike) * len(kinds))], np.int64))
    for size in range(1, len(alike) + 1):
        for chosen in combinations(range(len(alike)), size):
            parts = np.array([at in chosen for at in range(len(alike))], np.int64)
            heads = np.array([sum(cohort[leaf][k] for at in chosen for leaf in alike[at]) for k in kinds])
            for group in _groups_of_kinds(known, columns, parts):
                yield int(group @ heads)


def _alike(leaves: Sequence[Leaf], published: Sequence[Table]) -> list[frozenset[Leaf]]:
    """Leaves that stand together wherever they stand."""
    found: dict[tuple[bool, ...], set[Leaf]] = {}
    for leaf in leaves:
        place = tuple(leaf in group for table in published for group in table.groups)
        found.setdefault(place, set()).add(leaf)
    return [frozenset(each) for each in found.values()]


def _groups_of_kinds(known: Matrix, columns: Matrix, parts: Matrix) -> Iterator[Matrix]:
    """Sets of kinds, as zeros and ones, whose sum over these parts follows from what is known.

    They are combinations of what is told of anybody (`columns`), so it is enough to look among these.
    """
    wanted = np.array([np.kron(parts, column) for column in columns], np.int64)
    rest = _minus_known(wanted, known)
    ways = _reduced(np.hstack([rest, np.eye(len(columns), dtype=np.int64)]))
    ways = ways[~ways[:, : rest.shape[1]].any(axis=1), rest.shape[1] :]
    basis = _reduced(ways @ columns % _PRIME)
    if not len(basis):
        return
    assert len(basis) <= 14
    for choice in product((0, 1), repeat=len(basis)):
        group = np.array(choice, np.int64) @ basis % _PRIME
        if group.any() and (group <= 1).all():
            yield group


def _minus_known(rows: Matrix, known: Matrix) -> Matrix:
    left = rows % _PRIME
    for row in known:
        lead = int(np.argmax(row != 0))
        left = (left - np.outer(left[:, lead], row)) % _PRIME
    return left


def _reduced(rows: Matrix) -> Matrix:
    """Gaussian elimination: rows that span the same, each led by a one that stands alone."""
    left = rows % _PRIME
    done = 0
    for column in range(left.shape[1]):
        leads = np.flatnonzero(left[done:, column])
        if not len(leads):
            continue
        left[[done, done + leads[0]]] = left[[done + leads[0], done]]
        left[done] = left[done] * pow(int(left[done, column]), -1, _PRIME) % _PRIME
        others = left[:, column].copy()
        others[done] = 0
        left = (left - np.outer(others, left[done])) % _PRIME
        done += 1
        if done == len(left):
            break
    return left[:done]
