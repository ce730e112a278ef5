"""The whole stack in one working folder, for `make up`, the demo and the tests alike."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Final

from chassis import keyring, migrations
from embedded import databases, issuer, ports, processes
from embedded.databases import SERVICES, Database
from embedded.folder import Folder, Memory
from embedded.issuer import Issuer
from embedded.kafka import Kafka
from embedded.postgres import Postgres
from embedded.processes import Child, Identity
from embedded.run import Addresses, Run
from embedded.services import ServiceProcess, Settings
from embedded.spans import Receiver
from embedded.trouble import Trouble, of_disk

SEALING: Final = ("placement", "notifications")
"""Services that hold personal data, each with keys of its own."""
PORTS: Final = ("postgres", "kafka", "controller", "spans", *SERVICES)


def silent(_: str) -> None:
    """Says nothing."""


class Stack:
    """PostgreSQL, Kafka, the issuer, the receiver of spans, and services where they are started.

    Attributes:
        folder: The working folder, which is held (see `running`).
        databases: By service, once started.
        services: The processes that were started here, by label.
    """

    def __init__(
        self, folder: Folder, asked: Mapping[str, int] | None = None, say: Callable[[str], None] = silent
    ) -> None:
        if ended := processes.end_stale(folder.pids):
            say(f"Ended what a killed run had left: {', '.join(ended)}.")
        self.folder = folder
        self.say = say
        self.databases: dict[str, Database] = {}
        self.services: dict[str, ServiceProcess] = {}
        self.memory = _complete(folder.recall(), asked or {})
        folder.remember(self.memory)
        self.issuer = Issuer.open(folder.issuer)
        self.personal_data_keys = _keys(folder)
        self.spans = Receiver(folder.spans, self.memory.ports["spans"])
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
        """The superuser's address of PostgreSQL."""
        return self.postgres.admin_url

    def database(self, service: str) -> Database:
        return self.databases[service]

    async def start(self) -> None:
        """Both servers at once, then the four databases and the topics.

        Raises:
            Trouble: the one thing that went wrong.
        """
        self.spans.start()
        both = [asyncio.ensure_future(part) for part in (self.start_postgres(), self.start_kafka())]
        try:
            await asyncio.gather(*both)
        except BaseException:
            for part in both:
                part.cancel()
            await asyncio.gather(*both, return_exceptions=True)
            raise

    async def start_postgres(self) -> None:
        """Also what brings it back after `postgres.kill()`."""
        await self.postgres.start()
        self.databases = await databases.prepare(self.postgres.admin_url, self.memory.passwords)

    async def start_kafka(self) -> None:
        """Also what brings it back after `kafka.kill()`."""
        await self.kafka.start(self.memory.cluster, self.say)

    async def migrate(self, services: Iterable[str] = SERVICES) -> None:
        """Brings the databases of services up to date.

        Raises:
            Trouble: a migration does not apply.
        """
        try:
            await asyncio.gather(
                *(
                    asyncio.to_thread(migrations.migrate, name, self.databases[name].owner_url)
                    for name in services
                )
            )
        except migrations.MigrationFailed as error:
            raise Trouble(f"A migration does not apply: {error}") from error

    async def start_services(self, names: Iterable[str] = SERVICES) -> None:
        """Starts one process of each service, in the role `all`, and waits until all are ready.

        Raises:
            Trouble: one does not get ready; with its last words.
        """
        await asyncio.gather(*(started.ready() for started in [self.launch(name) for name in names]))

    def launch(
        self,
        name: str,
        *,
        label: str | None = None,
        role: str = "all",
        environment: Mapping[str, str] | None = None,
    ) -> ServiceProcess:
        """Starts a process of a service without waiting for it (see `ServiceProcess.ready`).

        Args:
            name: The service.
            label: Tells this process from others of the same service; the first one bears the service's name.
            role: What it does: all, web, worker or relay.
            environment: Settings that differ from the stack's.

        Raises:
            Trouble: it is not installed.
        """
        label = label or (name if name not in self.services else f"{name}-{secrets.token_hex(2)}")
        port = self.memory.ports[name] if label == name else ports.choose(label)
        settings = Settings(name, label, port, role, {**self.environment(name), **(environment or {})})
        process = ServiceProcess(settings, self.folder)
        self.services[label] = process
        process.start()
        return process

    def environment(self, name: str) -> dict[str, str]:
        """The settings of a service on this stack, as environment variables."""
        own = {"PERSONAL_DATA_KEYS": str(self.personal_data_keys[name])} if name in SEALING else {}
        return {
            **own,
            "DATABASE_URL": self.databases[name].url,
            "KAFKA_BOOTSTRAP": self.bootstrap,
            "IDENTITY_KEYS": str(self.issuer.keys),
            "IDENTITY_ISSUER": issuer.ISSUER,
            "IDENTITY_AUDIENCE": issuer.AUDIENCE,
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.spans.endpoint,
            "OTEL_METRICS_EXPORTER": "none",
            "MAILBOX_DIR": str(self.folder.mailbox),
            "AUDIT_SEAL_SECONDS": "1",
            "SIGNING_KEY": str(self.folder.keys / f"{name}-signing.pem"),
        }

    async def stop(self) -> None:
        """In order: the services, then Kafka, then PostgreSQL."""
        await asyncio.gather(*(process.stop() for process in self.services.values()))
        await self.kafka.stop()
        await self.postgres.stop()
        self.spans.stop()
        self.folder.run.unlink(missing_ok=True)

    def kill(self) -> None:
        """A kill -9 of every process."""
        for process in self.services.values():
            process.kill()
        self.kafka.kill()
        self.postgres.kill()

    def children(self) -> dict[str, Child]:
        """All child processes by name."""
        every = {"postgres": self.postgres.child, "kafka": self.kafka.child}
        every |= {label: process.child for label, process in self.services.items()}
        return {name: child for name, child in every.items() if child is not None}

    def describe(self) -> Run:
        """What other tools have to know; `write` it to `folder.run`."""
        me = Identity.of(os.getpid())
        return Run(
            folder=self.folder.path,
            processes={"supervisor": me.pid, **{name: c.pid for name, c in self.children().items()}},
            supervisor_started=me.started,
            services={label: process.url for label, process in self.services.items()},
            databases={name: Addresses(**_without_name(d)) for name, d in self.databases.items()},
            admin_url=self.admin_url,
            bootstrap_servers=self.bootstrap,
            issuer=issuer.ISSUER,
            audience=issuer.AUDIENCE,
            issuer_key=self.folder.issuer / "key.json",
            issuer_keys=self.issuer.keys,
            otlp_endpoint=self.spans.endpoint,
            spans=self.folder.spans,
            mailbox=self.folder.mailbox,
            logs=self.folder.logs,
        )


@asynccontextmanager
async def running(
    path: Path,
    *,
    services: Iterable[str] = (),
    asked: Mapping[str, int] | None = None,
    say: Callable[[str], None] = silent,
) -> AsyncIterator[Stack]:
    """The stack in the folder `path`, started, and stopped in order at the end; its data stays.

    Start it from the main thread: children end with the thread that started them.

    Args:
        path: The working folder, made where it is missing.
        services: Which services to migrate, start and wait for.
        asked: Ports that must be these, by name (`PORTS`).
        say: Is told in a sentence what takes long.

    Raises:
        Trouble: it cannot be started, or another stack runs in that folder.
    """
    names = list(services)
    folder = Folder(path)
    with folder.held():
        stack = Stack(folder, asked, say)
        try:
            await stack.start()
            await stack.migrate(names)
            await stack.start_services(names)
            yield stack
        finally:
            await stack.stop()


def _keys(folder: Folder) -> dict[str, Path]:
    """Files of keys for personal data, made at first start, readable by their owner alone."""
    files = {name: folder.keys / f"{name}.json" for name in SEALING}
    for file in files.values():
        try:
            keyring.make(file)
        except OSError as error:
            raise of_disk(error, folder.path) from error
    return files


def _without_name(database: Database) -> dict[str, str]:
    return {key: value for key, value in asdict(database).items() if key != "name"}


def _complete(memory: Memory, asked: Mapping[str, int]) -> Memory:
    chosen: dict[str, int] = {}
    for name in PORTS:
        port = ports.choose(name, asked=asked.get(name), remembered=memory.ports.get(name))
        while port in chosen.values():
            if name in asked:
                raise Trouble(f"Port {port} was asked for twice.")
            port = ports.choose(name)
        chosen[name] = port
    passwords = {**databases.new_passwords(), **memory.passwords}
    return memory.model_copy(update={"ports": chosen, "passwords": passwords})
