"""Selection under seats, quota groups and guarantees: the rule `selection-1`, exact.

The ranking is walked from the top; each school gets the award it likes best that leaves an outcome
possible in which the guarantees are filled as far as any outcome can fill them. What "possible" asks is
answered by `domain.guarantees`, for two designations a school by `domain.pairs`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import MAX_PREC, Context, Decimal
from itertools import combinations, count
from typing import Final, Literal, assert_never

from decisions import lot
from evaluation.domain.guarantees import Lack, LackOf, Limits, Scarce, Turn
from evaluation.domain.snapshot import Applicant, Policy, Snapshot, admit, passed
from evaluation.domain.vocabulary import SchoolId
from evaluation.domain.walk import Step, walk

RULE: Final = "selection-1"
_EXACT: Final = Context(prec=MAX_PREC)

Outcome = Literal["selected", "reserve", "not_passed"]
Walk = Callable[[Limits, Sequence[Turn]], Iterable[Step]]
MissedBy = LackOf | Literal["keeps_what_it_holds"]


@dataclass(frozen=True, slots=True)
class FullGroup:
    """A group without a free designation.

    `last_in` is the last of the schools above that hold one; where all stand below (in a promotion), the
    lowest of them; None where the policy allows none. `kept_for` are schools above whose designation waits
    for their answer to another offer; in a promotion only, and known to its explanation alone.
    """

    group: str
    last_in: SchoolId | None
    kept_for: tuple[SchoolId, ...] = ()


@dataclass(frozen=True, slots=True)
class Missed:
    """An award the school liked better than what it got, and why it could not be had at its turn.

    `award` are its designations, empty for general support; `full` belongs to `group_full`, `groups` and
    `scarce` to `needed_for_guarantee`.
    """

    award: tuple[str, ...]
    by: MissedBy
    full: tuple[FullGroup, ...] = ()
    groups: tuple[str, ...] = ()
    scarce: Scarce | None = None


@dataclass(frozen=True, slots=True)
class Award:
    """What a school got; `rank` is None when it did not pass, `reserve` its number on the reserve list."""

    id: SchoolId
    rank: int | None
    outcome: Outcome
    designations: tuple[str, ...] = ()
    reserve: int | None = None


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Why a school did not pass: the cut line it missed and by how much, or the code that barred it."""

    reason: str
    line: Decimal | None = None
    by: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """An award with the facts that explain it."""

    award: Award
    missed: tuple[Missed, ...] = ()
    shortfalls: tuple[Shortfall, ...] = ()


def select(snapshot: Snapshot, down: Walk = walk) -> tuple[Decision, ...]:
    """Every applicant's award with its explanation: those who passed in rank order, then the others by id.

    `down` walks the ranking; one that is made for speed alone leaves out what was missed.

    Raises:
        Unsupported: The policy or the holders contradict the rule's bounds; see `admit`.
    """
    admit(snapshot)
    ranked = ranking(snapshot)
    limits, turns = prepared(snapshot, ranked)
    decisions = _Decisions(snapshot, ranked)
    return (
        *map(decisions.ranked, ranked, count(1), down(limits, turns)),
        *(_failed(snapshot.policy, each) for each in failing(snapshot)),
    )


def ranking(snapshot: Snapshot) -> list[Applicant]:
    """Those who passed, best first: pool, score, tie-breaks, lot."""
    policy = snapshot.policy
    pool = {kind: place for place, kinds in enumerate(policy.pools) for kind in kinds}

    def key(applicant: Applicant) -> tuple[int, list[Decimal], str]:
        merits = [applicant.score, *(applicant.criteria[name] for name in policy.tie_breaks)]
        by_lot = lot.position(policy.lot_seed, applicant.id)
        return pool[applicant.kind], [merit.copy_negate() for merit in merits], by_lot

    return sorted((each for each in snapshot.applicants if passed(policy, each)), key=key)


def failing(snapshot: Snapshot) -> list[Applicant]:
    """Those who did not pass, by id."""
    failed = (each for each in snapshot.applicants if not passed(snapshot.policy, each))
    return sorted(failed, key=lambda each: each.id)


def awards_wanted(
    policy: Policy, applicant: Applicant, held: tuple[str, ...] | None
) -> list[tuple[str, ...]]:
    """The awards a school would take, best liked first, each as its designations in the school's order.

    More designations before fewer, among equals those it named first, then general support. What a holder
    has is part of each.
    """
    group = {track: quota.name for quota in policy.quotas for track in quota.tracks}
    wanted = [
        designations
        for size in range(min(policy.designations_per_school, len(applicant.tracks)), 0, -1)
        for designations in combinations(applicant.tracks, size)
        if len({group[track] for track in designations}) == size
    ]
    if applicant.accepts_general:
        wanted.append(())
    return [designations for designations in wanted if set(held or ()) <= set(designations)]


def prepared(snapshot: Snapshot, ranked: Sequence[Applicant]) -> tuple[Limits, list[Turn]]:
    """The ranked schools as turns of the walk: quota groups by their place in the policy."""
    quotas = snapshot.policy.quotas
    limits = Limits(
        snapshot.policy.seats,
        tuple(quota.at_least for quota in quotas),
        tuple(quota.at_most for quota in quotas),
        snapshot.policy.designations_per_school,
    )
    group = {track: place for place, quota in enumerate(quotas) for track in quota.tracks}
    known: dict[tuple[tuple[str, ...], bool, tuple[str, ...] | None], Turn] = {}
    turns = []
    for each in ranked:
        held = snapshot.holders.get(each.id)
        wishes = (each.tracks, each.accepts_general, held)
        if wishes not in known:
            options = awards_wanted(snapshot.policy, each, held)
            known[wishes] = Turn(
                tuple(tuple(group[track] for track in option) for option in options),
                None if held is None else tuple(group[track] for track in held),
            )
        turns.append(known[wishes])
    return limits, turns


class _Decisions:
    """Turns the steps of the walk into awards with their explanations."""

    def __init__(self, snapshot: Snapshot, ranked: Sequence[Applicant]) -> None:
        self._policy = snapshot.policy
        self._holders = snapshot.holders
        self._group = {track: quota.name for quota in self._policy.quotas for track in quota.tracks}
        self._reserves = 0
        self._wanted: dict[tuple[tuple[str, ...], bool, tuple[str, ...] | None], list[tuple[str, ...]]] = {}
        self._last_in: dict[str, SchoolId] = {
            self._group[track]: each.id for each in ranked for track in snapshot.holders.get(each.id, ())
        }

    def ranked(self, applicant: Applicant, rank: int, step: Step) -> Decision:
        held = self._holders.get(applicant.id)
        wishes = (applicant.tracks, applicant.accepts_general, held)
        if wishes not in self._wanted:
            self._wanted[wishes] = awards_wanted(self._policy, applicant, held)
        wanted = self._wanted[wishes]
        missed = tuple(map(self._missed, wanted, step.missed))
        if step.taken is None:
            self._reserves += 1
            return Decision(Award(applicant.id, rank, "reserve", reserve=self._reserves), missed)
        got = wanted[step.taken]
        self._last_in.update((self._group[track], applicant.id) for track in got)
        if held:
            missed += self._kept(applicant, got, wanted)
        return Decision(Award(applicant.id, rank, "selected", got), missed)

    def _missed(self, award: tuple[str, ...], lack: Lack) -> Missed:
        names = tuple(self._policy.quotas[group].name for group in lack.groups)
        match lack.by:
            case "group_full":
                full = tuple(FullGroup(name, self._last_in.get(name)) for name in names)
                return Missed(award, lack.by, full=full)
            case "seats_full":
                return Missed(award, lack.by)
            case "needed_for_guarantee":
                return Missed(award, lack.by, groups=names, scarce=lack.scarce)
            case never:
                assert_never(never)

    def _kept(
        self, applicant: Applicant, got: tuple[str, ...], wanted: Sequence[tuple[str, ...]]
    ) -> tuple[Missed, ...]:
        """Awards it would like better if it held nothing, but that leave out what it holds."""
        liked = awards_wanted(self._policy, applicant, None)
        better = liked[: liked.index(got)]
        return tuple(Missed(award, "keeps_what_it_holds") for award in better if award not in wanted)


def _failed(policy: Policy, applicant: Applicant) -> Decision:
    shortfalls = [Shortfall(code) for code in applicant.barred]
    if applicant.score < policy.cut_line:
        by = _EXACT.subtract(policy.cut_line, applicant.score)
        shortfalls.insert(0, Shortfall("below_cut_line", policy.cut_line, by))
    return Decision(Award(applicant.id, None, "not_passed"), shortfalls=tuple(shortfalls))
