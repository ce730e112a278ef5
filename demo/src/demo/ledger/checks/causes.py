"""Invariant 2: nothing is there that nobody asked for."""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from contracts.audit import SEALED
from demo.ledger.checks import rows
from demo.ledger.checks.findings import Findings
from demo.ledger.evidence import Evidence, Told
from demo.report.story import Check

SYSTEM: Final = frozenset({"applications", "evaluation", "placement", "notifications"})
"""Pseudonyms under which services themselves let time pass: what expires, what was delivered."""
OF_TIME: Final = frozenset(
    {
        "offer-expired",
        "student-offer-expired",
        "student-offer-withdrawn",
        "student-agreement-ended",
        "agreement-ended",
        "class-changed",
        "class-closed",
        "opening-withdrawn",
        "placement-ended",
        "retention-due",
        "retention-checked",
        "preferences-opened",
        *(kind.type.split(".")[2] for kind in SEALED),
    }
)
"""What may be told because a moment has passed, and for no request."""
WITH: Final = {"offer-made": "offer-expired"}
"""What may be told beside such an event alone: who is next is asked when an offer was not answered."""


def nothing_without_a_cause(evidence: Evidence) -> Check:
    """Invariant 2."""
    found = Findings()
    _causes_of_events(evidence, found)
    present, made = rows.rows(evidence), rows.made(evidence)
    for service, row in sorted(present - made, key=str):
        found.differ(f"{service}: {row[0]} {row[1]} is there, and nothing in the ledger made it")
    for service, row in rows.orphans(evidence):
        found.differ(f"{service}: {row[0]} belongs to {row[1][0]}, which is not there")
    found.count(f"행 {len(present):,}개의 원인", f"the causes of {len(present):,} rows")
    _causes_of_messages(evidence, found)
    intents = {entry.intent.id for entry in evidence.entries}
    for service, database in evidence.databases.items():
        for kept in database.kept:
            if kept.key not in intents:
                found.differ(f"{service}: {kept.operation} {kept.key} was done, and nobody asked for it")
    return found.check(
        2, "장부에 원인이 없는 상태나 이벤트 없음", "No state and no event without a cause in the ledger"
    )


def _causes_of_events(evidence: Evidence, found: Findings) -> None:
    """Every chain of causes ends at an accepted request of its correlation, or at the passing of time."""
    by_id = {event.id: event for event in evidence.told}
    accepted = {entry.intent.id for entry in evidence.entries if entry.answer.outcome != "fail"}
    actors = {entry.intent.id: entry.intent.actor for entry in evidence.entries}
    passed = {(event.name, event.envelope.causationid) for event in by_id.values()}
    for event in by_id.values():
        root = _root(event, by_id)
        if root is None:
            found.differ(f"{event.name} {event.id}: its causes go round in a circle")
            continue
        envelope = root.envelope
        beside = (WITH.get(root.name), envelope.causationid) in passed
        of_time = (root.name in OF_TIME or beside) and envelope.actor in SYSTEM
        if event.envelope.correlationid != envelope.correlationid:
            found.differ(f"{event.name} {event.id}: its correlation is not that of its cause {root.id}")
        if not of_time and envelope.correlationid not in accepted:
            found.differ(f"{event.name} {event.id}: no accepted request {envelope.correlationid}")
        elif not of_time and envelope.actor != actors[envelope.correlationid]:
            found.differ(f"{event.name} {event.id}: told by {envelope.actor}, who did not ask for it")
    found.count(f"이벤트 {len(by_id):,}건의 원인 사슬", f"the chains of causes of {len(by_id):,} events")


def _root(event: Told, by_id: Mapping[str, Told]) -> Told | None:
    """The first event of the chain; None where there is no first."""
    for _ in range(len(by_id)):
        cause = by_id.get(event.envelope.causationid)
        if cause is None:
            return event
        event = cause
    return None


def _causes_of_messages(evidence: Evidence, found: Findings) -> None:
    """What was told of each message's delivery agrees with the delivery log."""
    state = evidence.databases["notifications"].state
    told = Counter((event.data["delivery"], event.name) for event in evidence.told if event.name in _DELIVERY)
    kept = Counter(
        (row["delivery"], _DELIVERED if row["state"] == "delivered" else _FAILED)
        for row in state["delivery"]
        if row["channel"] == "mail" and row["state"] in {"delivered", "failed", "lapsed"}
    )
    # What lapsed while it waited for a contact had no way to go, and is not told as failed.
    silent = {row["delivery"] for row in state["delivery"] if row["state"] == "lapsed"}
    for delivery, name in told - kept:
        found.differ(f"notifications: {name} of {delivery} was told, the log does not say so")
    for delivery, name in kept - told:
        if delivery not in silent:
            found.differ(f"notifications: {name} of {delivery} is in the log and was not told")
    found.count(
        f"알림 {len(state['delivery']):,}건과 도달을 알린 이벤트 {told.total():,}건",
        f"{len(state['delivery']):,} messages and {told.total():,} events about their delivery",
    )


_DELIVERED: Final = "notification-delivered"
_FAILED: Final = "notification-failed"
_DELIVERY: Final = frozenset({_DELIVERED, _FAILED})
