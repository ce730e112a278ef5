"""Lets go of what has been kept for its time: old event ids, and who read whose personal data.

Marks tell repetitions from news without the ids, which catch what marks do not: a service that was restored
tells again what it told before, under the same ids in a new generation. So they are kept for longer than any
backup that somebody may restore.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import structlog

from chassis import audit
from chassis.heartbeat import beat
from chassis.interruptions import INTERRUPTIONS, pause
from chassis.transaction import Command, Pool, Transaction, begin

log = structlog.get_logger()

EVERY: Final = 3600.0
"""Seconds between sweeps."""
AT_ONCE: Final = 10_000
"""Rows a transaction, so that a sweep holds nothing up."""
SWEEPER: Final = Command(actor="sweep")

Some = Callable[[Transaction, int], Awaitable[int]]
"""Deletes so many old rows at most; answers how many."""


async def sweep(
    pool: Pool,
    what: str,
    some: Some,
    stop: asyncio.Event,
    *,
    every: float = EVERY,
    at_once: int = AT_ONCE,
) -> None:
    """Let go of what is old, now and `every` so many seconds, until `stop`."""
    while not stop.is_set():
        beat()
        try:
            gone = await forget(pool, some, at_once)
        except INTERRUPTIONS as error:
            log.warning("what is old is kept until the next sweep", what=what, error=type(error).__name__)
        else:
            if gone:
                log.info("what is old was let go of", what=what, rows=gone)
        await pause(stop, every)


async def forget(pool: Pool, some: Some, at_once: int = AT_ONCE) -> int:
    """Let go of all that is old, some in each transaction; answers how many rows.

    Raises:
        Unavailable: the database is away; what is gone so far stays so.
    """
    total = 0
    while True:
        beat()
        async with begin(pool, SWEEPER) as tx:
            gone = await some(tx, at_once)
        total += gone
        if gone < at_once:
            return total


def event_ids(kept: timedelta) -> Some:
    """The ids of events that were applied longer ago, by the machine's time."""

    async def some(tx: Transaction, at_most: int) -> int:
        done = await tx.execute(
            """
            delete from messaging.inbox where event = any(array(
              select event from messaging.inbox where at < clock_timestamp() - $1::interval
              limit $2 for update skip locked))
            """,
            kept,
            at_most,
        )
        return int(done.rpartition(" ")[2])

    return some


def accesses(kept: timedelta) -> Some:
    """Rows of the access log that are older, by the machine's time; that they are gone is on record."""

    async def some(tx: Transaction, at_most: int) -> int:
        gone: int = await tx.fetchval("select messaging.forget_accesses($1, $2)", kept, at_most)
        if gone:
            detail = {"rows": gone, "kept_days": kept.days}
            await audit.record(tx, "accesses_forgotten", "messaging.access", detail=detail)
        return gone

    return some
