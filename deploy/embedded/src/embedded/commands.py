"""What can be asked of the embedded stack."""

import asyncio
import shutil
import sys
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Annotated, Final

import asyncpg
import typer
from pydantic import TypeAdapter, ValidationError
from rich.console import Console

from embedded import clock, processes, supervisor
from embedded.folder import Folder
from embedded.issuer import ROLES, Issuer
from embedded.run import Run
from embedded.trouble import Trouble, of_disk

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
clocks = typer.Typer(no_args_is_help=True)
app.add_typer(clocks, name="clock", help="The programme clock of all four databases.")

Where = Annotated[Path, typer.Option("--folder", help="The working folder.")]
HERE: Final = Path(".ieum")


def run() -> None:
    """The whole program: its command, and one sentence for what went wrong."""
    try:
        app()
    except Trouble as trouble:
        sys.exit(str(trouble))
    except asyncpg.PostgresError as error:
        sys.exit(f"PostgreSQL refused: {error}")
    except OSError as error:
        sys.exit(str(of_disk(error, Path(error.filename or HERE))))


@app.command()
def up(
    folder: Where = HERE,
    port: Annotated[
        list[str] | None, typer.Option(help="A port that must be this one: NAME=NUMBER (applications=8001).")
    ] = None,
) -> None:
    """Start Kafka, PostgreSQL and the four services, and stay until Ctrl-C."""
    console = Console(highlight=False, soft_wrap=True)
    asyncio.run(supervisor.up(folder, supervisor.asked(port or []), console.print))


@app.command()
def token(
    sub: Annotated[str, typer.Option(help="The person, under a pseudonym.")],
    role: Annotated[list[str], typer.Option(help="May be repeated.")],
    party: Annotated[str | None, typer.Option(help="The school, company, student or agency.")] = None,
    folder: Where = HERE,
) -> None:
    """Print a bearer token of the development issuer."""
    unknown = [name for name in role if name not in ROLES]
    if unknown:
        raise Trouble(f"There is no role {' or '.join(unknown)}; known are {', '.join(ROLES)}.")
    typer.echo(Issuer.open(Folder(folder).issuer).token(sub, role, party))


@clocks.command(name="show")
def show_clock(folder: Where = HERE) -> None:
    """Print what time it is in the programme."""
    running = Run.of(Folder(folder))
    moments = asyncio.run(_all_clocks([d.admin_url for d in running.databases.values()]))
    for service, moment in zip(running.databases, moments, strict=True):
        typer.echo(f"{service}: {moment.isoformat()}")


@clocks.command(name="set", context_settings={"ignore_unknown_options": True})  # -PT1H is none
def set_clock(
    to: Annotated[
        str, typer.Argument(help="A moment (2026-02-14T23:59:00+09:00) or an offset (P30D, -PT1H).")
    ],
    folder: Where = HERE,
) -> None:
    """Let the programme's clock go on from a moment, or at an offset from the machine's."""
    urls = [database.admin_url for database in Run.of(Folder(folder)).databases.values()]
    try:
        wanted = TypeAdapter(datetime | timedelta).validate_strings(to)
    except ValidationError:
        raise Trouble(f"{to} is neither a moment nor an offset in the form of ISO 8601.") from None
    if isinstance(wanted, timedelta):
        asyncio.run(clock.shift(urls, wanted))
    elif wanted.tzinfo is None:
        raise Trouble(f"{to} names no time zone; write {to}+09:00 for Korea.")
    else:
        asyncio.run(clock.move_to(urls, wanted))
    show_clock(folder)


@app.command()
def clean(folder: Where = HERE) -> None:
    """Remove the working folder with all that is in it."""
    there = Folder(folder)
    if not there.path.exists():
        return
    with there.held(room=0):
        processes.end_stale(there.pids)
        shutil.rmtree(there.path)


@app.command()
def lock() -> None:
    """Resolve the jars of Kafka anew into the lock file."""
    import_module("embedded.maven").lock()


async def _all_clocks(urls: list[str]) -> list[datetime]:
    return await asyncio.gather(*(clock.show(url) for url in urls))
