"""Assignment as a flow of least cost, solved as a linear program by HiGHS, behind a plain function.

From each application flow as many units as it wants reviewers, through the reviewers it may have, to the
sink. What a reviewer's n-th application costs rises with n, so that the sum is, up to a constant, that of the
squares of their loads: its minimum is the most even distribution that conflicts and capacities allow.
Expertise decides among those: all of it together never outweighs one step of load. A unit that finds nobody
costs more than any step, so as few as possible do. A program of this form has whole numbers at its corners.

Applications that the same reviewers may have, and fit alike, are one row. Of the pairs only some are in the
program at first; those that would improve it are added until there are none, so the optimum is that of all.
"""

from collections import defaultdict
from dataclasses import dataclass
from itertools import chain, cycle
from typing import Any, Final

import highspy
import numpy as np
from numpy.typing import NDArray

from evaluation.domain.assigning import Task
from evaluation.domain.reviewers import BEST_FIT
from evaluation.domain.vocabulary import ApplicationId, ReviewerId

Given = dict[ApplicationId, tuple[ReviewerId, ...]]

CANDIDATES: Final = 8
"""Pairs of each row that are in the program at first by fit, and as many by chance."""
ADDED: Final = 5
"""Pairs of each row that are added at once."""
WINDOW: Final = 4
"""Steps of load above and below the even one that are told apart at first; doubled where they are too few."""
MANY: Final = 2000
"""Rows from which the first solution comes faster from the interior than along the corners."""
IMPROVES: Final = -0.1
"""Costs are whole numbers, so a pair that improves the program does so by one."""


_Highs: Any = highspy.Highs
"""Its constructor has no types."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """Applications alike: `members` by row, what a row wants, who may have it (times members) and the fit."""

    members: tuple[tuple[int, ...], ...]
    wanted: NDArray[np.int64]
    room: NDArray[np.int64]
    fits: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Steps:
    """A reviewer's steps of load: whose, how many at once, and what each costs."""

    owners: NDArray[np.int64]
    sizes: NDArray[np.int64]
    costs: NDArray[np.int64]


def solve(task: Task) -> Given:
    """Who gets which application: as many as wanted, loads as even as can be, then the best expertise.

    The same task gives the same answer. Where not all can be had, as many as can.
    """
    rows = _rows(task)
    if not rows.members or not task.reviewers:
        return {}
    loads = np.asarray(task.loads, dtype=np.int64)
    rooms = np.minimum(np.asarray(task.rooms, dtype=np.int64), rows.room.sum(axis=0))
    units = int(rows.wanted.sum())
    even = (units + int(loads.sum())) // len(loads)
    window = WINDOW
    while True:
        flows, short = _Program(rows, _steps(loads, rooms, even, window, _step(units)), window).solved()
        after = loads + flows.sum(axis=0)
        takes_more = loads + rooms > after
        low, high = takes_more & (after < even - window), takes_more & (after >= even + window)
        if not low.any() and not (high.any() and (short or np.any(after[high] > loads[high]))):
            return _given(task, rows, flows)
        window *= 2


def _step(units: int) -> int:
    """What one step of load costs: more than all expertise together."""
    return BEST_FIT * units + 1


def _rows(task: Task) -> _Rows:
    alike: dict[tuple[int, int, frozenset[int]], list[int]] = defaultdict(list)
    for place, wanted in enumerate(task.wanted):
        if wanted > 0:
            alike[wanted, task.profiles[place], task.barred[place]].append(place)
    room = np.ones((len(alike), len(task.reviewers)), dtype=np.int64)
    for row, ((_, _, barred), members) in enumerate(alike.items()):
        room[row] = len(members)
        room[row, list(barred)] = 0
    fits = np.asarray(task.fits, dtype=np.int64).reshape(-1, len(task.reviewers))
    return _Rows(
        members=tuple(tuple(members) for members in alike.values()),
        wanted=np.array([wanted * len(m) for (wanted, _, _), m in alike.items()], dtype=np.int64),
        room=room,
        fits=fits[[profile for _, profile, _ in alike]],
    )


def _steps(loads: NDArray[np.int64], rooms: NDArray[np.int64], even: int, window: int, step: int) -> _Steps:
    """One block up to the window's lower end, then step by step to its upper end."""
    owners, sizes, costs = [], [], []
    for reviewer, (load, room) in enumerate(zip(loads.tolist(), rooms.tolist(), strict=True)):
        block = min(max(even - window - load, 0), room)
        if block:
            owners.append(reviewer)
            sizes.append(block)
            costs.append(-2 * step * window)
        for height in range(load + block + 1, min(load + room, even + window) + 1):
            owners.append(reviewer)
            sizes.append(1)
            costs.append(2 * step * (height - even))
    return _Steps(*(np.asarray(each, dtype=np.int64) for each in (owners, sizes, costs)))


class _Program:
    """The linear program: pairs, steps of load, and units that find nobody."""

    def __init__(self, rows: _Rows, steps: _Steps, window: int) -> None:
        self._rows, self._steps = rows, steps
        self._count, self._reviewers = rows.room.shape
        self._inside = _candidates(rows)
        self._pairs = [np.nonzero(self._inside)]
        self._nobody = 2 * _step(int(rows.wanted.sum())) * (window + 2)
        self._highs: Any = _Highs()
        for option, value in (("output_flag", False), ("parallel", "off")):
            self._highs.setOptionValue(option, value)
        self._highs.setOptionValue("solver", "ipm" if self._count >= MANY else "simplex")
        self._highs.passModel(self._model())

    def solved(self) -> tuple[NDArray[np.int64], bool]:
        """How many of each row every reviewer gets, and whether a unit found nobody."""
        while True:
            self._highs.run()
            if self._highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
                raise AssertionError("what finds nobody has a way past all of them, so there is an optimum")
            solution = self._highs.getSolution()
            better = self._better(np.asarray(solution.row_dual))
            if not better[0].size:
                return self._flows(np.rint(np.asarray(solution.col_value)).astype(np.int64))
            self._add(better)
            self._highs.setOptionValue("solver", "simplex")

    def _model(self) -> Any:
        rows, reviewers = self._pairs[0]
        steps, pairs = self._steps, len(rows)
        columns = pairs + len(steps.owners) + self._count
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = columns, self._count + self._reviewers
        model.col_cost_ = np.concatenate(
            [self._costs(rows, reviewers), steps.costs, np.full(self._count, self._nobody)]
        ).astype(float)
        model.col_lower_ = np.zeros(columns)
        model.col_upper_ = np.concatenate(
            [self._rows.room[rows, reviewers], steps.sizes, self._rows.wanted]
        ).astype(float)
        demand = np.concatenate([self._rows.wanted, np.zeros(self._reviewers)]).astype(float)
        model.row_lower_ = model.row_upper_ = demand
        lengths = np.concatenate([np.full(pairs, 2), np.ones(columns - pairs, dtype=np.int64)])
        matrix = model.a_matrix_
        matrix.format_ = highspy.MatrixFormat.kColwise
        matrix.start_ = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
        matrix.index_ = np.concatenate(
            [self._ends(rows, reviewers), self._count + steps.owners, np.arange(self._count)]
        ).astype(np.int32)
        matrix.value_ = np.concatenate(
            [np.ones(2 * pairs), -np.ones(len(steps.owners)), np.ones(self._count)]
        )
        return model

    def _costs(self, rows: NDArray[Any], reviewers: NDArray[Any]) -> NDArray[np.int64]:
        costs: NDArray[np.int64] = BEST_FIT - self._rows.fits[rows, reviewers]
        return costs

    def _ends(self, rows: NDArray[Any], reviewers: NDArray[Any]) -> NDArray[np.int64]:
        return np.column_stack([rows, self._count + reviewers]).ravel()

    def _better(self, duals: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Pairs outside the program that would improve it, the best of each row."""
        reduced = BEST_FIT - self._rows.fits - duals[: self._count, None] - duals[None, self._count :]
        reduced[self._inside | (self._rows.room == 0)] = 0
        at_once = min(ADDED, self._reviewers)
        best = np.argpartition(reduced, at_once - 1, axis=1)[:, :at_once]
        rows, reviewers = np.repeat(np.arange(self._count), at_once), best.ravel()
        improves = reduced[rows, reviewers] < IMPROVES
        return rows[improves], reviewers[improves]

    def _add(self, pairs: tuple[NDArray[Any], NDArray[Any]]) -> None:
        rows, reviewers = pairs
        count = len(rows)
        self._inside[rows, reviewers] = True
        self._pairs.append(pairs)
        self._highs.addCols(
            count,
            self._costs(rows, reviewers).astype(float),
            np.zeros(count),
            self._rows.room[rows, reviewers].astype(float),
            2 * count,
            np.arange(0, 2 * count, 2, dtype=np.int32),
            self._ends(rows, reviewers).astype(np.int32),
            np.ones(2 * count),
        )

    def _flows(self, values: NDArray[np.int64]) -> tuple[NDArray[np.int64], bool]:
        flows = np.zeros((self._count, self._reviewers), dtype=np.int64)
        first = len(self._pairs[0][0])
        others = first + len(self._steps.owners)
        flows[self._pairs[0]] = values[:first]
        later = others + self._count
        for rows, reviewers in self._pairs[1:]:
            flows[rows, reviewers] = values[later : later + len(rows)]
            later += len(rows)
        return flows, bool(values[others : others + self._count].any())


def _candidates(rows: _Rows) -> NDArray[np.bool_]:
    """The best fits of each row and as many by chance; ties among the fits are broken by chance as well."""
    dice = np.random.default_rng(0)
    inside = np.zeros(rows.room.shape, dtype=bool)
    count = min(CANDIDATES, rows.room.shape[1])
    for score in (rows.fits + 2 * dice.random(rows.room.shape), dice.random(rows.room.shape)):
        score[rows.room == 0] = -1
        best = np.argpartition(-score, count - 1, axis=1)[:, :count]
        inside[np.arange(len(inside))[:, None], best] = True
    return inside & (rows.room > 0)


def _given(task: Task, rows: _Rows, flows: NDArray[np.int64]) -> Given:
    """What each row got, dealt out to its members in turn, so that nobody gets an application twice."""
    given: dict[ApplicationId, list[ReviewerId]] = defaultdict(list)
    for members, row in zip(rows.members, flows, strict=True):
        reviewers = chain.from_iterable([place] * row[place] for place in np.flatnonzero(row).tolist())
        for member, reviewer in zip(cycle(members), reviewers, strict=False):
            given[task.applications[member]].append(task.reviewers[reviewer])
    return {application: tuple(sorted(reviewers)) for application, reviewers in given.items()}
