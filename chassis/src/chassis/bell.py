"""The bell that wakes relays after a commit: an event in this process, a NOTIFY for all others."""

import asyncio
import contextlib
from typing import Final

from chassis.heartbeat import beat
from chassis.interruptions import INTERRUPTIONS, first, pause
from chassis.transaction import Pool

CHANNEL: Final = "ieum_outbox"
QUIET: Final = 0.002
"""Seconds between two rings."""


async def notify(pool: Pool, stop: asyncio.Event) -> None:
    """Ring the relays of this database, wherever they run, once for all that was committed meanwhile.

    A NOTIFY inside each transaction would take a lock that all commits share.
    """
    while not stop.is_set():
        beat()
        await first(pool.told, stop)
        pool.told.clear()
        with contextlib.suppress(*INTERRUPTIONS):
            async with pool.acquire() as connection:
                await connection.execute(f"notify {CHANNEL}")
        await pause(stop, QUIET)
