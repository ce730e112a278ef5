"""Child processes that can be recognised again, are stopped within a bound, and never outlive us."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from signal import Signals
from typing import Final, Self

import psutil

from embedded import launch
from embedded.trouble import of_disk

POLL: Final = 0.02
KILL_WAIT: Final = 10.0
SAME_START: Final = 1.0
"""Seconds by which two readings of one process's start may differ."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A process id alone is used again; together with when the process started it is not."""

    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> Self:
        return cls(pid, psutil.Process(pid).create_time())

    @classmethod
    def read(cls, file: Path) -> Self | None:
        """What `record` wrote; None where nothing legible is there."""
        try:
            pid, started = file.read_text().split()
            return cls(int(pid), float(started))
        except (OSError, ValueError):
            return None

    def record(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{self.pid} {self.started}\n")

    def process(self) -> psutil.Process | None:
        """The process itself while it lives, None when it is gone or the number is another's by now."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started) < SAME_START
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None


def end_stale(pids: Path) -> list[str]:
    """Kills what an earlier supervisor left running, by its records in `pids`; gives their names."""
    ended = []
    for file in sorted(pids.glob("*.pid")):
        identity = Identity.read(file)
        process = identity.process() if identity else None
        if process is not None:
            end(process)
            ended.append(file.stem)
        file.unlink(missing_ok=True)
    return ended


def end(process: psutil.Process) -> None:
    """A kill -9 of a process and of those it started, and waits until they are gone."""
    try:
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for member in family:
        try:
            member.kill()
        except psutil.NoSuchProcess:
            continue
    until = time.monotonic() + KILL_WAIT
    # Not psutil's own wait: it would take the exit status of our children away from those who ask for it.
    while any(_lives(member) for member in family) and time.monotonic() < until:
        time.sleep(POLL)


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@dataclass(frozen=True, slots=True)
class Program:
    """What to run, as whom and under which circumstances.

    `environment` is all the program gets: nothing of ours leaks into it. `orphaned` is the signal it is
    sent when we are killed. `user` is (user id, group id), None for our own.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    pids: Path
    orphaned: Signals = Signals.SIGKILL
    user: tuple[int, int] | None = None


class Child:
    """A running program."""

    def __init__(self, program: Program, popen: subprocess.Popen[bytes]) -> None:
        self.program = program
        self.identity = Identity.of(popen.pid)
        self._popen = popen
        self._record = program.pids / f"{program.name}.pid"
        self.identity.record(self._record)

    @classmethod
    def start(cls, program: Program) -> Self:
        """Raises: Trouble: where the log cannot be written."""
        user, group = program.user or ("-", "-")
        command = [sys.executable, "-I", "-S", launch.__file__, str(os.getpid())]
        command += [str(int(program.orphaned)), str(user), str(group), *program.command]
        try:
            program.log.parent.mkdir(parents=True, exist_ok=True)
            with program.log.open("ab") as log:
                popen = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=dict(program.environment),
                )
            return cls(program, popen)
        except OSError as error:
            raise of_disk(error, program.log.parent) from error

    @property
    def pid(self) -> int:
        return self.identity.pid

    @property
    def status(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        status = self._popen.poll()
        if status is not None:
            self._record.unlink(missing_ok=True)
        return status

    def send(self, number: Signals) -> None:
        self._popen.send_signal(number)

    async def wait(self, seconds: float) -> bool:
        """Whether it ended within `seconds`."""
        until = time.monotonic() + seconds
        while self.status is None:
            if time.monotonic() > until:
                return False
            await asyncio.sleep(POLL)
        return True

    async def stop(self, first: Signals, seconds: float) -> bool:
        """Asks with `first`, insists with kill -9 after `seconds`; whether asking was enough."""
        if self.status is None:
            self.send(first)
        if await self.wait(seconds):
            return True
        self.kill()
        return False

    def kill(self) -> None:
        """A kill -9, of it and of what it started; returns when they are gone."""
        process = self.identity.process()
        if process is not None:
            end(process)
        self._popen.wait(KILL_WAIT)
        self._record.unlink(missing_ok=True)


def last_words(log: Path, marks: Sequence[str]) -> str:
    """The last line of a log that bears one of `marks`, else its last line; for a person to read."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 65536))
            lines = [
                line.strip() for line in file.read().decode(errors="replace").splitlines() if line.strip()
            ]
    except OSError:
        return ""
    marked = [line for line in lines if any(mark in line for mark in marks)]
    return (marked or lines or [""])[-1]
