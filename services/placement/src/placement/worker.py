"""What runs beside requests and events: offers whose time is up are let go, by the database's clock."""

import asyncio
from typing import Final

from chassis.interruptions import pause
from chassis.transaction import Command, Pool, Unavailable, begin, repeated
from placement.handlers import offers

AT_ONCE: Final = 500
"""Offers let go in one transaction."""


async def expire_offers(pool: Pool, stopping: asyncio.Event, every: float) -> None:
    """Look for such offers, `every` so many seconds, until told to stop.

    Several of these, in several processes, leave alone what another has in hand.
    """

    async def some() -> int:
        async with begin(pool, Command(actor="placement")) as tx:
            return await offers.expire_offers(tx, AT_ONCE)

    while not stopping.is_set():
        try:
            more = await repeated(some) == AT_ONCE
        except Unavailable:
            more = False
        if not more:
            await pause(stopping, every)
