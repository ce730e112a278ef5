"""What is really there: everything on every topic and in every database, read and never written."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from contracts.envelope import Envelope
from contracts.topics import TOPICS
from demo.ledger import chain
from demo.ledger.chain import Log
from demo.ledger.intents import Entry
from demo.ledger.state import TABLES

Stream = tuple[str, str]
"""A topic's name and a key."""
Place = tuple[str, int]
"""A topic's name and a partition."""


@dataclass(frozen=True, slots=True)
class Told:
    """A record on a topic: where it stands, its envelope and its data."""

    topic: str
    partition: int
    offset: int
    key: str
    envelope: Envelope
    data: Mapping[str, Any]

    @property
    def id(self) -> str:
        return str(self.envelope.id)

    @property
    def name(self) -> str:
        """The last part of its type, for example `application-submitted`."""
        return self.envelope.type.split(".")[2]

    @property
    def stream(self) -> Stream:
        return self.topic, self.key


@dataclass(frozen=True, slots=True)
class Kept:
    """A service's own record of a request it has done; `digest` is the SHA-256 of the answer."""

    actor: str
    operation: str
    key: str
    status: int
    digest: str


@dataclass(frozen=True, slots=True)
class Received:
    """What became of an event in a consumer's inbox."""

    event: str
    topic: str
    type: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Mark:
    generation: int
    sequence: int
    parked: bool


@dataclass(frozen=True, slots=True)
class Database:
    """What one service's database holds.

    `state` has the rows of the domain by the names of `demo.ledger.state`, `guards` the names of the
    constraints, unique indexes and triggers that are in force.
    """

    kept: tuple[Kept, ...] = ()
    inbox: tuple[Received, ...] = ()
    parked: tuple[str, ...] = ()
    waiting: int = 0
    streams: Mapping[Stream, int] = field(default_factory=dict)
    marks: Mapping[Stream, Mark] = field(default_factory=dict)
    positions: Mapping[Place, int] = field(default_factory=dict)
    state: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    guards: frozenset[str] = frozenset()
    audit: Log = field(default_factory=lambda: Log({}, (), frozenset()))


@dataclass(frozen=True, slots=True)
class Evidence:
    """What users were told (`entries`), what stands on the topics, and what the databases hold."""

    entries: tuple[Entry, ...]
    told: tuple[Told, ...]
    ends: Mapping[Place, int]
    databases: Mapping[str, Database]


_KEPT: Final = "select actor, operation, key, status, answer from web.idempotency"
_INBOX: Final = "select event, topic, type, outcome from messaging.inbox"
_GUARDS: Final = """
select conname as name from pg_constraint c join pg_namespace n on n.oid = c.connamespace
where n.nspname = 'public' and c.convalidated
union
select c.relname from pg_index i join pg_class c on c.oid = i.indexrelid
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'public' and i.indisunique and i.indisvalid
union
select tgname from pg_trigger where not tgisinternal and tgenabled = 'O'
"""


async def gather(entries: Iterable[Entry], bootstrap: str, databases: Mapping[str, str]) -> Evidence:
    """Read all of it; `databases` are addresses by service. Nothing may be under way any more."""
    (told, ends), found = await asyncio.gather(
        _topics(bootstrap), asyncio.gather(*(_database(service, url) for service, url in databases.items()))
    )
    return Evidence(tuple(entries), told, ends, dict(zip(databases, found, strict=True)))


async def _topics(bootstrap: str) -> tuple[tuple[Told, ...], dict[Place, int]]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    await consumer.start()
    try:
        places = [TopicPartition(topic.name, n) for topic in TOPICS for n in range(topic.partitions)]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        begins = await consumer.beginning_offsets(places)
        for place, begin in begins.items():
            consumer.seek(place, begin)
        told: list[Told] = []
        while any([await consumer.position(place) < ends[place] for place in places]):
            for place, records in (await consumer.getmany(timeout_ms=1000, max_records=5000)).items():
                told.extend(_told(record) for record in records if record.offset < ends[place])
    finally:
        await consumer.stop()
    if len(told) != sum(ends.values()) - sum(begins.values()):
        raise RuntimeError("The topics could not be read whole")
    told.sort(key=lambda one: (one.topic, one.partition, one.offset))
    return tuple(told), {(place.topic, place.partition): end for place, end in ends.items()}


def _told(record: Any) -> Told:
    return Told(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key.decode(),
        envelope=Envelope.read(record.headers),
        data=json.loads(record.value),
    )


async def _database(service: str, url: str) -> Database:
    connection = await asyncpg.connect(url, server_settings={"default_transaction_read_only": "on"})
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return Database(
                kept=tuple(_kept(row) for row in await connection.fetch(_KEPT)),
                inbox=tuple(
                    Received(str(row["event"]), row["topic"], row["type"], row["outcome"])
                    for row in await connection.fetch(_INBOX)
                ),
                parked=tuple(
                    str(row["event"])
                    for row in await connection.fetch(
                        "select event from messaging.parked where discarded_at is null"
                    )
                ),
                waiting=await connection.fetchval("select count(*) from messaging.outbox"),
                streams={
                    (row["topic"], row["key"]): row["sequence"]
                    for row in await connection.fetch("select * from messaging.stream")
                },
                marks={
                    (row["topic"], row["key"]): Mark(row["generation"], row["sequence"], row["parked"])
                    for row in await connection.fetch("select * from messaging.mark")
                },
                positions={
                    (row["topic"], row["partition"]): row["next_offset"]
                    for row in await connection.fetch("select * from messaging.position")
                },
                state={
                    name: tuple(_plain(row) for row in await connection.fetch(table.query))
                    for name, table in TABLES[service].items()
                },
                guards=frozenset(row["name"] for row in await connection.fetch(_GUARDS)),
                audit=await chain.read(connection),
            )
    finally:
        await connection.close()


def _kept(row: asyncpg.Record) -> Kept:
    return Kept(
        row["actor"], row["operation"], row["key"], row["status"], sha256(row["answer"] or b"").hexdigest()
    )


def _plain(row: asyncpg.Record) -> dict[str, Any]:
    return {name: _text(value) for name, value in row.items()}


def _text(value: Any) -> Any:
    match value:
        case UUID():
            return str(value)
        case datetime():
            return value.isoformat()
        case _:
            return value
