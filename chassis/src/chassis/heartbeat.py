"""Heartbeats: whether the loops that run beside requests and events come round.

A loop calls `beat` as the first thing of each turn, and again wherever long work gets on. What it spends in
`pause` or `first` does not count (see `interruptions`). One that works on without another beat hangs.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

WITHIN: Final = 600.0
"""Seconds from one beat to the next, unless a loop says otherwise.

A turn, or what of it lies between two beats, is a transaction or a few of at most some hundred rows each, or
the reading of one file: seconds, on a bad day a minute. A worker that is found late makes others wait, one
that is stopped in the middle of honest work begins it anew for ever.
"""


class Loops:
    """The loops of one part of a service."""

    def __init__(self) -> None:
        self._working: dict[asyncio.Task[Any], tuple[float, float]] = {}

    def heard(self) -> None:
        """Let the present task, and those that it creates, beat here."""
        _LOOPS.set(self)

    def late(self) -> str | None:
        """What is wrong when a loop has worked for longer than it said since its last beat."""
        now = time.monotonic()
        self._working = {task: beat for task, beat in self._working.items() if not task.done()}
        for task, (at, within) in self._working.items():
            if now - at > within:
                return f"{task.get_name()} has not come round for {now - at:.0f} s"
        return None

    def beats(self, task: asyncio.Task[Any], within: float) -> None:
        self._working[task] = time.monotonic(), within

    def rests(self, task: asyncio.Task[Any]) -> float | None:
        """Within how much time its next beat was to come, where the task has a loop."""
        beat = self._working.pop(task, None)
        return None if beat is None else beat[1]


_LOOPS: Final[ContextVar[Loops | None]] = ContextVar("loops", default=None)


def beat(within: float | None = None) -> None:
    """The loop of the present task comes round, or gets on; the next beat is due in so many seconds.

    `WITHIN` is what is meant where nothing is said. In a loop that no service runs nobody listens.
    """
    loops, task = _LOOPS.get(), asyncio.current_task()
    if loops is not None and task is not None:
        loops.beats(task, WITHIN if within is None else within)


@contextmanager
def resting() -> Iterator[None]:
    """The present task's loop has nothing to do meanwhile."""
    loops, task = _LOOPS.get(), asyncio.current_task()
    within = None if loops is None or task is None else loops.rests(task)
    try:
        yield
    finally:
        if within is not None:
            beat(within)
