"""`demo`: plays one programme year on a stack of its own, checks the ledger and writes the report."""

import sys
from asyncio import CancelledError
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.console import Console

from demo.cast import SMALL, WHOLE
from demo.casting import cast
from demo.people import DemoFailed
from demo.performance import Options, perform
from embedded.trouble import Trouble


def main() -> None:
    """The console script."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(play)
    app()


def play(
    keep: Annotated[bool, typer.Option("--keep", help="Leave the stack running until Ctrl-C.")] = False,
    small: Annotated[bool, typer.Option("--small", help="Fewer schools and students.")] = False,
    seed: Annotated[int, typer.Option(help="Chooses who takes part and how they fare.")] = 2025,
    report: Annotated[Path, typer.Option(help="Where the report is written.")] = Path("report.html"),
    folder: Annotated[Path, typer.Option(help="The working folder; emptied first.")] = Path(".ieum/demo"),
) -> None:
    """Play the 2025 programme year with simulated people and check what they were told."""
    console = Console(highlight=False)
    options = Options(cast(seed, SMALL if small else WHOLE), folder, report, keep=keep)
    try:
        story = uvloop.run(perform(options, console)).story
    except (DemoFailed, Trouble) as trouble:
        sys.exit(str(trouble))
    except (KeyboardInterrupt, CancelledError):
        sys.exit("Stopped.")
    if not story.holds:
        broken = ", ".join(str(check.number) for check in story.checks if not check.holds)
        sys.exit(f"The ledger differs from what is there: invariants {broken}; see {report}.")
