"""Health: is it started, can it take work, and does it get on with it."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

STALLED_AFTER: Final = 60.0
"""Seconds without progress, with work waiting, after which a process should be started anew."""

Check = Callable[[], Awaitable[str | None]]
"""Answers what is wrong, or None."""


@dataclass(slots=True)
class Health:
    """What is looked at for each of the three questions."""

    started: bool = False
    alive: list[Check] = field(default_factory=list)
    ready: list[Check] = field(default_factory=list)

    def routes(self) -> list[Route]:
        """`/livez`, `/readyz` and `/startupz`: 200 or 503, with what is wrong."""

        async def startupz(_: Request) -> JSONResponse:
            return _answer([] if self.started else ["not started yet"])

        async def livez(_: Request) -> JSONResponse:
            return _answer(await _findings(self.alive))

        async def readyz(_: Request) -> JSONResponse:
            return _answer(await _findings(self.ready) if self.started else ["not started yet"])

        return [Route("/startupz", startupz), Route("/livez", livez), Route("/readyz", readyz)]


async def _findings(checks: list[Check]) -> list[str]:
    return [finding for check in checks if (finding := await check())]


def _answer(findings: list[str]) -> JSONResponse:
    return JSONResponse({"ok": not findings, "findings": findings}, 503 if findings else 200)


@dataclass(slots=True)
class Watch:
    """Something that must move while work is waiting."""

    what: str
    moved_at: float = field(default_factory=time.monotonic)
    seen: object = None

    def finding(self, waiting: object) -> str | None:
        """What is wrong when the same work (not empty) is still `waiting` after `STALLED_AFTER`."""
        if not waiting or waiting != self.seen:
            self.seen, self.moved_at = waiting, time.monotonic()
        stood = time.monotonic() - self.moved_at
        return f"{self.what} stands still since {stood:.0f} s" if stood > STALLED_AFTER else None
