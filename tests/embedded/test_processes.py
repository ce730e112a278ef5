"""Child processes are recognised again, and nobody else's process is touched."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tests.patience import PATIENCE

from embedded import processes
from embedded.processes import Child, Identity, Program

SLEEP = [sys.executable, "-I", "-S", "-c", "import time; print('awake', flush=True); time.sleep(600)"]
STUBBORN = [
    sys.executable,
    "-I",
    "-S",
    "-c",
    "import signal, time; signal.signal(15, signal.SIG_IGN); print('awake', flush=True); time.sleep(600)",
]


PARENT = Path(__file__).with_name("parent.py")


def program(folder: Path, command: list[str]) -> Program:
    return Program("sleeper", command, {"PATH": os.defpath}, folder / "sleeper.log", folder / "pids")


async def awake(child: Child) -> None:
    async with asyncio.timeout(PATIENCE):
        while b"awake" not in child.program.log.read_bytes():
            await asyncio.sleep(0.01)


@pytest.fixture
def sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    """A process that is not ours."""
    with subprocess.Popen(SLEEP, stdout=subprocess.DEVNULL) as process:
        yield process
        process.kill()


async def test_a_child_that_does_not_listen_is_killed_when_its_time_is_up(tmp_path: Path) -> None:
    child = Child.start(program(tmp_path, STUBBORN))
    await awake(child)
    assert await child.stop(signal.SIGTERM, 0.3) is False
    assert child.status == -signal.SIGKILL
    assert list((tmp_path / "pids").iterdir()) == []


async def test_a_child_has_a_session_of_its_own_so_that_ctrl_c_reaches_us_alone(tmp_path: Path) -> None:
    child = Child.start(program(tmp_path, SLEEP))
    await awake(child)
    assert os.getsid(child.pid) == child.pid
    assert await child.stop(signal.SIGTERM, 10) is True


def test_children_end_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, str(PARENT), str(tmp_path)]) as parent:
        record = tmp_path / "pids" / "sleeper.pid"
        while not record.exists() or b"awake" not in (tmp_path / "sleeper.log").read_bytes():
            time.sleep(0.02)
        child = Identity.read(record)
        assert child is not None
        assert child.process() is not None
        parent.kill()
    until = time.monotonic() + PATIENCE
    while child.process() is not None:
        assert time.monotonic() < until
        time.sleep(0.02)


def test_what_a_killed_supervisor_left_is_ended(tmp_path: Path, sleeper: "subprocess.Popen[bytes]") -> None:
    Identity.of(sleeper.pid).record(tmp_path / "kafka.pid")
    assert processes.end_stale(tmp_path) == ["kafka"]
    assert sleeper.wait(5) == -signal.SIGKILL
    assert list(tmp_path.iterdir()) == []


def test_a_number_that_is_another_processes_by_now_is_let_alone(
    tmp_path: Path, sleeper: "subprocess.Popen[bytes]"
) -> None:
    before = Identity(sleeper.pid, Identity.of(sleeper.pid).started - 100)
    before.record(tmp_path / "kafka.pid")
    assert processes.end_stale(tmp_path) == []
    assert psutil.Process(sleeper.pid).status() != psutil.STATUS_ZOMBIE
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "x y", "12", "0 0 0"])
def test_an_illegible_record_is_dropped(tmp_path: Path, text: str) -> None:
    (tmp_path / "kafka.pid").write_text(text)
    assert processes.end_stale(tmp_path) == []
    assert list(tmp_path.iterdir()) == []
