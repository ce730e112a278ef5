"""A round of hundreds out of a database filled by SQL, over HTTP: everything is stored, told, and true."""

import json
from datetime import UTC, datetime
from typing import Any

from tests.asking import done
from tests.placement.truth import Truth
from tests.placement.world import World

from benchmarks import filling

AFTER_CLOSING = datetime(2025, 10, 20, tzinfo=UTC)
STUDENTS, OPENINGS = 600, 200
PATH = f"/rounds/{filling.ROUND}"


async def test_a_round_from_the_database_is_stored_told_and_true(world: World) -> None:
    await filling.fill(world.database.owner_url, students=STUDENTS, openings=OPENINGS)
    await world.at(AFTER_CLOSING)
    shown = done(await world.officer.post(f"{PATH}/run", {"lot_seed": "3,11,15"}), 201)

    assert (shown["state"], shown["students"]) == ("decided", STUDENTS)
    assert shown["offers"] + shown["unmatched"] == STUDENTS
    assert min(shown["offers"], shown["unmatched"]) > STUDENTS // 10, "such a round shows little"
    await assert_true(world)
    offered, unmatched = await world.told("student-offered"), await world.told("student-unmatched")
    assert (len(offered), len(unmatched)) == (shown["offers"], shown["unmatched"])
    assert len({event["student"] for _, event in offered + unmatched}) == STUDENTS
    wrong = await world.rows(
        """
        select o.id, o.held from opening o
        where o.held <> (select count(*) from offer f where f.opening = o.id and f.state = 'offered')
        """
    )
    assert wrong == []


async def assert_true(world: World) -> None:
    snapshot = json.loads((await world.officer.get(f"{PATH}/snapshot")).content)
    result = json.loads((await world.officer.get(f"{PATH}/result")).content)
    lists = {
        row["student"]: row["openings"]
        for row in await world.rows("select student, openings from preference")
    }
    told: dict[str, Any] = {
        row["subject"]: json.loads(row["told"])
        for row in await world.rows("select subject, told from explanation")
    }
    Truth(snapshot, result, lists).check(told)
