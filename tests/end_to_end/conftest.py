"""A small programme year, played once for all tests here, on a stack of its own."""

import asyncio
import io
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console

from demo.cast import SMALL
from demo.casting import cast
from demo.ledger.evidence import Evidence
from demo.performance import Options, perform
from demo.report.story import Story


@dataclass(frozen=True)
class Played:
    story: Story
    evidence: Evidence
    report: str
    terminal: str
    folder: Path


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    folder = tmp_path_factory.mktemp("year")
    report = folder / "report.html"
    terminal = io.StringIO()
    options = Options(cast(2025, SMALL), folder / "stack", report)
    done = asyncio.run(perform(options, Console(file=terminal, width=140)))
    return Played(done.story, done.evidence, report.read_text("utf-8"), terminal.getvalue(), folder / "stack")


@pytest.fixture
def evidence(played: Played) -> Evidence:
    return played.evidence
