"""A Kafka record as the inbox sees it: read as far as it can be read, never refused with an exception."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pydantic import ValidationError

from contracts.envelope import BrokenEnvelope, Envelope
from contracts.event import Event


class Record(Protocol):
    """What is read of an aiokafka `ConsumerRecord`."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...


@dataclass(frozen=True, slots=True)
class Incoming:
    """One record.

    `event` is None where its type is nobody's concern here, `envelope` where the headers break its rules;
    `broken` says which rule the record breaks. `lane` is what later records wait behind when it is parked:
    the key as text, also where that is no UTF-8.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]
    lane: str | None
    envelope: Envelope | None
    event: Event | None
    broken: str | None


def understand(record: Record, known: Mapping[str, type[Event]], wanted: Container[str]) -> Incoming:
    """Read `record`; only events whose type is in `wanted` are decoded."""
    envelope, event, broken = None, None, None
    try:
        envelope = Envelope.read(record.headers)
        if envelope.type in wanted:
            event = known[envelope.type].read(record.value or b"")
            if event.key().encode() != record.key:
                event, broken = None, "key_mismatch"
    except BrokenEnvelope as error:
        broken = f"envelope:{error.rule}"
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        broken = f"schema:{'.'.join(map(str, first['loc']))}:{first['type']}"
    if envelope is not None and broken is None and record.key is None:
        broken = "key_missing"
    return Incoming(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key,
        value=record.value,
        headers=record.headers,
        # PostgreSQL stores no zero byte.
        lane=None
        if record.key is None
        else record.key.decode(errors="backslashreplace").replace("\0", "\\0"),
        envelope=envelope,
        event=event,
        broken=broken,
    )
