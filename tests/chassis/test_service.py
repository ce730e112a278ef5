"""A service as a process: health, roles, a graceful stop, and clear words when its settings are wrong."""

import asyncio
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from signal import Signals
from types import SimpleNamespace
from typing import Any, cast

import asyncpg
import pytest
from tests.chassis.conftest import PROGRAM, Bench

from chassis import health
from chassis.consumer import Consumer
from chassis.health import JOINING_WITHIN, STALLED_AFTER, Watch
from chassis.transaction import open_pool, read
from embedded import ports


async def get(port: str, path: str) -> tuple[int, dict[str, Any]]:
    def fetch() -> tuple[int, dict[str, Any]]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)
        except OSError:
            return 0, {}

    return await asyncio.to_thread(fetch)


async def ready(bench: Bench, port: str) -> None:
    async def answers() -> bool:
        return (await get(port, "/readyz"))[0] == 200

    await bench.until(answers)


async def test_a_service_is_started_ready_and_alive_and_stops_on_sigterm(bench: Bench) -> None:
    port = bench.environment["HTTP_PORT"]
    process = bench.start(HTTP_PORT=port)
    await ready(bench, port)
    for path in ("/startupz", "/livez", "/readyz"):
        assert await get(port, path) == (200, {"ok": True, "findings": []})
    process.send_signal(Signals.SIGTERM)
    assert await bench.ended(process) == 0


async def test_on_sigterm_the_batch_in_hand_is_finished_and_told_before_relay_and_pool_are_stopped(
    bench: Bench,
) -> None:
    """Were the relay stopped before the consumer, what the batch tells would stay behind."""
    locker = await asyncpg.connect(bench.database.owner_url)

    async def waits() -> bool:
        query = "select count(*) from pg_locks where relation = 'tally'::regclass and not granted"
        return bool(await locker.fetchval(query))

    try:
        async with locker.transaction():
            await locker.execute("lock table tally in access exclusive mode")
            await bench.tell_many(things=10, each=5)
            process = bench.start()
            await bench.until(waits)
            process.send_signal(Signals.SIGTERM)
            await asyncio.sleep(2)
            assert process.poll() is None
            assert await waits()
    finally:
        await locker.close()
    assert await bench.ended(process) == 0
    counted = await bench.counted()
    assert counted > 0
    assert await bench.value("select count(*) from messaging.inbox") == counted
    assert await bench.value("select count(*) from messaging.outbox") == 0
    assert len(await bench.records(bench.counts)) == counted
    said = [json.loads(line) for line in bench.log.read_text().splitlines()]
    ends = [
        one.get("part", one["event"]) for one in said if one["event"] in ("part stopped", "service stopped")
    ]
    sweeps = ["sweep of event ids", "sweep of accesses"]
    assert ends == ["consumer", *sweeps, "sealer", "relay", "notifier", "service stopped"]


async def test_readiness_tells_when_the_database_is_gone_and_when_it_is_back(bench: Bench) -> None:
    port = bench.environment["HTTP_PORT"]
    bench.start(HTTP_PORT=port)
    await ready(bench, port)
    admin = await asyncpg.connect(bench.database.admin_url.replace(f"/{bench.database.name}", "/postgres"))
    try:
        await admin.execute(f'alter database "{bench.database.name}" allow_connections false')
        await admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", bench.database.name
        )
        status, body = await get(port, "/readyz")
        assert status == 503
        assert "the database does not answer" in body["findings"][0]
        assert (await get(port, "/livez"))[0] == 200
    finally:
        await admin.execute(f'alter database "{bench.database.name}" allow_connections true')
        await admin.close()
    await ready(bench, port)


@asynccontextmanager
async def appears(address: str, kafka: str) -> AsyncIterator[None]:
    """Kafka answers at another address as well; clients go on from there to the one that it names itself."""
    connections: list[StreamWriter] = []

    async def copy(source: StreamReader, target: StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65536):
                target.write(data)
                await target.drain()
        target.close()

    async def forward(source: StreamReader, target: StreamWriter) -> None:
        answers, questions = await asyncio.open_connection(*kafka.rsplit(":", 1))
        connections.extend((target, questions))
        await asyncio.gather(copy(source, questions), copy(answers, target))

    server = await asyncio.start_server(forward, *address.rsplit(":", 1))
    try:
        yield
    finally:
        server.close()
        for connection in connections:
            connection.close()


async def test_a_service_starts_without_a_broker_and_takes_up_its_work_when_there_is_one(
    bench: Bench,
) -> None:
    port = bench.environment["HTTP_PORT"]
    address = f"{ports.HOST}:{ports.choose('a broker to come')}"
    process = bench.start(HTTP_PORT=port, KAFKA_BOOTSTRAP=address)
    await ready(bench, port)
    await bench.tell_many(things=10, each=5)
    await asyncio.sleep(2)
    assert process.poll() is None
    assert await get(port, "/livez") == (200, {"ok": True, "findings": []})
    assert await bench.value("select count(*) from messaging.outbox") == 50
    async with appears(address, bench.bootstrap):
        await bench.drained(50)


async def test_a_part_that_fails_ends_the_process_with_a_status_that_says_so(bench: Bench) -> None:
    assert await bench.ended(bench.start(BREAKS="true")) == 1
    assert '"part": "breaks"' in bench.log.read_text()


async def test_a_service_without_its_database_ends_with_a_status_that_says_so(bench: Bench) -> None:
    process = bench.start(DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing")
    assert await bench.ended(process) not in (0, -Signals.SIGTERM)


async def test_what_a_part_still_holds_does_not_keep_a_process_from_ending(bench: Bench) -> None:
    held = await open_pool(bench.database.url, connections=2)
    async with held.acquire():
        began = time.monotonic()
        await held.close(patience=0.2)
    assert time.monotonic() - began < 5


def test_what_gives_no_sign_of_life_for_long_is_found_and_what_does_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = time.monotonic()
    watch = Watch("the consumer")
    assert watch.finding({"a": 1, "b": 1}) is None
    monkeypatch.setattr(time, "monotonic", lambda: now + STALLED_AFTER + 5)
    assert watch.finding({"a": 1, "b": 2}) == f"the consumer stands still since {STALLED_AFTER + 5:.0f} s: a"
    assert watch.finding({"b": 2}) is None
    assert watch.finding({}) is None
    watch.finding({"a": 1})
    monkeypatch.setattr(time, "monotonic", lambda: now + 3 * STALLED_AFTER)
    watch.forget()
    assert watch.finding({"a": 1}) is None


async def test_a_kafka_that_is_back_leaves_a_consumer_all_its_time_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, kafka = [0.0], [True]

    async def answers(_: str) -> bool:
        return kafka[0]

    monkeypatch.setattr(health, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(health, "_answers", answers)
    stuck = SimpleNamespace(signs_of_life=dict, signs_of_joining=lambda: {"on the way": 1})
    alive = health.consumer_moves(cast("Consumer", stuck), "kafka")
    away_until = JOINING_WITHIN - 10
    for now[0], kafka[0], well in (
        (0, True, True),
        (away_until, False, True),
        (away_until + 20, True, True),
        (away_until + 20 + JOINING_WITHIN, True, True),
        (away_until + 21 + JOINING_WITHIN, True, False),
    ):
        assert (await alive() is None) is well


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"DATABASE_URL": "nonsense"}, "DATABASE_URL"),
        ({"RELAY_LANES": "0"}, "RELAY_LANES"),
        ({"HTTP_PORT": "many"}, "HTTP_PORT"),
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "OTEL_TRACES_EXPORTER: Input should be 'otlp' or 'none'"),
        ({"OTEL_METRICS_EXPORTER": "prometheus"}, "OTEL_METRICS_EXPORTER: Input should be 'otlp' or 'none'"),
        ({"OTEL_LOGS_EXPORTER": "otlp"}, "OTEL_LOGS_EXPORTER: Input should be 'none'"),
        (
            {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            "OTEL_EXPORTER_OTLP_PROTOCOL: Input should be 'http/protobuf'",
        ),
        ({"OTEL_TRACES_SAMPLER": "xray"}, "OTEL_TRACES_SAMPLER: Input should be 'always_on'"),
        ({"OTEL_CONFIG_FILE": "otel.yaml"}, "OTEL_CONFIG_FILE: Value error, is not supported"),
    ],
)
def test_a_wrong_setting_is_named_and_nothing_starts(settings: dict[str, str], said: str) -> None:
    environment = {
        "PATH": os.defpath,
        "PYTHONPATH": str(PROGRAM.parents[2]),
        "THINGS": "a",
        "COUNTS": "b",
        "DATABASE_URL": "postgresql://x@localhost/x",
    }
    done = subprocess.run(
        [sys.executable, str(PROGRAM), "serve"],
        env=environment | settings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


async def test_the_programme_clock_follows_its_setting_in_open_sessions_and_no_service_can_set_it(
    bench: Bench,
) -> None:
    machine = datetime.now(UTC)  # noqa: TID251 - to see that the programme's clock is another
    async with read(bench.pool) as view:
        assert abs(await view.now() - machine) < timedelta(minutes=1)
        admin = await asyncpg.connect(bench.database.admin_url)
        try:
            await admin.execute(
                f'alter database "{bench.database.name}" set "ieum.clock_offset" = \'-400 days\''
            )
        finally:
            await admin.close()
    async with read(bench.pool) as view:
        assert machine - timedelta(days=401) < await view.now() < machine - timedelta(days=399)
    service = await asyncpg.connect(bench.database.url)
    try:
        await service.execute("set ieum.clock_offset = '10 days'")
        assert await service.fetchval("select programme_clock()") < machine - timedelta(days=399)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await service.execute(f'alter database "{bench.database.name}" set "ieum.clock_offset" = \'0\'')
    finally:
        await service.close()
