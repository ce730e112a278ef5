"""What runs beside requests and events: offers whose time is up are let go, by the database's clock."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Final

import structlog

from chassis.heartbeat import beat
from chassis.interruptions import pause
from chassis.refusals import rule_of
from chassis.runtime import Runtime
from chassis.signing import SigningKey
from chassis.transaction import Command, Pool, Transaction, Unavailable, begin, repeated
from evaluation.domain.vocabulary import OfferId, Year
from evaluation.handlers import keys, places

log = structlog.get_logger()

_ACTOR: Final = "evaluation"


async def expire_offers(runtime: Runtime) -> None:
    """Let offers expire until the service stops, those first whose time passed while it was down."""
    while not runtime.stopping.is_set():
        beat()
        with suppress(Unavailable):
            await expire_due(runtime.pool)
        await pause(runtime.stopping, runtime.settings.offer_sweep_seconds)


async def expire_due(pool: Pool) -> None:
    """Let go what is due, a year in a transaction; where that fails, each of its offers in its own.

    What fails stays pending, and is tried again in the next round.

    Raises:
        Unavailable: what is due could not be read.
    """

    async def due() -> dict[Year, list[OfferId]]:
        async with begin(pool, Command(actor=_ACTOR)) as tx:
            return await places.due(tx)

    for year, offers in (await repeated(due)).items():
        if await _expired(pool, year, offers) or len(offers) == 1:
            continue
        for offer in offers:
            await _expired(pool, year, [offer])


async def _expired(pool: Pool, year: Year, offers: list[OfferId]) -> bool:
    """Whether these expired, and what they held was offered on."""
    beat()
    try:
        await repeated(partial(_committed, pool, partial(places.expire_offers, year=year, offers=offers)))
    except Exception as error:  # noqa: BLE001 - whatever one promotion raises, other offers expire
        log.error("offers not let go", year=year, offers=offers, error=rule_of(error))  # noqa: TRY400 - its words may hold what stands in a row
        return False
    return True


async def _committed(pool: Pool, work: Callable[[Transaction], Awaitable[int]]) -> int:
    async with begin(pool, Command(actor=_ACTOR)) as tx:
        return await work(tx)


async def publish_key(runtime: Runtime) -> None:
    """Put the public half of the signing key on record, once for each key: the chain vouches for it."""
    public = SigningKey.open(runtime.settings.signing_key).public
    while not runtime.stopping.is_set():
        beat()
        with suppress(Unavailable):
            async with begin(runtime.pool, Command(actor=_ACTOR)) as tx:
                await keys.publish(tx, public)
            return
        await pause(runtime.stopping, runtime.settings.offer_sweep_seconds)
