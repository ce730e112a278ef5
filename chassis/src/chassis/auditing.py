"""`SERVICE audit …`: hold the log against its chain, and list the heads that are kept."""

import json
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from chassis import verifying
from chassis.lazily import group
from chassis.operating import in_database
from chassis.refusals import Invalid
from chassis.sealing import Head
from chassis.service import Service
from chassis.transaction import Pool, read


def commands(service: Service) -> typer.Typer:
    """The commands `audit …`."""
    app = group("The audit log and its chain.")

    @app.command()
    def verify(
        heads: Annotated[
            Path | None,
            typer.Option(
                help="Heads that others kept: what `audit heads` of another service prints.",
                exists=True,
                dir_okay=False,
            ),
        ] = None,
    ) -> None:
        """Hold the log against its chain and the heads that were told; exit code 1 where they differ."""
        sound: list[bool] = []
        kept = None if heads is None else heads.read_text("utf-8")
        in_database(service, partial(_verify, service=service.name, heads=kept, sound=sound))
        if sound != [True]:
            raise typer.Exit(1)

    @app.command(name="heads")
    def heads_() -> None:
        """The heads that are kept here, of this service and of others, as JSON."""
        in_database(service, _heads)

    return app


async def _verify(pool: Pool, service: str, heads: str | None, sound: list[bool]) -> None:
    held = [] if heads is None else held_of(service, heads)
    async with read(pool) as view:
        verified = await verifying.verify(view, service, held)
    console = Console(soft_wrap=True)
    at = "no rows" if verified.head is None else f"{verified.head.position} rows, head {verified.head.head}"
    console.print(
        f"{service}: {at}; {verified.unsealed} not sealed yet; held against {verified.held} heads",
        markup=False,
    )
    for finding in verified.findings:
        console.print(str(finding), markup=False)
    sound.append(not verified.findings)


def held_of(service: str, document: str) -> list[Head]:
    """The heads of `service` in a document of `audit heads` or of the route `/audit/heads`.

    Raises:
        Invalid: rules `heads_unreadable`, `heads_of_others`: there is none of this service in it.
    """
    try:
        kept: list[dict[str, Any]] = json.loads(document)
        found = [
            Head(int(each["position"]), str(each["head"])) for each in kept if each["service"] == service
        ]
    except (ValueError, TypeError, KeyError) as error:
        detail = "heads must be a JSON array of objects with service, position and head"
        raise Invalid("heads_unreadable", detail, "heads") from error
    if not found:
        raise Invalid("heads_of_others", f"heads names none of {service}: there is nothing to hold", "heads")
    return found


async def _heads(pool: Pool) -> None:
    async with read(pool) as view:
        rows = await view.fetch(
            "select service, position, head, told_at from messaging.audit_head order by service, kept_at"
        )
    kept = [{**row, "told_at": row["told_at"].isoformat()} for row in rows]
    typer.echo(json.dumps(kept, indent=1))
