"""Parked records: what could not be applied and what came after it in its stream, until a person decides.

Every decision needs a reason and leaves an audit row.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg

from chassis import audit
from chassis.incoming import Incoming
from chassis.marks import Marks, Verdict
from chassis.refusals import Conflict, Invalid, NotFound
from chassis.transaction import ReadTransaction, Transaction

if TYPE_CHECKING:
    from chassis.inbox import Inbox


@dataclass(frozen=True, slots=True)
class Parked:
    """One parked record; the bytes are as Kafka had them."""

    id: int
    topic: str
    partition: int
    offset: int
    lane: str | None
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]
    type: str | None
    event: UUID | None
    sequence: int | None
    reason: str
    detail: str | None
    parked_at: datetime


async def park(tx: Transaction, records: Sequence[tuple[Incoming, str]], detail: str | None = None) -> None:
    """Keep records with their reasons; one that is parked already stays as it is."""
    await tx.executemany(
        """
        insert into messaging.parked
          (topic, partition, "offset", lane, raw_key, value, headers,
           type, event, generation, sequence, reason, detail)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        on conflict do nothing
        """,
        [
            (
                incoming.topic,
                incoming.partition,
                incoming.offset,
                incoming.lane,
                incoming.key,
                incoming.value,
                json.dumps(
                    [(name, None if value is None else value.hex()) for name, value in incoming.headers]
                ),
                *_identity(incoming),
                reason,
                detail,
            )
            for incoming, reason in records
        ],
    )


def _identity(incoming: Incoming) -> tuple[str | None, UUID | None, int | None, int | None]:
    envelope = incoming.envelope
    if envelope is None:
        return None, None, None, None
    return envelope.type, envelope.id, envelope.generation, envelope.sequence


async def everything(
    read: ReadTransaction, topic: str | None = None, lane: str | None = None
) -> list[Parked]:
    """What is parked, in the order of each stream."""
    rows = await read.fetch(
        """
        select * from messaging.parked
        where ($1::text is null or topic = $1) and ($2::text is null or lane = $2)
        order by topic, lane, generation nulls first, sequence nulls first, id
        """,
        topic,
        lane,
    )
    return [_parked(row) for row in rows]


async def one(read: ReadTransaction, record: int) -> Parked:
    """One parked record.

    Raises:
        NotFound: nothing is parked under that number.
    """
    row = await read.fetchrow("select * from messaging.parked where id = $1", record)
    if row is None:
        raise NotFound("not_parked", f"Nothing is parked under the number {record}", field="id")
    return _parked(row)


def _parked(row: asyncpg.Record) -> Parked:
    headers = [
        (name, None if value is None else bytes.fromhex(value)) for name, value in json.loads(row["headers"])
    ]
    fields = {name: row[name] for name in Parked.__slots__ if name not in ("key", "headers")}
    return Parked(**fields, key=row["raw_key"], headers=headers)


async def replay(tx: Transaction, inbox: "Inbox", topic: str, lane: str, reason: str) -> int:
    """Apply what is parked of a stream, in order, until something does not fit; answers how many did.

    Raises:
        Conflict: the first parked record still cannot be applied; nothing changed.
        Whatever a handler raises: nothing changed.
    """
    records = await everything(tx, topic, lane)
    marks = tx.belonging(Marks)
    batch = inbox.understand(records)
    await marks.lock(tx, batch)
    marks.open(topic, lane)
    done = 0
    for record, incoming in zip(records, batch, strict=True):
        verdict, why = marks.judge(incoming)
        if verdict is Verdict.PARK:
            if done == 0:
                raise Conflict(
                    "still_not_applicable", f"Record {record.id} cannot be applied: {why}", field="id"
                )
            break
        if verdict is Verdict.NEXT:
            await inbox.handle(tx, [incoming])
        await tx.execute("delete from messaging.parked where id = $1", record.id)
        done += 1
    await marks.save(tx)
    await audit.record(tx, "parked_replayed", f"{topic}/{lane}", reason=reason, detail={"records": done})
    return done


async def discard(tx: Transaction, record: int, reason: str) -> None:
    """Give a parked record up: its mark moves past it, as if it had been applied.

    Raises:
        NotFound: nothing is parked under that number.
        Conflict: earlier records of the same stream are parked.
    """
    parked = await one(tx, record)
    if parked.lane is not None:
        first = (await everything(tx, parked.topic, parked.lane))[0]
        if first.id != record:
            raise Conflict("not_the_first", f"Record {first.id} of the same stream comes first", field="id")
        await _pass(tx, parked)
    await tx.execute("delete from messaging.parked where id = $1", record)
    await _unpark_if_empty(tx, parked.topic, parked.lane)
    detail = {"event": str(parked.event) if parked.event else None, "parked_because": parked.reason}
    await audit.record(tx, "parked_discarded", f"{parked.topic}/{parked.lane}", reason=reason, detail=detail)


async def _pass(tx: Transaction, parked: Parked) -> None:
    await tx.execute(
        """
        update messaging.mark m set generation = p.generation, sequence = p.sequence
        from messaging.parked p
        where p.id = $1 and m.topic = p.topic and m.key = p.lane
          and p.sequence is not null and (p.generation, p.sequence) > (m.generation, m.sequence)
        """,
        parked.id,
    )
    await tx.execute(
        """
        insert into messaging.inbox (event, topic, type, outcome)
        select event, topic, type, 'discarded' from messaging.parked where id = $1 and event is not null
        on conflict do nothing
        """,
        parked.id,
    )


async def skip_to(tx: Transaction, topic: str, lane: str, sequence: int, reason: str) -> None:
    """Move a mark to `sequence`, past what can never come; what is parked behind can then be replayed.

    Raises:
        NotFound: that stream was never read.
        Invalid: the mark stands there or further already.
    """
    mark = await tx.fetchrow(
        "select generation, sequence from messaging.mark where topic = $1 and key = $2 for update",
        topic,
        lane,
    )
    if mark is None:
        raise NotFound("no_such_stream", f"No stream {topic}/{lane} was ever read", field="key")
    if sequence <= mark["sequence"]:
        raise Invalid(
            "not_ahead", f"sequence: the mark stands at {mark['sequence']} already", field="sequence"
        )
    await tx.execute(
        """
        update messaging.mark set sequence = $3, generation = greatest(generation, 1)
        where topic = $1 and key = $2
        """,
        topic,
        lane,
        sequence,
    )
    detail = {"from": mark["sequence"], "to": sequence}
    await audit.record(tx, "mark_skipped", f"{topic}/{lane}", reason=reason, detail=detail)


async def _unpark_if_empty(tx: Transaction, topic: str, lane: str | None) -> None:
    await tx.execute(
        """
        update messaging.mark
        set parked = exists (select from messaging.parked where topic = $1 and lane = $2)
        where topic = $1 and key = $2
        """,
        topic,
        lane,
    )
