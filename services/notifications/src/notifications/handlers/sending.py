"""Use cases: take mail into hand, and record what became of it."""

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from opentelemetry import metrics, trace
from opentelemetry.trace import SpanKind

from chassis import outbox, telemetry
from chassis.keyring import Keyring
from chassis.transaction import Command, Transaction
from contracts.event import Event
from contracts.notifications import NotificationDelivered, NotificationFailed
from notifications.domain.deliveries import (
    Channel,
    Claimed,
    DeliveryId,
    Outcome,
    Receipt,
    Refused,
    Rest,
    Retries,
    Sent,
)
from notifications.store import mail as store

SENDER: Final = "notifications"
"""The pseudonym under which this service says what became of a delivery."""

LAPSES: Final = 1000
"""How many deliveries one transaction ends because it is too late for them."""

_tracer: Final = trace.get_tracer("ieum.notifications")
_mail_settled: Final = metrics.get_meter("ieum.notifications").create_counter(
    "ieum.mail.settled", unit="{mail}"
)


async def take_in_hand(tx: Transaction, keyring: Keyring, lease: timedelta, limit: int) -> list[Claimed]:
    """Claim due mail; what it is too late for ends here, and is told as failed where it had a way to go.

    So does mail whose contact does not open.

    Raises:
        KeyMissing: a contact's key is not in the file; no mail is lost by that.
    """
    now = await tx.now()
    await store.lapse_waiting(tx, now, LAPSES)
    for receipt in await store.lapse_due(tx, now, LAPSES):
        _tell_failed(tx, receipt, "too_late", now)
    claimed, unreadable = await store.claim(tx, keyring, now, lease, limit)
    await _settle_failed(tx, [(receipt, "contact_unreadable") for receipt in unreadable], now)
    return claimed


async def record(
    tx: Transaction,
    claimed: Sequence[Claimed],
    outcomes: Mapping[DeliveryId, Outcome],
    retries: Retries,
) -> None:
    """Write down what became of claimed mail, and tell what is settled by it.

    What is missing from `outcomes` was not tried, and goes back without an attempt counted.
    """
    receipts = [one.receipt for one in claimed]
    steps = [
        (receipt, retries.after(outcomes[receipt.delivery], receipt.attempt, random.random()))  # noqa: S311 - spreads retries, guards nothing
        for receipt in receipts
        if receipt.delivery in outcomes
    ]
    now = await tx.now()
    await _settle_delivered(tx, [r for r, step in steps if isinstance(step, Sent)], now)
    await _settle_failed(tx, [(r, step.reason) for r, step in steps if isinstance(step, Refused)], now)
    if resting := [(r, step.pause) for r, step in steps if isinstance(step, Rest)]:
        await store.postpone(tx, resting)
    if untried := [r for r in receipts if r.delivery not in outcomes]:
        await store.release(tx, untried)


async def _settle_delivered(tx: Transaction, delivered: Sequence[Receipt], now: datetime) -> None:
    if not delivered:
        return
    settled = await store.settle_delivered(tx, delivered, now)
    for receipt in delivered:
        if receipt.delivery in settled:
            _tell(tx, receipt, NotificationDelivered(**_facts(receipt), delivered_at=now))


async def _settle_failed(tx: Transaction, failed: Sequence[tuple[Receipt, str]], now: datetime) -> None:
    if not failed:
        return
    settled = await store.settle_failed(tx, failed, now)
    for receipt, reason in failed:
        if receipt.delivery in settled:
            _tell_failed(tx, receipt, reason, now)


def _tell_failed(tx: Transaction, receipt: Receipt, reason: str, now: datetime) -> None:
    _tell(tx, receipt, NotificationFailed(**_facts(receipt), reason=reason, failed_at=now))


def _facts(receipt: Receipt) -> dict[str, Any]:
    return {
        "programme_year": receipt.programme_year,
        "delivery": receipt.delivery,
        "recipient": receipt.recipient,
        "template": receipt.template,
        "channel": Channel.MAIL.value,
        "language": receipt.language,
        "attempt": receipt.attempt,
        "cause": receipt.event_id,
        "cause_type": receipt.event_type,
    }


def _tell(tx: Transaction, receipt: Receipt, event: Event) -> None:
    """Tell `event` as what followed from the event that the delivery was about, in that one's trace."""
    _mail_settled.add(1, {"event": type(event).__name__, "template": receipt.template})
    cause = Command(actor=SENDER, correlation=receipt.correlation, id=receipt.event_id)
    with _tracer.start_as_current_span(
        f"mail {receipt.template}",
        context=telemetry.context_of(receipt.traceparent, receipt.tracestate),
        kind=SpanKind.CLIENT,
        start_time=int(receipt.taken_at.timestamp() * 1_000_000) * 1000,
        attributes={
            "ieum.delivery": receipt.delivery,
            "ieum.template": receipt.template,
            "ieum.attempt": receipt.attempt,
        },
    ):
        outbox.add(tx, event, cause=cause)
