"""One transaction: the state change, the events it tells and the record of what caused it, or nothing.

The edge (an HTTP route, the inbox, a worker) opens and commits; handlers take a `Transaction` and never
commit.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar
from uuid import UUID

import asyncpg

from chassis import identifiers
from chassis.faults import reach
from chassis.refusals import Invalid
from contracts.envelope import Envelope

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

Result = TypeVar("Result")

REPEATS: Final = 6
"""How often a whole transaction is done before a deadlock or a serialization failure is given up on."""


ACQUIRE_TIMEOUT: Final = 5.0
"""Seconds that a request waits for a free connection."""

_BUSY: Final = (
    asyncpg.LockNotAvailableError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,
)


DATABASE_TROUBLE: Final = (
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""All that asyncpg raises of its own, depending on where a connection breaks."""


_UNSTORABLE: Final = (
    asyncpg.CharacterNotInRepertoireError,
    asyncpg.NumericValueOutOfRangeError,
    asyncpg.DatetimeFieldOverflowError,
)


class Unavailable(ConnectionError):  # noqa: N818 - a state of the database, not an error of the program
    """The database cannot be reached or is too busy.

    Where the connection was lost during the commit, nobody here knows whether it took place.
    """


class Outside(Exception):  # noqa: N818 - a way out of a transaction, not an error of the program
    """Raised to leave a transaction with nothing done, do slow `work` without one, and begin anew.

    What `work` finds out is for the caller to keep, and to hold against the state it meets the next time.
    """

    def __init__(self, work: Callable[[], Awaitable[None]]) -> None:
        super().__init__()
        self.work = work


@dataclass(frozen=True, slots=True)
class Command:
    """Somebody's request, as the cause of what happens.

    `actor` is a pseudonymous subject; `correlation` ties together all that follows from it.
    """

    actor: str
    correlation: str | None = None
    id: UUID = field(default_factory=identifiers.event_id)


Cause = Command | Envelope


class ReadTransaction:
    """Statements that change nothing; `views` take this."""

    __slots__ = ("_connection",)

    def __init__(self, connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
        self._connection = connection

    async def fetch(self, query: str, *args: Any) -> list[asyncpg.Record]:
        return await self._connection.fetch(query, *args)

    async def fetchrow(self, query: str, *args: Any) -> asyncpg.Record | None:
        return await self._connection.fetchrow(query, *args)

    async def fetchval(self, query: str, *args: Any) -> Any:
        return await self._connection.fetchval(query, *args)

    async def now(self) -> datetime:
        """The programme's clock; rules know no other."""
        moment: datetime = await self._connection.fetchval("select programme_clock()")
        return moment


class Transaction(ReadTransaction):
    """A transaction that may change state and tell events. See `begin`."""

    __slots__ = ("_before_commit", "_belongings", "cause", "told")

    def __init__(self, connection: "PoolConnectionProxy[asyncpg.Record]", cause: Cause) -> None:
        super().__init__(connection)
        self.cause = cause
        self.told = False
        self._before_commit: list[Callable[[], Awaitable[None]]] = []
        self._belongings: dict[type, Any] = {}

    @property
    def actor(self) -> str:
        """Who caused this, under a pseudonym."""
        return self.cause.actor

    async def execute(self, query: str, *args: Any) -> str:
        return await self._connection.execute(query, *args)

    async def executemany(self, query: str, args: Iterable[Sequence[Any]]) -> None:
        await self._connection.executemany(query, args)

    async def alone(self, purpose: str) -> None:
        """Wait for all other transactions that asked for the same, and see what they committed.

        For a step that whichever fact comes last completes: of two that come at once, neither would see the
        other's, and nobody would complete it.
        """
        await self._connection.fetchval("select pg_advisory_xact_lock(hashtextextended($1, 0))", purpose)

    def before_commit(self, action: Callable[[], Awaitable[None]]) -> None:
        """Do `action` inside this transaction when all else in it is done."""
        self._before_commit.append(action)

    def belonging(self, kind: type[Result]) -> Result:
        """The one `kind` that lives and dies with this transaction, made when it is first asked for."""
        if kind not in self._belongings:
            self._belongings[kind] = kind()
        thing: Result = self._belongings[kind]
        return thing

    async def finish(self) -> None:
        """What has to be done before the commit, in order."""
        for action in self._before_commit:
            await action()


class Pool:
    """The connections to a service's own database, and the bell that wakes its relay."""

    def __init__(self, connections: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._connections = connections
        self.told = asyncio.Event()

    def acquire(self, timeout: float | None = None) -> Any:
        """A connection for the time of an `async with`."""
        return self._connections.acquire(timeout=timeout)

    async def close(self, patience: float = 10.0) -> None:
        """Close when all connections are given back, or after so many seconds."""
        try:
            async with asyncio.timeout(patience):
                await self._connections.close()
        except TimeoutError:
            self._connections.terminate()

    def terminate(self) -> None:
        self._connections.terminate()


async def open_pool(url: str, *, connections: int = 10, name: str = "ieum") -> Pool:
    """Connect; what a stopped process holds in an open transaction is freed after 30 s.

    Raises:
        OSError, asyncpg.PostgresError: where the database cannot be reached.
    """
    pool = await asyncpg.create_pool(
        url,
        min_size=min(2, connections),
        max_size=connections,
        server_settings={
            "application_name": name,
            "idle_in_transaction_session_timeout": "30s",
            "lock_timeout": "20s",
        },
        reset=_nothing_is_left,
    )
    return Pool(pool)


async def _nothing_is_left(_: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Saves a round trip after each transaction: what one locks, sets or opens here ends with it."""


@asynccontextmanager
async def _connected(pool: Pool) -> "AsyncIterator[PoolConnectionProxy[asyncpg.Record]]":
    """A connection; what is wrong with the database, not with the statement, becomes `Unavailable`.

    A value that no column can hold (a zero character, a number or a moment out of range) becomes `Invalid`,
    since it came from outside; the rules of a field are to name what they can first.
    """
    acquired = pool.acquire(timeout=ACQUIRE_TIMEOUT)
    try:
        connection = await acquired.__aenter__()
    except (TimeoutError, *DATABASE_TROUBLE) as error:
        raise Unavailable(type(error).__name__) from error
    try:
        yield connection
    except DATABASE_TROUBLE as error:
        if isinstance(error, _BUSY) or _is_gone(connection):
            raise Unavailable(type(error).__name__) from error
        if isinstance(error, _UNSTORABLE) or isinstance(error.__cause__, OverflowError):
            raise Invalid("not_storable", "A value holds what no field takes, or is out of range") from error
        raise
    finally:
        # The outcome is known by now, whatever becomes of the connection; the pool makes another.
        with suppress(*DATABASE_TROUBLE):
            await acquired.__aexit__()


def _is_gone(connection: "PoolConnectionProxy[asyncpg.Record]") -> bool:
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:
        # The pool has taken back a connection that broke; what stands for it answers nothing more.
        return True


@asynccontextmanager
async def begin(pool: Pool, cause: Cause) -> AsyncIterator[Transaction]:
    """Open a transaction, commit it when the block ends, roll it back when the block raises.

    Raises:
        Unavailable: no connection in time, or lost.
    """
    async with _connected(pool) as connection:
        async with connection.transaction():
            tx = Transaction(connection, cause)
            yield tx
            await tx.finish()
            reach("command.before_commit")
        reach("command.after_commit")
    if tx.told:
        pool.told.set()


@asynccontextmanager
async def read(pool: Pool) -> AsyncIterator[ReadTransaction]:
    """A read-only transaction that sees one state of the database throughout."""
    async with (
        _connected(pool) as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        yield ReadTransaction(connection)


async def repeated(work: Callable[[], Awaitable[Result]]) -> Result:
    """Do `work`, a whole transaction, again where PostgreSQL broke a deadlock or could not serialize it.

    It is done again as well after what it wants done `Outside` of it.

    Raises:
        Unavailable: it came to nothing `REPEATS` times.
    """
    for attempt in range(REPEATS):
        try:
            return await work()
        except Outside as wanted:
            if attempt == REPEATS - 1:
                raise Unavailable("the state changed faster than it could be worked on") from wanted
            await wanted.work()
        except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError) as error:
            if attempt == REPEATS - 1:
                raise Unavailable(type(error).__name__) from error
            await asyncio.sleep(random.uniform(0.005, 0.02) * 2**attempt)  # noqa: S311 - jitter, not a secret
    raise AssertionError  # the last attempt returned or raised
