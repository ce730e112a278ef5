"""`python -m benchmarks [ROW…]`: measure, print, and write docs/performance.md when all was measured."""

import logging
from pathlib import Path
from typing import Annotated, Final

import structlog
import typer
import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks import report, rows, stand
from benchmarks.measure import Finding, Tick
from benchmarks.report import Machine
from benchmarks.sizes import FULL, SHORT, Sizes

DOCUMENT: Final = Path("docs/performance.md")
RESULTS: Final = Path("benchmarks/results.json")

Rows = Annotated[list[str] | None, typer.Argument(metavar="[ROW]…", help=f"Of {', '.join(rows.NAMES)}; all")]
Short = Annotated[bool, typer.Option("--short", help="Small sizes, one pair: shows that it works")]
Changes = Annotated[list[str] | None, typer.Option("--size", metavar="NAME=NUMBER", help="Another size")]


app: Final = typer.Typer(add_completion=False)


@app.command()
def main(names: Rows = None, *, short: Short = False, size: Changes = None) -> None:
    """Measure ratios within one run; exit code 1 when a target is missed."""
    if unknown := set(names or ()) - set(rows.NAMES):
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}: the rows are {', '.join(rows.NAMES)}")
    sizes = _sizes(SHORT if short else FULL, size or ())
    _be_quiet()
    console, machine = Console(), Machine.here()
    console.print(f"{machine}", style="dim", highlight=False)
    findings = _measured(names or rows.NAMES, sizes, console)
    console.print(report.table(findings))
    if sizes == FULL and not names:
        DOCUMENT.write_text(report.document(findings, machine, sizes))
        RESULTS.write_text(report.as_json(findings, machine, sizes))
        console.print(f"Written: {DOCUMENT} and {RESULTS}")
    if any(finding.met is False for finding in findings):
        raise typer.Exit(1)


def _sizes(base: Sizes, changes: list[str] | tuple[()]) -> Sizes:
    try:
        return base.but({name: int(number) for name, _, number in (each.partition("=") for each in changes)})
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--size") from error


def _measured(names: list[str] | tuple[str, ...], sizes: Sizes, console: Console) -> list[Finding]:
    columns = (TextColumn("{task.description:10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        bars = {name: progress.add_task(name, total=None, start=False) for name in names}

        def announce(name: str, runs: int) -> Tick:
            progress.update(bars[name], total=runs)
            progress.start_task(bars[name])
            return lambda: progress.advance(bars[name])

        return uvloop.run(rows.measured(names, sizes, stand.started, announce))


def _be_quiet() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


if __name__ == "__main__":
    app()
