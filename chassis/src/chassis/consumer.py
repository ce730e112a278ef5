"""The consumer: raw records from Kafka to the inbox; where to go on stands in the database.

What FastStream and aiokafka do by themselves and what has to be done for them was measured; each trap has a
test. The rules: nothing a record holds may raise before the handler; no exception leaves the handler, or the
next commit would pass over the batch; nothing is taken from a partition before it is known where this
database stands; Kafka's committed offsets are for show.
"""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence
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
from chassis.incoming import Record
from chassis.interruptions import pause
from chassis.marks import read_offsets
from chassis.settling import Interrupted, Settler
from chassis.transaction import Pool, read

log = structlog.get_logger()

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
        self._settler = Settler(inbox, pool, self._stop)
        self._following: dict[TopicPartition, int] = {}
        self._placing: asyncio.Task[None] | None = None
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
        self.stop()
        await self._end()
        # stop() only asks a handler that outlives its patience to end; the pool must not close under it.
        await self._idle.wait()

    def stop(self) -> None:
        """Take nothing new in hand, and be patient with nothing any more."""
        self._stop.set()

    async def _end(self) -> None:
        if self._placing is not None:
            self._placing.cancel()
        with contextlib.suppress(KafkaError, OSError, TimeoutError):
            async with asyncio.timeout(DRAIN + 5):
                await self._broker.stop()

    @property
    def client(self) -> AIOKafkaConsumer | None:
        """The Kafka client, once there is one."""
        return self._subscriber.consumer

    @property
    def redone(self) -> int:
        """How many batches had to be done event by event."""
        return self._settler.redone

    def lag(self) -> dict[tuple[str, int], int]:
        """How many records of each assigned partition are not yet settled here."""
        client = self.client
        if client is None:
            return {}
        return {
            (place.topic, place.partition): max(high - self._following[place], 0)
            for place in client.assignment()
            if place in self._following and (high := client.highwater(place)) is not None
        }

    def signs_of_life(self) -> Mapping[str, object]:
        """What must not stay the same for long: a batch in hand, and each partition's last poll or position.

        A fetcher that hangs learns of no high water either, so that a lag alone would not show it.
        """
        signs: dict[str, object] = {}
        if not self._idle.is_set():
            signs["the batch in hand"] = self._settler.moved
        client = self.client
        if client is None or self._placing is None or not self._placing.done():
            return signs
        for place in client.assignment():
            polled = self._following.get(place), client.last_poll_timestamp(place)
            signs[f"{place.topic}/{place.partition}"] = polled
        return signs

    async def _parse(self, records: Sequence[Any]) -> KafkaAckableMessage:
        return KafkaAckableMessage(body=b"", raw_message=records, consumer=self._subscriber.consumer)

    async def _on_batch(self, message: KafkaMessage, consumer: ConsumerOfMessage) -> None:
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
        self._following |= mine
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

    async def drained(self) -> None:
        """Wait for the batch in hand, so that a rebalance does not take its partitions from under it."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), DRAIN)

    def assigned(self, places: Iterable[TopicPartition]) -> None:
        """Take nothing from partitions until it is known where this database stands.

        aiokafka would begin at Kafka's committed offset meanwhile. It waits for nothing here: no heartbeat is
        sent until the listener returns, and the database may be away for longer than the session.
        """
        client = self.client
        if client is None:
            return
        client.pause(*places)
        if self._placing is not None:
            self._placing.cancel()
        self._placing = asyncio.create_task(self._place(client, list(places)))

    async def _place(self, client: AIOKafkaConsumer, places: Sequence[TopicPartition]) -> None:
        """Go on from where this database stands, whatever Kafka remembers."""
        while not self._stop.is_set():
            try:
                async with read(self._pool) as view:
                    offsets = await read_offsets(view, [topic.name for topic in self._inbox.topics])
            except Exception as error:  # noqa: BLE001 - whatever it is, nothing may be read before it is over
                log.warning("where to go on is not known yet", error=type(error).__name__)
                await pause(self._stop, 0.2)
                continue
            for place in client.assignment().intersection(places):
                self._following[place] = offsets.get((place.topic, place.partition), 0)
                client.seek(place, self._following[place])
                client.resume(place)
            return


class _Gate(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        del revoked
        await self._consumer.drained()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._consumer.assigned(assigned)


async def _decode(message: KafkaMessage) -> Any:
    return message.raw_message
