"""The applications service, put together."""

from applications import events, http
from applications.settings import Settings
from chassis.cli import cli
from chassis.service import Service
from contracts.audit import ApplicationsAuditSealed
from web import sweep


def main() -> None:
    service = Service(
        name="applications",
        settings=Settings,
        inbox=events.inbox,
        api=http.api,
        workers=(sweep,),
        audited_as=ApplicationsAuditSealed,
    )
    cli(service)()
