"""What a selection is decided from, and what the rule refuses to decide."""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from evaluation.domain.vocabulary import SchoolId

GROUPS_AT_MOST: Final = {0: 16, 1: 16, 2: 3}
"""Quota groups by designations a school; beyond that the question is NP-hard, and refused."""


@dataclass(frozen=True, slots=True)
class Quota:
    """A quota group: the tracks it binds together, and how many designations it should and may have."""

    name: str
    tracks: tuple[str, ...]
    at_least: int
    at_most: int


@dataclass(frozen=True, slots=True)
class Policy:
    """What the year's policy says about selection.

    `pools` lists kinds of applicants, the first pool ranked before the second; `tie_breaks` names criteria.
    """

    seats: int
    designations_per_school: int
    pools: tuple[tuple[str, ...], ...]
    quotas: tuple[Quota, ...]
    cut_line: Decimal
    tie_breaks: tuple[str, ...]
    lot_source: str
    lot_seed: str


@dataclass(frozen=True, slots=True)
class Applicant:
    """A school as it stands before the selection; `tracks` in the order of its wishes."""

    id: SchoolId
    kind: str
    score: Decimal
    criteria: Mapping[str, Decimal]
    tracks: tuple[str, ...]
    accepts_general: bool
    barred: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that the selection depends on. `holders` maps a school to the designations it holds."""

    programme_year: int
    policy: Policy
    applicants: tuple[Applicant, ...]
    holders: Mapping[SchoolId, tuple[str, ...]] = field(default_factory=dict)


class Unsupported(ValueError):  # noqa: N818 - read as the answer to a snapshot
    """A snapshot the rule refuses: `field` is its path, `rule` a code, `detail` one English sentence."""

    def __init__(self, field: str, rule: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field
        self.rule = rule
        self.detail = detail


def passed(policy: Policy, applicant: Applicant) -> bool:
    """Whether a school's score reaches the cut line and nothing bars it."""
    return applicant.score >= policy.cut_line and not applicant.barred


def admit(snapshot: Snapshot) -> None:
    """Refuse what the rule does not decide, by the name of the field.

    Raises:
        Unsupported: Contradictory limits, something named twice, a track without a group, a kind in no pool,
            a missing criterion, more designations or groups than the rule is exact for, or holders that break
            the caps.
    """
    _admit_policy(snapshot.policy)
    _distinct("applicants", "applicant_duplicate", (each.id for each in snapshot.applicants))
    tracks = {track for quota in snapshot.policy.quotas for track in quota.tracks}
    kinds = {kind for pool in snapshot.policy.pools for kind in pool}
    for place, applicant in enumerate(snapshot.applicants):
        _admit_applicant(f"applicants[{place}]", applicant, snapshot.policy, tracks, kinds)
    if snapshot.holders:
        _admit_holders(snapshot)


def _admit_policy(policy: Policy) -> None:
    groups = GROUPS_AT_MOST.get(policy.designations_per_school)
    if groups is None:
        raise Unsupported(
            "policy.designations_per_school",
            "designations_per_school",
            f"at most {max(GROUPS_AT_MOST)} designations a school",
        )
    if len(policy.quotas) > groups:
        most = f"at most {groups} groups with {policy.designations_per_school} designations a school"
        raise Unsupported("policy.quotas", "quota_groups", most)
    _distinct("policy.quotas", "quota_duplicate", (quota.name for quota in policy.quotas))
    _distinct(
        "policy.quotas", "track_in_two_groups", (track for quota in policy.quotas for track in quota.tracks)
    )
    _distinct("policy.pools", "kind_in_two_pools", (kind for pool in policy.pools for kind in pool))
    for place, quota in enumerate(policy.quotas):
        if quota.at_least > quota.at_most:
            raise Unsupported(
                f"policy.quotas[{place}].at_least",
                "at_least_above_at_most",
                f"{quota.name} guarantees {quota.at_least} designations but allows {quota.at_most}",
            )


def _admit_applicant(
    path: str, applicant: Applicant, policy: Policy, tracks: Iterable[str], kinds: Iterable[str]
) -> None:
    if applicant.kind not in kinds:
        raise Unsupported(f"{path}.kind", "kind_in_no_pool", f"no pool ranks the kind {applicant.kind!r}")
    _distinct(f"{path}.tracks", "track_duplicate", applicant.tracks)
    for track in applicant.tracks:
        if track not in tracks:
            raise Unsupported(
                f"{path}.tracks", "track_without_group", f"no quota group has the track {track!r}"
            )
    for name in policy.tie_breaks:
        if name not in applicant.criteria:
            raise Unsupported(f"{path}.criteria", "criterion_missing", f"the tie-break {name!r} has no value")


def _admit_holders(snapshot: Snapshot) -> None:
    policy = snapshot.policy
    applicants = {each.id: each for each in snapshot.applicants}
    group = {track: quota.name for quota in policy.quotas for track in quota.tracks}
    for school, held in snapshot.holders.items():
        _admit_holder(f"holders.{school}", applicants.get(school), held, policy, group)
    if len(snapshot.holders) > policy.seats:
        raise Unsupported(
            "holders",
            "holders_above_seats",
            f"{len(snapshot.holders)} places are held, seats are {policy.seats}",
        )
    places = Counter(group[track] for held in snapshot.holders.values() for track in held)
    for quota in policy.quotas:
        if places[quota.name] > quota.at_most:
            raise Unsupported(
                "holders",
                "holders_above_at_most",
                f"{places[quota.name]} designations are held in {quota.name}, which allows {quota.at_most}",
            )


def _admit_holder(
    path: str, applicant: Applicant | None, held: Sequence[str], policy: Policy, group: Mapping[str, str]
) -> None:
    if applicant is None:
        raise Unsupported(path, "holder_unknown", "is no applicant")
    if not passed(policy, applicant):
        raise Unsupported(path, "holder_not_passed", "holds a place but did not pass")
    if not set(held) <= set(applicant.tracks):
        raise Unsupported(path, "holder_track_not_wanted", "holds a designation the school does not ask for")
    if not held and not applicant.accepts_general:
        raise Unsupported(
            path, "holder_general_not_accepted", "holds general support the school does not accept"
        )
    _distinct(path, "holder_above_group", (group[track] for track in held))
    if len(held) > policy.designations_per_school:
        raise Unsupported(
            path,
            "holder_above_designations",
            f"holds {len(held)} designations of {policy.designations_per_school}",
        )


def _distinct(path: str, rule: str, values: Iterable[Hashable]) -> None:
    twice = [value for value, count in Counter(values).items() if count > 1]
    if twice:
        raise Unsupported(path, rule, f"{twice[0]!r} stands there twice")
