"""The real parts that rows are measured on: databases and topics, and how they are prepared and checked."""

import asyncio
import dataclasses
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from chassis.migrations import migrate
from contracts.topics import Topic
from embedded import cloning, stack, topics
from embedded.cloning import Server
from embedded.databases import Database

if TYPE_CHECKING:
    Session = asyncpg.Connection[asyncpg.Record]

SERVICE: Final = "applications"
"""Whose migrations and roles the databases have; the chassis's part is the same in each."""
PATIENCE: Final = 300.0
"""Seconds after which what should long have come is given up on."""


@dataclass(frozen=True, slots=True)
class Ground:
    """A database of its own with the chassis's tables. `owner` prepares and checks; it is not measured."""

    database: Database
    owner: "Session"

    async def settled(self) -> None:
        """Write out what preparing has left, so that no checkpoint of ours falls into what is measured."""
        admin = await asyncpg.connect(self.database.admin_url)
        try:
            await admin.execute("checkpoint")
        finally:
            await admin.close()


@dataclass(frozen=True, slots=True)
class Stand:
    """A PostgreSQL server and a Kafka broker."""

    server: Server
    bootstrap: str

    @asynccontextmanager
    async def ground(self, tables: str) -> AsyncIterator[Ground]:
        """A migrated database with `tables` besides, removed at the end."""
        async with cloning.cloned(self.server, SERVICE, migrate) as database:
            owner = await asyncpg.connect(database.owner_url)
            try:
                await owner.execute(tables)
                yield Ground(database, owner)
            finally:
                await owner.close()

    @asynccontextmanager
    async def topic(self, like: Topic) -> AsyncIterator[Topic]:
        """A topic like that one under a name of its own, removed at the end."""
        suffix = f".{secrets.token_hex(6)}"
        names = await topics.create(self.bootstrap, [like], suffix=suffix)
        try:
            yield dataclasses.replace(like, name=names[0])
        finally:
            await topics.delete(self.bootstrap, names)

    async def records(self, topic: Topic) -> list[Any]:
        """All that stands on a topic, as a consumer gets it."""
        async with self._reader() as consumer:
            places = [TopicPartition(topic.name, number) for number in range(topic.partitions)]
            consumer.assign(places)
            total = sum((await consumer.end_offsets(places)).values())
            found: list[Any] = []
            async with asyncio.timeout(PATIENCE):
                while len(found) < total:
                    for records in (await consumer.getmany(timeout_ms=500, max_records=500)).values():
                        found.extend(records)
            return found

    async def count(self, topic: Topic) -> int:
        """How many records stand on a topic."""
        async with self._reader() as consumer:
            places = [TopicPartition(topic.name, number) for number in range(topic.partitions)]
            return sum((await consumer.end_offsets(places)).values())

    @asynccontextmanager
    async def _reader(self) -> AsyncIterator[AIOKafkaConsumer]:
        # A seek to the beginning may lose against aiokafka's own reset, which is to the end unless told so.
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap, enable_auto_commit=False, auto_offset_reset="earliest"
        )
        await consumer.start()
        try:
            yield consumer
        finally:
            await consumer.stop()


@asynccontextmanager
async def started() -> AsyncIterator[Stand]:
    """The embedded PostgreSQL and Kafka in a folder that is gone afterwards."""
    with TemporaryDirectory(prefix="ieum-benchmarks-") as folder:
        async with stack.running(Path(folder)) as running:
            session = f"b{secrets.token_hex(4)}"
            server = Server(running.admin_url, dict(running.memory.passwords), session)
            yield Stand(server, running.bootstrap)
