"""After a restore: what was told to others and is no longer known here.

The runbook is docs/operations.md: raise the generation, start `worker` and `relay` alone, since what answers
events comes back by itself; check; put right what is left; then accept commands again.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from aiokafka import AIOKafkaConsumer, TopicPartition

from chassis import audit
from chassis.marks import Stream
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

    An event is known when its stream stands there or further, no later generation began at or before it, and
    so put another in its place; or when it was told again under its id.

    Raises:
        KafkaError: no broker answers.
    """
    own = [topic for topic in topics if topic.emitted_by == service]
    if not own:
        return []
    told = [one async for one in _told(bootstrap, own)]
    # Read after the topics: what a service tells meanwhile stands in its database first.
    async with read(pool) as view:
        known = _Known(
            streams={
                (row["topic"], row["key"]): row["sequence"]
                for row in await view.fetch("select topic, key, sequence from messaging.stream")
            }
        )
        for envelope, topic in told:
            known.note((topic, envelope.subject), envelope.generation, envelope.sequence, envelope.id)
        for row in await view.fetch(_WAITING):
            known.note((row["topic"], row["key"]), row["generation"], row["sequence"], row["event"])
    forgotten = [
        Forgotten(topic, envelope.subject, envelope.sequence, envelope.id, envelope.type)
        for envelope, topic in told
        if known.forgot((topic, envelope.subject), envelope)
    ]
    return sorted(forgotten, key=lambda one: (one.topic, one.key, one.sequence))


_WAITING: Final = """
select topic, key, event, (headers ->> 'ce_generation')::integer as generation,
  (headers ->> 'ce_sequence')::bigint as sequence
from messaging.outbox
"""


@dataclass(slots=True)
class _Known:
    """What the streams stand at, where each generation of them began, and in which each id was told last."""

    streams: dict[Stream, int]
    begins: dict[Stream, dict[int, int]] = field(default_factory=dict)
    last: dict[UUID, int] = field(default_factory=dict)

    def note(self, stream: Stream, generation: int, sequence: int, event: UUID) -> None:
        begins = self.begins.setdefault(stream, {})
        begins[generation] = min(sequence, begins.get(generation, sequence))
        self.last[event] = max(generation, self.last.get(event, generation))

    def forgot(self, stream: Stream, envelope: Envelope) -> bool:
        if self.last[envelope.id] > envelope.generation:
            return False
        replaced = any(
            generation > envelope.generation and begin <= envelope.sequence
            for generation, begin in self.begins[stream].items()
        )
        return replaced or envelope.sequence > self.streams.get(stream, 0)


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
