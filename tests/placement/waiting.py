"""How tests wait for what runs beside them: never for a time, always for what has to come."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Literal

from tests.killing import until
from tests.placement.world import World

from chassis.transaction import Pool


class _WhenItWaits(asyncio.Event):
    """Stops a worker that would wait for something to do."""

    async def wait(self) -> Literal[True]:
        self.set()
        return True


async def looked(worker: Callable[[Pool, asyncio.Event, float], Awaitable[None]], world: World) -> None:
    """A worker has done all that there was to do."""
    await worker(world.pool, _WhenItWaits(), 0.05)


async def behind_locks(world: World) -> int:
    """How many of the database's sessions wait for what another has locked."""
    rows = await world.rows(
        "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    )
    return len(rows)


async def until_behind_a_lock(world: World, asking: asyncio.Task[Any]) -> None:
    """Somebody's request has come to what this test has locked; or is through, which the test will see."""

    async def come() -> bool:
        return asking.done() or await behind_locks(world) > 0

    await until(come)
