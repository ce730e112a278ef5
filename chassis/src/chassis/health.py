"""Health: is it started, can it take work, and does it get on with it."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from aiokafka.errors import KafkaError
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from chassis import cluster
from chassis.heartbeat import Loops

if TYPE_CHECKING:
    from chassis.consumer import Consumer
    from chassis.relay import Relay

STALLED_AFTER: Final = 90.0
"""Seconds without a sign of life after which a process should be started anew.

Longer than Kafka is given to acknowledge a batch.
"""
JOINING_WITHIN: Final = 180.0
"""Seconds for each step of a consumer on its way to its partitions.

The longest is a rebalance: 25 s for the batch in hand, 60 s for members that do not come back, and as many
again where one dies before all have their partitions, for then it begins anew without another word to us.
"""

Check = Callable[[], Awaitable[str | None]]
"""Answers what is wrong, or None."""


@dataclass(slots=True)
class Health:
    """What is looked at for each of the three questions, and which parts have failed."""

    started: bool = False
    failed: list[str] = field(default_factory=list)
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


class Watch:
    """Things that must not stay as they are for long: `within` so many seconds, or `STALLED_AFTER`."""

    def __init__(self, what: str, within: float | None = None) -> None:
        self._what = what
        self._within = STALLED_AFTER if within is None else within
        self._seen: dict[str, tuple[object, float]] = {}

    def finding(self, signs: Mapping[str, object]) -> str | None:
        """What is wrong when a sign of life (by the name of what gives it) has been the same for too long."""
        now = time.monotonic()
        self._seen = {
            name: seen if (seen := self._seen.get(name)) is not None and seen[0] == sign else (sign, now)
            for name, sign in signs.items()
        }
        for name, (_, since) in self._seen.items():
            if now - since > self._within:
                return f"{self._what} stands still since {now - since:.0f} s: {name}"
        return None

    @property
    def doubtful(self) -> bool:
        """Whether something has been the same for half of the time that it may be."""
        return any(time.monotonic() - since > self._within / 2 for _, since in self._seen.values())

    def forget(self) -> None:
        """Begin anew: what stood still had a reason."""
        self._seen = {}


def relay_moves(relay: "Relay") -> Check:
    """Whether each lane looks at its table, its lock or its broker."""
    watch = Watch("the relay")

    async def finding() -> str | None:
        return watch.finding({f"lane {lane}": at for lane, at in relay.progress.looked_at.items()})

    return finding


def loops_move(part: str, loops: Loops) -> Check:
    """Whether the loops of a part come round, as far as it has any."""

    async def finding() -> str | None:
        late = loops.late()
        return None if late is None else f"the part {part} stands still: {late}"

    return finding


def consumer_moves(consumer: "Consumer", bootstrap: str) -> Check:
    """Whether the consumer comes to its partitions, polls them, and gets on with what it has in hand."""
    moving, joining = Watch("the consumer"), Watch("the consumer", JOINING_WITHIN)

    async def finding() -> str | None:
        found = moving.finding(consumer.signs_of_life()), joining.finding(consumer.signs_of_joining())
        if (moving.doubtful or joining.doubtful) and not await _answers(bootstrap):
            # Starting this process anew brings no broker back, and one that is back needs time.
            moving.forget()
            joining.forget()
            return None
        return found[0] or found[1]

    return finding


async def _answers(bootstrap: str) -> bool:
    try:
        await cluster.topics(bootstrap)
    except (OSError, TimeoutError, KafkaError):
        return False
    return True
