"""A Kafka producer as the relay needs it: idempotent, batch by batch, replaced for good after a failure."""

import asyncio
import contextlib
from collections.abc import Iterable
from typing import Final, NamedTuple

from aiokafka import AIOKafkaProducer

from contracts.topics import ROOM_FOR_HEADERS, TOPICS

SEND_TIMEOUT: Final = 40.0
"""Seconds. An idempotent send never expires by itself, and a broker may be away for half a minute."""

START_TIMEOUT: Final = 30.0
"""Seconds for a broker that accepts a connection to say anything."""
STOP_TIMEOUT: Final = 2.0
"""Seconds for an orderly end."""


class Message(NamedTuple):
    """One record, in its final bytes."""

    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


async def start(bootstrap: str) -> AIOKafkaProducer:
    """An idempotent producer whose batches stay below every topic's limit.

    Raises:
        KafkaError, TimeoutError: where no broker answers.
    """
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        enable_idempotence=True,
        acks="all",
        max_batch_size=min(topic.max_message_bytes for topic in TOPICS) - ROOM_FOR_HEADERS // 2,
        request_timeout_ms=int(SEND_TIMEOUT * 1000),
    )
    try:
        async with asyncio.timeout(START_TIMEOUT):
            await producer.start()
    except BaseException:
        await retire(producer)
        raise
    return producer


async def send(producer: AIOKafkaProducer, topic: str, partition: int, messages: Iterable[Message]) -> int:
    """Send as many of `messages` as one batch takes, wait for Kafka's word, answer how many that were.

    Raises:
        KafkaError, TimeoutError: the batch may or may not stand in the log; the producer is to be retired.
    """
    builder = producer.create_batch()
    count = 0
    for message in messages:
        if (
            builder.append(key=message.key, value=message.value, timestamp=None, headers=message.headers)
            is None
        ):
            break
        count += 1
    builder.close()
    async with asyncio.timeout(SEND_TIMEOUT):
        acknowledged = await producer.send_batch(builder, topic, partition=partition)
        await acknowledged
    return count


async def retire(producer: AIOKafkaProducer) -> None:
    """Stop `producer` for good, also when no broker answers: then `stop()` hangs and its sender lives on."""
    try:
        await asyncio.wait_for(producer.stop(), STOP_TIMEOUT)
    except Exception:  # noqa: BLE001 - it is given up in any case
        with contextlib.suppress(Exception):
            async with asyncio.timeout(STOP_TIMEOUT):
                if producer._sender is not None:  # noqa: SLF001 - aiokafka has no public way to end its sender
                    await producer._sender.close()  # noqa: SLF001 - as above
        with contextlib.suppress(Exception):
            async with asyncio.timeout(STOP_TIMEOUT):
                await producer.client.close()
