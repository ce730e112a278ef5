"""Named points at which a crash test lets a process die.

A process told `crash_at="relay.published:3"` sends itself SIGKILL when it comes to that point for the
third time: no handler runs, no buffer is flushed, as when the machine loses power under it. In any other
process a point costs one comparison.
"""

import os
import signal
from typing import Final, Literal, get_args

Point = Literal[
    "command.before_commit",
    "command.after_commit",
    "inbox.before_commit",
    "inbox.after_commit",
    "inbox.after_offsets",
    "relay.before_publish",
    "relay.published",
    "relay.deleted",
]
POINTS: Final[tuple[Point, ...]] = get_args(Point)


class _Plan:
    point: str | None = None
    left: int = 0


def arm(crash_at: str | None) -> None:
    """Plan the death of this process: `point` or `point:n`, the n-th time it comes there.

    Raises:
        ValueError: if there is no such point.
    """
    point, _, count = (crash_at or "").partition(":")
    if point and point not in POINTS:
        message = f"crash_at names no point: {point}; there are {', '.join(POINTS)}"
        raise ValueError(message)
    _Plan.point, _Plan.left = point or None, int(count or 1)


def reach(point: Point) -> None:
    """Die here if the plan says so."""
    if _Plan.point != point:
        return
    _Plan.left -= 1
    if _Plan.left <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
