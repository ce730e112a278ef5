"""A service as processes of its own, for a test to kill."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL

import httpx2
import pytest
from tests.asking import Caller
from tests.patience import PATIENCE

from embedded import ports


@dataclass
class Running:
    process: "subprocess.Popen[bytes]"
    client: httpx2.AsyncClient

    def as_(self, person: Caller) -> Caller:
        """The same person, asking this process."""
        return Caller(self.client, person.token, person.name, person.party)

    async def answers(self) -> bool:
        """Whether it is ready; one that ended will never be."""
        assert self.process.poll() is None, "it did not start"
        with contextlib.suppress(httpx2.TransportError):
            return (await self.client.get("/readyz")).status_code == httpx2.codes.OK
        return False

    async def killed(self) -> None:
        """The process has died of SIGKILL."""
        assert await asyncio.to_thread(self.process.wait, PATIENCE) == -SIGKILL


@dataclass
class Killable:
    """A service on a test's database; `settings` are its environment."""

    program: str
    settings: Mapping[str, str]
    log: Path
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)
    clients: list[httpx2.AsyncClient] = field(default_factory=list)

    async def start(self, role: str = "web", *, crash_at: str | None = None) -> Running:
        port = ports.choose("a service")
        process = self._process(role, port, {} if crash_at is None else {"CRASH_AT": crash_at})
        client = httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60)
        self.clients.append(client)
        running = Running(process, client)
        await until(running.answers)
        return running

    def _process(self, role: str, port: int, crash: Mapping[str, str]) -> "subprocess.Popen[bytes]":
        program = Path(sys.executable).with_name(self.program)
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [program, "serve", "--role", role],
                env={**self.settings, "HTTP_PORT": str(port), **crash},
                stdout=log,
                stderr=log,
            )
        self.processes.append(process)
        return process

    async def end(self) -> None:
        for client in self.clients:
            await client.aclose()
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
        if self.log.exists():
            print(self.log.read_text())  # noqa: T201 - pytest shows it beside a failure


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = PATIENCE) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.05)


async def asked_in_vain(asking: Awaitable[httpx2.Response]) -> None:
    """Whoever asked a process that died knows nothing of what became of it."""
    with pytest.raises(httpx2.TransportError):
        await asking
