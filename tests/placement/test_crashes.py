"""kill -9 of the service in the middle of a run or an import: one effect or none, one when asked again."""

import asyncio
import contextlib
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL
from typing import Any, Final

import asyncpg
import httpx2
import pytest
from tests.asking import Caller, done
from tests.placement.test_whole_round import AFTER_CLOSING, PATH, assert_true
from tests.placement.world import World

from benchmarks import filling

pytestmark = [pytest.mark.crash, pytest.mark.timeout(180)]

PROGRAM: Final = Path(sys.executable).with_name("placement")
STUDENTS: Final = 200
SEED: Final = {"lot_seed": "3,11,15"}
LAST_STATEMENT: Final = "lock table messaging.outbox in share mode"
"""Events are written when all else is done."""


@dataclass
class Killable:
    """The service as processes of their own, on a test's database."""

    world: World
    bootstrap: str
    folder: Path
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)
    clients: list[httpx2.AsyncClient] = field(default_factory=list)

    @property
    def log(self) -> Path:
        return self.folder / "placement.log"

    async def start(self, role: str = "web", *, crash_at: str | None = None) -> "Running":
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        process = self._process(role, port, {} if crash_at is None else {"CRASH_AT": crash_at})
        client = httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60)
        self.clients.append(client)
        running = Running(process, client)
        await until(running.answers)
        return running

    def _process(self, role: str, port: int, settings: dict[str, str]) -> "subprocess.Popen[bytes]":
        environment = {
            "DATABASE_URL": self.world.database.url,
            "KAFKA_BOOTSTRAP": self.bootstrap,
            "HTTP_PORT": str(port),
            "IDENTITY_KEYS": str(self.world.issuer.file),
            "PERSONAL_DATA_KEYS": str(self.folder / "placement_keys.json"),
        }
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [PROGRAM, "serve", "--role", role], env=environment | settings, stdout=log, stderr=log
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
        assert await asyncio.to_thread(self.process.wait, 60) == -SIGKILL


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.05)


@pytest.fixture
async def killable(world: World, kafka: str, tmp_path: Path) -> AsyncIterator[Killable]:
    made = Killable(world, kafka, tmp_path)
    yield made
    await made.end()


@pytest.fixture
async def closed_round(world: World) -> None:
    await filling.fill(world.database.owner_url, students=STUDENTS, openings=48)
    await world.at(AFTER_CLOSING)


async def asked_in_vain(asking: Awaitable[httpx2.Response]) -> None:
    """Whoever asked a process that died knows nothing of what became of it."""
    with pytest.raises(httpx2.TransportError):
        await asking


async def assert_decided_once(world: World) -> None:
    """Each student has one explanation and one event, each offer one place, and all of it is true."""
    await assert_true(world)
    [counts] = await world.rows(
        """
        select (select count(*) from offer) as offers, (select sum(held) from opening) as held,
          (select count(*) from messaging.outbox) as told,
          (select count(*) from messaging.stream where sequence = 1) as streams,
          (select count(*) from messaging.audit where action = 'matching_run') as runs
        """
    )
    assert counts["offers"] == counts["held"] > 0
    assert (counts["told"], counts["streams"], counts["runs"]) == (STUDENTS, STUDENTS, 1)


@pytest.mark.usefixtures("closed_round")
@pytest.mark.parametrize("point", ["command.before_commit", "command.after_commit"])
async def test_a_run_whose_process_dies_there_is_whole_or_not_at_all(
    world: World, killable: Killable, point: str
) -> None:
    officer, before = world.officer, await world.state()
    dying = await killable.start(crash_at=point)
    await asked_in_vain(dying.as_(officer).post(f"{PATH}/run", SEED, key="the-run"))
    await dying.killed()
    if point == "command.before_commit":
        assert await world.state() == before
    else:
        await assert_decided_once(world)
    found = await world.state()

    living = await killable.start()
    shown = done(await living.as_(officer).post(f"{PATH}/run", SEED, key="the-run"), 201)

    assert shown["state"] == "decided"
    await assert_decided_once(world)
    if point == "command.after_commit":
        assert await world.state() == found


@contextlib.asynccontextmanager
async def stopped_at(world: World, lock: str) -> AsyncIterator[None]:
    """Whoever comes to this lock waits for as long as this lasts."""
    holding = await asyncpg.connect(world.database.url)
    try:
        async with holding.transaction():
            await holding.execute(lock)
            yield
    finally:
        await holding.close()
    await until(lambda: nobody_is_at_work(world))


@pytest.mark.usefixtures("closed_round")
@pytest.mark.parametrize("lock", ["select from opening where id = 'opn_9' for update", LAST_STATEMENT])
async def test_a_run_killed_from_outside_between_its_statements_leaves_nothing(
    world: World, killable: Killable, lock: str
) -> None:
    officer, before = world.officer, await world.state()
    dying = await killable.start()
    async with stopped_at(world, lock):
        asking = asyncio.create_task(
            asked_in_vain(dying.as_(officer).post(f"{PATH}/run", SEED, key="the-run"))
        )
        await until(lambda: waits_for_a_lock(world))
        dying.process.kill()
        await dying.killed()
        await asking
    assert await world.state() == before

    living = await killable.start()
    done(await living.as_(officer).post(f"{PATH}/run", SEED, key="the-run"), 201)
    await assert_decided_once(world)


async def waits_for_a_lock(world: World) -> bool:
    return bool(
        await world.rows(
            "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        )
    )


async def nobody_is_at_work(world: World) -> bool:
    """The dead process's transaction is gone too."""
    return not await world.rows(
        """
        select from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and xact_start is not null
        """
    )


async def school_with_a_class(world: World) -> tuple[Caller, str]:
    await world.year_opens()
    school, company = await world.selected_school("new_technology"), await world.company()
    await world.agreed(school, company)
    return school, await world.opened_class(school, company)


async def test_a_file_whose_worker_is_killed_is_taken_in_by_the_next_one_and_once(
    world: World, killable: Killable
) -> None:
    school, employment_class = await school_with_a_class(world)
    rows = [f"{employment_class},S-{number:04}" for number in range(20)]
    file = "\n".join(["취업맞춤반,학번", *rows]).encode()
    received = await school.upload(
        "/imports/rosters?programme_year=2025", file, media_type="text/csv", method="POST"
    )
    path = f"/imports/{done(received, 202)['id']}"
    before = await world.state()
    async with stopped_at(world, LAST_STATEMENT):
        dying = await killable.start("worker")
        await until(lambda: waits_for_a_lock(world))
        dying.process.kill()
        await dying.killed()
    assert await world.state() == before
    assert done(await school.get(path))["state"] == "received"

    await killable.start("worker")

    async def decided() -> bool:
        return bool(done(await school.get(path))["state"] == "done")

    await until(decided)
    assert len(await world.rows("select from enrolment where state = 'active'")) == len(rows)
    assert len(await world.told("student-enrolled")) == len(rows)


@pytest.mark.parametrize("point", ["command.before_commit", "command.after_commit"])
async def test_a_roster_whose_process_dies_there_is_taken_in_whole_or_not_at_all(
    world: World, killable: Killable, point: str
) -> None:
    school, employment_class = await school_with_a_class(world)
    path = f"/classes/{employment_class}/roster"
    body: dict[str, Any] = {"rows": [{"reference": f"S-{number:04}"} for number in range(20)]}
    before = await world.state()

    dying = await killable.start(crash_at=point)
    await asked_in_vain(dying.as_(school).post(path, body, key="the-roster"))
    await dying.killed()
    if point == "command.before_commit":
        assert await world.state() == before
    found = await world.state()
    living = await killable.start()
    told = done(await living.as_(school).post(path, body, key="the-roster"), 201)

    rows = await world.rows("select student from enrolment where state = 'active' order by student")
    assert [row["student"] for row in rows] == sorted(told["students"])
    assert len(rows) == len(await world.told("student-enrolled")) == len(body["rows"])
    if point == "command.after_commit":
        assert await world.state() == found
