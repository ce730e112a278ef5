"""The evaluation service, put together."""

from chassis.cli import cli
from chassis.service import Service


def main() -> None:
    service = Service(
        name="evaluation",
        settings="evaluation.settings:Settings",
        inbox="evaluation.events:inbox",
        api="evaluation.http:api",
        workers=(
            "web.idempotency:sweep",
            "evaluation.worker:expire_offers",
            "evaluation.worker:publish_key",
        ),
        commands={
            "recompute": "evaluation.snapshots:recompute",
            "check-export": "evaluation.commands.checking:check_export",
        },
        commands_inside={"export": "evaluation.commands.exporting:command"},
        audited_as="contracts.audit:EvaluationAuditSealed",
    )
    cli(service)()
