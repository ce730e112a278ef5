"""What a run found: as a table on the terminal, as docs/performance.md, and as JSON beside it."""

import importlib.metadata
import json
import os
import platform
import time
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import resources
from string import Template
from typing import Any, Final, assert_never

from rich.table import Table

from benchmarks.measure import Finding, Measured, Target, spread
from benchmarks.sizes import Sizes
from embedded import postgres

PACKAGES: Final = ("aiokafka", "asyncpg", "faststream", "numba", "numpy", "pydantic", "uvloop")
ROWS: Final = ("relay", "inbox", "selection", "matching", "recompute")
"""In the order of the document."""


@dataclass(frozen=True, slots=True)
class Machine:
    """Where and when a run took place; `load` is the average of the minute before it."""

    date: str
    cores: int
    memory_gib: int
    load: float
    kafka: str
    postgres: int
    python: str
    packages: dict[str, str]

    @classmethod
    def here(cls) -> "Machine":
        return cls(
            date=time.strftime("%Y-%m-%d"),
            cores=len(os.sched_getaffinity(0)),
            memory_gib=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
            load=round(os.getloadavg()[0], 1),
            kafka=_kafka(),
            postgres=postgres.VERSION,
            python=platform.python_version(),
            packages={name: importlib.metadata.version(name) for name in PACKAGES},
        )

    def __str__(self) -> str:
        packages = ", ".join(f"{name} {version}" for name, version in self.packages.items())
        return (
            f"{self.date}; {self.cores} shared cores, {self.memory_gib} GiB, load average {self.load} before;"
            f" Apache Kafka {self.kafka}, PostgreSQL {self.postgres}, Python {self.python}, {packages}"
        )


def _kafka() -> str:
    environment = tomllib.loads(resources.files("embedded").joinpath("jgo.toml").read_text())
    broker: str = environment["dependencies"]["coordinates"][0]
    return broker.rpartition(":")[2]


def table(findings: Sequence[Finding]) -> Table:
    """Medians and spreads, for people."""
    made = Table(title="Ratios within one run", title_justify="left", show_lines=True)
    for heading in ("row", "what", "ours", "the other", "ratio (spread)", "target"):
        made.add_column(heading, justify="right" if heading.startswith("ratio") else "left")
    for finding in findings:
        made.add_row(
            finding.row,
            finding.what,
            f"{finding.ours.label}\n{measured(finding.ours, finding.unit)}",
            f"{finding.other.label}\n{measured(finding.other, finding.unit)}",
            ratio(finding),
            _coloured(finding),
        )
    return made


def _coloured(finding: Finding) -> str:
    colour = {True: "green", False: "red", None: "dim"}[finding.met]
    return f"[{colour}]{verdict(finding)}[/]"


def measured(side: Measured, unit: str) -> str:
    """The median of a side's runs, with its spread."""
    fastest, slowest = spread(side.seconds)
    return f"{_seconds(side.typical)} ({_seconds(fastest)} to {_seconds(slowest)}), {side.rate:,.0f} {unit}/s"


def _seconds(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def ratio(finding: Finding) -> str:
    """The median ratio with its spread, in words."""
    least, most = spread(finding.ratios)
    match finding.sense:
        case "times_faster":
            words = "faster"
        case "times_as_long":
            words = "as long"
        case _:
            assert_never(finding.sense)
    return f"{_times(finding.ratio)} {words} ({_times(least)} to {_times(most)})"


def _times(number: float) -> str:
    return f"{number:,.0f} ×" if number >= 100 else f"{number:.1f} ×"  # noqa: PLR2004 - what can be told apart


def verdict(finding: Finding) -> str:
    """The target and whether it was met."""
    if finding.target is None:
        return "no target"
    return f"{_asked(finding.target)}: {'met' if finding.met else 'missed'}"


def _asked(target: Target) -> str:
    asked = []
    if target.times_faster is not None:
        asked.append(f"at least {target.times_faster:g} × faster")
    if target.seconds is not None:
        asked.append(f"at most {target.seconds:g} s")
    return ", ".join(asked)


def document(findings: Sequence[Finding], machine: Machine, sizes: Sizes) -> str:
    """docs/performance.md, from the template of that name and one table for each row of it."""
    template = Template(resources.files("benchmarks").joinpath("performance.md").read_text())
    tables = {row: _markdown([each for each in findings if each.row == row]) for row in ROWS}
    return template.substitute(tables, machine=machine, rounds=sizes.rounds)


def _markdown(findings: Sequence[Finding]) -> str:
    lines = ["| what | ours | the other | ratio (spread) | target |", "|---|---|---|---|---|"]
    for finding in findings:
        cells = (
            finding.what,
            f"{finding.ours.label}: {measured(finding.ours, finding.unit)}",
            f"{finding.other.label}: {measured(finding.other, finding.unit)}",
            f"**{ratio(finding)}**",
            verdict(finding),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def as_json(findings: Sequence[Finding], machine: Machine, sizes: Sizes) -> str:
    """Every single run, for machines."""
    document: dict[str, Any] = {
        "machine": asdict(machine),
        "sizes": asdict(sizes),
        "findings": [
            {
                **asdict(finding),
                "ours": _rounded(finding.ours),
                "other": _rounded(finding.other),
                "ratios": [round(each, 3) for each in finding.ratios],
                "ratio": round(finding.ratio, 3),
                "met": finding.met,
            }
            for finding in findings
        ],
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _rounded(side: Measured) -> dict[str, Any]:
    return {"label": side.label, "units": side.units, "seconds": [round(each, 6) for each in side.seconds]}
