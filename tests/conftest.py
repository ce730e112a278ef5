"""What the tests run on: real PostgreSQL and Kafka, started once a session, a database for each test.

`--on embedded` (the default) starts them in a folder of their own; `--on external` takes the addresses of
servers that are there from IEUM_TEST_ADMIN_URL (a superuser's) and IEUM_TEST_KAFKA_BOOTSTRAP.
"""

import asyncio
import dataclasses
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, assert_never, get_args

import pytest
from pydantic_settings import BaseSettings, SettingsConfigDict

from chassis.migrations import migrate
from chassis.transaction import Pool, open_pool
from contracts.topics import TOPICS, Topic
from embedded import clock as programme_clock
from embedded import cloning, databases, stack, topics
from embedded.cloning import Server
from embedded.databases import Database
from embedded.issuer import Issuer

On = Literal["embedded", "external"]  # testcontainers joins here


@dataclasses.dataclass(frozen=True)
class Servers:
    """What a test process has to know; plain enough to be handed to the workers of pytest-xdist."""

    admin_url: str
    passwords: dict[str, str]
    bootstrap: str
    session: str


class External(BaseSettings):
    """Addresses of servers that nobody here starts or stops."""

    model_config = SettingsConfigDict(env_prefix="IEUM_TEST_")

    admin_url: str
    kafka_bootstrap: str


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("ieum")
    group.addoption("--on", choices=get_args(On), default="embedded", help="what the tests run on")
    group.addoption("--repeat", type=int, default=1, metavar="N", help="how often each crash test is done")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    repeat = metafunc.config.getoption("repeat")
    if repeat > 1 and metafunc.definition.get_closest_marker("crash"):
        metafunc.fixturenames.append("repetition")
        metafunc.parametrize("repetition", range(1, repeat + 1))


class Session:
    """Starts what the tests of this process, or of its workers, run on when they first ask for it."""

    def __init__(self, on: On) -> None:
        self._on = on
        self._servers: Servers | None = None
        # Not the loop of any test. The main thread's, since children end with the thread that started them.
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._open = AsyncExitStack()

    @property
    def servers(self) -> Servers:
        if self._servers is None:
            self._servers = self._runner.run(self._start())
        return self._servers

    def close(self) -> None:
        self._runner.run(self._stop())
        self._runner.close()

    async def _start(self) -> Servers:
        session = f"t{secrets.token_hex(4)}"
        match self._on:
            case "embedded":
                folder = Path(self._open.enter_context(TemporaryDirectory(prefix="ieum-tests-")))
                running = await self._open.enter_async_context(stack.running(folder))
                passwords = dict(running.memory.passwords)
                return Servers(running.admin_url, passwords, running.bootstrap, session)
            case "external":
                external = External()
                passwords = databases.new_passwords()
                await databases.prepare(external.admin_url, passwords)
                await topics.create(external.kafka_bootstrap, TOPICS)
                return Servers(external.admin_url, passwords, external.kafka_bootstrap, session)
            case _:
                assert_never(self._on)

    async def _stop(self) -> None:
        if self._servers is not None and self._on == "external":
            await cloning.drop_all(
                Server(self._servers.admin_url, self._servers.passwords, self._servers.session)
            )
        await self._open.aclose()


def pytest_configure_node(node: Any) -> None:
    """The controller of pytest-xdist starts the servers once and tells each worker."""
    node.workerinput["servers"] = json.dumps(dataclasses.asdict(_session(node.config).servers))


def pytest_unconfigure(config: pytest.Config) -> None:
    session = config.stash.get(_SESSION, None)
    if session is not None:
        session.close()


_SESSION = pytest.StashKey[Session]()


def _session(config: pytest.Config) -> Session:
    if _SESSION not in config.stash:
        config.stash[_SESSION] = Session(config.getoption("on"))
    return config.stash[_SESSION]


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest) -> Servers:
    """Addresses of the session's PostgreSQL and Kafka."""
    told = getattr(request.config, "workerinput", {}).get("servers")
    return Servers(**json.loads(told)) if told else _session(request.config).servers


@pytest.fixture
def kafka(servers: Servers) -> str:
    """Bootstrap servers of the session's Kafka, on which the topics of `contracts` exist."""
    return servers.bootstrap


@pytest.fixture
async def database(servers: Servers) -> AsyncIterator[Callable[[str], Awaitable[Database]]]:
    """`await database("applications")`: a migrated database of a service for this test alone."""
    server = Server(servers.admin_url, servers.passwords, servers.session)
    async with AsyncExitStack() as opened:

        async def make(service: str) -> Database:
            return await opened.enter_async_context(cloning.cloned(server, service, migrate))

        yield make


@pytest.fixture
async def pool(
    database: Callable[[str], Awaitable[Database]],
) -> AsyncIterator[Callable[[str | Database], Awaitable[Pool]]]:
    """`await pool("applications")`: the chassis's pool on a database of its own, or on the one given."""
    async with AsyncExitStack() as opened:

        async def connect(of: str | Database) -> Pool:
            where = await database(of) if isinstance(of, str) else of
            made = await open_pool(where.url)
            opened.push_async_callback(made.close)
            return made

        yield connect


@pytest.fixture
async def own_topics(servers: Servers) -> AsyncIterator[Callable[..., Awaitable[Sequence[Topic]]]]:
    """`await own_topics(APPLICATIONS, …)`: the same topics under names that only this test knows."""
    made: list[str] = []

    async def make(*wanted: Topic) -> Sequence[Topic]:
        suffix = f".{secrets.token_hex(6)}"
        made.extend(await topics.create(servers.bootstrap, wanted, suffix=suffix))
        return [dataclasses.replace(topic, name=topic.name + suffix) for topic in wanted]

    yield make
    await topics.delete(servers.bootstrap, made)


@pytest.fixture
def working_folder() -> Iterator[Path]:
    """A folder for a stack of the test's own.

    Not `tmp_path`: pytest closes the folder above it to other users whenever it starts, and as root
    PostgreSQL is one.
    """
    with TemporaryDirectory(prefix="ieum-stack-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    """Signs bearer tokens: `issuer.token("somebody", ["officer"])`; `issuer.keys` is the JWKS file."""
    return Issuer.open(tmp_path_factory.mktemp("issuer"))


@pytest.fixture
def clock() -> Callable[[Database, datetime], Awaitable[None]]:
    """`await clock(database, moment)`: stops the programme clock of a database at an aware moment."""

    async def stop(of: Database, moment: datetime) -> None:
        await programme_clock.stop_at([of.admin_url], moment)

    return stop
