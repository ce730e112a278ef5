"""One console script a service: `serve`, `migrate`, `parked`, `restore`, and the service's own commands."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Final, NoReturn

import asyncpg
import typer
from aiokafka.errors import KafkaError
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from chassis import auditing, keys, migrations, parking, restore
from chassis.refusals import Refusal
from chassis.service import Role, Runtime, Service, serve
from chassis.settings import ServiceSettings
from chassis.transaction import Command, Pool, Transaction, begin, open_pool, read, repeated

OPERATOR: Final = "operator"
Reason = Annotated[str, typer.Option(help="Why; kept in the audit log.", prompt=True)]


def cli(service: Service) -> typer.Typer:
    """The command line of a service."""
    app = typer.Typer(
        name=service.name, no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False
    )

    @app.command(name="serve")
    def serve_(role: Annotated[Role, typer.Option(help="What this process does.")] = "all") -> None:
        """Run the service until it is told to stop."""
        serve(service, _settings(service), role)

    @app.command()
    def migrate() -> None:
        """Bring the database up to date, as the owner of its schema."""
        settings = _settings(service)
        if settings.migration_database_url is None:
            _refuse("MIGRATION_DATABASE_URL is missing: migrations run as the owner of the schema")
        try:
            migrations.migrate(service.name, str(settings.migration_database_url))
        except migrations.MigrationFailed as error:
            _refuse(str(error))

    app.add_typer(_parked(service), name="parked", help="What could not be applied, and what to do with it.")
    app.add_typer(_restore(service), name="restore", help="After the database came back from a backup.")
    app.add_typer(
        auditing.commands(service.name, partial(_in_database, service)),
        name="audit",
        help="The audit log and its chain.",
    )
    if service.sealed:
        app.add_typer(
            keys.commands(service.sealed, lambda: _key_file(service), partial(_in_database, service)),
            name="keys",
            help="Keys of personal data.",
        )
    for add in service.commands:
        add(app)
    for add_inside in service.commands_inside:
        add_inside(app, partial(_in_runtime, service))
    return app


def _key_file(service: Service) -> Path:
    file: Path = _settings(service).personal_data_keys  # type: ignore[attr-defined]  # where it seals
    return file


def _settings(service: Service) -> ServiceSettings:
    try:
        return service.settings()
    except ValidationError as error:
        _refuse("; ".join(f"{'.'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors()))


def _refuse(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(1)


def _in_database(service: Service, work: Callable[[Pool], Awaitable[None]]) -> None:
    async def run() -> None:
        pool = await open_pool(
            str(_settings(service).database_url), connections=2, name=f"{service.name} command"
        )
        try:
            await work(pool)
        finally:
            await pool.close()

    try:
        asyncio.run(run())
    except Refusal as refusal:
        _refuse(refusal.detail)
    except (OSError, KafkaError) as error:
        _refuse(f"The database or Kafka does not answer: {error or type(error).__name__}")
    except asyncpg.PostgresError as error:
        # Its message may repeat what stands in a row.
        _refuse(f"The database refuses: {type(error).__name__}")


def _in_runtime(service: Service, work: Callable[[Runtime], Awaitable[None]]) -> None:
    async def with_settings(pool: Pool) -> None:
        await work(Runtime(_settings(service), pool))

    _in_database(service, with_settings)


def _parked(service: Service) -> typer.Typer:
    app = typer.Typer(no_args_is_help=True)
    inside = partial(_in_database, service)

    @app.command(name="list")
    def list_() -> None:
        """What is parked, in the order of each stream."""
        inside(_list)

    @app.command()
    def show(record: int) -> None:
        """One parked record with its headers and bytes."""
        inside(partial(_show, record=record))

    @app.command()
    def replay(topic: str, key: str, reason: Reason) -> None:
        """Apply what is parked of one stream, in order, as far as it fits."""
        if service.inbox is None:
            _refuse(f"{service.name} listens to nobody")
        inside(_decided(partial(parking.replay, inbox=service.inbox, topic=topic, lane=key, reason=reason)))

    @app.command()
    def discard(record: int, reason: Reason) -> None:
        """Give one record up: its stream goes on as if it had been applied."""
        inside(_decided(partial(parking.discard, record=record, reason=reason)))

    @app.command(name="skip-to")
    def skip_to(topic: str, key: str, sequence: int, reason: Reason) -> None:
        """Move a stream's mark past what can never come."""
        inside(_decided(partial(parking.skip_to, topic=topic, lane=key, sequence=sequence, reason=reason)))

    return app


def _decided(decision: Callable[[Transaction], Awaitable[int | None]]) -> Callable[[Pool], Awaitable[None]]:
    """A decision of the operator, in a transaction of its own; prints the number that it answers."""

    async def work(pool: Pool) -> None:
        async def once() -> int | None:
            async with begin(pool, Command(actor=OPERATOR)) as tx:
                return await decision(tx)

        answer = await repeated(once)
        typer.echo("done" if answer is None else f"done: {answer}")

    return work


async def _list(pool: Pool) -> None:
    async with read(pool) as view:
        records = await parking.everything(view)
    table = Table("id", "topic", "key", "sequence", "type", "reason", "detail", "parked at")
    for r in records:
        texts = (r.id, r.topic, r.lane, r.sequence, r.type, r.reason, r.detail, r.parked_at.isoformat())
        table.add_row(*("" if text is None else str(text) for text in texts))
    Console().print(table if records else "Nothing is parked.")


async def _show(pool: Pool, record: int) -> None:
    async with read(pool) as view:
        parked = await parking.one(view, record)
    for name in parking.Parked.__slots__:
        typer.echo(f"{name}: {getattr(parked, name)}")


def _restore(service: Service) -> typer.Typer:
    app = typer.Typer(no_args_is_help=True)

    @app.command(name="raise-generation")
    def raise_generation(reason: Reason) -> None:
        """Number events in a new generation from here on; the first step after a restore."""
        _in_database(service, _decided(partial(restore.raise_generation, reason=reason)))

    @app.command()
    def check() -> None:
        """List every event that was told to others and is no longer known here; exit 1 if there is one."""

        async def work(pool: Pool) -> None:
            kafka = _settings(service).kafka_bootstrap
            forgotten = await restore.check(pool, service.name, kafka, service.topics)
            for event in forgotten:
                typer.echo(f"{event.topic} {event.key} {event.sequence} {event.type} {event.event}")
            typer.echo(f"{len(forgotten)} events were told and are not known here")
            if forgotten:
                raise typer.Exit(1)

        _in_database(service, work)

    return app
