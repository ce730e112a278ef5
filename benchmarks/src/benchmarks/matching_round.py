"""A whole matching round, from the database to stored and explained offers with their events in the outbox.

The other side writes the very rows that the round wrote, by plain INSERT … SELECT from copies of them: what
the storing alone costs.
"""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import asyncpg

from benchmarks import filling
from benchmarks.measure import Comparison, Side, Target
from benchmarks.sizes import Sizes
from benchmarks.stand import Stand
from chassis.migrations import migrate
from chassis.transaction import Command, Pool, begin, open_pool
from embedded import cloning
from placement.domain.vocabulary import RoundId
from placement.handlers.matching import run_matching

if TYPE_CHECKING:
    Session = asyncpg.Connection[asyncpg.Record]

TARGET: Final = Target(seconds=5.0)
"""For 6,000 students and 2,000 openings."""
LOT_SEED: Final = "3,11,15,29,35,44"

_WRITTEN: Final = ("explanation", "offer", "messaging.outbox", "messaging.stream")
_RESET: Final = f"""
truncate {", ".join(_WRITTEN)} cascade;
update opening set held = 0 where held > 0;
update matching_round set state = 'closed', decided_at = null, rule = null, code = null, snapshot = null,
  snapshot_sha256 = null, result = null, result_sha256 = null;
"""
_KEEP: Final = "".join(
    f"create table kept_{table.partition('.')[2] or table} as table {table};" for table in _WRITTEN
)
_WRITE: Final = "".join(
    f"insert into {table} overriding system value table kept_{table.partition('.')[2] or table};"
    for table in _WRITTEN
)


@asynccontextmanager
async def compared(stand: Stand, sizes: Sizes) -> AsyncIterator[Sequence[Comparison]]:
    """The same closed round, decided again in each run."""
    async with cloning.cloned(stand.server, "placement", migrate) as database:
        await filling.fill(database.owner_url, students=sizes.students, openings=sizes.openings)
        owner, pool = await asyncpg.connect(database.owner_url), await open_pool(database.url)
        try:
            bench = _Bench(pool, owner, sizes.students)
            await bench.decided()
            await owner.execute(_KEEP)
            yield [
                Comparison(
                    row="round",
                    what=f"{sizes.students:,} students and {sizes.openings:,} openings in the database to"
                    " offers, explanations and events in it, one transaction",
                    unit="students",
                    ours=Side("the round", sizes.students, bench.decided),
                    other=Side("the same rows by INSERT … SELECT", sizes.students, bench.written),
                    sense="times_as_long",
                    target=TARGET,
                )
            ]
        finally:
            await pool.close()
            await owner.close()


@dataclass(frozen=True, slots=True)
class _Bench:
    pool: Pool
    owner: "Session"
    students: int

    async def decided(self) -> float:
        """From the first lock to the commit."""
        await self.owner.execute(_RESET)
        begun = time.perf_counter()
        async with begin(self.pool, Command(actor="officer-1")) as tx:
            run = await run_matching(tx, RoundId(filling.ROUND), LOT_SEED)
        taken = time.perf_counter() - begun
        told = await self.owner.fetchval("select count(*) from messaging.outbox")
        if run.offers + run.unmatched != self.students or told != self.students or not run.offers:
            raise AssertionError("somebody was told nothing, or nobody was offered anything")
        return taken

    async def written(self) -> float:
        """Locks, reads and decides nothing."""
        await self.owner.execute(_RESET)
        begun = time.perf_counter()
        await self.owner.execute(_WRITE)
        return time.perf_counter() - begun
