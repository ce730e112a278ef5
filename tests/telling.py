"""Events as another service would tell them, handed to an inbox without Kafka."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import uuid4

from contracts.envelope import Envelope
from contracts.event import Event
from contracts.topics import Topic


@dataclass(frozen=True)
class Given:
    """As much of a consumed Kafka record as the inbox reads."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]

    def broken(self) -> "Given":
        """The same record with data that breaks its schema."""
        return replace(self, value=b"{}")


@dataclass
class Teller:
    """Numbers events densely in each stream, and names one moment for all of them."""

    at: datetime
    sequences: Counter[tuple[str, str]] = field(default_factory=Counter)
    offset: int = -1

    def sequence(self, topic: Topic, key: str) -> int:
        """What a stream stands at: what manifests name."""
        return self.sequences[topic.name, key]

    def tells(self, event: Event) -> Given:
        key, topic = event.key(), event.topic
        self.sequences[topic.name, key] += 1
        self.offset += 1
        envelope = Envelope(
            id=uuid4(),
            source=f"/ieum/{topic.emitted_by}",
            type=event.type,
            subject=key,
            time=self.at,
            dataschema=event.dataschema,
            sequence=self.sequence(topic, key),
            generation=1,
            causationid=str(uuid4()),
            correlationid=str(uuid4()),
            actor="somebody-1",
            programmeyear=event.programme_year,
        )
        return Given(topic.name, 0, self.offset, key.encode(), event.write(), list(envelope.headers()))
