"""What this service does with others' events: all that concern somebody, batch by batch."""

from collections.abc import Sequence
from typing import Final

from chassis.inbox import Inbox, Received
from chassis.transaction import Transaction
from contracts import topics
from contracts.catalogue import EVENTS
from contracts.event import Event
from notifications.domain.concerns import CONCERNS
from notifications.handlers import telling

inbox: Final = Inbox(topics.APPLICATIONS, topics.EVALUATION, topics.PLACEMENT, topics.STUDENTS)


async def received(tx: Transaction, events: Sequence[Received[Event]]) -> None:
    await telling.tell(tx, events)


for _kind in EVENTS.values():
    if _kind.type in CONCERNS:
        inbox.on_all(_kind)(received)
