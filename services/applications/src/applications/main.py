"""The applications service, put together."""

from chassis.cli import cli
from chassis.service import Service


def main() -> None:
    service = Service(
        name="applications",
        settings="applications.settings:Settings",
        inbox="applications.events:inbox",
        api="applications.http:api",
        workers=("web.idempotency:sweep",),
        audited_as="contracts.audit:ApplicationsAuditSealed",
    )
    cli(service)()
