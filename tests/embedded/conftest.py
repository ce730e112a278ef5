"""A stack held by another process, and the command line as a user meets it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest
from tests.patience import PATIENCE

EMBEDDED: Final = Path(sys.executable).parent / "embedded"
HOLDER: Final = Path(__file__).with_name("holder.py")


@dataclass(frozen=True)
class Said:
    status: int
    out: str
    err: str


def command(*arguments: str, patience: float = PATIENCE) -> Said:
    done = subprocess.run(
        [EMBEDDED, *arguments], capture_output=True, text=True, timeout=patience, check=False
    )
    return Said(done.returncode, done.stdout, done.stderr)


@contextmanager
def held(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process with a running stack in `folder`; killed at the end if it still lives."""
    with subprocess.Popen(
        [sys.executable, str(HOLDER), str(folder)], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.terminate()
            process.wait(PATIENCE)


@pytest.fixture(scope="module")
def occupied() -> Iterator[Path]:
    """A folder in which a stack is running."""
    with TemporaryDirectory(prefix="ieum-stack-") as folder, held(Path(folder)):
        yield Path(folder)
