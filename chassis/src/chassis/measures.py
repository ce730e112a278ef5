"""What the metrics know that no event of the program tells: depth and age of the outbox, lag of the inbox."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from chassis import telemetry
from chassis.consumer import Consumer
from chassis.heartbeat import beat
from chassis.interruptions import INTERRUPTIONS, pause
from chassis.transaction import Pool, ReadTransaction, read

EVERY: Final = 5.0
"""Seconds between measurements."""


async def outbox(pool: Pool, stop: asyncio.Event) -> None:
    """Measure what waits for the relay, until `stop`."""

    async def look(view: ReadTransaction) -> None:
        row = await view.fetchrow(
            """
            select count(*) as depth,
              coalesce(extract(epoch from clock_timestamp() - min(written_at)), 0)::float8 as age
            from messaging.outbox
            """
        )
        if row is not None:
            telemetry.outbox_depth.set(row["depth"])
            telemetry.outbox_age.set(row["age"])

    await _measure(pool, stop, look)


async def inbox(pool: Pool, consumer: Consumer, stop: asyncio.Event) -> None:
    """Measure what is parked, and how far this consumer is behind on each of its partitions, until `stop`."""

    async def look(view: ReadTransaction) -> None:
        parked = await view.fetchval("select count(*) from messaging.parked where discarded_at is null")
        telemetry.events_parked.set(parked)
        for (topic, partition), behind in consumer.lag().items():
            place: dict[str, str | int] = {
                "messaging.destination.name": topic,
                "messaging.destination.partition.id": partition,
            }
            telemetry.inbox_lag.set(behind, place)

    await _measure(pool, stop, look)


async def _measure(
    pool: Pool, stop: asyncio.Event, look: Callable[[ReadTransaction], Awaitable[None]]
) -> None:
    while not stop.is_set():
        beat()
        try:
            async with read(pool) as view:
                await look(view)
        except INTERRUPTIONS:
            pass
        await pause(stop, EVERY)
