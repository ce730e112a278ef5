"""The consumer: raw records from Kafka to the inbox; where to go on stands in the database.

What FastStream and aiokafka do by themselves and what has to be done for them was measured; each trap has a
test. The rules: nothing a record holds may raise before the handler; no exception leaves the handler, or the
next commit would pass over the batch; nothing is taken from a partition before it is known where this
database stands; Kafka's committed offsets are for show.
"""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import Consumer as ConsumerOfMessage
from faststream.kafka.annotations import KafkaMessage
from faststream.kafka.message import KafkaAckableMessage

from chassis import cluster, telemetry
from chassis.faults import reach
from chassis.inbox import Inbox
from chassis.incoming import Record
from chassis.interruptions import pause
from chassis.positions import Positions
from chassis.settling import Interrupted, Settler
from chassis.transaction import Pool

log = structlog.get_logger()

DRAIN: Final = 25.0
"""Seconds that a rebalance waits for the batch in hand."""
COMMIT_TIMEOUT: Final = 5.0
"""Seconds; with Kafka away a commit would try for ever."""
LOOK_AROUND: Final = 0.5
"""Seconds between attempts to begin."""
LOOK_FOR_TOPICS: Final = 5.0
"""Seconds between looks whether Kafka has a topic by now that it had not."""


class Consumer:
    """Reads an inbox's topics as a member of the service's consumer group."""

    def __init__(self, service: str, inbox: Inbox, pool: Pool, bootstrap: str, *, batch: int = 500) -> None:
        self._group = f"ieum.{service}"
        self._batch = batch
        self._bootstrap = bootstrap
        self._topics = frozenset(topic.name for topic in inbox.topics)
        self._stop = asyncio.Event()
        self._settler = Settler(inbox, pool, self._stop)
        self._subscriber: Any = None
        self._positions = Positions(pool, inbox.topics, self._stop)
        self._idle = asyncio.Event()
        self._idle.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until `stop`; a broker or a topic that is not there is looked for again and again."""
        while not stop.is_set():
            self._positions.forget()
            try:
                there = self._topics & await cluster.topics(self._bootstrap)
            except (KafkaError, OSError) as error:
                log.warning("consumer cannot start", error=type(error).__name__)
            else:
                await self._consume(there, stop)
            await pause(stop, LOOK_AROUND)
        self.stop()
        # stop() only asks a handler that outlives its patience to end; the pool must not close under it.
        await self._idle.wait()

    async def _consume(self, topics: AbstractSet[str], stop: asyncio.Event) -> None:
        """Consume from these until `stop`, or until there are more: aiokafka would wait for each of them."""
        if topics != self._topics:
            log.error("Kafka does not have all topics", missing=sorted(self._topics - topics))
        if not topics:
            return
        broker = self._broker(topics)
        starting = asyncio.create_task(broker.start())
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
                log.info("consumer started", topics=sorted(topics))
                await self._until_more(topics, stop)
        except (KafkaError, OSError) as error:
            log.warning("consumer cannot start", error=type(error).__name__)
        finally:
            if stop.is_set():
                self.stop()
            for task in (starting, stopping):
                task.cancel()
            await asyncio.gather(starting, stopping, return_exceptions=True)
            await self._end(broker)

    async def _until_more(self, topics: AbstractSet[str], stop: asyncio.Event) -> None:
        while not stop.is_set():
            if topics == self._topics:
                await stop.wait()
            await pause(stop, LOOK_FOR_TOPICS)
            with contextlib.suppress(KafkaError, OSError):
                if self._topics & await cluster.topics(self._bootstrap) > topics:
                    return

    def _broker(self, topics: AbstractSet[str]) -> KafkaBroker:
        broker = KafkaBroker(
            self._bootstrap,
            consumer_only=True,
            allow_auto_create_topics=False,
            graceful_timeout=DRAIN,
            ack_policy=AckPolicy.MANUAL,
            parser=self._parse,
            decoder=_decode,
            logger=None,
        )
        self._subscriber = broker.subscriber(
            *topics,
            batch=True,
            group_id=self._group,
            auto_offset_reset="earliest",
            max_records=self._batch,
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
        return broker

    def stop(self) -> None:
        """Take nothing new in hand, and be patient with nothing any more."""
        self._stop.set()

    async def _end(self, broker: KafkaBroker) -> None:
        self._positions.forget()
        with contextlib.suppress(KafkaError, OSError):
            async with asyncio.timeout(DRAIN + 5):
                await broker.stop()

    @property
    def client(self) -> AIOKafkaConsumer | None:
        """The Kafka client, once there is one."""
        client: AIOKafkaConsumer | None = getattr(self._subscriber, "consumer", None)
        return client

    @property
    def redone(self) -> int:
        """How many batches had to be done event by event."""
        return self._settler.redone

    def lag(self) -> dict[tuple[str, int], int]:
        """How many records of each assigned partition are not yet settled here."""
        return {} if self.client is None else self._positions.lag(self.client)

    def signs_of_life(self) -> Mapping[str, object]:
        """What must not stay the same for long: the batch in hand, and what each partition shows."""
        signs = {} if self.client is None else self._positions.signs_of_life(self.client)
        return signs if self._idle.is_set() else signs | {"the batch in hand": self._settler.moved}

    def signs_of_joining(self) -> Mapping[str, object]:
        """What must not stay the same for very long: see `Positions.signs_of_joining`."""
        return self._positions.signs_of_joining()

    async def _parse(self, records: Sequence[Any]) -> KafkaAckableMessage:
        return KafkaAckableMessage(body=b"", raw_message=records, consumer=self.client)

    async def _on_batch(self, message: KafkaMessage, consumer: ConsumerOfMessage) -> None:
        if self._stop.is_set():
            # FastStream hands over the next batch until it is told to stop. Settled, it would move positions
            # past what was left to the next process.
            return
        self._idle.clear()
        records: tuple[Record, ...] = message.raw_message
        try:
            await self.settle(records)
            await self._show(records, consumer)
        except Interrupted:
            log.info("batch left to the next process", records=len(records))
        except Exception:
            log.exception("batch not settled, it will be read again")
            self._again(records, consumer)
            await pause(self._stop, 0.5)
        finally:
            self._idle.set()

    async def settle(self, records: Iterable[Record]) -> None:
        """See `Settler.settle`."""
        await self._settler.settle(records)

    async def _show(self, records: Sequence[Record], consumer: ConsumerOfMessage) -> None:
        offsets = {TopicPartition(r.topic, r.partition): r.offset + 1 for r in records}
        mine = {place: offset for place, offset in offsets.items() if place in consumer.assignment()}
        self._positions.settled(mine)
        if mine:
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

    def revoked(self) -> None:
        """See `Positions.forget`."""
        self._positions.forget()

    async def drained(self) -> None:
        """Wait for the batch in hand, so that a rebalance does not take its partitions from under it."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), DRAIN)

    def assigned(self, places: Iterable[TopicPartition]) -> None:
        """See `Positions.assigned`."""
        if self.client is not None:
            self._positions.assigned(self.client, places)


class _Gate(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        del revoked
        self._consumer.revoked()
        await self._consumer.drained()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._consumer.assigned(assigned)


async def _decode(message: KafkaMessage) -> Any:
    return message.raw_message
