"""What FastStream, aiokafka and Kafka do by themselves, where the chassis relies on it or guards against it.

Should a new version of theirs do otherwise, the guard that names the fact can go, or must change.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    IllegalStateError,
    InvalidSessionTimeoutError,
    KafkaConnectionError,
    MessageSizeTooLargeError,
    OutOfOrderSequenceNumber,
)
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import Consumer, KafkaMessage
from faststream.kafka.message import KafkaAckableMessage
from tests.chassis.tally import THINGS

from chassis import cluster, producer
from contracts.topics import TOPICS, Topic
from embedded import stack

OwnTopics = Callable[..., Awaitable[Sequence[Topic]]]
PLACE: Final = 0


@pytest.fixture
async def topic(own_topics: OwnTopics) -> str:
    (made,) = await own_topics(THINGS)
    return made.name


async def produce(bootstrap: str, topic: str, *headers: list[tuple[str, bytes | None]]) -> None:
    """A record for each list of headers, all in one batch of one partition."""
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=100) as sending:
        sent = [await sending.send(topic, b"{}", partition=PLACE, headers=each) for each in headers]
        await asyncio.gather(*sent)


@asynccontextmanager
async def consuming(bootstrap: str, topic: str, handler: Any, **options: Any) -> AsyncIterator[KafkaBroker]:
    """A FastStream subscriber with the chassis's settings, but for `options`."""
    broker = KafkaBroker(
        bootstrap,
        consumer_only=True,
        allow_auto_create_topics=False,
        graceful_timeout=options.pop("graceful_timeout", 5),
        ack_policy=AckPolicy.MANUAL,
        logger=None,
        **{name: options.pop(name) for name in ("parser", "decoder") if name in options},
    )
    broker.subscriber(
        topic,
        batch=True,
        group_id="facts",
        auto_offset_reset="earliest",
        max_records=options.pop("max_records", 100),
        batch_timeout_ms=20,
        no_reply=True,
        **options,
    )(handler)
    try:
        await broker.start()
        yield broker
    finally:
        await broker.stop()


async def committed(bootstrap: str, topic: str) -> int | None:
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id="facts") as looking:
        offset: int | None = await looking.committed(TopicPartition(topic, PLACE))
        return offset


async def until(condition: Callable[[], bool], seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


async def parse(records: Sequence[ConsumerRecord]) -> KafkaAckableMessage:
    return KafkaAckableMessage(body=b"", raw_message=records, consumer=None)


async def decode(message: KafkaMessage) -> Any:
    return message.raw_message


@pytest.mark.parametrize(
    ("own", "arrives"),
    [
        ({}, False),
        ({"parser": parse}, False),
        ({"decoder": decode}, False),
        ({"parser": parse, "decoder": decode}, True),
    ],
    ids=["neither", "parser", "decoder", "both"],
)
async def test_one_null_header_loses_a_whole_batch_unless_parser_and_decoder_are_ours(
    kafka: str, topic: str, own: dict[str, Any], *, arrives: bool
) -> None:
    seen: list[Sequence[ConsumerRecord]] = []

    async def handle(message: KafkaMessage) -> None:
        seen.append(message.raw_message)

    await produce(kafka, topic, [], [("ce_id", None)], [])
    async with consuming(kafka, topic, handle, **own) as broker:
        if arrives:
            await until(lambda: bool(seen))
            assert [len(records) for records in seen] == [3]
        else:
            reader: AIOKafkaConsumer = getattr(broker.subscribers[0], "consumer")  # noqa: B009 - of any kind
            place = TopicPartition(topic, PLACE)
            async with asyncio.timeout(15):
                while await reader.position(place) < 3:
                    await asyncio.sleep(0.02)
            await asyncio.sleep(0.3)
            assert seen == []


async def test_an_exception_that_leaves_the_handler_is_swallowed_and_the_next_commit_passes_over_it(
    kafka: str, topic: str
) -> None:
    done: list[int] = []

    async def handle(message: KafkaMessage, consumer: Consumer) -> None:
        (record,) = message.raw_message
        if record.offset == 0:
            raise ValueError
        await consumer.commit({TopicPartition(topic, PLACE): record.offset + 1})
        done.append(record.offset)

    await produce(kafka, topic, [], [])
    async with consuming(kafka, topic, handle, parser=parse, decoder=decode, max_records=1):
        await until(lambda: done == [1])
    assert await committed(kafka, topic) == 2


async def test_a_commit_for_a_partition_that_is_others_by_now_refuses_the_whole_of_it(
    kafka: str, topic: str
) -> None:
    """And one of nothing is an error of its own, so that neither is tried."""
    async with AIOKafkaConsumer(topic, bootstrap_servers=kafka, group_id="facts") as member:
        mine, others = TopicPartition(topic, PLACE), TopicPartition(topic, 999)
        with pytest.raises(IllegalStateError):
            await member.commit({mine: 1, others: 1})
        with pytest.raises(ValueError, match=r"\{\}"):
            await member.commit({})
    assert await committed(kafka, topic) is None


async def test_a_stop_waits_for_the_handler_and_then_only_asks_it_to_end(kafka: str, topic: str) -> None:
    """So the consumer waits for its batch itself before the pool may close."""
    ends: list[str] = []
    begun = asyncio.Event()

    async def handle(_: KafkaMessage) -> None:
        begun.set()
        try:
            await asyncio.sleep(1.0)
        except asyncio.CancelledError:
            await asyncio.sleep(0.3)
            ends.append("cancelled")
            raise
        ends.append("finished")

    await produce(kafka, topic, [])
    for patience, before, after in ((5, ["finished"], ["finished"]), (0.2, [], ["cancelled"])):
        async with consuming(
            kafka, topic, handle, parser=parse, decoder=decode, graceful_timeout=patience
        ) as broker:
            await asyncio.wait_for(begun.wait(), 15)
            await broker.stop()
            assert ends == before
        await asyncio.sleep(0.5)
        assert ends == after
        ends.clear()
        begun.clear()


async def test_a_ping_says_nothing_of_a_broker_that_only_consumes(kafka: str, topic: str) -> None:
    """So liveness looks at polls, positions and the batch in hand."""

    async def handle(_: KafkaMessage) -> None:
        """Takes nothing."""

    async with consuming(kafka, topic, handle) as broker:
        assert await broker.ping(timeout=2) is False


async def test_a_session_shorter_than_the_brokers_minimum_is_refused(kafka: str, topic: str) -> None:
    too_short = AIOKafkaConsumer(
        topic, bootstrap_servers=kafka, group_id="facts", session_timeout_ms=3000, heartbeat_interval_ms=1000
    )
    with pytest.raises(InvalidSessionTimeoutError):
        await too_short.start()
    await too_short.stop()
    async with AIOKafkaConsumer(
        topic, bootstrap_servers=kafka, group_id="facts", session_timeout_ms=6000
    ) as member:
        assert member.assignment()


async def test_a_seek_to_the_beginning_is_overtaken_by_the_default_that_is_on_its_way(
    kafka: str, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So whoever reads from the beginning says so by `auto_offset_reset`, or seeks to a number."""
    await produce(kafka, topic, [], [], [])
    place = TopicPartition(topic, PLACE)
    for seek, stands_at in (("seek_to_beginning", 3), ("seek", 0)):
        async with AIOKafkaConsumer(bootstrap_servers=kafka, auto_offset_reset="latest") as reader:
            asked, answer = asyncio.Event(), asyncio.Event()
            request = reader._fetcher._proc_offset_request  # noqa: SLF001 - a slow network

            async def slowly(*args: Any, request: Any = request, a: Any = asked, b: Any = answer) -> Any:
                offsets = await request(*args)
                a.set()
                await b.wait()
                return offsets

            monkeypatch.setattr(reader._fetcher, "_proc_offset_request", slowly)  # noqa: SLF001 - the same
            reader.assign([place])
            await asyncio.wait_for(asked.wait(), 10)
            if seek == "seek":
                reader.seek(place, 0)
                answer.set()
            else:
                seeking = asyncio.create_task(reader.seek_to_beginning(place))
                await asyncio.sleep(0)
                answer.set()
                await seeking
            await asyncio.sleep(0.1)
            assert await reader.position(place) == stands_at


@asynccontextmanager
async def producing(bootstrap: str, *, limit: int | None = None) -> AsyncIterator[AIOKafkaProducer]:
    """The relay's producer, or one whose batches may grow beyond a topic's limit."""
    if limit is None:
        made = await producer.start(bootstrap)
    else:
        made = AIOKafkaProducer(
            bootstrap_servers=bootstrap, enable_idempotence=True, acks="all", max_batch_size=limit
        )
        await made.start()
    try:
        yield made
    finally:
        await producer.retire(made)


def message(size: int) -> producer.Message:
    return producer.Message(b"key", b"x" * size, [("ce_id", b"1")])


async def test_a_batch_beyond_the_topics_limit_spoils_its_partition_until_the_producer_is_replaced(
    kafka: str, topic: str
) -> None:
    """So the outbox refuses such events, batches stay below, and a failure costs the producer its place."""
    async with producing(kafka, limit=2**21) as spoilt:
        assert await producer.send(spoilt, topic, PLACE, [message(10)]) == 1
        with pytest.raises(MessageSizeTooLargeError):
            await producer.send(spoilt, topic, PLACE, [message(THINGS.max_message_bytes + 1000)])
        for _ in range(2):
            with pytest.raises(OutOfOrderSequenceNumber):
                await producer.send(spoilt, topic, PLACE, [message(10)])
        assert await producer.send(spoilt, topic, PLACE + 1, [message(10)]) == 1
    async with producing(kafka) as fresh:
        assert await producer.send(fresh, topic, PLACE, [message(10)]) == 1


async def test_a_batch_takes_what_fits_and_its_first_message_always(kafka: str) -> None:
    smallest = min(each.max_message_bytes for each in TOPICS)
    async with producing(kafka) as own:
        batch = own.create_batch()
        taken = 0
        while batch.append(key=b"k", value=b"x" * 100_000, timestamp=None, headers=[]) is not None:
            taken += 1
        assert taken == smallest // 100_000
        assert batch.size() < smallest
        alone = own.create_batch()
        assert alone.append(key=b"k", value=b"x" * (smallest + 1), timestamp=None, headers=[]) is not None


async def test_a_headers_value_is_bytes_or_nothing(kafka: str) -> None:
    async with producing(kafka) as own:
        batch = own.create_batch()
        with pytest.raises(TypeError):
            batch.append(key=b"k", value=b"v", timestamp=None, headers=[("ce_id", "text")])
        assert batch.append(key=b"k", value=b"v", timestamp=None, headers=[("a", b"b"), ("c", None)])


async def test_an_unknown_topic_gives_no_error_and_no_topic_and_an_unknown_partition_an_assertion(
    kafka: str, topic: str
) -> None:
    """So the relay asks which topics there are before it sends."""
    async with producing(kafka) as own:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2):
                await producer.send(own, f"{topic}.missing", PLACE, [message(1)])
        with pytest.raises(AssertionError):
            await producer.send(own, topic, 999, [message(1)])
    there = await cluster.topics(kafka)
    assert topic in there
    assert f"{topic}.missing" not in there


async def test_without_a_broker_a_commit_a_send_and_a_stop_wait_and_a_start_does_not(
    working_folder: Path,
) -> None:
    """So each of the three has a timeout of its own, and a start is tried again and again."""

    async def handle(_: KafkaMessage) -> None:
        """Takes nothing."""

    async with stack.running(working_folder) as own:
        name = TOPICS[0].name
        reader = AIOKafkaConsumer(name, bootstrap_servers=own.bootstrap, group_id="facts")
        await reader.start()
        sender = await producer.start(own.bootstrap)
        own.kafka.kill()
        waits = {
            "commit": reader.commit({TopicPartition(name, PLACE): 1}),
            "send": producer.send(sender, name, PLACE, [message(1)]),
        }
        tasks = [asyncio.create_task(wait, name=what) for what, wait in waits.items()]
        done, _ = await asyncio.wait(tasks, timeout=4)
        assert {task.get_name() for task in done} == set()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(sender.stop(), 2)
        await asyncio.wait_for(producer.retire(sender), 3 * producer.STOP_TIMEOUT + 1)
        with pytest.raises(KafkaConnectionError):
            async with asyncio.timeout(3), consuming(own.bootstrap, name, handle):
                """Does not come so far."""
        with suppress(TimeoutError):
            await asyncio.wait_for(reader.stop(), 3)


async def test_no_topic_comes_to_be_by_being_asked_for(kafka: str, topic: str) -> None:
    reader = AIOKafkaConsumer(f"{topic}.missing", bootstrap_servers=kafka, group_id="facts")
    starting = asyncio.create_task(reader.start())
    await asyncio.sleep(1)
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)
    await reader.stop()
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        names = await admin.list_topics()
    finally:
        await admin.close()
    assert topic in names
    assert f"{topic}.missing" not in names
