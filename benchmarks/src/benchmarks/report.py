"""What a run found: as a table on the terminal, as docs/performance.md, and as JSON beside it."""

import importlib.metadata
import json
import math
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
ROWS: Final = ("relay", "inbox", "selection", "matching", "round", "recompute")
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
    """Medians and spreads, for people: of each comparison the ratio, then its two sides."""
    made = Table(title="Ratios within one run", title_justify="left", expand=True)
    made.add_column("what", ratio=5)
    made.add_column("median (spread)", ratio=4)
    made.add_column("target, rate", justify="right", ratio=3)
    for finding in findings:
        colour = {True: "green", False: "red", None: "dim"}[finding.met]
        made.add_row(f"{finding.row}: {finding.what}", ratio(finding), f"[{colour}]{verdict(finding)}[/]")
        for side in (finding.ours, finding.other):
            made.add_row(
                f"  [dim]{side.label}[/]", f"[dim]{taken(side)}[/]", f"[dim]{rate(side, finding)}[/]"
            )
        made.add_section()
    return made


def taken(side: Measured) -> str:
    """The median of a side's runs, with its spread."""
    fastest, slowest = spread(side.seconds)
    return f"{_seconds(side.typical)} ({_seconds(fastest)} to {_seconds(slowest)})"


def rate(side: Measured, finding: Finding) -> str:
    """Units a second; nothing where a run is one unit."""
    return f"{side.rate:,.0f} {finding.unit}/s" if side.units > 1 else ""


def _seconds(seconds: float) -> str:
    for unit, size in (("s", 1), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{_short(seconds / size)} {unit}"
    return "no time"


def _short(number: float) -> str:
    """Three digits that count."""
    decimals = max(0, 2 - math.floor(math.log10(number)))
    return f"{number:,.{decimals}f}"


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
    return f"{_short(finding.ratio)} × {words} ({_short(least)} to {_short(most)})"


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
            _described(finding.ours, finding),
            _described(finding.other, finding),
            f"**{ratio(finding)}**",
            verdict(finding),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _described(side: Measured, finding: Finding) -> str:
    return ", ".join(filter(None, (f"{side.label}: {taken(side)}", rate(side, finding))))


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
