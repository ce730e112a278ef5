"""What this service does with others' events: all that concern somebody, batch by batch."""

from collections.abc import Sequence
from typing import Final

from chassis.inbox import Inbox, Received
from chassis.transaction import Transaction
from contracts import topics
from contracts.catalogue import EVENTS
from contracts.event import Event
from contracts.students import StudentForgotten
from notifications.domain.concerns import CONCERNS
from notifications.domain.deliveries import Party
from notifications.handlers import contacts, telling

inbox: Final = Inbox(topics.APPLICATIONS, topics.EVALUATION, topics.PLACEMENT, topics.STUDENTS)


async def received(tx: Transaction, events: Sequence[Received[Event]]) -> None:
    await telling.tell(tx, events)


async def forgotten(tx: Transaction, events: Sequence[Received[Event]]) -> None:
    """The inbox tells it; the student's contact is gone, and mail waits in vain."""
    await telling.tell(tx, events)
    await contacts.forget_contacts(tx, [Party(one.event.key()) for one in events])


for _kind in EVENTS.values():
    if _kind.type in CONCERNS:
        inbox.on_all(_kind)(forgotten if _kind is StudentForgotten else received)
