"""Use case: an event has come; write down what it has to tell, and to whom."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.inbox import Received
from chassis.transaction import Transaction
from contracts.event import Event
from notifications.domain import concerns
from notifications.domain.concerns import Audience, Concern, Facts, Membership, Readers
from notifications.domain.deliveries import Delivery, Notice, Party, deliveries, is_late
from notifications.store import audiences, contacts, notices
from notifications.texts import texts


@dataclass(frozen=True, slots=True)
class _Message:
    """A notice and those whom it is for."""

    notice: Notice
    readers: Readers


@dataclass(frozen=True, slots=True)
class _Addressee:
    event_id: UUID
    template: str
    recipient: Party
    not_after: datetime


async def tell(tx: Transaction, received: Sequence[Received[Event]]) -> None:
    """Write down what events of one type have to tell, and to whom; the inbox is told by that."""
    now = await tx.now()
    messages = [message for one in received for message in _messages(one)]
    if messages:
        await notices.add_notices(tx, [message.notice for message in messages])
    addressees = [*_named(messages), *await _joined(tx, received, now), *await _members(tx, messages)]
    await _leave(tx, received)
    if addressees:
        await _deliver(tx, addressees, now)


async def _deliver(tx: Transaction, addressees: Sequence[_Addressee], now: datetime) -> None:
    reachable = await contacts.reachable(tx, {one.recipient for one in addressees})
    written: list[Delivery] = []
    for one in addressees:
        written += deliveries(
            one.event_id,
            one.template,
            one.recipient,
            reachable=one.recipient in reachable,
            late=is_late(one.not_after, now),
        )
    await notices.add_deliveries(tx, written, now)


def _messages(received: Received[Event]) -> Iterator[_Message]:
    facts: Facts = dict(received.event)
    for concern in concerns.concerns_of(received.envelope.type, facts):
        yield _Message(_notice(concern, received, facts), concern.readers(facts))


def _notice(concern: Concern, received: Received[Event], facts: Facts) -> Notice:
    envelope = received.envelope
    return Notice(
        event_id=envelope.id,
        template=concern.template,
        event_type=envelope.type,
        programme_year=received.event.programme_year,
        occurred_at=envelope.time,
        not_after=concern.not_after(facts, envelope.time),
        texts=texts(concern.template, facts),
        correlation=envelope.correlationid,
        traceparent=envelope.traceparent,
        tracestate=envelope.tracestate,
    )


def _named(messages: Sequence[_Message]) -> list[_Addressee]:
    return [
        _Addressee(m.notice.event_id, m.notice.template, party, m.notice.not_after)
        for m in messages
        for party in m.readers.parties
    ]


async def _members(tx: Transaction, messages: Sequence[_Message]) -> list[_Addressee]:
    """Those whom notices reach through an audience that they are in by now."""
    addressed: dict[Audience, list[Notice]] = {}
    for message in messages:
        for audience in message.readers.audiences:
            addressed.setdefault(audience, []).append(message.notice)
    if not addressed:
        return []
    await audiences.lock(tx, to_address=True)
    await audiences.address(
        tx, [(audience, n.event_id, n.template) for audience, several in addressed.items() for n in several]
    )
    return [
        _Addressee(notice.event_id, notice.template, member.party, notice.not_after)
        for member in await audiences.members(tx, addressed)
        for notice in addressed[member.audience]
    ]


async def _joined(tx: Transaction, received: Sequence[Received[Event]], now: datetime) -> list[_Addressee]:
    """Those who come to an audience, with the notices to it that it is not too late for."""
    joining = _memberships(received, concerns.joins)
    if not joining:
        return []
    await audiences.lock(tx, to_address=False)
    await audiences.join(tx, joining)
    parties: dict[Audience, list[Party]] = {}
    for member in joining:
        parties.setdefault(member.audience, []).append(member.party)
    return [
        _Addressee(notice.event_id, notice.template, party, notice.not_after)
        for notice in await audiences.open_notices(tx, parties, now)
        for party in parties[notice.audience]
    ]


async def _leave(tx: Transaction, received: Sequence[Received[Event]]) -> None:
    leaving = _memberships(received, concerns.leaves)
    if leaving:
        await audiences.leave(tx, leaving)


def _memberships(
    received: Sequence[Received[Event]], rule: Callable[[str, Facts], Iterator[Membership]]
) -> list[Membership]:
    return [member for one in received for member in rule(one.envelope.type, dict(one.event))]
