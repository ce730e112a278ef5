"""Waiting until everything that was set off has come to an end."""

import asyncio
import time
from collections.abc import Mapping
from typing import Final, Self

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from contracts.catalogue import EVENTS
from contracts.topics import TOPICS, Topic
from demo.people import DemoFailed

PATIENCE: Final = 60.0
"""Seconds within which everything must have drained."""
_LOOK: Final = 0.05

_OPEN_MAIL: Final = "select count(*) from delivery where state = 'due'"
_SEALED: Final = """
select not exists (
    select from messaging.audit a
    where not exists (select from messaging.audit_seal s where s.audit = a.id)
  ) and (
    not exists (select from messaging.audit) or exists (
      select from messaging.audit_head where service = $1
      and (told_at at time zone 'Asia/Seoul')::date = (programme_clock() at time zone 'Asia/Seoul')::date
    )
  )
"""


LISTENS: Final[Mapping[str, tuple[Topic, ...]]] = {
    service: tuple(
        topic
        for topic in TOPICS
        if any(event.topic is topic and service in event.read_by for event in EVENTS.values())
    )
    for service in ("applications", "evaluation", "placement", "notifications")
}
"""The topics that each service listens to."""


class Drain:
    """Knows when outboxes are empty, consumers have caught up and no mail is due."""

    def __init__(self, bootstrap: str, databases: Mapping[str, str]) -> None:
        self._bootstrap = bootstrap
        self._databases = databases
        self._connections: dict[str, asyncpg.Connection[asyncpg.Record]] = {}
        self._kafka: AIOKafkaConsumer | None = None

    async def __aenter__(self) -> Self:
        for service, url in self._databases.items():
            self._connections[service] = await asyncpg.connect(url)
        self._kafka = AIOKafkaConsumer(bootstrap_servers=self._bootstrap, enable_auto_commit=False)
        await self._kafka.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        for connection in self._connections.values():
            await connection.close()
        if self._kafka is not None:
            await self._kafka.stop()

    async def drained(self, *, mail: bool = True, sealed: bool = False) -> float:
        """Wait; answers the seconds it took. With `sealed` also for the audit logs, whose heads are told.

        Raises:
            DemoFailed: it did not come to an end within `PATIENCE`; says what is left.
        """
        started = time.monotonic()
        while left := (await self._unsealed() if sealed else "") or await self._left(mail=mail):
            if time.monotonic() - started > PATIENCE:
                raise DemoFailed(f"Not drained within {PATIENCE:.0f} s: {left}")
            await asyncio.sleep(_LOOK)
        return time.monotonic() - started

    async def _unsealed(self) -> str:
        for service, connection in self._connections.items():
            if not await connection.fetchval(_SEALED, service):
                return f"audit rows of {service}"
        return ""

    async def _left(self, *, mail: bool) -> str:
        """What is still under way, in the order in which things flow; empty when nothing is."""
        for service, connection in self._connections.items():
            if waiting := await connection.fetchval("select count(*) from messaging.outbox"):
                return f"{waiting} events in the outbox of {service}"
        ends = await self._ends()
        for service, connection in self._connections.items():
            rows = await connection.fetch("select topic, partition, next_offset from messaging.position")
            read = {(row["topic"], row["partition"]): row["next_offset"] for row in rows}
            names = {topic.name for topic in LISTENS[service]}
            behind = sum(
                end - read.get(place, 0)
                for place, end in ends.items()
                if place[0] in names and end > read.get(place, 0)
            )
            if behind:
                return f"{behind} events not yet read by {service}"
        if mail and (due := await self._connections["notifications"].fetchval(_OPEN_MAIL)):
            return f"{due} mails"
        for service, connection in self._connections.items():
            # What the last consumer answered may have been written after its outbox was looked at.
            if await connection.fetchval("select count(*) from messaging.outbox"):
                return f"new events in the outbox of {service}"
        return "" if ends == await self._ends() else "new events"

    async def _ends(self) -> dict[tuple[str, int], int]:
        if self._kafka is None:
            return {}
        places = [TopicPartition(topic.name, n) for topic in TOPICS for n in range(topic.partitions)]
        ends = await self._kafka.end_offsets(places)
        return {(place.topic, place.partition): end for place, end in ends.items()}
