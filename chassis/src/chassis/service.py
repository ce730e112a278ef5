"""A service: what it is made of, and how its parts are started and stopped in order."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Literal

import structlog
import typer
import uvicorn
from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp

from chassis import faults, logs, measures, retention, telemetry
from chassis.bell import notify
from chassis.consumer import Consumer
from chassis.encryption import SealedTable
from chassis.health import Health, consumer_moves, loops_move, relay_moves
from chassis.heartbeat import Loops
from chassis.inbox import Inbox
from chassis.interruptions import INTERRUPTIONS
from chassis.keyring import Keyring, KeysUnusable
from chassis.relay import Relay
from chassis.sealing import Sealer
from chassis.settings import ServiceSettings
from chassis.transaction import Pool, open_pool, read
from contracts.audit import AuditSealed
from contracts.topics import TOPICS, Topic

log = structlog.get_logger()

Role = Literal["all", "web", "worker", "relay"]
STOP_PATIENCE: Final = 30.0
"""Seconds that parts are given to finish what they have in hand."""


@dataclass(slots=True)
class Runtime:
    """What a running service hands to its parts; `keys` where it has sealed columns."""

    settings: Any
    pool: Pool
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    health: Health = field(default_factory=Health)
    keys: Keyring | None = None

    @property
    def keyring(self) -> Keyring:
        if self.keys is None:
            raise RuntimeError("a service that seals columns names them in Service(sealed=…)")
        return self.keys


Worker = Callable[[Runtime], Coroutine[Any, Any, None]]
Inside = Callable[[Callable[[Runtime], Awaitable[None]]], None]
"""Runs a command's work with the service's settings and database, and says in a line what goes wrong."""
Api = Callable[[Runtime], ASGIApp]


@dataclass(frozen=True, slots=True)
class Service:
    """A service, as its `main.py` puts it together.

    Attributes:
        name: of its database, its consumer group and its console script.
        settings: the class of its settings.
        inbox: what it does with others' events, where it listens to any.
        api: makes its HTTP interface of the runtime.
        workers: what else runs in the role `worker`, each until `runtime.stopping`; a loop beats once a turn
            (`chassis.heartbeat`).
        commands: its own commands, beside those of the chassis.
        commands_inside: those of them that need its settings and database.
        topics: what its outbox may hold.
        sealed: tables with columns of personal data; its settings are `PersonalDataSettings` then.
        audited_as: the event that tells the head of its audit log; None tells nobody.
    """

    name: str
    settings: type[ServiceSettings]
    inbox: Inbox | None = None
    api: Api | None = None
    workers: Sequence[Worker] = ()
    commands: Sequence[Callable[[typer.Typer], None]] = ()
    commands_inside: Sequence[Callable[[typer.Typer, Inside], None]] = ()
    topics: Sequence[Topic] = TOPICS
    sealed: Sequence[SealedTable] = ()
    audited_as: type[AuditSealed] | None = None

    def keys(self, settings: Any) -> Keyring | None:
        """The keys of its sealed columns, where it has any.

        Raises:
            KeysUnusable: they are missing, illegible or open to others.
        """
        return Keyring(settings.personal_data_keys) if self.sealed else None


def serve(service: Service, settings: ServiceSettings, role: Role) -> None:
    """Run a service in one role until SIGTERM or SIGINT; then finish what is in hand, and return."""
    logs.start(settings.log_level, service.name)
    faults.arm(settings.crash_at)
    exporters = telemetry.start(service.name, settings)
    if settings.trace_statements:
        AsyncPGInstrumentor().instrument()  # type: ignore[no-untyped-call]  # untyped there
    # uvicorn raises the signal again when it is done; that must not turn a clean stop into a violent one.
    signal.signal(signal.SIGTERM, _ignore)
    signal.signal(signal.SIGINT, _ignore)
    health = Health()
    try:
        keys = service.keys(settings)
    except KeysUnusable as error:
        raise SystemExit(str(error)) from None
    config = uvicorn.Config(
        _application(service, settings, role, health, keys),
        host=settings.http_host,
        port=settings.http_port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=20,
        loop="uvloop",
    )
    uvicorn.Server(config).run()
    for exporter in exporters:
        exporter.shutdown()
    if health.failed:
        raise SystemExit(f"failed: {', '.join(health.failed)}")


def _ignore(*_: object) -> None:
    pass


def _application(
    service: Service, settings: ServiceSettings, role: Role, health: Health, keys: Keyring | None
) -> Starlette:
    """The process as an ASGI application: health, the API where the role has one, its parts as lifespan."""
    app = Starlette(routes=list(health.routes()))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with _running(service, settings, role, health, keys) as runtime:
            if service.api is not None and role in ("all", "web"):
                app.router.routes.append(Mount("/", service.api(runtime)))
            health.started = True
            log.info("service started", role=role)
            yield
        log.info("service stopped", role=role)

    app.router.lifespan_context = lifespan
    return app


@asynccontextmanager
async def _running(
    service: Service, settings: ServiceSettings, role: Role, health: Health, keys: Keyring | None
) -> AsyncIterator[Runtime]:
    """Start pool, relay and consumer, and stop them the other way round: what is told last still goes out."""
    pool = await open_pool(
        str(settings.database_url), connections=settings.database_connections, name=f"{service.name} {role}"
    )
    runtime = Runtime(settings, pool, health=health, keys=keys)
    health.ready.append(lambda: _database(pool))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(pool.close)
        publishing = _Parts(stack, health, asyncio.Event())
        await publishing.run("notifier", notify(pool, publishing.stop))
        if role in ("all", "relay"):
            await _relay(service, runtime, publishing)
        if role in ("all", "worker"):
            await _worker(service, runtime, _Parts(stack, health, runtime.stopping))
        stack.callback(runtime.stopping.set)
        yield runtime


async def _relay(service: Service, runtime: Runtime, parts: "_Parts") -> None:
    settings: ServiceSettings = runtime.settings
    relay = Relay(
        str(settings.database_url),
        settings.kafka_bootstrap,
        lanes=settings.relay_lanes,
        topics=service.topics,
    )
    runtime.health.alive.append(relay_moves(relay))
    await parts.run("relay", relay.run(parts.stop))
    if settings.measured:
        await parts.run("measures of the outbox", measures.outbox(runtime.pool, parts.stop))


async def _worker(service: Service, runtime: Runtime, parts: "_Parts") -> None:
    settings: ServiceSettings = runtime.settings
    for worker in service.workers:
        await parts.run(getattr(worker, "__name__", "worker"), worker(runtime))
    sealer = Sealer(runtime.pool, service.name, service.audited_as)
    await parts.run("sealer", sealer.run(parts.stop, settings.audit_seal_seconds))
    if service.inbox is None:
        return
    kept = timedelta(days=settings.inbox_kept_days)
    await parts.run("sweep", retention.sweep(runtime.pool, kept, parts.stop))
    consumer = Consumer(
        service.name, service.inbox, runtime.pool, settings.kafka_bootstrap, batch=settings.inbox_batch
    )
    runtime.health.alive.append(consumer_moves(consumer, settings.kafka_bootstrap))
    if settings.measured:
        await parts.run("measures of the inbox", measures.inbox(runtime.pool, consumer, parts.stop))
    await parts.run("consumer", consumer.run(parts.stop))


@dataclass(frozen=True, slots=True)
class _Parts:
    """What runs beside the rest until `stop`; when one fails, the process ends."""

    stack: AsyncExitStack
    health: Health
    stop: asyncio.Event

    async def run(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Begin `work`; when the stack unwinds, set `stop` and give it time to come to its end."""
        loops = Loops()
        self.health.alive.append(loops_move(name, loops))
        task = asyncio.create_task(self._watched(name, work, loops), name=name)

        async def finish() -> None:
            self.stop.set()
            _, late = await asyncio.wait({task}, timeout=STOP_PATIENCE)
            for one in late:
                log.warning("part of the service did not stop in time", part=name)
                one.cancel()
            await asyncio.gather(task, return_exceptions=True)
            log.info("part stopped", part=name)

        self.stack.push_async_callback(finish)

    async def _watched(self, name: str, work: Awaitable[None], loops: Loops) -> None:
        loops.heard()
        try:
            await work
        except Exception:
            log.exception("part of the service failed, the process ends", part=name)
            self.health.failed.append(name)
            signal.raise_signal(signal.SIGTERM)


async def _database(pool: Pool) -> str | None:
    try:
        async with asyncio.timeout(2), read(pool) as view:
            await view.fetchval("select 1")
    except INTERRUPTIONS as error:
        return f"the database does not answer: {type(error).__name__}"
    return None
