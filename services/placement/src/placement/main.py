"""The placement service, put together."""

import typer

from chassis.cli import cli
from chassis.service import Runtime, Service
from placement import events, http, snapshots
from placement.settings import Settings
from placement.worker import expire_offers
from web import sweep


def recompute(app: typer.Typer) -> None:
    app.command(name="recompute")(snapshots.recompute)


async def offers(runtime: Runtime) -> None:
    settings: Settings = runtime.settings
    await expire_offers(runtime.pool, runtime.stopping, settings.offer_sweep_seconds)


def main() -> None:
    workers = (sweep, offers)
    cli(Service("placement", Settings, events.inbox, http.api, workers, commands=(recompute,)))()
