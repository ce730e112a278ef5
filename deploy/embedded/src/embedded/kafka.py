"""Apache Kafka 4.4 (KRaft, one node) as a child process on the loopback interface."""

import asyncio
import os
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from signal import Signals
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from contracts.topics import TOPICS, Topic
from embedded import artifacts, ports, processes, topics
from embedded.folder import write_private
from embedded.java import Java
from embedded.ports import HOST
from embedded.processes import Child, Program
from embedded.trouble import of_disk, of_server

READY: Final = 180.0
STOP: Final = 20.0
"""Seconds until a broker that was asked to end is killed; longer where Java writes down what it learnt."""
STOP_LEARNING: Final = 90.0
FAILURES: Final = (" FATAL ", " ERROR ", "Exception", "Error:")

PROPERTIES: Final = """\
process.roles=broker,controller
node.id=1
listeners=BROKER://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=BROKER://{host}:{port},CONTROLLER://{host}:{controller_port}
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=BROKER
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers={host}:{controller_port}
log.dirs={data}
auto.create.topics.enable=false

# One node keeps one copy.
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
offsets.topic.num.partitions=8
transaction.state.log.num.partitions=8
share.coordinator.state.topic.num.partitions=8

# After kill -9 the controller waits for the dead broker's session before it lets the new one in.
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
# A group begins with whoever is there.
group.initial.rebalance.delay.ms=0

# Sized for a development machine.
num.network.threads=2
num.io.threads=4
background.threads=4
log.cleaner.dedupe.buffer.size=4194304
"""


class Kafka:
    """One broker in `folder`, for clients on `port`, its controller on `controller_port`."""

    def __init__(self, folder: Path, *, port: int, controller_port: int, log: Path, pids: Path) -> None:
        self.folder = folder
        self.port = port
        self.child: Child | None = None
        self._controller_port = controller_port
        self._java: Java | None = None
        self._log = log
        self._pids = pids
        self._data = folder / "data"
        self._properties = folder / "server.properties"

    @property
    def bootstrap(self) -> str:
        return f"{HOST}:{self.port}"

    async def start(self, cluster: str, say: Callable[[str], None], wanted: Iterable[Topic] = TOPICS) -> None:
        """Formats the folder if it is new, starts the broker and waits until it serves `wanted` topics.

        Raises:
            Trouble: with the broker's own last words, or what the disk or the network refused.
        """
        jars = await artifacts.class_path(say)
        java = Java(jars, artifacts.cache())
        write_private(
            self._properties,
            PROPERTIES.format(
                host=HOST, port=self.port, controller_port=self._controller_port, data=self._data
            ),
        )
        if not (self._data / "meta.properties").exists():
            await asyncio.to_thread(self._format, java, cluster)
        self.child = Child.start(
            Program(
                name="kafka",
                command=java.command("kafka.Kafka", str(self._properties), learn=True),
                environment={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
                log=self._log,
                pids=self._pids,
            )
        )
        self._java = java
        await self._ready(self.child)
        await topics.create(self.bootstrap, wanted)

    async def stop(self) -> None:
        if self.child is not None and self._java is not None:
            patience = STOP_LEARNING if self._java.is_learning else STOP
            well = await self.child.stop(Signals.SIGTERM, patience)
            self._java.ended(well=well)
            self.child = None

    def kill(self) -> None:
        """A kill -9."""
        if self.child is not None and self._java is not None:
            self.child.kill()
            self._java.ended(well=False)
            self.child = None

    def _format(self, java: Java, cluster: str) -> None:
        # Joined by "=": an id may begin with a dash.
        options = ["--standalone", "--ignore-formatted", f"--cluster-id={cluster}"]
        try:
            subprocess.run(
                java.command("kafka.tools.StorageTool", "format", "-c", str(self._properties), *options),
                check=True,
                capture_output=True,
                env={"PATH": os.defpath},
            )
        except subprocess.CalledProcessError as error:
            output = (error.stdout + error.stderr).decode(errors="replace").splitlines()
            reason = next(
                (line for line in output if any(mark in line for mark in FAILURES)), "unknown reason"
            )
            what = f"Kafka could not make its files in {self.folder}: {reason.strip()}"
            raise of_server(what, self.folder) from error
        except OSError as error:
            raise of_disk(error, self.folder) from error

    async def _ready(self, child: Child) -> None:
        until = time.monotonic() + READY
        while child.status is None and time.monotonic() < until:
            if await asyncio.to_thread(ports.is_answered, self.port) and await self._has_joined():
                return
            await asyncio.sleep(processes.POLL)
        words = processes.last_words(self._log, FAILURES)
        raise of_server(f"Kafka did not start: {words} (see {self._log})", self.folder)

    async def _has_joined(self) -> bool:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap, request_timeout_ms=5000)
        try:
            await admin.start()
            return bool((await admin.describe_cluster())["brokers"])
        except (KafkaError, OSError):
            return False
        finally:
            await admin.close()
