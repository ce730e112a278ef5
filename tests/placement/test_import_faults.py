"""A fault that is not the file's puts a file off, and it is taken in later; only its own refuses it."""

import asyncio
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest
from tests.asking import done
from tests.placement.test_imports import ROSTER, Classes, classes, csv, received, rows_of
from tests.placement.waiting import until_behind_a_lock

from chassis.transaction import Command, begin
from papers import tables
from placement.domain.imports import pause_after
from placement.worker import take_waiting

__all__ = ["classes"]


async def roster(classes: Classes) -> str:
    return await received(classes.school, "rosters", csv(ROSTER, *rows_of(classes)))


async def look(classes: Classes) -> int:
    """What the worker does once; answers how many files were decided."""
    return await take_waiting(classes.world.pool, classes.world.keys)


async def shown(classes: Classes, job: str) -> tuple[str, str | None, int]:
    view = done(await classes.school.get(f"/imports/{job}"))
    assert view["errors"] == []
    return view["state"], view["phase"], view["faults"]


async def later(classes: Classes) -> None:
    """The time for which files are let alone is over."""
    async with begin(classes.world.pool, Command(actor="test")) as tx:
        await tx.execute("update import_progress set let_alone_until = clock_timestamp()")


async def assert_taken_in_once(classes: Classes, job: str, faults: int) -> None:
    assert await look(classes) == 1
    assert await shown(classes, job) == ("done", None, faults)
    assert len(await classes.world.rows("select from enrolment where state = 'active'")) == 3
    assert len(await classes.world.told("student-enrolled")) == 3
    assert await look(classes) == 0


async def test_a_file_that_the_database_could_not_take_is_taken_in_when_it_can(classes: Classes) -> None:
    job = await roster(classes)
    before = await classes.world.state()
    owner = await asyncpg.connect(classes.world.database.owner_url)
    try:
        await owner.execute("revoke insert on enrolment from placement")
        assert await look(classes) == 0
        await owner.execute("grant insert on enrolment to placement")
    finally:
        await owner.close()
    assert await shown(classes, job) == ("received", "put_off", 1)
    assert await classes.world.state() == before
    await later(classes)
    await assert_taken_in_once(classes, job, faults=1)


async def test_a_file_whose_connection_breaks_in_the_middle_is_taken_in_afterwards(classes: Classes) -> None:
    job = await roster(classes)
    before = await classes.world.state()
    async with begin(classes.world.pool, Command(actor="test")) as tx:
        await tx.execute("lock table messaging.outbox in share mode")
        looking = asyncio.create_task(look(classes))
        await until_behind_a_lock(classes.world, looking)
        await tx.execute(
            """
            select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock'
            """
        )
        assert await looking == 0
    assert await shown(classes, job) == ("received", "put_off", 1)
    assert await classes.world.state() == before
    await later(classes)
    await assert_taken_in_once(classes, job, faults=1)


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """`broken(reference)`: this process cannot read files in which a reference stands."""
    read = tables.read

    def breaks(reference: str) -> None:
        def reading(data: bytes, *args: Any, **kwargs: Any) -> list[tables.Row]:
            if reference.encode() in data:
                raise MemoryError
            return read(data, *args, **kwargs)

        monkeypatch.setattr(tables, "read", reading)

    return breaks


async def test_a_file_that_is_put_off_keeps_no_other_from_being_taken_in(
    classes: Classes, broken: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await received(classes.school, "rosters", csv(ROSTER, (classes.ids[0], "BROKEN", "", "", "", "")))
    other = await roster(classes)
    broken("BROKEN")
    assert await look(classes) == 1, "the other one"
    assert await shown(classes, other) == ("done", None, 0)
    for faults in range(2, 12):
        await later(classes)
        assert await look(classes) == 0
        assert await shown(classes, job) == ("received", "put_off", faults)
    monkeypatch.undo()
    assert await look(classes) == 0, "it is let alone for minutes by now"
    await later(classes)
    assert await look(classes) == 1
    assert await shown(classes, job) == ("done", None, 11)


def test_a_file_waits_twice_as_long_after_each_fault_and_never_longer_than_five_minutes() -> None:
    pauses = [pause_after(faults).total_seconds() for faults in (1, 2, 3, 9, 10, 1_000_000)]
    assert pauses == [1, 2, 4, 256, 300, 300]


async def test_what_is_wrong_with_the_file_refuses_it_after_a_fault_too(classes: Classes) -> None:
    job = await received(classes.school, "rosters", csv(ROSTER, ("cls_none", "25-001", "", "", "", "")))
    async with begin(classes.world.pool, Command(actor="test")) as tx:
        await tx.execute(
            "insert into import_progress values ($1, 'put_off', 0, 0, 3, clock_timestamp())", job
        )
    assert await look(classes) == 1
    view = done(await classes.school.get(f"/imports/{job}"))
    assert (view["state"], view["faults"]) == ("refused", 3)
    assert [each["rule"] for each in view["errors"]] == ["employment_class_not_found"]
