"""What runs beside requests and events: offers whose time is up are let go, by the database's clock."""

from typing import Final

from chassis.relay import pause
from chassis.service import Runtime
from chassis.transaction import Command, Unavailable, begin, repeated
from placement.handlers import offers
from placement.settings import Settings

AT_ONCE: Final = 500
"""Offers let go in one transaction."""


async def expire_offers(runtime: Runtime) -> None:
    """Let offers expire until the service stops; several of these leave alone what another has in hand."""
    settings: Settings = runtime.settings

    async def some() -> int:
        async with begin(runtime.pool, Command(actor="placement")) as tx:
            return await offers.expire_offers(tx, AT_ONCE)

    while not runtime.stopping.is_set():
        try:
            more = await repeated(some) == AT_ONCE
        except Unavailable:
            more = False
        if not more:
            await pause(runtime.stopping, settings.offer_sweep_seconds)
