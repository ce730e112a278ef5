"""`embedded up`."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console

from embedded import databases, supervisor
from embedded.commands import HERE, Where


def up(
    folder: Where = HERE,
    port: Annotated[
        list[str] | None, typer.Option(help="A port that must be this one: NAME=NUMBER (applications=8001).")
    ] = None,
) -> None:
    """Start Kafka, PostgreSQL and the four services, and stay until Ctrl-C."""
    console = Console(highlight=False, soft_wrap=True)
    with databases.refusals_told():
        asyncio.run(supervisor.up(folder, supervisor.asked(port or []), console.print))
