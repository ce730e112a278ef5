"""What runs beside requests and events, by the programme's clock: each is looked for again and again.

Several of these, in several processes, leave alone what another has in hand. The service runs each `watch_…`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

import structlog

from chassis.heartbeat import beat
from chassis.interruptions import pause
from chassis.keyring import Keyring
from chassis.refusals import Refusal, rule_of
from chassis.runtime import Runtime
from chassis.transaction import Command, Pool, Transaction, Unavailable, begin, read, repeated
from placement.domain.imports import Import
from placement.handlers import agreements, classes, imports, offers, persons, retention, tripartite
from placement.store import imports as import_store

log = structlog.get_logger()

AT_ONCE: Final = 500
"""What is done in one transaction at most."""

Some = Callable[[Transaction], Awaitable[int]]
"""Does some of what there is to do; answers how many, fewer than `AT_ONCE` when nothing is left."""


async def keep_doing(pool: Pool, stopping: asyncio.Event, some: Some, every: float) -> None:
    """Do what there is to do, and look again `every` so many seconds, until told to stop."""

    async def step() -> int:
        async with begin(pool, Command(actor="placement")) as tx:
            return await some(tx)

    while not stopping.is_set():
        beat()
        try:
            more = await repeated(step) == AT_ONCE
        except Unavailable:
            more = False
        except Exception as error:  # noqa: BLE001 - what cannot be done now keeps nobody from the rest
            log.error("not done, tried again", error=rule_of(error))  # noqa: TRY400 - its words may hold what stands in a row
            more = False
        if not more:
            await pause(stopping, every)


async def expire_offers(pool: Pool, stopping: asyncio.Event, every: float) -> None:
    """Let go of offers whose time is up."""
    await keep_doing(pool, stopping, lambda tx: offers.expire_offers(tx, AT_ONCE), every)


async def ask_for_retention(pool: Pool, stopping: asyncio.Event, every: float) -> None:
    """Ask about placements on the day on which their sixth or twelfth month is over, or as soon after."""
    await keep_doing(pool, stopping, lambda tx: retention.checks_come(tx, AT_ONCE), every)


async def end_agreements(pool: Pool, stopping: asyncio.Event, every: float) -> None:
    """Let go of agreements that were not signed in time or whose last day is over; close classes that are."""
    each = (
        tripartite.lapse_agreements,
        tripartite.expire_agreements,
        agreements.expire_agreements,
        classes.close_over,
    )
    await asyncio.gather(
        *(keep_doing(pool, stopping, partial(some, at_most=AT_ONCE), every) for some in each)
    )


async def take_files(pool: Pool, keyring: Keyring, stopping: asyncio.Event, every: float) -> None:
    """Take in files that were received, one after the other, until told to stop."""
    while not stopping.is_set():
        beat()
        try:
            taken = await take_waiting(pool, keyring)
        except Unavailable:
            taken = 0
        except Exception as error:  # noqa: BLE001 - what cannot be done now keeps nobody from the rest
            log.error("not done, tried again", error=rule_of(error))  # noqa: TRY400 - its words may hold what stands in a row
            taken = 0
        if not taken:
            await pause(stopping, every)


async def take_waiting(pool: Pool, keyring: Keyring) -> int:
    """Take in what waits; answers how many files were decided here.

    Raises:
        Unavailable: what waits could not be read; it is tried again.
    """
    async with read(pool) as reading:
        waiting = await import_store.waiting(reading)
    return sum([await _take(pool, keyring, job) for job in waiting])


async def _take(pool: Pool, keyring: Keyring, job: Import) -> bool:
    """Decide a file; where something else than the file is at fault, it waits and is tried again."""
    try:
        return await _decide(pool, keyring, job)
    except Exception as error:  # noqa: BLE001 - whatever one file does to us, the next is taken in
        async with begin(pool, Command(actor="placement")) as tx:
            pause = await imports.put_off(tx, job)
        log.error(  # noqa: TRY400 - its words may hold what stands in a row
            "file put off", job=job.id, error=rule_of(error), seconds=pause.total_seconds()
        )
        return False


async def _decide(pool: Pool, keyring: Keyring, job: Import) -> bool:
    """All of a file in one transaction; what is wrong with it is kept in another."""
    cause = Command(actor=job.submitted_by, correlation=job.correlation)

    async def progress(phase: str, done: int, total: int) -> None:
        beat()
        async with begin(pool, Command(actor="placement")) as tx:
            await import_store.progress(tx, job.id, phase, done, total)

    async def taken() -> bool:
        await progress("reading", 0, 0)
        async with read(pool) as reading:
            reader = await imports.read_file(reading, keyring, job)
        rows = await asyncio.to_thread(reader)
        async with begin(pool, cause) as tx:
            return await imports.take_in(tx, keyring, job, rows, progress)

    try:
        return await repeated(taken)
    except Refusal as refusal:
        async with begin(pool, cause) as tx:
            await imports.refuse_file(tx, job, refusal)
        return True


async def forget_who_asked(pool: Pool, stopping: asyncio.Event, every: float) -> None:
    """Forget students who asked for it, as soon as nothing needs to know who they are."""
    await keep_doing(pool, stopping, lambda tx: persons.erase_asked(tx, AT_ONCE), every)


async def forget_persons(pool: Pool, stopping: asyncio.Event, every: float, kept_days: int) -> None:
    """Forget who students were whose last dealings are over for so many days."""
    await keep_doing(pool, stopping, lambda tx: persons.erase_old(tx, kept_days, AT_ONCE), every)


async def watch_offers(runtime: Runtime) -> None:
    await expire_offers(runtime.pool, runtime.stopping, runtime.settings.offer_sweep_seconds)


async def watch_agreements(runtime: Runtime) -> None:
    await end_agreements(runtime.pool, runtime.stopping, runtime.settings.agreement_sweep_seconds)


async def watch_retention(runtime: Runtime) -> None:
    await ask_for_retention(runtime.pool, runtime.stopping, runtime.settings.retention_sweep_seconds)


async def watch_files(runtime: Runtime) -> None:
    every = runtime.settings.import_poll_seconds
    await take_files(runtime.pool, runtime.keyring, runtime.stopping, every)


async def watch_persons(runtime: Runtime) -> None:
    settings = runtime.settings
    every, kept = settings.persons_sweep_seconds, settings.persons_kept_days
    await forget_persons(runtime.pool, runtime.stopping, every, kept)


async def watch_requests_to_be_forgotten(runtime: Runtime) -> None:
    await forget_who_asked(runtime.pool, runtime.stopping, runtime.settings.erasure_sweep_seconds)
