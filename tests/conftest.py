"""What the tests run on: real PostgreSQL and Kafka, started once a session, a database for each test.

`--on embedded` (the default) starts them in a folder of their own; `--on external` takes the addresses of
servers that are there from IEUM_TEST_ADMIN_URL (a superuser's) and IEUM_TEST_KAFKA_BOOTSTRAP.
"""

import asyncio
import dataclasses
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, Protocol, assert_never, get_args

import asyncpg
import hypothesis
import pytest
from pydantic_settings import BaseSettings, SettingsConfigDict

from chassis.migrations import migrate
from chassis.transaction import Pool, open_pool
from contracts.topics import TOPICS, Topic
from embedded import clock as programme_clock
from embedded import cloning, databases, topics
from embedded.cloning import Server
from embedded.databases import Database
from embedded.folder import Folder
from embedded.issuer import Issuer
from embedded.stack import Stack

# How long a busy machine takes for an example says nothing of the code: what must be fast is measured.
hypothesis.settings.register_profile(
    "ieum", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("ieum")

On = Literal["embedded", "external"]  # testcontainers joins here


class Servers(Protocol):
    """What the tests of a session run on. Each part is started when a test first asks for it."""

    def postgres(self) -> Server: ...

    def kafka(self) -> str: ...

    def close(self) -> None: ...


class Embedded:
    """Servers of our own, in a folder of their own."""

    def __init__(self) -> None:
        # Not the loop of any test. The main thread's, since children end with the thread that started them.
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._open = ExitStack()
        folder = Folder(Path(self._open.enter_context(TemporaryDirectory(prefix="ieum-tests-"))))
        self._open.enter_context(folder.held())
        self._stack = Stack(folder)
        self._session = f"t{secrets.token_hex(4)}"

    def postgres(self) -> Server:
        if self._stack.postgres.child is None:
            self._runner.run(self._start_postgres())
        return Server(self._stack.admin_url, self._stack.memory.passwords, self._session)

    async def _start_postgres(self) -> None:
        await self._stack.start_postgres()
        admin = await asyncpg.connect(self._stack.admin_url)
        # Tests kill processes, never the machine: what waiting for the disk keeps, none could miss, and
        # each makes and drops a database. Stacks that a test starts for itself leave it on.
        await admin.execute("alter system set fsync = off")
        await admin.execute("alter system set full_page_writes = off")
        await admin.execute("select pg_reload_conf()")
        await admin.close()

    def kafka(self) -> str:
        if self._stack.kafka.child is None:
            self._runner.run(self._stack.start_kafka())
        return self._stack.bootstrap

    def close(self) -> None:
        self._runner.run(self._stack.stop())
        self._open.close()
        self._runner.close()


class Addresses(BaseSettings):
    """Of servers that nobody here starts or stops."""

    model_config = SettingsConfigDict(env_prefix="IEUM_TEST_")

    admin_url: str
    kafka_bootstrap: str


class External:
    """Servers that are there; what tests leave on them is removed."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._addresses = Addresses()
        self._server = Server(
            self._addresses.admin_url, databases.new_passwords(), f"t{secrets.token_hex(4)}"
        )
        self._prepared = False

    def postgres(self) -> Server:
        if not self._prepared:
            self._runner.run(databases.prepare(self._server.admin_url, self._server.passwords))
            self._prepared = True
        return self._server

    def kafka(self) -> str:
        self._runner.run(topics.create(self._addresses.kafka_bootstrap, TOPICS))
        return self._addresses.kafka_bootstrap

    def close(self) -> None:
        if self._prepared:
            self._runner.run(cloning.drop_all(self._server))
        self._runner.close()


class Told:
    """In a worker of pytest-xdist: what its controller started."""

    def __init__(self, told: str) -> None:
        self._told = json.loads(told)

    def postgres(self) -> Server:
        return Server(**self._told["postgres"])

    def kafka(self) -> str:
        kafka: str = self._told["kafka"]
        return kafka

    def close(self) -> None:
        """They are the controller's to stop."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("ieum")
    group.addoption("--on", choices=get_args(On), default="embedded", help="what the tests run on")
    group.addoption("--repeat", type=int, default=1, metavar="N", help="how often each crash test is done")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    repeat = metafunc.config.getoption("repeat")
    if repeat > 1 and metafunc.definition.get_closest_marker("crash"):
        metafunc.fixturenames.append("repetition")
        metafunc.parametrize("repetition", range(1, repeat + 1))


_SERVERS = pytest.StashKey[Servers]()


def _servers(config: pytest.Config) -> Servers:
    if _SERVERS not in config.stash:
        config.stash[_SERVERS] = _open(config)
    return config.stash[_SERVERS]


def _open(config: pytest.Config) -> Servers:
    if told := getattr(config, "workerinput", {}).get("servers"):
        return Told(told)
    on: On = config.getoption("on")
    match on:
        case "embedded":
            return Embedded()
        case "external":
            return External()
        case _:
            assert_never(on)


def pytest_configure_node(node: Any) -> None:
    """The controller of pytest-xdist starts the servers once and tells each worker."""
    servers = _servers(node.config)
    told = {"postgres": dataclasses.asdict(servers.postgres()), "kafka": servers.kafka()}
    node.workerinput["servers"] = json.dumps(told)


def pytest_unconfigure(config: pytest.Config) -> None:
    if _SERVERS in config.stash:
        config.stash[_SERVERS].close()


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> Server:
    """The session's PostgreSQL, on which the databases and roles of the services exist."""
    return _servers(request.config).postgres()


@pytest.fixture(scope="session")
def kafka(request: pytest.FixtureRequest) -> str:
    """Bootstrap servers of the session's Kafka, on which the topics of `contracts` exist."""
    return _servers(request.config).kafka()


@pytest.fixture
async def database(postgres: Server) -> AsyncIterator[Callable[[str], Awaitable[Database]]]:
    """`await database("applications")`: a migrated database of a service for this test alone."""
    async with AsyncExitStack() as opened:

        async def make(service: str) -> Database:
            return await opened.enter_async_context(cloning.cloned(postgres, service, migrate))

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
async def own_topics(kafka: str) -> AsyncIterator[Callable[..., Awaitable[Sequence[Topic]]]]:
    """`await own_topics(APPLICATIONS, …)`: the same topics under names that only this test knows."""
    made: list[str] = []

    async def make(*wanted: Topic) -> Sequence[Topic]:
        suffix = f".{secrets.token_hex(6)}"
        made.extend(await topics.create(kafka, wanted, suffix=suffix))
        return [dataclasses.replace(topic, name=topic.name + suffix) for topic in wanted]

    yield make
    await topics.delete(kafka, made)


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
