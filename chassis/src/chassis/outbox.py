"""The outbox: an event row in the transaction that changes state.

`add` takes the event and the trace it belongs to; the rows are written in one statement before the
commit, so that a stream's row is locked as shortly as can be and after the aggregate's, never before.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Final
from uuid import UUID

from aiokafka.partitioner import murmur2
from opentelemetry import context as otel_context
from opentelemetry import propagate
from pydantic_core import to_json

from chassis import identifiers
from chassis.refusals import Invalid
from chassis.transaction import Cause, Transaction
from contracts.envelope import Envelope
from contracts.event import Event
from contracts.topics import BUCKETS, Topic

LONGEST_TEXT: Final = 512
"""Bytes of a key, an actor or a correlation id: all headers together fit into the room a topic leaves."""


@dataclass(frozen=True, slots=True)
class _Told:
    event: Event
    value: bytes
    key: str
    id: UUID
    cause: Cause
    trace: Mapping[str, str]


@dataclass(slots=True)
class _Waiting:
    """What a transaction has told and not yet written, and how many events each cause has led to."""

    told: list[_Told] = field(default_factory=list)
    ordinals: Counter[UUID] = field(default_factory=Counter)
    planned: bool = False


@lru_cache(maxsize=65536)
def bucket(key: str) -> int:
    """One of 64; `bucket % partitions` is the partition that Kafka's own clients would choose."""
    digest: int = murmur2(key.encode())
    return (digest & 0x7FFFFFFF) % BUCKETS


def add(tx: Transaction, event: Event, *, cause: Cause | None = None) -> UUID:
    """Tell `event` when `tx` commits; answers the event's id.

    `cause` is for set-based handlers, which answer several events at once; elsewhere it is that of `tx`.

    Raises:
        Invalid: if the event is larger than its topic allows, or no reader would take its headers.
    """
    value = event.write()
    if len(value) > event.topic.max_event_bytes:
        raise Invalid(
            "event_too_large",
            f"The event {event.type} has {len(value)} bytes, its topic allows {event.topic.max_event_bytes}",
        )
    reason = cause or tx.cause
    for name, text in (("key", event.key()), ("actor", reason.actor), ("correlation", _correlation(reason))):
        if not text or not text.isprintable() or len(text.encode()) > LONGEST_TEXT:
            raise Invalid(
                "header_invalid", f"The {name} of {event.type} is empty, unprintable or too long", name
            )
    waiting = tx.belonging(_Waiting)
    if not waiting.planned:
        waiting.planned = True
        tx.before_commit(lambda: _write(tx))
    told = _Told(event, value, event.key(), _identify(waiting, reason, event), reason, _trace(tx, reason))
    waiting.told.append(told)
    return told.id


def _trace(tx: Transaction, cause: Cause) -> dict[str, str]:
    trace: dict[str, str] = {}
    propagate.inject(trace, context=_context_of(tx, cause))
    if len(trace.get("tracestate", "").encode()) > LONGEST_TEXT:
        del trace["tracestate"]
    return trace


def _correlation(cause: Cause) -> str:
    given = cause.correlationid if isinstance(cause, Envelope) else cause.correlation
    return given or str(cause.id)


class Contexts(dict[UUID, otel_context.Context]):
    """The trace context of each event that a set-based handler is answering, by the event's id."""


def _context_of(tx: Transaction, cause: Cause) -> otel_context.Context | None:
    return tx.belonging(Contexts).get(cause.id)


def _identify(waiting: _Waiting, cause: Cause, event: Event) -> UUID:
    if not isinstance(cause, Envelope):
        return identifiers.event_id()
    waiting.ordinals[cause.id] += 1
    return identifiers.derived_event_id(cause.id, source(event.topic), waiting.ordinals[cause.id])


def source(topic: Topic) -> str:
    """The CloudEvents source of what stands on `topic`: the service that owns it."""
    return f"/ieum/{topic.emitted_by}"


async def sequences(tx: Transaction, topic: Topic, keys: Iterable[str]) -> dict[str, int]:
    """What each stream stands at, what `tx` itself has told included; a stream with no event is left out."""
    await _write(tx)
    rows = await tx.fetch(
        "select key, sequence from messaging.stream where topic = $1 and key = any($2)",
        topic.name,
        list(keys),
    )
    return {row["key"]: row["sequence"] for row in rows}


async def _write(tx: Transaction) -> None:
    waiting = tx.belonging(_Waiting)
    told, waiting.told = waiting.told, []
    # What is told after this, by whatever else is done before the commit, is planned anew.
    waiting.planned = False
    if not told:
        return
    counts = sorted(Counter((t.event.topic.name, t.key) for t in told).items())
    rows = await tx.fetch(
        """
        insert into messaging.stream as s (topic, key, sequence)
        select topic, key, events from unnest($1::text[], $2::text[], $3::bigint[]) as u (topic, key, events)
        on conflict (topic, key) do update set sequence = s.sequence + excluded.sequence
        returning topic, key, sequence, (select generation from messaging.source),
          (select programme_clock()) as at
        """,
        [stream[0] for stream, _ in counts],
        [stream[1] for stream, _ in counts],
        [events for _, events in counts],
    )
    at, generation = rows[0]["at"], rows[0]["generation"]
    last = {(row["topic"], row["key"]): row["sequence"] for row in rows}
    following = {stream: last[stream] - events for stream, events in counts}
    envelopes = []
    for t in told:
        stream = (t.event.topic.name, t.key)
        following[stream] += 1
        envelopes.append(_envelope(t, at, generation, following[stream]))
    await _insert(tx, told, envelopes)
    tx.told = True


def _envelope(told: _Told, at: datetime, generation: int, sequence: int) -> Envelope:
    cause = told.cause
    return Envelope(
        id=told.id,
        source=source(told.event.topic),
        type=told.event.type,
        subject=told.key,
        time=at,
        dataschema=told.event.dataschema,
        sequence=sequence,
        generation=generation,
        causationid=str(cause.id),
        correlationid=_correlation(cause),
        actor=cause.actor,
        programmeyear=told.event.programme_year,
        traceparent=told.trace.get("traceparent"),
        tracestate=told.trace.get("tracestate"),
    )


async def _insert(tx: Transaction, told: list[_Told], envelopes: list[Envelope]) -> None:
    await tx.execute(
        """
        insert into messaging.outbox (bucket, topic, key, event, headers, value)
        select * from unnest($1::smallint[], $2::text[], $3::text[], $4::uuid[], $5::json[], $6::bytea[])
        """,
        [bucket(t.key) for t in told],
        [t.event.topic.name for t in told],
        [t.key for t in told],
        [t.id for t in told],
        [to_json(e.texts()).decode() for e in envelopes],
        [t.value for t in told],
    )
