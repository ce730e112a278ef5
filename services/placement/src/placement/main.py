"""The placement service, put together."""

import typer

from chassis.cli import cli
from chassis.service import Service
from contracts.audit import PlacementAuditSealed
from placement import events, http, snapshots
from placement.settings import Settings
from placement.store.imports import FILES
from placement.store.persons import PERSONS
from placement.worker import WORKERS
from web import sweep


def recompute(app: typer.Typer) -> None:
    app.command(name="recompute")(snapshots.recompute)


def main() -> None:
    service = Service(
        name="placement",
        settings=Settings,
        inbox=events.inbox,
        api=http.api,
        workers=(sweep, *WORKERS),
        commands=(recompute,),
        sealed=(PERSONS, FILES),
        audited_as=PlacementAuditSealed,
    )
    cli(service)()
