"""What an operator's commands share: settings, the service's database, a line for what goes wrong."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

import asyncpg
import typer
from pydantic import ValidationError

from chassis.lazily import part
from chassis.refusals import Refusal
from chassis.service import Service
from chassis.settings import ServiceSettings
from chassis.transaction import Command, Pool, Transaction, begin, open_pool, repeated

if TYPE_CHECKING:
    from chassis.runtime import Runtime

OPERATOR: Final = "operator"
Reason = Annotated[str, typer.Option(help="Why; kept in the audit log.", prompt=True)]


def settings_of(service: Service) -> ServiceSettings:
    """What the environment says to the service; a line for each setting that is wrong, and the end."""
    try:
        return part(service.settings)()
    except ValidationError as error:
        refuse("; ".join(f"{'.'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors()))


def refuse(message: str) -> NoReturn:
    """End the command with a line."""
    typer.echo(message, err=True)
    raise typer.Exit(1)


def unanswered(error: Exception) -> NoReturn:
    """End the command for want of a server."""
    refuse(f"The database or Kafka does not answer: {str(error) or type(error).__name__}")


def in_database(service: Service, work: Callable[[Pool], Awaitable[None]]) -> None:
    """Do a command's work in the service's database, and say in a line what goes wrong."""

    async def run() -> None:
        pool = await open_pool(
            str(settings_of(service).database_url), connections=2, name=f"{service.name} command"
        )
        try:
            await work(pool)
        finally:
            await pool.close()

    try:
        asyncio.run(run())
    except Refusal as refusal:
        refuse(refusal.detail)
    except OSError as error:
        unanswered(error)
    except asyncpg.PostgresError as error:
        # Its message may repeat what stands in a row.
        refuse(f"The database refuses: {type(error).__name__}")


def in_runtime(service: Service, work: "Callable[[Runtime], Awaitable[None]]") -> None:
    """The same with what a running service has, but for keys."""

    async def with_settings(pool: Pool) -> None:
        await work(part("chassis.runtime:Runtime")(settings_of(service), pool))

    in_database(service, with_settings)


def decided(decision: Callable[[Transaction], Awaitable[int | None]]) -> Callable[[Pool], Awaitable[None]]:
    """A decision of the operator, in a transaction of its own; prints the number that it answers."""

    async def work(pool: Pool) -> None:
        async def once() -> int | None:
            async with begin(pool, Command(actor=OPERATOR)) as tx:
                return await decision(tx)

        answer = await repeated(once)
        typer.echo("done" if answer is None else f"done: {answer}")

    return work
