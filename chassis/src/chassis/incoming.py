"""A Kafka record as the inbox sees it: read as far as it can be read, never refused with an exception."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Protocol

from pydantic import ValidationError

from contracts.envelope import BrokenEnvelope, Envelope
from contracts.event import Event

Place = tuple[str, int, int]
"""Topic, partition and offset."""

LONGEST_LANE: Final = 512
"""Bytes; a longer key does not fit an index of PostgreSQL, and none of ours is."""


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
    the key as text, also where that is no UTF-8 or longer than any of ours.
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

    @property
    def place(self) -> Place:
        return self.topic, self.partition, self.offset

    @property
    def has_no_mark(self) -> bool:
        """Whether no mark can tell that this record was dealt with before."""
        return self.lane is None or self.envelope is None


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
        broken = _clean(f"schema:{'.'.join(map(str, first['loc']))}", 200) + f":{first['type']}"
    except Exception as error:  # noqa: BLE001 - an event class that fails to read must not hold up a partition
        event, broken = None, f"undecodable:{type(error).__name__}"
    if envelope is not None and broken is None and record.key is None:
        broken = "key_missing"
    return Incoming(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key,
        value=record.value,
        headers=record.headers,
        lane=_lane(record.key),
        envelope=envelope,
        event=event,
        broken=broken,
    )


def _lane(key: bytes | None) -> str | None:
    if key is None:
        return None
    text = key.decode(errors="backslashreplace")
    if len(key) <= LONGEST_LANE and len(text) <= LONGEST_LANE:
        return _clean(text, 2 * LONGEST_LANE)
    return f"{_clean(text, 64)}… sha256:{sha256(key).hexdigest()}"


def _clean(text: str, longest: int) -> str:
    """What PostgreSQL can store, which a zero byte is not."""
    return text.replace("\0", "\\0")[:longest]
