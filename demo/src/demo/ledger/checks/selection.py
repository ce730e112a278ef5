"""Invariant 5: never more selected than there are places."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from demo.ledger.checks.findings import Findings
from demo.ledger.evidence import Evidence, Told
from demo.report.story import Check


@dataclass(slots=True)
class _Held:
    """Designations by school, and how often a limit was looked at."""

    designations: dict[str, tuple[str, ...]] = field(default_factory=dict)
    states: int = 0
    most: int = 0


def never_above_quota(evidence: Evidence) -> Check:
    """Invariant 5: the events of selection, in the order of commits, never lead above a year's limits."""
    found = Findings()
    every = {
        event.data["programme_year"]: _limits(event.data["policy"])
        for event in evidence.told
        if event.name == "programme-year-opened"
    }
    for year, limits in sorted(every.items()):
        held = _Held()
        for at_once in _commits(evidence.told, year):
            for event in at_once:
                _hold(held, event)
            held.states += 1
            held.most = max(held.most, len(held.designations))
            found.differ(*_above(limits, held.designations, at_once[0]))
        _quota_rows(evidence, year, limits, held, found)
        found.count(
            f"{year}년: 선정이 바뀐 {held.states:,}개 상태, 가장 많을 때 {held.most:,}교",
            f"{year}: {held.states:,} states in which selection changed, {held.most:,} schools at most",
        )
    _guards(evidence, found)
    return found.check(
        5, "어느 순간에도 정원을 넘지 않음", "Selected never above the quota, at every committed state"
    )


def _limits(policy: Mapping[str, Any]) -> dict[str, tuple[frozenset[str] | None, int]]:
    """Tracks and limit of each quota group; all places under `*`."""
    groups = {quota["name"]: (frozenset(quota["tracks"]), quota["at_most"]) for quota in policy["quotas"]}
    return {"*": (None, policy["seats"]), **groups}


_SELECTION: Final = frozenset({"school-selected", "school-promoted", "school-relinquished", "school-revoked"})


def _commits(told: Iterable[Told], year: int) -> list[list[Told]]:
    """Events that change who is selected for a year, those of one transaction together, in their order."""
    commits: dict[tuple[Any, str], dict[str, Told]] = defaultdict(dict)
    for event in told:
        if (
            event.name in _SELECTION
            and event.data["programme_year"] == year
            and event.data.get("origin") != "imported"
        ):
            commits[event.envelope.time, event.envelope.causationid][event.id] = event
    return [list(commits[moment].values()) for moment in sorted(commits)]


def _hold(held: _Held, event: Told) -> None:
    school = event.data["school"]
    if event.name in {"school-selected", "school-promoted"}:
        held.designations[school] = tuple(event.data["designations"])
    else:
        held.designations.pop(school, None)


def _above(
    limits: Mapping[str, tuple[frozenset[str] | None, int]],
    held: Mapping[str, tuple[str, ...]],
    event: Told,
) -> Iterator[str]:
    for name, (tracks, at_most) in limits.items():
        count = _count(tracks, held)
        if count > at_most:
            yield f"{name}: {count} of {at_most} after {event.name} at {event.envelope.time.isoformat()}"


def _count(tracks: frozenset[str] | None, held: Mapping[str, tuple[str, ...]]) -> int:
    if tracks is None:
        return len(held)
    return sum(track in tracks for designations in held.values() for track in designations)


def _quota_rows(
    evidence: Evidence,
    year: int,
    limits: Mapping[str, tuple[frozenset[str] | None, int]],
    held: _Held,
    found: Findings,
) -> None:
    """The database counts the same."""
    state = evidence.databases["evaluation"].state
    standings = [row for row in state["standing"] if row["year"] == year]
    selected = {row["school"] for row in standings if row["state"] == "selected"}
    if selected != held.designations.keys():
        found.differ(f"events select {len(held.designations)} schools, the database {len(selected)}")
    for row in state["quota"]:
        if row["year"] != year:
            continue
        if row["name"] not in limits:
            found.differ(f"quota {row['name']}: the policy has none")
            continue
        tracks, at_most = limits[row["name"]]
        count = _count(tracks, held.designations)
        if (row["held"], row["at_most"]) != (count, at_most):
            found.differ(f"quota {row['name']}: {row['held']} of {row['at_most']}, not {count} of {at_most}")


def _guards(evidence: Evidence, found: Findings) -> None:
    """The database guards its limits itself."""
    database = evidence.databases["evaluation"]
    for guard in ("never_above_the_limit", "standing_is_counted", "offer_is_counted"):
        if guard not in database.guards:
            found.differ(f"evaluation: the guard {guard} is not in force")
    found.count(
        f"정원 행 {len(database.state['quota'])}개와 그 제약",
        f"{len(database.state['quota'])} quota rows and their constraint",
    )
