"""One console script a service: `serve`, `migrate`, `parked`, `restore`, and the service's own commands."""

from functools import partial
from typing import Final

import typer

from chassis.lazily import Commands, command_line, part
from chassis.service import Service

COMMANDS: Final = {
    "serve": "chassis.serving:command",
    "migrate": "chassis.migrating:command",
    "parked": "chassis.parked:commands",
    "restore": "chassis.restoring:commands",
    "audit": "chassis.auditing:commands",
}
SEALED: Final = {"keys": "chassis.keys:commands"}
"""What a service with sealed columns has besides."""


def cli(service: Service) -> typer.Typer:
    """The command line of a service."""
    every = COMMANDS | (SEALED if service.sealed else {})
    return command_line(
        service.name,
        {name: partial(_of_every_service, service, where) for name, where in every.items()}
        | {name: partial(part, where) for name, where in service.commands.items()}
        | {name: partial(_inside, service, where) for name, where in service.commands_inside.items()},
    )


def _of_every_service(service: Service, where: str) -> Commands:
    made: Commands = part(where)(service)
    return made


def _inside(service: Service, where: str) -> Commands:
    made: Commands = part(where)(partial(part("chassis.operating:in_runtime"), service))
    return made
