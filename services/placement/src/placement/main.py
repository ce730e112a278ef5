"""The placement service, put together."""

from chassis.cli import cli
from chassis.service import Service
from contracts.audit import PlacementAuditSealed
from decisions.recompute import command_of
from placement import events, http, snapshots
from placement.settings import Settings
from placement.store.imports import FILES
from placement.store.persons import PERSONS
from placement.worker import WORKERS
from web import sweep


def main() -> None:
    service = Service(
        name="placement",
        settings=Settings,
        inbox=events.inbox,
        api=http.api,
        workers=(sweep, *WORKERS),
        commands=(command_of(snapshots.recompute),),
        sealed=(PERSONS, FILES),
        audited_as=PlacementAuditSealed,
    )
    cli(service)()
