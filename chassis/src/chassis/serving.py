"""A service while it runs: how its parts are started, and stopped the other way round."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final, Self

import structlog
import typer
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from chassis import faults, logs, measures, retention
from chassis.bell import notify
from chassis.consumer import Consumer
from chassis.exporting import ExportSettings
from chassis.health import Health, consumer_moves, loops_move, relay_moves
from chassis.heartbeat import Loops
from chassis.inbox import Inbox
from chassis.interruptions import INTERRUPTIONS
from chassis.keyring import Keyring, KeysUnusable
from chassis.lazily import part
from chassis.operating import settings_of
from chassis.relay import Relay
from chassis.runtime import Api, Runtime, Worker
from chassis.sealing import Sealer
from chassis.service import Role, Service
from chassis.settings import ServiceSettings
from chassis.transaction import Pool, open_pool, read

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.trace import TracerProvider

log = structlog.get_logger()

STOP_PATIENCE: Final = 30.0
"""Seconds that parts are given to finish what they have in hand."""


def command(service: Service) -> Callable[..., None]:
    """The command `serve`."""

    def serve_(role: Annotated[Role, typer.Option(help="What this process does.")] = "all") -> None:
        """Run the service until it is told to stop."""
        serve(service, settings_of(service), role)

    return serve_


@dataclass(frozen=True, slots=True)
class _Process:
    """A role of a service, with the parts that it needs."""

    service: Service
    settings: ServiceSettings
    role: Role
    health: Health
    keys: Keyring | None
    api: Api | None
    inbox: Inbox | None
    workers: Sequence[Worker]

    @classmethod
    def of(cls, service: Service, settings: Any, role: Role) -> Self:
        """Import what the role needs.

        Raises:
            KeysUnusable: the keys of its sealed columns are missing, illegible or open to others.
        """
        works = role in ("all", "worker")
        return cls(
            service,
            settings,
            role,
            health=Health(),
            keys=Keyring(settings.personal_data_keys) if service.sealed else None,
            api=part(service.api) if role in ("all", "web") else None,
            inbox=part(service.inbox) if works else None,
            workers=[part(worker) for worker in service.workers] if works else [],
        )


def serve(service: Service, settings: ServiceSettings, role: Role) -> None:
    """Run a service in one role until SIGTERM or SIGINT; then finish what is in hand, and return."""
    logs.start(settings.log_level, service.name)
    faults.arm(settings.crash_at)
    sending = exporters(service.name, settings)
    if settings.trace_statements:
        part("opentelemetry.instrumentation.asyncpg:AsyncPGInstrumentor")().instrument()
    # uvicorn raises the signal again when it is done; that must not turn a clean stop into a violent one.
    signal.signal(signal.SIGTERM, _ignore)
    signal.signal(signal.SIGINT, _ignore)
    try:
        process = _Process.of(service, settings, role)
    except KeysUnusable as error:
        raise SystemExit(str(error)) from None
    config = uvicorn.Config(
        _application(process),
        host=settings.http_host,
        port=settings.http_port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=20,
        loop="uvloop",
        ws="none",
    )
    uvicorn.Server(config).run()
    for exporter in sending:
        exporter.shutdown()
    if process.health.failed:
        raise SystemExit(f"failed: {', '.join(process.health.failed)}")


def exporters(service: str, settings: ExportSettings) -> "list[TracerProvider | MeterProvider]":
    """What sends spans and metrics away, where that is asked for; imported then alone."""
    started: list[TracerProvider | MeterProvider] = []
    if settings.traced:
        started.append(part("chassis.spans:start")(service, settings))
    if settings.measured:
        started.append(part("chassis.meters:start")(service))
    return started


def _ignore(*_: object) -> None:
    pass


def _application(process: _Process) -> Starlette:
    """The process as an ASGI application: health, the API where the role has one, its parts as lifespan."""
    app = Starlette(routes=list(process.health.routes()))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with _running(process) as runtime:
            if process.api is not None:
                app.router.routes.append(Mount("/", process.api(runtime)))
            process.health.started = True
            log.info("service started", role=process.role)
            yield
        log.info("service stopped", role=process.role)

    app.router.lifespan_context = lifespan
    return app


@asynccontextmanager
async def _running(process: _Process) -> AsyncIterator[Runtime]:
    """Start pool, relay and consumer, and stop them the other way round: what is told last still goes out."""
    settings, health = process.settings, process.health
    pool = await open_pool(
        str(settings.database_url),
        connections=settings.database_connections,
        name=f"{process.service.name} {process.role}",
    )
    runtime = Runtime(settings, pool, health=health, keys=process.keys)
    health.ready.append(lambda: _database(pool))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(pool.close)
        publishing = _Parts(stack, health, asyncio.Event())
        await publishing.run("notifier", notify(pool, publishing.stop))
        if process.role in ("all", "relay"):
            await _relay(process, runtime, publishing)
        if process.role in ("all", "worker"):
            await _worker(process, runtime, _Parts(stack, health, runtime.stopping))
        stack.callback(runtime.stopping.set)
        yield runtime


async def _relay(process: _Process, runtime: Runtime, parts: "_Parts") -> None:
    settings = process.settings
    relay = Relay(
        str(settings.database_url),
        settings.kafka_bootstrap,
        lanes=settings.relay_lanes,
        topics=process.service.topics,
    )
    runtime.health.alive.append(relay_moves(relay))
    await parts.run("relay", relay.run(parts.stop))
    if settings.measured:
        await parts.run("measures of the outbox", measures.outbox(runtime.pool, parts.stop))


async def _worker(process: _Process, runtime: Runtime, parts: "_Parts") -> None:
    settings, name = process.settings, process.service.name
    for worker in process.workers:
        await parts.run(getattr(worker, "__name__", "worker"), worker(runtime))
    sealer = Sealer(runtime.pool, name, part(process.service.audited_as))
    await parts.run("sealer", sealer.run(parts.stop, settings.audit_seal_seconds))
    accesses = retention.accesses(timedelta(days=settings.access_kept_days))
    await parts.run("sweep of accesses", retention.sweep(runtime.pool, "accesses", accesses, parts.stop))
    if process.inbox is None:
        return
    ids = retention.event_ids(timedelta(days=settings.inbox_kept_days))
    await parts.run("sweep of event ids", retention.sweep(runtime.pool, "event ids", ids, parts.stop))
    consumer = Consumer(
        name, process.inbox, runtime.pool, settings.kafka_bootstrap, batch=settings.inbox_batch
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
