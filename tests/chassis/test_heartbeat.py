"""Loops beside requests and events: one that hangs is found, one that rests or gets on is not."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from tests.chassis.conftest import Bench

from chassis import heartbeat, retention, sealing, serving
from chassis.bell import notify
from chassis.health import Health
from chassis.heartbeat import beat
from chassis.interruptions import first, pause
from chassis.sealing import Sealer
from chassis.transaction import Pool

Loop = Callable[[asyncio.Event], Coroutine[Any, Any, None]]


async def never(*_: object) -> int:
    await asyncio.Event().wait()
    return 0


@asynccontextmanager
async def part(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[[], Awaitable[str]]]:
    """A part of a service; answers what `/livez` says of it."""
    monkeypatch.setattr(serving, "STOP_PATIENCE", 0.1)
    health, stop = Health(), asyncio.Event()

    async def said() -> str:
        return " ".join([finding for check in health.alive if (finding := await check())])

    async with AsyncExitStack() as stack:
        await serving._Parts(stack, health, stop).run("courier", loop(stop))  # noqa: SLF001 - as a service does
        yield said


async def stays_well(said: Callable[[], Awaitable[str]], seconds: float = 0.8) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        assert await said() == ""
        await asyncio.sleep(0.05)


async def is_found(said: Callable[[], Awaitable[str]]) -> str:
    async with asyncio.timeout(20):
        while not (found := await said()):
            await asyncio.sleep(0.05)
    return found


async def test_a_loop_that_hangs_is_found_by_the_name_of_its_part(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hangs(stop: asyncio.Event) -> None:
        for _ in range(3):
            beat(1)
            await pause(stop, 0.1)
        beat(1)
        await never()

    async with part(hangs, monkeypatch) as said:
        assert "the part courier stands still: courier has not come round for" in await is_found(said)


async def test_rest_is_no_work_and_long_work_that_gets_on_is_no_standstill(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def works(stop: asyncio.Event) -> None:
        bell = asyncio.Event()
        while not stop.is_set():
            beat(1)
            for _ in range(6):
                await asyncio.sleep(0.2)
                beat(1)
            await pause(stop, 1.2)
            await first(bell, stop, within=1.2)

    async with part(works, monkeypatch) as said:
        await stays_well(said, 4)


async def test_each_of_several_loops_is_watched_and_one_that_has_ended_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def turns(stop: asyncio.Event, times: int) -> None:
        for _ in range(times):
            beat(1)
            await pause(stop, 0.05)

    async def hangs(stop: asyncio.Event) -> None:
        await turns(stop, 20)
        beat(1)
        await never()

    async def several(stop: asyncio.Event) -> None:
        await asyncio.gather(turns(stop, 1), turns(stop, 1000), hangs(stop))

    async with part(several, monkeypatch) as said:
        await stays_well(said)
        await is_found(said)


async def test_a_loop_that_no_service_runs_may_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "WITHIN", 0.0)
    beat()
    await pause(asyncio.Event(), 0.01)


def seals(bench: Bench) -> Loop:
    return lambda stop: Sealer(bench.pool, "applications").run(stop, 0.05)


def forgets(bench: Bench) -> Loop:
    return lambda stop: retention.sweep(bench.pool, "events", retention.event_ids(timedelta(1)), stop)


def rings(bench: Bench) -> Loop:
    bench.pool.told.set()
    return lambda stop: notify(bench.pool, stop)


@pytest.mark.parametrize(
    ("loop", "owner", "hanging"),
    [(seals, sealing, "begin"), (forgets, retention, "begin"), (rings, Pool, "acquire")],
)
async def test_the_loops_of_every_service_are_found_when_their_database_never_answers(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, loop: Callable[[Bench], Loop], owner: object, hanging: str
) -> None:
    @asynccontextmanager
    async def hangs(*_: object) -> AsyncIterator[None]:
        await never()
        yield

    async with part(loop(bench), monkeypatch) as said:
        await stays_well(said)
    monkeypatch.setattr(heartbeat, "WITHIN", 0.3)
    monkeypatch.setattr(owner, hanging, hangs)
    async with part(loop(bench), monkeypatch) as said:
        await is_found(said)
