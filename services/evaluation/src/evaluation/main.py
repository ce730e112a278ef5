"""The evaluation service, put together."""

import typer

from chassis.cli import cli
from chassis.service import Service
from contracts.audit import EvaluationAuditSealed
from evaluation import events, http, snapshots
from evaluation.settings import Settings
from evaluation.worker import expire_offers
from web import sweep


def recompute(app: typer.Typer) -> None:
    app.command(name="recompute")(snapshots.recompute)


def main() -> None:
    service = Service(
        name="evaluation",
        settings=Settings,
        inbox=events.inbox,
        api=http.api,
        workers=(sweep, expire_offers),
        commands=(recompute,),
        audited_as=EvaluationAuditSealed,
    )
    cli(service)()
