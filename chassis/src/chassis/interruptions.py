"""What goes away and comes back, and how to wait for it."""

import asyncio
import contextlib
from typing import Final

from aiokafka.errors import KafkaError

from chassis.heartbeat import resting
from chassis.transaction import DATABASE_TROUBLE

INTERRUPTIONS: Final = (*DATABASE_TROUBLE, KafkaError, TimeoutError)
"""What a broker or database that goes away raises; whoever lives with it starts over."""


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait for `seconds`, or less when `stop` is set."""
    with resting(), contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


async def first(*events: asyncio.Event, within: float | None = None) -> None:
    """Wait until one of `events` is set, or for so many seconds."""
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        with resting():
            await asyncio.wait(waits, timeout=within, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
