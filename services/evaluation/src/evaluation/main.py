"""The evaluation service, put together."""

from chassis.cli import cli
from chassis.service import Service
from contracts.audit import EvaluationAuditSealed
from evaluation import commands, events, http
from evaluation.settings import Settings
from evaluation.worker import expire_offers, publish_key
from web import sweep


def main() -> None:
    service = Service(
        name="evaluation",
        settings=Settings,
        inbox=events.inbox,
        api=http.api,
        workers=(sweep, expire_offers, publish_key),
        commands=(commands.alone,),
        commands_inside=(commands.inside,),
        audited_as=EvaluationAuditSealed,
    )
    cli(service)()
