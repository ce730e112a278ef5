"""Invariant 7: everything lives as its kind may."""

from collections.abc import Mapping
from typing import Any

from demo.ledger.checks.findings import Findings
from demo.ledger.evidence import Evidence
from demo.ledger.machines import ROWS, replay
from demo.report.story import Check


def only_legal_transitions(evidence: Evidence) -> Check:
    """Invariant 7."""
    found = Findings()
    lives = replay(evidence.told)
    found.differ(*lives.illegal)
    rows = 0
    freed = {event.data["opening"] for event in evidence.told if event.name == "placement-ended"}
    for name, (service, table) in ROWS.items():
        found_rows = {row["id"]: row for row in evidence.databases[service].state[table]}
        states = {identity: row["state"] for identity, row in found_rows.items()}
        for (identity, *_), told in lives.states[name].items():
            rows += 1
            state = told
            if name == "opening" and told == "filled" and identity in freed:
                state = _refilled(found_rows.get(identity, {}))
            if states.get(identity) != state:
                found.differ(f"{name} {identity}: events lead to {state}, the row is {states.get(identity)}")
    things = sum(len(states) for states in lives.states.values())
    found.count(
        f"{things:,}가지의 전이 {lives.steps:,}번", f"{lives.steps:,} transitions of {things:,} things"
    )
    found.count(f"마지막 상태와 행 {rows:,}개", f"the last states with {rows:,} rows")
    return found.check(7, "허용된 상태 전이만", "Only legal transitions")


def _refilled(opening: Mapping[str, Any]) -> str:
    """The state of an opening that was filled and lost somebody, which no event of its own tells."""
    return "filled" if opening.get("active") == opening.get("places") else "published"
