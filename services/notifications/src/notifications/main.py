"""The notifications service, put together."""

from chassis.cli import cli
from chassis.service import Service
from contracts.audit import NotificationsAuditSealed
from notifications import events, http
from notifications.settings import Settings
from notifications.store.contacts import CONTACTS
from notifications.worker import courier
from web import sweep


def main() -> None:
    service = Service(
        name="notifications",
        settings=Settings,
        inbox=events.inbox,
        api=http.api,
        workers=(sweep, courier),
        sealed=(CONTACTS,),
        audited_as=NotificationsAuditSealed,
    )
    cli(service)()
