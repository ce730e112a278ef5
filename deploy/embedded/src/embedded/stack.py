"""The whole stack in one working folder, for `make up`, the demo and the tests alike."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from embedded import databases, ports, processes
from embedded.databases import Database
from embedded.folder import Folder, Memory
from embedded.kafka import Kafka
from embedded.postgres import Postgres

PORTS: Final = ("postgres", "kafka", "controller")


def silent(_: str) -> None:
    """Says nothing."""


class Stack:
    """PostgreSQL and Kafka in a folder that is held (see `running`)."""

    def __init__(self, folder: Folder, asked: Mapping[str, int], say: Callable[[str], None] = silent) -> None:
        processes.end_stale(folder.pids)
        self.folder = folder
        self.say = say
        self.databases: dict[str, Database] = {}
        self.memory = _complete(folder.recall(), asked)
        folder.remember(self.memory)
        self.postgres = Postgres(
            folder.path / "postgres",
            port=self.memory.ports["postgres"],
            password=self.memory.passwords["admin"],
            log=folder.log("postgres"),
            pids=folder.pids,
        )
        self.kafka = Kafka(
            folder.path / "kafka",
            port=self.memory.ports["kafka"],
            controller_port=self.memory.ports["controller"],
            log=folder.log("kafka"),
            pids=folder.pids,
        )

    @property
    def bootstrap(self) -> str:
        """Kafka's bootstrap servers."""
        return self.kafka.bootstrap

    @property
    def admin_url(self) -> str:
        return self.postgres.admin_url

    def database(self, service: str) -> Database:
        return self.databases[service]

    async def start(self) -> None:
        """Both servers at once, then the four databases and the topics.

        Raises:
            Trouble: the one thing that went wrong.
        """
        both = [asyncio.ensure_future(part) for part in (self._start_postgres(), self.start_kafka())]
        try:
            await asyncio.gather(*both)
        except BaseException:
            for part in both:
                part.cancel()
            await asyncio.gather(*both, return_exceptions=True)
            raise

    async def start_kafka(self) -> None:
        await self.kafka.start(self.memory.cluster, self.say)

    async def stop(self) -> None:
        """In order: Kafka, then PostgreSQL."""
        await self.kafka.stop()
        await self.postgres.stop()

    def kill(self) -> None:
        """A kill -9 of everything."""
        self.kafka.kill()
        self.postgres.kill()

    async def _start_postgres(self) -> None:
        await self.postgres.start()
        self.databases = await databases.prepare(self.postgres.admin_url, self.memory.passwords)


@asynccontextmanager
async def running(
    path: Path, *, asked: Mapping[str, int] | None = None, say: Callable[[str], None] = silent
) -> AsyncIterator[Stack]:
    """The stack in the folder `path`, started, and stopped in order at the end; its data stays.

    Args:
        path: The working folder, made where it is missing.
        asked: Ports that must be these, by name (`PORTS`).
        say: Is told in a sentence what takes long.

    Raises:
        Trouble: it cannot be started, or another stack runs in that folder.
    """
    folder = Folder(path)
    with folder.held():
        stack = Stack(folder, asked or {}, say)
        try:
            await stack.start()
            yield stack
        finally:
            await stack.stop()


def _complete(memory: Memory, asked: Mapping[str, int]) -> Memory:
    chosen: dict[str, int] = {}
    for name in PORTS:
        port = ports.choose(name, asked=asked.get(name), remembered=memory.ports.get(name))
        while port in chosen.values():
            port = ports.choose(name)
        chosen[name] = port
    passwords = {**databases.new_passwords(), **memory.passwords}
    return memory.model_copy(update={"ports": {**memory.ports, **chosen}, "passwords": passwords})
