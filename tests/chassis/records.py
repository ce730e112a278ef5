"""Records as Kafka would hand them over."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from uuid import UUID

from chassis import identifiers
from contracts.envelope import Envelope
from contracts.event import Event

_offsets = count()


@dataclass(frozen=True)
class Record:
    topic: str
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]
    partition: int = 0
    offset: int = field(default_factory=lambda: next(_offsets))

    def without(self, header: str) -> "Record":
        return replace(self, headers=[(name, value) for name, value in self.headers if name != header])

    def with_header(self, header: str, value: bytes | None) -> "Record":
        return replace(self, headers=[*self.without(header).headers, (header, value)])


def record(event: Event, sequence: int, *, generation: int = 1, identity: UUID | None = None) -> Record:
    """`event` as the `sequence`-th of its stream."""
    envelope = Envelope(
        id=identity or identifiers.event_id(),
        source="/ieum/applications",
        type=event.type,
        subject=event.key(),
        time=datetime(2025, 1, 2, tzinfo=UTC),
        dataschema=event.dataschema,
        sequence=sequence,
        generation=generation,
        causationid="cause",
        correlationid="correlation",
        actor="actor",
        programmeyear=2025,
    )
    return Record(event.topic.name, event.key().encode(), event.write(), list(envelope.headers()))
