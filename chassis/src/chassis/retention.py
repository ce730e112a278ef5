"""Forgets old event ids: marks tell repetitions from news without them.

The ids catch what marks do not: a service that was restored tells again what it told before, under
the same ids in a new generation. So they are kept for longer than any backup that somebody may restore.
"""

import asyncio
from datetime import timedelta
from typing import Final

import structlog

from chassis.heartbeat import beat
from chassis.interruptions import INTERRUPTIONS, pause
from chassis.settling import NOBODY
from chassis.transaction import Pool, begin

log = structlog.get_logger()

EVERY: Final = 3600.0
"""Seconds between sweeps."""
AT_ONCE: Final = 10_000
"""Rows a transaction, so that a sweep holds nothing up."""


async def sweep(pool: Pool, keep: timedelta, stop: asyncio.Event) -> None:
    """Forget what is older than `keep`, now and every hour, until `stop`."""
    while not stop.is_set():
        beat()
        try:
            forgotten = await forget(pool, keep)
        except INTERRUPTIONS as error:
            log.warning("old event ids not forgotten", error=type(error).__name__)
        else:
            if forgotten:
                log.info("old event ids forgotten", events=forgotten)
        await pause(stop, EVERY)


async def forget(pool: Pool, keep: timedelta, at_once: int = AT_ONCE) -> int:
    """Delete event ids older than `keep` by the machine's time; answers how many.

    Raises:
        Unavailable: the database is away; what is forgotten so far stays so.
    """
    total = 0
    while True:
        beat()
        async with begin(pool, NOBODY) as tx:
            done = await tx.execute(
                """
                delete from messaging.inbox where event = any(array(
                  select event from messaging.inbox where at < clock_timestamp() - $1::interval
                  limit $2 for update skip locked))
                """,
                keep,
                at_once,
            )
        count = int(done.rpartition(" ")[2])
        total += count
        if count < at_once:
            return total
