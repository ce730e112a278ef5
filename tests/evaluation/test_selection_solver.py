"""The rule of selection on larger instances, held against an integer program solved by HiGHS.

An outcome obeys the rule when it is feasible, reaches the largest guaranteed sum, and no school could have
had an award it likes better without that sum falling, given what the schools above it got.
"""

import os
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import combinations
from typing import Any

import highspy
import numpy as np
import pytest

from evaluation.domain.selection import Decision, Missed, ranking, select
from evaluation.domain.snapshot import Applicant, Policy, Quota, Snapshot
from evaluation.domain.vocabulary import SchoolId

INSTANCES = int(os.environ.get("SELECTION_SOLVED", "200"))  # noqa: TID251 - a knob of the test run
BLOCKS = 10

Class = tuple[frozenset[str], bool, tuple[str, ...] | None]
"""What a school to come may get: tracks, general support, what it holds."""

Way = frozenset[str]


def random_policy(chance: random.Random, schools: int, designations: int) -> Policy:
    quotas = []
    for number in range(chance.choice([1, 2, 2, 3, 4, 6, 9] if designations == 1 else [2, 3, 3, 3])):
        at_most = chance.randint(1, max(1, schools // 4))
        quotas.append(
            Quota(
                f"g{number}",
                tuple(f"t{number}{letter}" for letter in "ab"[: chance.choice([1, 2])]),
                chance.choice([0, at_most // 2, at_most, at_most]),
                at_most,
            )
        )
    return Policy(
        seats=chance.randint(schools // 8, schools // 2),
        designations_per_school=designations,
        pools=(("continuing",), ("new",)),
        quotas=tuple(quotas),
        cut_line=Decimal(20),
        tie_breaks=("quantitative",),
        lot_source="a state lottery",
        lot_seed=str(chance.random()),
    )


def random_snapshot(chance: random.Random) -> Snapshot:
    schools = chance.choice([20, 60, 150, 300, 500])
    policy = random_policy(chance, schools, chance.choice([1, 2]))
    tracks = [track for quota in policy.quotas for track in quota.tracks]
    eager = chance.random()
    applicants = tuple(
        Applicant(
            id=SchoolId(f"sch_{number}"),
            kind="continuing" if chance.random() < eager else "new",
            score=Decimal(chance.randint(0, 100_000)).scaleb(-3),
            criteria={"quantitative": Decimal(chance.randint(0, 40))},
            tracks=tuple(chance.sample(tracks, chance.randint(0, min(3, len(tracks)))))
            if chance.random() < eager
            else (),
            accepts_general=chance.random() < 0.8,
        )
        for number in range(schools)
    )
    snapshot = Snapshot(2025, policy, applicants)
    return promotion(chance, snapshot) if chance.random() < 0.4 else snapshot


def promotion(chance: random.Random, snapshot: Snapshot) -> Snapshot:
    """The same schools after a first run: some selected ones have gone, some hold less than they could."""
    kept: dict[SchoolId, tuple[str, ...]] = {}
    gone = set()
    for each in select(snapshot):
        if each.award.outcome != "selected":
            continue
        if chance.random() < 0.1:
            gone.add(each.award.id)
        else:
            kept[each.award.id] = each.award.designations
    accepting = {each.id: each.accepts_general for each in snapshot.applicants}
    weakened = {
        school: () if accepting[school] and chance.random() < 0.3 else held for school, held in kept.items()
    }
    standing = tuple(each for each in snapshot.applicants if each.id not in gone)
    return replace(snapshot, applicants=standing, holders=weakened)


class Program:
    """The largest guaranteed sum that is still possible, schools alike counted together.

    A column for each way a class of schools may go (a group, or a place alone) and one for what each group's
    guarantee reaches; a row for each class, one for the seats, two for each group.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.policy = snapshot.policy
        self.group = {track: q.name for q in self.policy.quotas for track in q.tracks}

    def best(self, fixed: Sequence[tuple[str, ...] | None], coming: Counter[Class]) -> int | None:
        """With the schools above fixed; None when nothing is feasible."""
        solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]  # its stubs leave it untyped
        solver.setOptionValue("output_flag", False)
        ways = [(kind, way) for kind in coming for way in self.ways(kind)]
        for _ in ways:
            solver.addVar(0, highspy.kHighsInf)
        for quota in self.policy.quotas:
            solver.addVar(0, quota.at_least)
        columns = len(ways) + len(self.policy.quotas)
        solver.changeColsIntegrality(
            columns, np.arange(columns), np.full(columns, highspy.HighsVarType.kInteger.value, np.uint8)
        )
        self.rows(solver, fixed, coming, ways)
        for number in range(len(ways), columns):
            solver.changeColCost(number, 1)
        solver.changeObjectiveSense(highspy.ObjSense.kMaximize)
        solver.run()
        if columns and solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        reached: float = solver.getInfo().objective_function_value
        return round(reached)

    def rows(
        self,
        solver: Any,
        fixed: Sequence[tuple[str, ...] | None],
        coming: Counter[Class],
        ways: Sequence[tuple[Class, Way]],
    ) -> None:
        own: dict[Class, dict[int, int]] = {kind: {} for kind in coming}
        for number, (kind, _) in enumerate(ways):
            own[kind][number] = 1
        for kind, count in coming.items():
            self.row(solver, count if kind[2] is not None else 0, count, own[kind])
        seats = self.policy.seats - sum(option is not None for option in fixed)
        self.row(solver, -highspy.kHighsInf, seats, dict.fromkeys(range(len(ways)), 1))
        taken = Counter(self.group[track] for option in fixed for track in option or ())
        for number, quota in enumerate(self.policy.quotas, start=len(ways)):
            inside = {place: 1 for place, (_, way) in enumerate(ways) if quota.name in way}
            self.row(solver, -highspy.kHighsInf, quota.at_most - taken[quota.name], inside)
            self.row(solver, -taken[quota.name], highspy.kHighsInf, {**inside, number: -1})

    def ways(self, kind: Class) -> list[Way]:
        """The sets of groups it may end with a designation in; the empty one is general support."""
        tracks, general, held = kind
        keeps = {self.group[track] for track in held or ()}
        most = self.policy.designations_per_school
        groups = sorted({self.group[track] for track in tracks})
        found = {frozenset(way) for size in range(1, most + 1) for way in combinations(groups, size)}
        if general:
            found.add(frozenset())
        return sorted((way for way in found if keeps <= way), key=sorted)

    @staticmethod
    def row(solver: Any, least: float, most: float, entries: dict[int, int]) -> None:
        columns = np.fromiter(entries.keys(), np.int32)
        solver.addRow(least, most, len(entries), columns, np.fromiter(entries.values(), np.float64))


def classes(snapshot: Snapshot, schools: Sequence[Applicant]) -> Counter[Class]:
    return Counter((frozenset(a.tracks), a.accepts_general, snapshot.holders.get(a.id)) for a in schools)


def instances(block: int) -> Iterator[Snapshot]:
    for number in range(block, INSTANCES, BLOCKS):
        yield random_snapshot(random.Random(f"solver {number}"))


def outcome(decision: Decision) -> tuple[str, ...] | None:
    return decision.award.designations if decision.award.outcome == "selected" else None


@pytest.mark.parametrize("block", range(BLOCKS))
def test_larger_instances_obey_the_rule_by_an_independent_solver(block: int) -> None:
    for snapshot in instances(block):
        program = Program(snapshot)
        ranked = ranking(snapshot)
        decisions = select(snapshot)[: len(ranked)]
        got = [outcome(decision) for decision in decisions]
        best = program.best([], classes(snapshot, ranked))
        assert best is not None
        assert_feasible(snapshot, program, decisions)
        assert guaranteed(snapshot, program, got) == best
        shown: set[tuple[Class, tuple[str, ...]]] = set()
        for place, decision in enumerate(decisions):
            (kind,) = classes(snapshot, [ranked[place]])
            for missed in decision.missed:
                if missed.by != "needed_for_guarantee":
                    assert_full(snapshot, program, (got[:place], ranked[place:], missed))
                elif (kind, missed.award) not in shown:
                    # What was out of reach stays so for schools alike further down: they could change places.
                    shown.add((kind, missed.award))
                    given = program.best([*got[:place], missed.award], classes(snapshot, ranked[place + 1 :]))
                    assert given is not None
                    assert given < best


def guaranteed(snapshot: Snapshot, program: Program, got: Sequence[tuple[str, ...] | None]) -> int:
    counts = Counter(program.group[track] for option in got for track in option or ())
    return sum(min(counts[quota.name], quota.at_least) for quota in snapshot.policy.quotas)


def assert_feasible(snapshot: Snapshot, program: Program, decisions: Sequence[Decision]) -> None:
    wishes = {each.id: each for each in snapshot.applicants}
    got = {each.award.id: outcome(each) for each in decisions}
    counts = Counter(program.group[track] for option in got.values() for track in option or ())
    assert sum(option is not None for option in got.values()) <= snapshot.policy.seats
    assert all(counts[quota.name] <= quota.at_most for quota in snapshot.policy.quotas)
    for school, option in got.items():
        held = snapshot.holders.get(school)
        assert option is not None or held is None
        assert set(held or ()) <= set(option or ()) <= set(wishes[school].tracks)
        assert option != () or wishes[school].accepts_general


def assert_full(
    snapshot: Snapshot,
    program: Program,
    at: tuple[Sequence[tuple[str, ...] | None], Sequence[Applicant], Missed],
) -> None:
    above, coming, missed = at
    taken = [option for option in above if option is not None]
    taken += [snapshot.holders[each.id] for each in coming if each.id in snapshot.holders]
    counts = Counter(program.group[track] for option in taken for track in option)
    match missed.by:
        case "group_full":
            most = {quota.name: quota.at_most for quota in snapshot.policy.quotas}
            assert missed.full
            assert all(counts[each.group] == most[each.group] for each in missed.full)
        case "seats_full":
            assert len(taken) == snapshot.policy.seats
        case _:
            assert missed.award != snapshot.holders[coming[0].id]
