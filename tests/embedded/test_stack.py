"""The stack starts, keeps its data, and comes back from being killed."""

import asyncio
import os
import signal
import stat
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import asyncpg
import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from tests.embedded.conftest import held
from tests.patience import PATIENCE

from contracts.topics import APPLICATIONS
from embedded import stack
from embedded.folder import Folder, Memory
from embedded.run import Run
from embedded.stack import Stack
from embedded.trouble import Trouble

pytestmark = pytest.mark.timeout(300)

BACK_WITHIN: Final = 20.0
"""Seconds from a kill of everything until all is served again; or twice what the first start took."""


async def write(run: Run, *values: bytes) -> None:
    """One row and one record each, acknowledged."""
    connection = await asyncpg.connect(run.databases["applications"].owner_url)
    producer = AIOKafkaProducer(bootstrap_servers=run.bootstrap_servers, acks="all", enable_idempotence=True)
    await producer.start()
    try:
        await connection.execute("create table if not exists kept (value bytea)")
        for value in values:
            await connection.execute("insert into kept values ($1)", value)
            await producer.send_and_wait(APPLICATIONS.name, value, partition=0)
    finally:
        await producer.stop()
        await connection.close()


async def kept(running: Stack) -> tuple[list[bytes], list[bytes]]:
    """The rows and the records that are there."""
    connection = await asyncpg.connect(running.database("applications").url)
    try:
        rows = [row["value"] for row in await connection.fetch("select value from kept")]
    finally:
        await connection.close()
    return rows, await records(running.bootstrap)


async def records(bootstrap: str) -> list[bytes]:
    partition = TopicPartition(APPLICATIONS.name, 0)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False
    )
    await consumer.start()
    try:
        consumer.assign([partition])
        end = (await consumer.end_offsets([partition]))[partition]
        return [(await consumer.getone()).value for _ in range(end)]
    finally:
        await consumer.stop()


def alive(numbers: Iterable[int]) -> list[str]:
    found = []
    for number in numbers:
        try:
            process = psutil.Process(number)
            if process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.name())
        except psutil.NoSuchProcess:
            continue
    return found


async def gone(numbers: Iterable[int]) -> None:
    async with asyncio.timeout(PATIENCE):
        while alive(numbers):
            await asyncio.sleep(0.05)


async def test_data_ports_and_passwords_survive_a_restart_and_nothing_keeps_running(
    working_folder: Path,
) -> None:
    # An id may begin with a dash, which the formatting tool once took for an option.
    Folder(working_folder).remember(Memory(cluster="-" + "a" * 21))
    async with stack.running(working_folder) as running:
        await write(running.describe(), b"first")
        before = running.describe()
    await gone(set(before.processes.values()) - {os.getpid()})
    assert not Folder(working_folder).run.exists()

    async with stack.running(working_folder) as running:
        assert await kept(running) == ([b"first"], [b"first"])
        after = running.describe()
    constant = {"admin_url", "databases", "bootstrap_servers", "otlp_endpoint", "issuer_keys"}
    assert before.model_dump(include=constant) == after.model_dump(include=constant)


async def test_after_a_kill_of_everything_all_is_back_in_time_with_nothing_lost(working_folder: Path) -> None:
    begin = time.monotonic()
    with held(working_folder) as holder:
        first = time.monotonic() - begin
        run = Run.of(Folder(working_folder))
        assert set(run.processes) == {"supervisor", "postgres", "kafka"}
        assert len(alive(run.processes.values())) == 3
        assert stat.S_IMODE(Folder(working_folder).run.stat().st_mode) == 0o600
        await write(run, b"before the kill")
        for number in run.processes.values():
            os.kill(number, signal.SIGKILL)
        holder.wait(PATIENCE)
    await gone(run.processes.values())
    with pytest.raises(Trouble, match="has been killed; `make up` brings it back"):
        Run.of(Folder(working_folder))

    begin = time.monotonic()
    async with stack.running(working_folder) as running:
        took = time.monotonic() - begin
        assert await kept(running) == ([b"before the kill"], [b"before the kill"])
    assert took < max(BACK_WITHIN, 2 * first)


async def test_a_broker_that_is_killed_comes_back_with_what_it_acknowledged(working_folder: Path) -> None:
    async with stack.running(working_folder) as running:
        await write(running.describe(), b"one", b"two")
        running.kafka.kill()
        assert alive([running.postgres.child.pid if running.postgres.child else 0]) == ["postgres"]
        await running.start_kafka()
        await write(running.describe(), b"three")
        assert (await kept(running))[1] == [b"one", b"two", b"three"]

        running.postgres.kill()
        await running.start_postgres()
        assert (await kept(running))[0] == [b"one", b"two", b"three"]
