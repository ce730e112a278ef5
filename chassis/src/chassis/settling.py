"""A batch into the database: whole, or where that fails event by event; what fails for good is parked.

What fails because the database is away, broke a transaction off or makes it wait is nobody's fault, and is
done again; only what a handler raises counts against an event.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

import structlog

from chassis import telemetry
from chassis.faults import reach
from chassis.inbox import Inbox
from chassis.incoming import Incoming, Record
from chassis.interruptions import INTERRUPTIONS, pause
from chassis.refusals import rule_of
from chassis.transaction import Command, Pool, Unavailable, begin, read, repeated

log = structlog.get_logger()

PATIENCE: Final = (0.0, 0.05, 0.3, 1.0)
"""Seconds before each attempt at an event that fails alone; after the last it is parked."""
PATIENCE_OF_A_BATCH: Final = 10.0
"""Seconds that a batch waits so in all: where very many events fail, the others must not wait for each."""
BREAKS: Final = 20
"""How often a database that answers may break a transaction off before that counts against what is in it."""
NOBODY: Final = Command(actor="inbox")


class Interrupted(Exception):  # noqa: N818 - not an error: the next process takes the batch up
    """The process is to stop before a batch was settled; what is not committed is read again."""


class Settler:
    """Applies batches, one at a time.

    Attributes:
        moved: changes whenever something was committed or is being waited for; a sign of life.
        redone: batches that had to be done event by event.
    """

    def __init__(self, inbox: Inbox, pool: Pool, stop: asyncio.Event) -> None:
        self.moved = 0
        self.redone = 0
        self._inbox = inbox
        self._pool = pool
        self._stop = stop
        self._patience = PATIENCE_OF_A_BATCH

    async def settle(self, records: Iterable[Record]) -> None:
        """Apply a batch, or, where that fails, each of its events alone; park what fails for good.

        Raises:
            Interrupted: the process is to stop, and something is in the way.
            Unavailable: the database answers and yet lets nothing be parked.
        """
        batch = self._inbox.understand(records)
        try:
            await self._committed(lambda: self._apply(batch))
        except Interrupted:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a handler raises, the events beside it go on
            log.warning("batch redone event by event", error=type(error).__name__, events=len(batch))
            telemetry.batches_redone.add(1)
            self.redone += 1
            self._patience = PATIENCE_OF_A_BATCH
            for incoming in batch:
                await self._alone(incoming)

    async def _apply(self, batch: Sequence[Incoming]) -> None:
        with telemetry.batch(len(batch)):
            async with begin(self._pool, NOBODY) as tx:
                await self._inbox.apply(tx, batch)
                tx.before_commit(_before_commit)
        reach("inbox.after_commit")

    async def _alone(self, incoming: Incoming) -> None:
        failure: Exception | None = None
        for seconds in PATIENCE:
            await self._wait(seconds)
            try:
                return await self._committed(lambda: self._apply([incoming]))
            except Interrupted:
                raise
            except Unavailable as error:
                failure = error
                break
            except Exception as error:  # noqa: BLE001 - what fails for good is parked with its name
                failure = error
        if failure is not None:
            await self._park(incoming, rule_of(failure))
        return None

    async def _wait(self, seconds: float) -> None:
        allowed = min(seconds, self._patience)
        self._patience -= allowed
        await pause(self._stop, allowed)
        if seconds and self._stop.is_set():
            raise Interrupted

    async def _committed(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do `work`, a whole transaction, until the database lets it come to an end.

        Raises:
            Interrupted: the process is to stop.
            Unavailable: the database answers, and broke it off `BREAKS` times.
        """
        for attempt in range(1, BREAKS + 1):
            try:
                await repeated(work)
            except Unavailable:
                if attempt == BREAKS:
                    raise
                await self._database_answers()
                await pause(self._stop, min(0.02 * 2**attempt, 2.0))
            else:
                self.moved += 1
                return

    async def _database_answers(self) -> None:
        while not self._stop.is_set():
            self.moved += 1
            try:
                async with read(self._pool) as check:
                    await check.fetchval("select 1")
            except INTERRUPTIONS:
                await pause(self._stop, 0.2)
            else:
                return
        raise Interrupted

    async def _park(self, incoming: Incoming, rule: str) -> None:
        log.error(
            "event parked",
            topic=incoming.topic,
            partition=incoming.partition,
            offset=incoming.offset,
            rule=rule,
        )

        async def aside() -> None:
            async with begin(self._pool, NOBODY) as tx:
                await self._inbox.set_aside(tx, incoming, rule)

        await self._committed(aside)


async def _before_commit() -> None:
    reach("inbox.before_commit")
