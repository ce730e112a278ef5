"""The applications service, put together."""

from applications import events, http
from applications.settings import Settings
from chassis.cli import cli
from chassis.service import Service


def main() -> None:
    cli(Service(name="applications", settings=Settings, inbox=events.inbox, api=http.api))()
