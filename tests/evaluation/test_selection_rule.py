"""The rule of selection against the definition itself: every outcome of small instances, tried one by one."""

import os
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from hashlib import sha256
from itertools import combinations

import pytest

from evaluation.domain.selection import Decision, Missed, select
from evaluation.domain.snapshot import Applicant, Policy, Quota, Snapshot
from evaluation.domain.vocabulary import SchoolId

INSTANCES = int(os.environ.get("SELECTION_INSTANCES", "10000"))  # noqa: TID251 - a knob of the test run
BLOCKS = 10

POOLS = (("continuing",), ("new",))

Option = tuple[str, ...] | None
"""Designations, empty for general support; None for nothing."""


@dataclass(frozen=True)
class Definition:
    """Reads the rule off its text: options, caps, guaranteed sum. Shares no code with the implementation."""

    snapshot: Snapshot

    def ranked(self) -> list[Applicant]:
        policy = self.snapshot.policy
        standing = [a for a in self.snapshot.applicants if a.score >= policy.cut_line and not a.barred]
        standing.sort(key=lambda a: sha256(f"{policy.lot_seed}:{a.id}".encode()).hexdigest())
        for criterion in reversed(policy.tie_breaks):
            standing.sort(key=lambda a, c=criterion: a.criteria[c], reverse=True)  # type: ignore[misc]  # the default binds the loop
        standing.sort(key=lambda a: a.score, reverse=True)
        standing.sort(key=lambda a: next(i for i, kinds in enumerate(policy.pools) if a.kind in kinds))
        return standing

    def group(self, track: str) -> str:
        return next(quota.name for quota in self.snapshot.policy.quotas if track in quota.tracks)

    def options(self, school: Applicant) -> list[Option]:
        """Best liked first, nothing last; a holder keeps at least what it holds."""
        most = self.snapshot.policy.designations_per_school
        found: list[Option] = [
            chosen
            for size in range(most, 0, -1)
            for chosen in combinations(school.tracks, size)
            if len({self.group(track) for track in chosen}) == size
        ]
        found += [()] if school.accepts_general else []
        held = self.snapshot.holders.get(school.id)
        if held is None:
            return [*found, None]
        return [option for option in found if option is not None and set(held) <= set(option)]

    def guaranteed(self, counts: Mapping[str, int], only: Sequence[str] | None = None) -> int:
        return sum(
            min(counts[quota.name], quota.at_least)
            for quota in self.snapshot.policy.quotas
            if only is None or quota.name in only
        )

    def best(
        self, ranked: Sequence[Applicant], fixed: Sequence[Option] = (), only: Sequence[str] | None = None
    ) -> tuple[int, list[Option]] | None:
        """The largest guaranteed sum and the first outcome in the order of wishes that reaches it."""
        choices = [self.options(school) for school in ranked]
        choices[: len(fixed)] = [[option] for option in fixed]
        most = {quota.name: quota.at_most for quota in self.snapshot.policy.quotas}
        best: list[tuple[int, list[Option]]] = []
        outcome: list[Option] = []
        counts: Counter[str] = Counter()

        def down(place: int, seats: int) -> None:
            if place == len(ranked):
                reached = self.guaranteed(counts, only)
                if not best or reached > best[0][0]:
                    best[:] = [(reached, list(outcome))]
                return
            for option in choices[place]:
                if option is not None and not seats:
                    continue
                groups = [self.group(track) for track in option or ()]
                if any(counts[group] >= most[group] for group in groups):
                    continue
                counts.update(groups)
                outcome.append(option)
                down(place + 1, seats - (option is not None))
                outcome.pop()
                counts.subtract(groups)

        down(0, self.snapshot.policy.seats)
        return best[0] if best else None


def random_policy(chance: random.Random, groups: int) -> Policy:
    designations = chance.choice([0, 1, 1, 1, 1, 1, 1, 1, 1, 1] if groups > 3 else [0, *[1] * 6, *[2] * 8])
    quotas = []
    for number in range(groups):
        at_most = chance.choice([0, 1, 1, 2, 2, 3])
        tracks = tuple(f"t{number}{letter}" for letter in "ab"[: chance.choice([1, 1, 2])])
        at_least = chance.randint(0 if designations < 2 else at_most // 2, at_most)
        quotas.append(Quota(f"g{number}", tracks, at_least, at_most))
    return Policy(
        seats=chance.choice([0, 1, 2, 2, 3, 3, 4]),
        designations_per_school=designations,
        pools=chance.choice(
            [(("continuing",), ("new",)), (("continuing", "new"),), (("new", "continuing"),)]
        ),
        quotas=tuple(quotas),
        cut_line=Decimal(60),
        tie_breaks=chance.choice([(), ("quantitative",)]),
        lot_source="a state lottery",
        lot_seed=str(chance.random()),
    )


def random_applicant(chance: random.Random, number: int, tracks: Sequence[str]) -> Applicant:
    return Applicant(
        id=SchoolId(f"sch_{number}"),
        kind=chance.choice(["continuing", "new"]),
        score=Decimal(chance.choice(["59.9", "60", "60.000", "75", "75.5", "75.50", "90"])),
        criteria={"quantitative": Decimal(chance.choice(["1", "1.0", "2.5"]))},
        tracks=tuple(chance.sample(tracks, chance.randint(0, min(len(tracks), 3)))),
        accepts_general=chance.random() < 0.6,
        barred=("sanctioned",) if chance.random() < 0.03 else (),
    )


def random_holders(
    chance: random.Random, snapshot: Snapshot, upgradable: float
) -> dict[SchoolId, tuple[str, ...]]:
    """Places some schools hold, within the caps; that share of them general ones where accepted."""
    definition = Definition(snapshot)
    room = Counter({quota.name: quota.at_most for quota in snapshot.policy.quotas})
    seats = snapshot.policy.seats
    holders: dict[SchoolId, tuple[str, ...]] = {}
    for school in definition.ranked():
        options = definition.options(school)
        option = () if () in options and chance.random() < upgradable else chance.choice(options)
        groups = Counter(definition.group(track) for track in option or ())
        if option is None or not seats or not groups <= room or chance.random() < 0.3:
            continue
        seats -= 1
        room -= groups
        holders[school.id] = option
    return holders


def random_snapshot(chance: random.Random) -> Snapshot:
    policy = random_policy(chance, chance.choice([0, 1, 1, 2, 2, 2, 3, 3, 4]))
    tracks = [track for quota in policy.quotas for track in quota.tracks]
    applicants = tuple(random_applicant(chance, number, tracks) for number in range(chance.randint(0, 6)))
    snapshot = Snapshot(2025, policy, applicants)
    if chance.random() < 0.4:
        snapshot = replace(snapshot, holders=random_holders(chance, snapshot, chance.choice([0, 0.9])))
    return snapshot


def instances(block: int) -> Iterator[Snapshot]:
    for number in range(block, INSTANCES, BLOCKS):
        yield random_snapshot(random.Random(number))


def outcome_of(decisions: Sequence[Decision], ranked: Sequence[Applicant]) -> list[Option]:
    got = {each.award.id: each.award for each in decisions}
    return [got[a.id].designations if got[a.id].outcome == "selected" else None for a in ranked]


@pytest.mark.parametrize("block", range(BLOCKS))
def test_small_instances_equal_exhaustive_search_by_the_definition(block: int) -> None:
    for snapshot in instances(block):
        definition = Definition(snapshot)
        ranked = definition.ranked()
        best = definition.best(ranked)
        assert best is not None
        decisions = select(snapshot)
        assert outcome_of(decisions, ranked) == best[1], snapshot
        standing = [each.award for each in decisions if each.award.rank is not None]
        assert [award.id for award in standing] == [a.id for a in ranked], snapshot
        assert [award.rank for award in standing] == list(range(1, len(ranked) + 1))
        reserves = [award.reserve for award in standing if award.outcome == "reserve"]
        assert reserves == list(range(1, len(reserves) + 1))
        failed = [each.award.id for each in decisions if each.award.outcome == "not_passed"]
        assert failed == sorted({a.id for a in snapshot.applicants} - {a.id for a in ranked})


@pytest.mark.parametrize("block", range(BLOCKS))
def test_each_explanation_is_true_of_its_run(block: int) -> None:
    for snapshot in instances(block):
        definition = Definition(snapshot)
        ranked = definition.ranked()
        decisions = select(snapshot)
        outcome = outcome_of(decisions, ranked)
        for place, decision in enumerate(decisions[: len(ranked)]):
            options = definition.options(ranked[place])
            better = options[: options.index(outcome[place])]
            told = [missed for missed in decision.missed if missed.by != "keeps_what_it_holds"]
            assert [missed.award for missed in told] == better, snapshot
            for missed in decision.missed:
                Claim(definition, ranked, outcome, place, missed).check()
        for decision in decisions[len(ranked) :]:
            assert_shortfalls_are_true(snapshot, decision)


@dataclass(frozen=True)
class Claim:
    """One reason told to one school, held against what the schools above it got."""

    definition: Definition
    ranked: Sequence[Applicant]
    outcome: Sequence[Option]
    place: int
    missed: Missed

    def check(self) -> None:
        match self.missed.by:
            case "group_full":
                full = [each.group for each in self.missed.full]
                assert full == self.full_groups()
                assert full
                for each in self.missed.full:
                    self.check_last_in(each.group, each.last_in)
            case "seats_full":
                assert not self.full_groups()
                assert not self.free_seats()
            case "needed_for_guarantee":
                assert not self.full_groups()
                assert self.free_seats() or self.holds()
                self.check_guarantee(None)
                self.check_guarantee(self.missed.groups)
                self.check_scarce()
            case "keeps_what_it_holds":
                held = self.definition.snapshot.holders[self.ranked[self.place].id]
                assert not set(held) <= set(self.missed.award)

    def holds(self) -> bool:
        return self.ranked[self.place].id in self.definition.snapshot.holders

    def taken(self) -> list[tuple[SchoolId, tuple[str, ...]]]:
        """What was taken at this school's turn: by the schools above, then by holders from here on."""
        holders = self.definition.snapshot.holders
        above = [
            (s.id, o) for s, o in zip(self.ranked, self.outcome[: self.place], strict=False) if o is not None
        ]
        return above + [(s.id, holders[s.id]) for s in self.ranked[self.place :] if s.id in holders]

    def free_seats(self) -> int:
        return self.definition.snapshot.policy.seats - len(self.taken())

    def full_groups(self) -> list[str]:
        group = self.definition.group
        counts = Counter(group(track) for _, option in self.taken() for track in option)
        most = {quota.name: quota.at_most for quota in self.definition.snapshot.policy.quotas}
        held = self.definition.snapshot.holders.get(self.ranked[self.place].id, ())
        added = [group(track) for track in self.missed.award if track not in held]
        return [name for name in added if counts[name] >= most[name]]

    def check_last_in(self, group: str, last_in: SchoolId | None) -> None:
        inside = [s for s, option in self.taken() if group in map(self.definition.group, option)]
        above = {school.id for school in self.ranked[: self.place]}
        expected = [school for school in inside if school in above] or inside
        assert last_in == (expected[-1] if expected else None)

    def check_guarantee(self, only: Sequence[str] | None) -> None:
        """Giving the award lowers what the guarantees (of the groups told) can still reach."""
        fixed = list(self.outcome[: self.place])
        reachable = self.definition.best(self.ranked, fixed, only)
        given = self.definition.best(self.ranked, [*fixed, self.missed.award], only)
        assert reachable is not None
        assert given is None or given[0] < reachable[0]

    def check_scarce(self) -> None:
        """More of what is not short would not help, and less of what is would hurt the groups told."""
        fixed = list(self.outcome[: self.place])
        seats = self.definition.snapshot.policy.seats
        own = self.definition.snapshot.holders.get(self.ranked[self.place].id)
        reachable = self.reached(seats, fixed)
        assert reachable is not None
        worse = {
            "applicants": (len(self.ranked), [*fixed, self.missed.award]),
            "seats": (seats - 1, fixed),
            "seats_and_applicants": (seats - (own is None), [*fixed, own]),
        }
        less = self.reached(*worse[self.missed.scarce or "nothing told"])
        assert less is None or less < reachable

    def reached(self, seats: int, fixed: Sequence[Option]) -> int | None:
        """The largest sum of the guarantees told, with so many seats."""
        snapshot = self.definition.snapshot
        policy = replace(snapshot.policy, seats=seats)
        best = Definition(replace(snapshot, policy=policy)).best(self.ranked, fixed, self.missed.groups)
        return None if best is None else best[0]


def assert_shortfalls_are_true(snapshot: Snapshot, decision: Decision) -> None:
    school = next(a for a in snapshot.applicants if a.id == decision.award.id)
    line = snapshot.policy.cut_line
    below = [each for each in decision.shortfalls if each.reason == "below_cut_line"]
    assert [(each.line, each.by) for each in below] == (
        [(line, line - school.score)] if school.score < line else []
    )
    assert tuple(each.reason for each in decision.shortfalls if each not in below) == school.barred
