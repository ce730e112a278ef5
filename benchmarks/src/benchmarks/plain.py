"""The plain way to consume: FastStream hands over a message, a transaction applies it, Kafka is told.

It keeps the same promise as the chassis for one message: claimed by its id, in order by its mark, its effect
and the next offset in the same transaction.
"""

import asyncio
import secrets
import time
from typing import Any, Final

from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage

from benchmarks.stand import PATIENCE
from benchmarks.things import Kinds
from chassis.transaction import Pool
from contracts.envelope import Envelope
from contracts.topics import Topic

_CLAIM: Final = """
insert into messaging.inbox (event, topic, type, outcome) values ($1, $2, $3, 'applied')
on conflict do nothing returning event
"""
_MARK: Final = """
insert into messaging.mark as m (topic, key, generation, sequence) values ($1, $2, $3, $4)
on conflict (topic, key) do update set generation = excluded.generation, sequence = excluded.sequence
where m.sequence = excluded.sequence - 1 returning sequence
"""
_EFFECT: Final = """
insert into effect (thing, total, events) values ($1, $2, 1)
on conflict (thing) do update set total = effect.total + excluded.total, events = effect.events + 1
"""
_PLACE: Final = """
insert into messaging.position (topic, partition, next_offset) values ($1, $2, $3)
on conflict (topic, partition) do update set next_offset = excluded.next_offset
"""


class Plain:
    """A subscriber that stops the clock at its message number `expected`."""

    def __init__(self, pool: Pool, kinds: Kinds, expected: int) -> None:
        self._pool = pool
        self._kinds = kinds
        self._left = expected
        self._begun = 0.0
        self._taken = 0.0
        self._done = asyncio.Event()

    async def run(self, bootstrap: str, topic: Topic) -> float:
        """Consume from the start of `topic`; the seconds from the first message to the last commit."""
        broker = KafkaBroker(bootstrap, allow_auto_create_topics=False, logger=None)
        subscriber = broker.subscriber(
            topic.name,
            group_id=f"benchmark.plain.{secrets.token_hex(4)}",
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.MANUAL,
            no_reply=True,
        )
        subscriber(self._on_message)
        await broker.start()
        async with asyncio.timeout(PATIENCE):
            await self._done.wait()
        await broker.stop()
        return self._taken

    async def _on_message(self, message: KafkaMessage) -> None:
        if self._done.is_set():
            return
        self._begun = self._begun or time.perf_counter()
        record: Any = message.raw_message
        async with self._pool.acquire() as connection, connection.transaction():
            await self._apply(connection, record)
        await message.ack()
        self._left -= 1
        if self._left == 0:
            self._taken = time.perf_counter() - self._begun
            self._done.set()

    async def _apply(self, connection: Any, record: Any) -> None:
        envelope = Envelope.read(record.headers)
        event = self._kinds.happened.read(record.value)
        if not await connection.fetchval(_CLAIM, envelope.id, record.topic, envelope.type):
            return
        stream = (record.topic, envelope.subject)
        if not await connection.fetchval(_MARK, *stream, envelope.generation, envelope.sequence):
            raise AssertionError(f"{envelope.subject} is not at {envelope.sequence}")
        await connection.execute(_EFFECT, event.thing, event.amount)
        await connection.execute(_PLACE, record.topic, record.partition, record.offset + 1)
