"""The platform's services as child processes, run by their own console scripts."""

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from signal import Signals
from typing import Final

from embedded import processes
from embedded.folder import Folder
from embedded.ports import HOST
from embedded.processes import Child, Program
from embedded.trouble import Trouble

READY: Final = 180.0
STOP: Final = 45.0
"""Seconds; a service gives its own parts 30 s to finish what they have in hand."""
FAILURES: Final = ('"level": "error"', '"level": "critical"', "Error", "missing", "required")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a process of a service is told.

    `name` is the console script's, `label` tells processes of one service apart (in logs and records).
    """

    name: str
    label: str
    port: int
    role: str = "all"
    environment: Mapping[str, str] = field(default_factory=dict)


class ServiceProcess:
    """One process of a service."""

    def __init__(self, settings: Settings, folder: Folder) -> None:
        self.settings = settings
        self.child: Child | None = None
        self._folder = folder
        self._log = folder.log(settings.label)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.settings.port}"

    @property
    def status(self) -> int | None:
        """The exit status once it has ended; None while it runs."""
        return None if self.child is None else self.child.status

    def start(self) -> None:
        """Raises: Trouble: it is not installed, or the disk refuses."""
        settings = self.settings
        self.child = Child.start(
            Program(
                name=settings.label,
                command=[str(_script(settings.name)), "serve", "--role", settings.role],
                environment={
                    **_own_environment(),
                    "HTTP_HOST": HOST,
                    "HTTP_PORT": str(settings.port),
                    **settings.environment,
                },
                log=self._log,
                pids=self._folder.pids,
            )
        )

    async def ready(self) -> None:
        """Waits until `/readyz` says so.

        Raises:
            Trouble: it ends before, or takes too long; with its last words.
        """
        until = time.monotonic() + READY
        while self.status is None and time.monotonic() < until:
            if await asyncio.to_thread(_answers, self.settings.port):
                return
            await asyncio.sleep(0.1)
        raise Trouble(f"{self.settings.label} did not get ready: {self.last_words()} (see {self._log})")

    async def stop(self) -> bool:
        """SIGTERM, and kill -9 when that takes too long; whether asking was enough."""
        return self.child is None or await self.child.stop(Signals.SIGTERM, STOP)

    def kill(self) -> None:
        """A kill -9."""
        if self.child is not None:
            self.child.kill()

    def last_words(self) -> str:
        """What went wrong, as it told its log."""
        line = processes.last_words(self._log, FAILURES)
        try:
            return str(json.loads(line)["event"])
        except (ValueError, KeyError, TypeError):
            return line


def _answers(port: int) -> bool:
    connection = HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200  # noqa: PLR2004 - HTTP's own number
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _script(name: str) -> Path:
    script = Path(sys.executable).parent / name
    if not script.exists():
        raise Trouble(f"The service {name} is not installed ({script} is missing); `make up` installs it.")
    return script


def _own_environment() -> dict[str, str]:
    """All that a service gets beside its settings: nothing that happens to be set here reaches it."""
    return {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}",
        "HOME": str(Path.home()),
        "TMPDIR": tempfile.gettempdir(),
        "LC_ALL": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
    }
