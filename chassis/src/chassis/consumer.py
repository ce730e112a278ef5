"""The consumer: raw records from Kafka into the inbox, a transaction a batch, offsets in the database.

What FastStream and aiokafka do by themselves and what has to be done for them was measured; each trap has a
test. The rules: nothing a record holds may raise before the handler; no exception leaves the handler, or the
next commit would pass over the batch; Kafka's committed offsets are for show.
"""

import asyncio
import contextlib
import time
from collections.abc import Iterable, Sequence
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import Consumer as ConsumerOfMessage
from faststream.kafka.annotations import KafkaMessage
from faststream.kafka.message import KafkaAckableMessage

from chassis import telemetry
from chassis.faults import reach
from chassis.inbox import Inbox
from chassis.incoming import Incoming, Record
from chassis.marks import read_offsets
from chassis.refusals import Refusal
from chassis.relay import INTERRUPTIONS, pause
from chassis.transaction import Command, Pool, begin, read, repeated

log = structlog.get_logger()

PATIENCE: Final = (0.0, 0.05, 0.3, 1.0)
"""Seconds before each attempt at an event that fails alone; after the last it is parked."""
DRAIN: Final = 25.0
"""Seconds that a rebalance waits for the batch in hand."""
COMMIT_TIMEOUT: Final = 5.0
"""Seconds; with Kafka away a commit would try for ever."""


class Consumer:
    """Reads an inbox's topics as a member of the service's consumer group."""

    def __init__(self, service: str, inbox: Inbox, pool: Pool, bootstrap: str, *, batch: int = 500) -> None:
        self._inbox = inbox
        self._pool = pool
        self._stop = asyncio.Event()
        self.last_batch = time.monotonic()
        self.redone = 0
        self._following: dict[TopicPartition, int] = {}
        self._idle = asyncio.Event()
        self._idle.set()
        self._broker = KafkaBroker(
            bootstrap,
            consumer_only=True,
            allow_auto_create_topics=False,
            graceful_timeout=DRAIN,
            ack_policy=AckPolicy.MANUAL,
            parser=self._parse,
            decoder=_decode,
            logger=None,
        )
        self._subscriber = self._broker.subscriber(
            *(topic.name for topic in inbox.topics),
            batch=True,
            group_id=f"ieum.{service}",
            auto_offset_reset="earliest",
            max_records=batch,
            batch_timeout_ms=20,
            session_timeout_ms=6000,
            heartbeat_interval_ms=2000,
            rebalance_timeout_ms=60000,
            isolation_level="read_committed",
            listener=_Gate(self),
            no_reply=True,
            include_in_schema=False,
        )
        self._subscriber(self._on_batch)

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until `stop`; a broker that is away is tried again and again."""
        started = False
        while not started and not stop.is_set():
            starting = asyncio.create_task(self._broker.start())
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            try:
                if not starting.done():
                    starting.cancel()
                await starting
                started = True
            except asyncio.CancelledError:
                break
            except (KafkaError, OSError) as error:
                log.warning("consumer cannot start", error=type(error).__name__)
                await self._end()
                await pause(stop, 0.5)
        if started:
            log.info("consumer started", topics=[topic.name for topic in self._inbox.topics])
            await stop.wait()
        self._stop.set()
        await self._end()
        # stop() only asks a handler that outlives its patience to end; the pool must not close under it.
        await self._idle.wait()

    async def _end(self) -> None:
        with contextlib.suppress(KafkaError, OSError, TimeoutError):
            async with asyncio.timeout(DRAIN + 5):
                await self._broker.stop()

    @property
    def client(self) -> AIOKafkaConsumer | None:
        """The Kafka client, once there is one."""
        return self._subscriber.consumer

    def lagging(self) -> dict[str, int]:
        """How many records of each assigned partition are not yet read."""
        client = self.client
        if client is None:
            return {}
        return {
            f"{place.topic}/{place.partition}": high - following
            for place in client.assignment()
            if (high := client.highwater(place)) is not None
            and (following := self._following.get(place)) is not None
            and high > following
        }

    async def _parse(self, records: Sequence[Any]) -> KafkaAckableMessage:
        return KafkaAckableMessage(body=b"", raw_message=records, consumer=self._subscriber.consumer)

    async def _on_batch(self, message: KafkaMessage, consumer: ConsumerOfMessage) -> None:
        self._idle.clear()
        records: tuple[Record, ...] = message.raw_message
        try:
            await self.settle(records)
            await self._show(records, consumer)
        except Exception:
            log.exception("batch not settled, it will be read again")
            self._again(records, consumer)
            await pause(self._stop, 0.5)
        finally:
            self.last_batch = time.monotonic()
            self._idle.set()

    async def settle(self, records: Iterable[Record]) -> None:
        """Apply a batch, or, where that fails, each of its events alone; park what fails for good.

        Raises:
            Exception: the database is away and this consumer is being stopped; nothing of the batch is lost.
        """
        batch = self._inbox.understand(records)
        try:
            await repeated(lambda: self._apply(batch))
        except Exception as error:  # noqa: BLE001 - whatever a handler raises, the events beside it go on
            log.warning("batch redone event by event", error=type(error).__name__, events=len(batch))
            telemetry.batches_redone.add(1)
            self.redone += 1
            for incoming in batch:
                await self._apply_alone(incoming)

    async def _apply(self, batch: Sequence[Incoming]) -> None:
        async with begin(self._pool, _NOBODY) as tx:
            await self._inbox.apply(tx, batch)
            tx.before_commit(_before_commit)
        reach("inbox.after_commit")

    async def _apply_alone(self, incoming: Incoming) -> None:
        failures = 0
        while True:
            await pause(self._stop, PATIENCE[failures])
            try:
                await repeated(lambda: self._apply([incoming]))
            except Exception as error:  # noqa: BLE001 - what fails for good is parked with its name
                await self._database_answers(error)
                failures += 1
                if failures == len(PATIENCE):
                    return await self._park(incoming, error)
            else:
                return None

    async def _database_answers(self, error: Exception) -> None:
        """Wait until it does: what fails because the database is away is not the event's fault."""
        while True:
            try:
                async with read(self._pool) as check:
                    await check.fetchval("select 1")
            except INTERRUPTIONS:
                if self._stop.is_set():
                    raise error from None
                await pause(self._stop, 0.2)
            else:
                return

    async def _park(self, incoming: Incoming, error: Exception) -> None:
        rule = error.rule if isinstance(error, Refusal) else type(error).__name__
        log.error(
            "event parked",
            topic=incoming.topic,
            partition=incoming.partition,
            offset=incoming.offset,
            rule=rule,
        )
        async with begin(self._pool, _NOBODY) as tx:
            await self._inbox.set_aside(tx, incoming, rule)

    async def _show(self, records: Sequence[Record], consumer: ConsumerOfMessage) -> None:
        offsets = {TopicPartition(r.topic, r.partition): r.offset + 1 for r in records}
        self._following |= offsets
        mine = {place: offset for place, offset in offsets.items() if place in consumer.assignment()}
        try:
            async with asyncio.timeout(COMMIT_TIMEOUT):
                await consumer.commit(mine)
        except (KafkaError, TimeoutError):
            telemetry.commits_failed.add(1)
        reach("inbox.after_offsets")

    def _again(self, records: Sequence[Record], consumer: ConsumerOfMessage) -> None:
        first: dict[TopicPartition, int] = {}
        for record in records:
            first.setdefault(TopicPartition(record.topic, record.partition), record.offset)
        for place, offset in first.items():
            if place in consumer.assignment():
                consumer.seek(place, offset)

    async def drained(self) -> None:
        """Wait for the batch in hand, so that a rebalance does not take its partitions from under it."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), DRAIN)

    async def seek(self, assigned: Iterable[TopicPartition]) -> None:
        """Go on from where this database stands, whatever Kafka remembers."""
        client = self.client
        if client is None:
            return
        while not self._stop.is_set():
            try:
                async with read(self._pool) as view:
                    offsets = await read_offsets(view, [topic.name for topic in self._inbox.topics])
            except INTERRUPTIONS:
                await pause(self._stop, 0.2)
                continue
            for place in assigned:
                self._following[place] = offsets.get((place.topic, place.partition), 0)
                client.seek(place, self._following[place])
            return


class _Gate(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        del revoked
        await self._consumer.drained()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        await self._consumer.seek(assigned)


_NOBODY: Final = Command(actor="inbox")


async def _before_commit() -> None:
    reach("inbox.before_commit")


async def _decode(message: KafkaMessage) -> Any:
    return message.raw_message
