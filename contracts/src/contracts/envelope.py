"""The envelope of an event: CloudEvents 1.0 in Kafka's binary binding.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self
from uuid import UUID

HEADERS: Final[Mapping[str, tuple[str, Mapping[str, str], str]]] = {
    "ce_specversion": ("Version of CloudEvents", {"const": "1.0"}, "1.0"),
    "ce_id": ("Id of the event", {"format": "uuid"}, "0194f0c5-c1de-7c3a-b8d2-f1a0b3c4d5e6"),
    "ce_source": ("Emitting service", {"format": "uri-reference"}, "/ieum/applications"),
    "ce_type": ("Type of the event", {}, "ieum.applications.application-submitted.v1"),
    "ce_subject": ("Key of the record", {}, "app_0194f0c5c1de7c3ab8d2f1a0b3c4d5e6"),
    "ce_time": (
        "When it happened, by the programme's clock",
        {"format": "date-time"},
        "2025-02-14T08:59:59.999999+00:00",
    ),
    "ce_dataschema": (
        "Schema of the data",
        {"format": "uri"},
        "urn:ieum:schema:ieum.applications.application-submitted.v1",
    ),
    "ce_sequence": (
        "Dense counter of the events of one key on one topic, from 1, as text that sorts",
        {"pattern": "^[0-9]{20}$"},
        "00000000000000000003",
    ),
    "ce_generation": (
        "Raised when the emitting database is restored; order is (generation, sequence)",
        {"pattern": "^[0-9]{1,10}$"},
        "1",
    ),
    "ce_causationid": (
        "Id of the command or event that this one answers",
        {},
        "0194f0c5-c1dd-7aa1-9d02-5e1f00a1b2c3",
    ),
    "ce_correlationid": (
        "Id shared by all that one command set off",
        {},
        "0194f0c5-c1dd-7aa1-9d02-5e1f00a1b2c3",
    ),
    "ce_actor": ("Pseudonym of who did it", {}, "6f1d2c7e"),
    "ce_programmeyear": ("Programme year", {"pattern": "^[0-9]{4}$"}, "2025"),
    "content-type": ("Media type of the data", {}, "application/json"),
    "traceparent": (
        "W3C trace context",
        {},
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    ),
    "tracestate": ("W3C trace state", {}, "ieum=1"),
}
"""Every header written: what it says, what holds for it, and an example."""

REQUIRED: Final = tuple(name for name in HEADERS if name.startswith("ce_"))
"""The headers without which a record is no event of ours."""

_NEEDED: Final = frozenset(REQUIRED)
_KNOWN: Final = _NEEDED | {"content-type"}
_TRACE: Final = frozenset(("traceparent", "tracestate"))
_LONGEST: Final = 1024
_UUID_LENGTH: Final = 36
_FIRST_YEAR: Final = 1970
_LAST_YEAR: Final = 2999
_NUMBERS: Final = {
    "ce_sequence": (20, 20, 2**63 - 1),
    "ce_generation": (1, 10, 2**31 - 1),
    "ce_programmeyear": (4, 4, 9999),
}
"""Fewest and most digits, and the largest number."""


class BrokenEnvelope(Exception):  # noqa: N818 - it names what is broken, as the parked row does
    """The headers of a record break the envelope; `rule` says which header and how.

    Rules are `<header>_missing`, `_null`, `_duplicate`, `_not_utf8` and `_invalid`, for example
    `ce_id_missing`. The value itself is never part of it.
    """

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a record's headers say about its event.

    Attributes:
        id: The event's own id; what consumers deduplicate on.
        source: The emitting service, a URI reference such as `/ieum/applications`.
        type: For example `ieum.applications.application-submitted.v1`.
        subject: The key of the record.
        time: When it happened, by the programme's clock; aware.
        dataschema: URI of the schema of the data.
        sequence: Dense counter of the stream (topic, key), from 1.
        generation: Number of the emitting database, raised when it is restored.
        causationid: Id of the command or event that this one answers.
        correlationid: Id shared by everything that one command set off.
        actor: Pseudonym of who did it.
        programmeyear: The programme year it belongs to.
        traceparent: W3C trace context, if any.
        tracestate: W3C trace state, if any.
    """

    id: UUID
    source: str
    type: str
    subject: str
    time: datetime
    dataschema: str
    sequence: int
    generation: int
    causationid: str
    correlationid: str
    actor: str
    programmeyear: int
    traceparent: str | None = None
    tracestate: str | None = None

    def headers(self) -> list[tuple[str, bytes]]:
        """The headers of the Kafka record."""
        return [(name, text.encode()) for name, text in self.texts().items()]

    def texts(self) -> dict[str, str]:
        """The headers as texts; in UTF-8 they are those of the Kafka record."""
        texts = {
            "ce_specversion": "1.0",
            "ce_id": str(self.id),
            "ce_source": self.source,
            "ce_type": self.type,
            "ce_subject": self.subject,
            "ce_time": self.time.isoformat(),
            "ce_dataschema": self.dataschema,
            "ce_sequence": f"{self.sequence:020}",
            "ce_generation": str(self.generation),
            "ce_causationid": self.causationid,
            "ce_correlationid": self.correlationid,
            "ce_actor": self.actor,
            "ce_programmeyear": str(self.programmeyear),
            "content-type": "application/json",
        }
        if self.traceparent is not None:
            texts["traceparent"] = self.traceparent
            if self.tracestate is not None:
                texts["tracestate"] = self.tracestate
        return texts

    @classmethod
    def read(cls, headers: Iterable[tuple[str, bytes | None]]) -> Self:
        """The envelope in a record's headers; headers it does not know are ignored.

        A trace context that cannot be read is left out: a lost trace is no reason to park an event.

        Raises:
            BrokenEnvelope: A header it needs is missing, null, doubled, not UTF-8 or not what it should be.
        """
        texts, trace = _texts(headers)
        if texts["ce_specversion"] != "1.0":
            raise BrokenEnvelope("ce_specversion_invalid")
        if not texts.get("content-type", "application/json").startswith("application/json"):
            raise BrokenEnvelope("content-type_invalid")
        return cls(
            id=_uuid(texts),
            source=texts["ce_source"],
            type=texts["ce_type"],
            subject=texts["ce_subject"],
            time=_moment(texts),
            dataschema=texts["ce_dataschema"],
            sequence=_number(texts, "ce_sequence"),
            generation=_number(texts, "ce_generation"),
            causationid=texts["ce_causationid"],
            correlationid=texts["ce_correlationid"],
            actor=texts["ce_actor"],
            programmeyear=_number(texts, "ce_programmeyear"),
            traceparent=trace.get("traceparent"),
            tracestate=trace.get("tracestate") if "traceparent" in trace else None,
        )


def _texts(headers: Iterable[tuple[str, bytes | None]]) -> tuple[dict[str, str], dict[str, str]]:
    """The envelope's own headers, each a clean text and all of them there, and the trace context."""
    texts: dict[str, str] = {}
    trace: dict[str, str] = {}
    for name, value in headers:
        if name in _KNOWN:
            if name in texts:
                raise BrokenEnvelope(f"{name}_duplicate")
            if value is None:
                raise BrokenEnvelope(f"{name}_null")
            try:
                texts[name] = value.decode()
            except UnicodeDecodeError:
                raise BrokenEnvelope(f"{name}_not_utf8") from None
        elif name in _TRACE and value is not None and value.isascii():
            trace.setdefault(name, value.decode())
    if not texts.keys() >= _NEEDED:
        raise BrokenEnvelope(f"{next(name for name in REQUIRED if name not in texts)}_missing")
    _must_be_clean(texts)
    return texts, trace


def _must_be_clean(texts: Mapping[str, str]) -> None:
    """CloudEvents forbids empty values and control characters, and PostgreSQL stores no zero byte."""
    together = "".join(texts.values())
    if len(together) <= _LONGEST and together.isprintable() and all(texts.values()):
        return
    for name, text in texts.items():
        if not text or len(text) > _LONGEST or not text.isprintable():
            raise BrokenEnvelope(f"{name}_invalid")


def _uuid(texts: Mapping[str, str]) -> UUID:
    text = texts["ce_id"]
    try:
        if len(text) == _UUID_LENGTH:
            return UUID(text)
    except ValueError:
        pass
    raise BrokenEnvelope("ce_id_invalid")


def _moment(texts: Mapping[str, str]) -> datetime:
    try:
        moment = datetime.fromisoformat(texts["ce_time"])
    except ValueError:
        raise BrokenEnvelope("ce_time_invalid") from None
    # Beyond these years a time zone can carry a moment out of what datetime and PostgreSQL hold.
    if moment.tzinfo is None or not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise BrokenEnvelope("ce_time_invalid")
    return moment


def _number(texts: Mapping[str, str], name: str) -> int:
    text = texts[name]
    shortest, longest, largest = _NUMBERS[name]
    if shortest <= len(text) <= longest and text.isascii() and text.isdigit():
        number = int(text)
        if number <= largest:
            return number
    raise BrokenEnvelope(f"{name}_invalid")
