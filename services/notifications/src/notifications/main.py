"""The notifications service, put together."""

from datetime import timedelta

from chassis.cli import cli
from chassis.service import Runtime, Service
from notifications import events, http
from notifications.carriers.mail import Sender
from notifications.settings import Settings
from notifications.worker import Courier
from web import sweep


async def courier(runtime: Runtime) -> None:
    settings: Settings = runtime.settings
    await Courier(
        pool=runtime.pool,
        carrier=settings.carrier(),
        sender=Sender(settings.mail_from),
        retries=settings.retries(),
        lease=timedelta(seconds=settings.mail_lease_seconds),
        poll=settings.mail_poll_seconds,
    ).run(runtime.stopping)


def main() -> None:
    workers = (sweep, courier)
    cli(Service("notifications", settings=Settings, inbox=events.inbox, api=http.api, workers=workers))()
