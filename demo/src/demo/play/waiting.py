"""What the play waits for where a service lets time pass by itself."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from demo.people import DemoFailed

PATIENCE: Final = 30.0
"""Seconds within which it must have happened."""


async def until(happened: Callable[[], Awaitable[bool]], what: str) -> None:
    """Look again and again.

    Raises:
        DemoFailed: it has not happened within `PATIENCE`; `what` says what.
    """
    started = time.monotonic()
    while not await happened():
        if time.monotonic() - started > PATIENCE:
            raise DemoFailed(f"Not within {PATIENCE:.0f} s: {what}")
        await asyncio.sleep(0.2)
