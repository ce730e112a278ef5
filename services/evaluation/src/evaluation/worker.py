"""What runs beside requests and events: offers whose time is up are let go, by the database's clock."""

from contextlib import suppress

from chassis.interruptions import pause
from chassis.service import Runtime
from chassis.transaction import Command, Unavailable, begin, repeated
from evaluation.handlers import places


async def expire_offers(runtime: Runtime) -> None:
    """Let offers expire until the service stops, those first whose time passed while it was down."""

    async def due() -> int:
        async with begin(runtime.pool, Command(actor="evaluation")) as tx:
            return await places.expire_offers(tx)

    while not runtime.stopping.is_set():
        with suppress(Unavailable):
            await repeated(due)
        await pause(runtime.stopping, runtime.settings.offer_sweep_seconds)
