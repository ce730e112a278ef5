"""The notifications service, put together."""

from chassis.cli import cli
from chassis.service import Service


def main() -> None:
    service = Service(
        name="notifications",
        settings="notifications.settings:Settings",
        inbox="notifications.events:inbox",
        api="notifications.http:api",
        workers=(
            "web.idempotency:sweep",
            "notifications.worker:courier",
            "notifications.worker:forget",
        ),
        sealed=("notifications.store.contacts:CONTACTS",),
        audited_as="contracts.audit:NotificationsAuditSealed",
    )
    cli(service)()
