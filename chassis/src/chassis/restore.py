"""After a restore: what was told to others and is no longer known here.

The runbook: raise the generation, start the service without `web`, check, put right what the list names, then
accept commands again.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from aiokafka import AIOKafkaConsumer, TopicPartition

from chassis import audit
from chassis.transaction import Pool, Transaction, read
from contracts.envelope import BrokenEnvelope, Envelope
from contracts.topics import TOPICS, Topic

POLL_MS: Final = 1000


@dataclass(frozen=True, slots=True)
class Forgotten:
    """An event on a topic of ours that our own database has no memory of."""

    topic: str
    key: str
    sequence: int
    event: UUID
    type: str


async def raise_generation(tx: Transaction, reason: str) -> int:
    """Count in a new generation from here on, so that no consumer takes our events for old ones."""
    generation: int = await tx.fetchval(
        "update messaging.source set generation = generation + 1 returning generation"
    )
    await audit.record(
        tx, "generation_raised", "messaging.source", reason=reason, detail={"generation": generation}
    )
    return generation


async def check(
    pool: Pool, service: str, bootstrap: str, topics: Sequence[Topic] = TOPICS
) -> list[Forgotten]:
    """Read this service's own topics from the beginning and list what its streams do not know.

    Raises:
        KafkaError: no broker answers.
    """
    async with read(pool) as view:
        generation = await view.fetchval("select generation from messaging.source")
        streams = {
            (row["topic"], row["key"]): row["sequence"]
            for row in await view.fetch("select topic, key, sequence from messaging.stream")
        }
    own = [topic for topic in topics if topic.emitted_by == service]
    if not own:
        return []
    forgotten = []
    for envelope, topic in [told async for told in _told(bootstrap, own)]:
        known = streams.get((topic, envelope.subject), 0)
        if envelope.generation < generation and envelope.sequence > known:
            forgotten.append(
                Forgotten(topic, envelope.subject, envelope.sequence, envelope.id, envelope.type)
            )
    return forgotten


async def _told(bootstrap: str, topics: Sequence[Topic]) -> AsyncIterator[tuple[Envelope, str]]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    await consumer.start()
    try:
        places = [TopicPartition(topic.name, n) for topic in topics for n in range(topic.partitions)]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        while any([await consumer.position(place) < end for place, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=POLL_MS)).values():
                for record in records:
                    try:
                        yield Envelope.read(record.headers), record.topic
                    except BrokenEnvelope:
                        continue
    finally:
        await consumer.stop()
