"""What goes away and comes back, and how to wait for it."""

import asyncio
import contextlib
from typing import Final

from aiokafka.errors import KafkaError

from chassis.transaction import DATABASE_TROUBLE

INTERRUPTIONS: Final = (*DATABASE_TROUBLE, KafkaError, TimeoutError)
"""What a broker or database that goes away raises; whoever lives with it starts over."""


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait for `seconds`, or less when `stop` is set."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
