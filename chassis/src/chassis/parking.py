"""Parked records: what could not be applied and what came after it in its stream, until a person decides.

Every decision needs a reason and leaves an audit row.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg

from chassis import audit
from chassis.incoming import Incoming, Place
from chassis.marks import Mark, Marks, Verdict
from chassis.refusals import Conflict, Invalid, NotFound, rule_of
from chassis.transaction import ReadTransaction, Transaction, Unavailable

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
    generation: int | None
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


async def given_up(tx: Transaction, batch: Sequence[Incoming]) -> set[Place]:
    """Which records of a batch, among those that no mark knows, were discarded before."""
    places = [incoming.place for incoming in batch if incoming.has_no_mark]
    if not places:
        return set()
    rows = await tx.fetch(
        """
        select topic, partition, "offset" from messaging.parked
        join unnest($1::text[], $2::integer[], $3::bigint[]) as p (topic, partition, "offset")
          using (topic, partition, "offset")
        where discarded_at is not null
        """,
        *(list(column) for column in zip(*places, strict=True)),
    )
    return {(row["topic"], row["partition"], row["offset"]) for row in rows}


async def everything(
    read: ReadTransaction, topic: str | None = None, lane: str | None = None
) -> list[Parked]:
    """What is parked, in the order of each stream."""
    rows = await read.fetch(
        """
        select * from messaging.parked
        where discarded_at is null and ($1::text is null or topic = $1) and ($2::text is null or lane = $2)
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
    row = await read.fetchrow("select * from messaging.parked where id = $1 and discarded_at is null", record)
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
        NotFound: nothing of that stream is parked.
        Conflict: the first parked record does not fit yet, or a handler still fails; nothing changed.
    """
    marks = tx.belonging(Marks)
    # First the lock: a worker may be parking more of this stream just now.
    await marks.lock_streams(tx, {(topic, lane)})
    records = await everything(tx, topic, lane)
    if not records:
        raise NotFound("not_parked", f"Nothing of {topic}/{lane} is parked", field="key")
    marks[topic, lane].parked = False
    done = 0
    again = inbox.understand(records)
    await marks.look_for_holes(tx, again)
    for record, incoming in zip(records, again, strict=True):
        verdict, why = marks.judge(incoming)
        if verdict is Verdict.PARK:
            if done == 0:
                raise Conflict(
                    "still_not_applicable", f"Record {record.id} cannot be applied: {why}", field="id"
                )
            break
        if verdict is Verdict.NEXT:
            await _applied(tx, inbox, record, incoming)
        await tx.execute("delete from messaging.parked where id = $1", record.id)
        done += 1
    await marks.save(tx)
    await audit.record(tx, "parked_replayed", f"{topic}/{lane}", reason=reason, detail={"records": done})
    return done


async def _applied(tx: Transaction, inbox: "Inbox", record: Parked, incoming: Incoming) -> None:
    try:
        await inbox.handle(tx, [incoming])
    except (Unavailable, asyncpg.TransactionRollbackError):
        raise
    except Exception as error:
        raise Conflict(
            "still_failing", f"Record {record.id} still fails: {rule_of(error)}", field="id"
        ) from error


async def discard(tx: Transaction, record: int, reason: str) -> None:
    """Give a parked record up: its mark moves past it, as if it had been applied.

    Raises:
        NotFound: nothing is parked under that number.
        Conflict: earlier records of the same stream are parked.
    """
    parked = await one(tx, record)
    detail: dict[str, Any] = {
        "event": str(parked.event) if parked.event else None,
        "parked_because": parked.reason,
    }
    if parked.lane is not None:
        detail |= await _pass(tx, parked, parked.lane)
    await tx.execute(
        """
        insert into messaging.inbox (event, topic, type, outcome)
        select event, topic, type, 'discarded' from messaging.parked where id = $1 and event is not null
        on conflict do nothing
        """,
        record,
    )
    # What no mark knows is remembered by its place: its topic may be read anew.
    await tx.execute("update messaging.parked set discarded_at = clock_timestamp() where id = $1", record)
    await tx.execute(
        "delete from messaging.parked where id = $1 and lane is not null and sequence is not null", record
    )
    await audit.record(tx, "parked_discarded", f"{parked.topic}/{parked.lane}", reason=reason, detail=detail)


async def _pass(tx: Transaction, parked: Parked, lane: str) -> dict[str, list[int]]:
    """Move the mark past a record; answers from where to where, each as generation and sequence."""
    marks = tx.belonging(Marks)
    await marks.lock_streams(tx, {(parked.topic, lane)})
    mark, waiting = marks[parked.topic, lane], await everything(tx, parked.topic, lane)
    if parked.id not in {each.id for each in waiting}:
        raise NotFound("not_parked", f"Nothing is parked under the number {parked.id}", field="id")
    if waiting[0].id != parked.id:
        raise Conflict("not_the_first", f"Record {waiting[0].id} of the same stream comes first", field="id")
    generation, sequence = parked.generation, parked.sequence
    before = [mark.generation, mark.sequence]
    if generation is not None and sequence is not None and not mark.passed(generation, sequence):
        mark.move(generation, sequence)
    mark.parked = len(waiting) > 1
    await marks.save(tx)
    return {"from": before, "to": [mark.generation, mark.sequence]}


async def skip_to(tx: Transaction, topic: str, lane: str, sequence: int, reason: str) -> None:
    """Move a mark to `sequence`, past what can never come; what is parked behind can then be replayed.

    Raises:
        NotFound: that stream was never read.
        Invalid: the mark stands there or further already, or an event up to there is parked.
    """
    marks = tx.belonging(Marks)
    await marks.lock_streams(tx, {(topic, lane)})
    mark, waiting = marks[topic, lane], await everything(tx, topic, lane)
    if mark == Mark() and not waiting:
        raise NotFound("no_such_stream", f"No stream {topic}/{lane} was ever read", field="key")
    if sequence <= mark.sequence:
        raise Invalid("not_ahead", f"sequence: the mark stands at {mark.sequence} already", field="sequence")
    first = min((each.sequence for each in waiting if each.sequence is not None), default=None)
    if first is not None and sequence >= first:
        raise Invalid(
            "already_parked",
            f"sequence: what is parked from {first} on is to be replayed or discarded",
            field="sequence",
        )
    detail = {"from": mark.sequence, "to": sequence}
    mark.move(max(mark.generation, 1), sequence)
    await marks.save(tx)
    await audit.record(tx, "mark_skipped", f"{topic}/{lane}", reason=reason, detail=detail)
