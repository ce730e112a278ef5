"""Invariant 7: everything lives as its kind may."""

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
    for name, (service, table) in ROWS.items():
        states = {row["id"]: row["state"] for row in evidence.databases[service].state[table]}
        for (identity, *_), state in lives.states[name].items():
            rows += 1
            if states.get(identity) != state:
                found.differ(f"{name} {identity}: events lead to {state}, the row is {states.get(identity)}")
    things = sum(len(states) for states in lives.states.values())
    found.count(
        f"{things:,}가지의 전이 {lives.steps:,}번", f"{lives.steps:,} transitions of {things:,} things"
    )
    found.count(f"마지막 상태와 행 {rows:,}개", f"the last states with {rows:,} rows")
    return found.check(7, "허용된 상태 전이만", "Only legal transitions")
