"""A service: what it is made of, and how its parts are started and stopped in order."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import structlog
import typer
import uvicorn
from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp

from chassis import faults, logs, telemetry
from chassis.consumer import Consumer
from chassis.health import Health, Watch
from chassis.inbox import Inbox
from chassis.relay import INTERRUPTIONS, Relay, notify, pause
from chassis.settings import ServiceSettings
from chassis.transaction import Pool, open_pool, read
from contracts.topics import TOPICS, Topic

log = structlog.get_logger()

Role = Literal["all", "web", "worker", "relay"]
MEASURE_EVERY: Final = 5.0
"""Seconds between measurements of the outbox and what is parked."""
STOP_PATIENCE: Final = 30.0
"""Seconds that parts are given to finish what they have in hand."""


@dataclass(slots=True)
class Runtime:
    """What a running service hands to its parts."""

    settings: Any
    pool: Pool
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    health: Health = field(default_factory=Health)


Worker = Callable[[Runtime], Awaitable[None]]
Api = Callable[[Runtime], ASGIApp]


@dataclass(frozen=True, slots=True)
class Service:
    """A service, as its `main.py` puts it together.

    Attributes:
        name: of its database, its consumer group and its console script.
        settings: the class of its settings.
        inbox: what it does with others' events, where it listens to any.
        api: makes its HTTP interface of the runtime.
        workers: what else runs in the role `worker`, each until `runtime.stopping`.
        commands: its own commands, beside those of the chassis.
        topics: what its outbox may hold.
    """

    name: str
    settings: type[ServiceSettings]
    inbox: Inbox | None = None
    api: Api | None = None
    workers: Sequence[Worker] = ()
    commands: Sequence[Callable[[typer.Typer], None]] = ()
    topics: Sequence[Topic] = TOPICS


def serve(service: Service, settings: ServiceSettings, role: Role) -> None:
    """Run a service in one role until SIGTERM or SIGINT; then finish what is in hand, and return."""
    logs.start(settings.log_level, service.name)
    faults.arm(settings.crash_at)
    exporters = telemetry.start(
        service.name,
        traces=settings.otel_exporter_otlp_endpoint is not None,
        measures=settings.otel_metrics_exporter == "otlp",
    )
    if settings.trace_statements:
        AsyncPGInstrumentor().instrument()  # type: ignore[no-untyped-call]
    # uvicorn raises the signal again when it is done; that must not turn a clean stop into a violent one.
    signal.signal(signal.SIGTERM, _ignore)
    signal.signal(signal.SIGINT, _ignore)
    config = uvicorn.Config(
        _application(service, settings, role),
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


def _ignore(*_: object) -> None:
    pass


def _application(service: Service, settings: ServiceSettings, role: Role) -> Starlette:
    """The process as an ASGI application: health, the API where the role has one, its parts as lifespan."""
    health = Health()
    app = Starlette(routes=list(health.routes()))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with _running(service, settings, role, health) as runtime:
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
    service: Service, settings: ServiceSettings, role: Role, health: Health
) -> AsyncIterator[Runtime]:
    """Start pool, relay and consumer, and stop them the other way round: what is told last still goes out."""
    url = str(settings.database_url)
    pool = await open_pool(url, connections=settings.database_connections, name=f"{service.name} {role}")
    runtime = Runtime(settings, pool, health=health)
    health.ready.append(lambda: _database(pool))
    publishing = asyncio.Event()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(pool.close)
        await _task(stack, publishing, "notifier", notify(pool, publishing))
        if role in ("all", "relay"):
            relay = Relay(url, settings.kafka_bootstrap, lanes=settings.relay_lanes, topics=service.topics)
            health.alive.append(_relay_moves(relay))
            await _task(stack, publishing, "relay", relay.run(publishing))
            await _task(stack, publishing, "measures", _measure(pool, publishing))
        if role in ("all", "worker"):
            for worker in service.workers:
                await _task(stack, runtime.stopping, getattr(worker, "__name__", "worker"), worker(runtime))
            if service.inbox is not None:
                consumer = Consumer(
                    service.name, service.inbox, pool, settings.kafka_bootstrap, batch=settings.inbox_batch
                )
                health.alive.append(_consumer_moves(consumer))
                await _task(stack, runtime.stopping, "consumer", consumer.run(runtime.stopping))
        stack.callback(runtime.stopping.set)
        yield runtime


async def _task(stack: AsyncExitStack, stop: asyncio.Event, name: str, work: Awaitable[None]) -> None:
    """Run `work` beside the rest; at the end set `stop` and give it time. When it fails, the process ends."""

    async def run() -> None:
        try:
            await work
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("part of the service failed, the process ends", part=name)
            signal.raise_signal(signal.SIGTERM)

    task = asyncio.create_task(run(), name=name)

    async def finish() -> None:
        stop.set()
        _, late = await asyncio.wait({task}, timeout=STOP_PATIENCE)
        for one in late:
            log.warning("part of the service did not stop in time", part=name)
            one.cancel()
        await asyncio.gather(task, return_exceptions=True)

    stack.push_async_callback(finish)


async def _database(pool: Pool) -> str | None:
    try:
        async with asyncio.timeout(2), read(pool) as view:
            await view.fetchval("select 1")
    except INTERRUPTIONS as error:
        return f"the database does not answer: {type(error).__name__}"
    return None


def _relay_moves(relay: Relay) -> Callable[[], Awaitable[str | None]]:
    watch = Watch("the relay")

    async def finding() -> str | None:
        # It looks at its table every second even when there is nothing to do.
        return watch.finding(relay.progress.looked_at)

    return finding


def _consumer_moves(consumer: Consumer) -> Callable[[], Awaitable[str | None]]:
    watch = Watch("the consumer")

    async def finding() -> str | None:
        return watch.finding(consumer.lagging() and (consumer.last_batch, sorted(consumer.lagging())))

    return finding


async def _measure(pool: Pool, stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            async with read(pool) as view:
                row = await view.fetchrow(
                    """
                    select count(*) as depth,
                      coalesce(extract(epoch from clock_timestamp() - min(written_at)), 0)::float8 as age,
                      (select count(*) from messaging.parked) as parked
                    from messaging.outbox
                    """
                )
        except INTERRUPTIONS:
            row = None
        if row is not None:
            telemetry.outbox_depth.set(row["depth"])
            telemetry.outbox_age.set(row["age"])
            telemetry.events_parked.set(row["parked"])
        await pause(stop, MEASURE_EVERY)
