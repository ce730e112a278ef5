"""kill -9 of the service in the middle of a run or an import: one effect or none, one when asked again."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import asyncpg
import pytest
from tests.asking import Caller, done
from tests.killing import Killable, asked_in_vain, until
from tests.placement.test_whole_round import AFTER_CLOSING, PATH, assert_true
from tests.placement.waiting import behind_locks
from tests.placement.world import World

from benchmarks import filling

pytestmark = [pytest.mark.crash, pytest.mark.timeout(180)]

STUDENTS: Final = 200
SEED: Final = {"lot_seed": "3,11,15"}
LAST_STATEMENT: Final = "lock table messaging.outbox in share mode"
"""Events are written when all else is done."""


@pytest.fixture
async def killable(world: World, kafka: str, tmp_path: Path) -> AsyncIterator[Killable]:
    settings = {
        "DATABASE_URL": world.database.url,
        "KAFKA_BOOTSTRAP": kafka,
        "IDENTITY_KEYS": str(world.issuer.keys),
        "PERSONAL_DATA_KEYS": str(tmp_path / "placement_keys.json"),
    }
    made = Killable("placement", settings, tmp_path / "placement.log")
    yield made
    await made.end()


@pytest.fixture
async def closed_round(world: World) -> None:
    await filling.fill(world.database.owner_url, students=STUDENTS, openings=48)
    await world.at(AFTER_CLOSING)


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
    return await behind_locks(world) > 0


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
