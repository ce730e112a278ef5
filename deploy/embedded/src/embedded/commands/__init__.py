"""What can be asked of the embedded stack."""

import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer

from chassis.lazily import command_line, part
from embedded.trouble import Trouble, of_disk

Where = Annotated[Path, typer.Option("--folder", help="The working folder.")]
HERE: Final = Path(".ieum")
COMMANDS: Final = {
    "up": "embedded.commands.running:up",
    "token": "embedded.commands.tokens:token",
    "clock": "embedded.commands.clocks:clocks",
    "clean": "embedded.commands.folders:clean",
    "lock": "embedded.maven:lock",
}


def run() -> None:
    """The whole program: its command, and one sentence for what went wrong."""
    try:
        command_line("embedded", {name: partial(part, where) for name, where in COMMANDS.items()})()
    except Trouble as trouble:
        sys.exit(str(trouble))
    except OSError as error:
        sys.exit(str(of_disk(error, Path(error.filename or HERE))))
