"""A database with a tally, topics of its own, and the tally service as processes that can be killed."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from signal import Signals
from tempfile import TemporaryDirectory
from typing import Any, Final

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from tests.chassis.tally import COUNTS, TABLE, THINGS, Tally
from tests.patience import PATIENCE

from chassis import outbox
from chassis.transaction import Command, Pool, begin, read
from contracts.event import Event
from contracts.topics import Topic
from embedded import ports
from embedded.databases import Database

PROGRAM: Final = Path(__file__).with_name("tally.py")


@dataclass(slots=True)
class Bench:
    """One tally: its database, its topics, and whatever processes serve it."""

    database: Database
    pool: Pool
    bootstrap: str
    things: Topic
    counts: Topic
    tally: Tally
    log: Path
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    async def tell(self, *events: Event, actor: str = "tester") -> None:
        async with begin(self.pool, Command(actor=actor)) as tx:
            for event in events:
                outbox.add(tx, event)

    async def tell_many(self, things: int, each: int) -> None:
        for _ in range(each):
            await self.tell(*(self.tally.happened(thing=f"thing-{n:04}") for n in range(things)))

    async def value(self, query: str, *args: Any) -> Any:
        async with read(self.pool) as view:
            return await view.fetchval(query, *args)

    async def rows(self, query: str, *args: Any) -> list[asyncpg.Record]:
        async with read(self.pool) as view:
            return await view.fetch(query, *args)

    async def counted(self) -> int:
        total: int = await self.value("select coalesce(sum(events), 0) from tally")
        return total

    async def until(self, condition: Callable[[], Awaitable[bool]], seconds: float = PATIENCE) -> None:
        async with asyncio.timeout(seconds):
            while not await condition():
                await asyncio.sleep(0.05)

    async def drained(self, events: int) -> None:
        """Wait until that many events are counted and all that they led to is told."""

        async def done() -> bool:
            return await self.counted() >= events and not await self.value(
                "select count(*) from messaging.outbox"
            )

        await self.until(done)

    def start(self, role: str = "all", **settings: str) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, str(PROGRAM), "serve", "--role", role],
                env=self.environment | settings,
                stdout=log,
                stderr=log,
            )
        self.processes.append(process)
        return process

    def command(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, str(PROGRAM), *words],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PYTHONPATH": str(PROGRAM.parents[2]),
            "DATABASE_URL": self.database.url,
            "KAFKA_BOOTSTRAP": self.bootstrap,
            "HTTP_PORT": str(ports.choose("a tally")),
            "THINGS": self.things.name,
            "COUNTS": self.counts.name,
        }

    async def ended(self, process: "subprocess.Popen[bytes]") -> int:
        return await asyncio.to_thread(process.wait, PATIENCE)

    def end(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(Signals.SIGKILL)
            process.wait()
        if self.log.exists():
            print(self.log.read_text())  # noqa: T201 - pytest shows it beside a failure

    async def records(self, topic: Topic) -> list[Any]:
        """Everything on a topic, by partition and offset."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap,
            enable_auto_commit=False,
            isolation_level="read_committed",
            # Not by seek_to_beginning: its answer can be overtaken by that of the default, the end.
            auto_offset_reset="earliest",
        )
        await consumer.start()
        try:
            places = [TopicPartition(topic.name, n) for n in range(topic.partitions)]
            consumer.assign(places)
            ends = await consumer.end_offsets(places)
            found: list[Any] = []
            while len(found) < sum(ends.values()):
                for records in (await consumer.getmany(timeout_ms=500)).values():
                    found.extend(records)
            return sorted(found, key=lambda r: (r.partition, r.offset))
        finally:
            await consumer.stop()


Make = Callable[..., Awaitable[Bench]]


@pytest.fixture
async def make_bench(
    database: Callable[[str], Awaitable[Database]],
    pool: Callable[[Database], Awaitable[Pool]],
    tmp_path: Path,
) -> AsyncIterator[Make]:
    """`await make_bench(bootstrap, things, counts)`: a tally on topics that are there."""
    async with AsyncExitStack() as opened:

        async def make(bootstrap: str, things: Topic, counts: Topic, *, in_sets: bool = False) -> Bench:
            own = await database("applications")
            owner = await asyncpg.connect(own.owner_url)
            await owner.execute(TABLE)
            await owner.close()
            tally = Tally.on(things, counts, in_sets=in_sets)
            bench = Bench(own, await pool(own), bootstrap, things, counts, tally, tmp_path / "tally.log")
            opened.callback(bench.end)
            return bench

        yield make


@pytest.fixture
def folder() -> Iterator[Path]:
    """A working folder for a stack of the test's own, where PostgreSQL's user may go, unlike pytest's own."""
    with TemporaryDirectory(prefix="ieum-tests-") as made:
        yield Path(made)


@pytest.fixture
async def bench(make_bench: Make, kafka: str, own_topics: Callable[..., Awaitable[Sequence[Topic]]]) -> Bench:
    """A tally with topics of its own on the session's Kafka."""
    things, counts = await own_topics(THINGS, COUNTS)
    return await make_bench(kafka, things, counts)
