"""What the worker looks for again and again goes on, also after something could not be done."""

import asyncio
import itertools

import pytest
from tests.asking import done
from tests.placement.test_agreements import SIGNED_UNTIL, drafted
from tests.placement.world import World

from chassis.refusals import Conflict
from chassis.transaction import Transaction
from placement.worker import end_agreements, keep_doing


async def test_the_worker_lets_go_of_what_was_not_signed_in_time(world: World) -> None:
    await world.year_opens()
    settled, agreement = await drafted(world)
    stopping = asyncio.Event()
    working = asyncio.create_task(end_agreements(world.pool, stopping, 0.05))
    await world.at(SIGNED_UNTIL)

    async def lapsed() -> bool:
        shown = done(await settled.school.get(f"/tripartite-agreements/{agreement}"))
        return bool(shown["state"] == "lapsed")

    async with asyncio.timeout(60):
        while not await lapsed():
            await asyncio.sleep(0.05)
    stopping.set()
    await working
    [row] = await world.rows("select held from opening")
    assert row["held"] == 0


@pytest.mark.parametrize("error", [Conflict("nothing_held", "No such place"), RuntimeError("a fault")])
async def test_what_fails_is_tried_again_and_ends_nothing(world: World, error: Exception) -> None:
    stopping, tries = asyncio.Event(), itertools.count(1)

    async def some(_: Transaction) -> int:
        if next(tries) < 3:
            raise error
        stopping.set()
        return 0

    async with asyncio.timeout(30):
        await keep_doing(world.pool, stopping, some, 0.01)
    assert next(tries) == 4
