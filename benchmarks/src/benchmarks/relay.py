"""The relay's drain against the plain way: send one row, wait for Kafka, delete it, the next."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import asyncpg

from benchmarks import things
from benchmarks.measure import Comparison, Side, Target
from benchmarks.sizes import Sizes
from benchmarks.stand import PATIENCE, Ground, Stand
from benchmarks.things import TABLES, TOPIC, Kinds
from chassis import producer
from chassis.relay import Relay
from chassis.transaction import open_pool
from contracts.topics import Topic

TARGET: Final = Target(times_faster=10)
KEYS: Final = 2_000

_KEEP: Final = """
insert into kept overriding system value select * from messaging.outbox;
create index on kept (seq);
truncate messaging.outbox;
"""
_PUT_BACK: Final = """
insert into messaging.outbox (bucket, topic, key, event, headers, value)
select bucket, topic, key, event, headers, value from kept order by seq limit $1
"""


@asynccontextmanager
async def compared(stand: Stand, sizes: Sizes) -> AsyncIterator[Sequence[Comparison]]:
    """Rows as `outbox.add` writes them, put back before each run; same table, same producer on both sides."""
    async with stand.ground(TABLES) as ground, stand.topic(TOPIC) as topic:
        pool = await open_pool(ground.database.url)
        await things.tell(pool, Kinds.on(topic), sizes.relay_rows, KEYS)
        await pool.close()
        await ground.owner.execute(_KEEP)
        bench = _Bench(stand, ground, topic)
        yield [
            Comparison(
                row="relay",
                what="outbox rows to Kafka and deleted, acks=all, idempotent, 8 partitions",
                unit="rows",
                ours=Side("the relay", sizes.relay_rows, lambda: bench.drained(sizes.relay_rows)),
                other=Side(
                    "row by row: send_and_wait, delete",
                    sizes.relay_peer_rows,
                    lambda: bench.row_by_row(sizes.relay_peer_rows),
                ),
                sense="times_faster",
                target=TARGET,
            )
        ]


async def drain(relay: Relay, rows: int) -> float:
    """Run a relay from its first connection until it has deleted so many rows; answers the seconds."""
    stop = asyncio.Event()
    begun = time.perf_counter()
    running = asyncio.create_task(relay.run(stop))
    async with asyncio.timeout(PATIENCE):
        while relay.progress.published < rows:  # noqa: ASYNC110 - it counts, it does not ring
            await asyncio.sleep(0.001)
    taken = time.perf_counter() - begun
    stop.set()
    await running
    return taken


@dataclass(frozen=True, slots=True)
class _Bench:
    stand: Stand
    ground: Ground
    topic: Topic

    async def drained(self, rows: int) -> float:
        """From the relay's start, with its connections, until it has deleted the last row."""
        before = await self._put_back(rows)
        relay = Relay(self.ground.database.url, self.stand.bootstrap, topics=[self.topic])
        taken = await drain(relay, rows)
        await self._check(before + rows)
        return taken

    async def row_by_row(self, rows: int) -> float:
        """With connections made beforehand, and deletes that wait for no disk, as the relay's."""
        before = await self._put_back(rows)
        session = await asyncpg.connect(
            self.ground.database.url, server_settings={"synchronous_commit": "off"}
        )
        kafka = await producer.start(self.stand.bootstrap)
        begun = time.perf_counter()
        while waiting := await session.fetch("select * from messaging.outbox order by bucket, seq limit 500"):
            for row in waiting:
                await kafka.send_and_wait(
                    row["topic"],
                    row["value"],
                    key=row["key"].encode(),
                    headers=[(name, text.encode()) for name, text in json.loads(row["headers"]).items()],
                )
                await session.execute(
                    "delete from messaging.outbox where bucket = $1 and seq = $2", row["bucket"], row["seq"]
                )
        taken = time.perf_counter() - begun
        await kafka.stop()
        await session.close()
        await self._check(before + rows)
        return taken

    async def _put_back(self, rows: int) -> int:
        await self.ground.owner.execute("truncate messaging.outbox")
        await self.ground.owner.execute(_PUT_BACK, rows)
        await self.ground.settled()
        return await self.stand.count(self.topic)

    async def _check(self, expected: int) -> None:
        left = await self.ground.owner.fetchval("select count(*) from messaging.outbox")
        stored = await self.stand.count(self.topic)
        if left or stored != expected:
            raise AssertionError(f"{left} rows left, {stored} records on the topic, not {expected}")
