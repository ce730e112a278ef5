"""`embedded clock …`."""

import asyncio
from datetime import datetime, timedelta
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from chassis.lazily import group
from embedded import clock, databases
from embedded.commands import HERE, Where
from embedded.folder import Folder
from embedded.run import Run
from embedded.trouble import Trouble

clocks = group("The programme clock of all four databases.")


@clocks.command(name="show")
def show_clock(folder: Where = HERE) -> None:
    """Print what time it is in the programme."""
    running = Run.of(Folder(folder))
    with databases.refusals_told():
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
    if isinstance(wanted, datetime) and wanted.tzinfo is None:
        raise Trouble(f"{to} names no time zone; write {to}+09:00 for Korea.")
    with databases.refusals_told():
        if isinstance(wanted, timedelta):
            asyncio.run(clock.shift(urls, wanted))
        else:
            asyncio.run(clock.move_to(urls, wanted))
    show_clock(folder)


async def _all_clocks(urls: list[str]) -> list[datetime]:
    return await asyncio.gather(*(clock.show(url) for url in urls))
