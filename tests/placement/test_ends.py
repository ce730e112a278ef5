"""Placements that end, whose end is corrected, and students who are placed again."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.asking import Caller, done, refused
from tests.placement.world import Settled, World

FEBRUARY = datetime(2026, 2, 10, 3, tzinfo=UTC)


@pytest.fixture
async def year(world: World) -> World:
    await world.year_opens()
    return world


async def placed(world: World) -> tuple[Settled, Caller, str]:
    settled, [offer] = await world.offered()
    [student] = settled.students
    return settled, student, await world.placed(settled, student, offer)


async def placed_by_hand(world: World, settled: Settled, student: Caller) -> str:
    body = {"student": student.party, "opening": settled.openings[0], "reason": "placed_again"}
    agreement = done(await world.officer.post("/placements", body), 201)["id"]
    for party in (student, settled.school):
        done(await party.post(f"/tripartite-agreements/{agreement}/signature"), 201)
    signed = await settled.company.post(f"/tripartite-agreements/{agreement}/signature")
    return str(done(signed, 201)["placement"])


async def counts(world: World) -> tuple[Any, ...]:
    [row] = await world.rows("select held, active, state from opening")
    return tuple(row.values())


@pytest.mark.parametrize("who", ["school", "company", "officer"])
async def test_a_placement_is_ended_by_who_knows_and_its_agreement_with_it(year: World, who: str) -> None:
    settled, _, placement = await placed(year)
    by = {"school": settled.school, "company": settled.company, "officer": year.officer}[who]
    await year.at(FEBRUARY)
    body = {"reason": "military_service", "ended_on": "2026-02-06"}
    shown = done(await by.post(f"/placements/{placement}/end", body), 201)
    assert (shown["ended_on"], shown["ended_reason"]) == ("2026-02-06", "military_service")
    [(_, event)] = await year.told("placement-ended")
    assert (event["placement"], event["reason"], event["ended_on"]) == (
        placement,
        "military_service",
        "2026-02-06",
    )
    assert await counts(year) == (0, 0, "published")
    [agreement] = await year.rows("select state, over_reason, over_by from tripartite_agreement")
    assert agreement == {"state": "ended", "over_reason": "military_service", "over_by": who}
    [entry] = await year.rows("select reason from messaging.audit where action = 'placement_ended'")
    assert entry["reason"] == "military_service"


async def test_a_placement_ends_on_no_day_to_come_and_on_none_before_it_was_made(year: World) -> None:
    settled, _, placement = await placed(year)
    await year.at(FEBRUARY)
    for day, rule in (("2026-02-11", "day_to_come"), ("2025-10-16", "before_placement")):
        body = {"reason": "resignation", "ended_on": day}
        answer = await settled.company.post(f"/placements/{placement}/end", body)
        refused(answer, 422, ("ended_on", rule))
    body = {"reason": "resignation", "ended_on": "2026-02-01"}
    answer = await settled.company.post(f"/placements/{placement}/end/correction", body)
    refused(answer, 409, ("state", "placement_active"))
    stranger = year.caller("company", party="cmp_other")
    for path in ("end", "end/correction"):
        answer = await stranger.post(f"/placements/{placement}/{path}", body)
        refused(answer, 404, ("placement", "placement_not_found"))
    assert await year.rows("select 1 from placement_end") == []


async def test_ended_by_everybody_at_once_it_ends_once_and_frees_one_place(year: World) -> None:
    settled, _, placement = await placed(year)
    await year.at(FEBRUARY)
    parties = (settled.school, settled.company, year.officer, settled.company)
    answers = await asyncio.gather(
        *(each.post(f"/placements/{placement}/end", {"reason": "closure"}) for each in parties)
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert await counts(year) == (0, 0, "published")
    assert len(await year.told("placement-ended")) == 1
    assert len(await year.rows("select 1 from placement_end")) == 1


async def test_who_lost_work_is_placed_again_and_each_placement_is_followed(year: World) -> None:
    settled, student, first = await placed(year)
    await year.at(FEBRUARY)
    body = {"reason": "dismissal", "ended_on": "2026-02-06"}
    done(await settled.school.post(f"/placements/{first}/end", body), 201)

    second = await placed_by_hand(year, settled, student)

    assert await counts(year) == (1, 1, "filled")
    shown = done(await student.get(f"/students/{student.party}"))
    assert [(each["id"], each["state"], each["starts_on"]) for each in shown["placements"]] == [
        (first, "ended", "2026-01-05"),
        (second, "active", "2026-02-10"),
    ]
    rows = await year.rows("select placement, months, due_on from retention_check order by due_on")
    assert [(row["placement"] == second, row["months"]) for row in rows] == [
        (False, 6),
        (True, 6),
        (False, 12),
        (True, 12),
    ]
    assert len(await year.told("student-placed")) == 2
    assert len(await year.told("opening-filled")) == 2
    answer = await year.officer.post(
        "/placements",
        {"student": student.party, "opening": settled.openings[0], "reason": "placed_again"},
    )
    refused(answer, 409, ("student", "placed_already"))


async def revoked(world: World, placement: str) -> Any:
    body = {"reason": "recorded_in_error"}
    return await world.officer.post(f"/placements/{placement}/end/revocation", body)


async def test_an_end_recorded_in_error_is_taken_back_and_kept(year: World) -> None:
    settled, _, placement = await placed(year)
    refused(await revoked(year, placement), 409, ("state", "placement_active"))
    refused(await revoked(year, "plc_none"), 404, ("placement", "placement_not_found"))
    await year.at(datetime(2026, 8, 10, 3, tzinfo=UTC))
    body = {"reason": "closure", "ended_on": "2026-05-29"}
    done(await settled.company.post(f"/placements/{placement}/end", body), 201)

    shown = done(await revoked(year, placement), 201)

    assert (shown["state"], shown["ended_on"], shown["ended_reason"]) == ("active", None, None)
    assert await counts(year) == (1, 1, "filled")
    [agreement] = await year.rows("select state, over_reason from tripartite_agreement")
    assert agreement == {"state": "in_force", "over_reason": None}
    said = await year.rows("select revision, ended_on is null as back from placement_end order by 1")
    assert [tuple(row.values()) for row in said] == [(1, False), (2, True)]
    checks = [(event["retained"], event["source"]) for _, event in await year.told("retention-checked")]
    assert checks == [(False, "exit"), (True, "officer")]
    [(_, event)] = await year.told("placement-resumed")
    assert (event["revision"], event["reason"]) == (2, "recorded_in_error")
    refused(await revoked(year, placement), 409, ("state", "placement_active"))
    done(await settled.company.post(f"/placements/{placement}/end", body), 201)
    assert [row["end_revision"] for row in await year.rows("select end_revision from placement")] == [3]


async def test_an_end_is_taken_back_only_while_student_and_place_are_free(year: World) -> None:
    settled = await year.settled(students=2, places=(1, 1))
    [first, second] = settled.students
    placement = await placed_by_hand(year, settled, first)
    await year.at(datetime(2026, 1, 20, 3, tzinfo=UTC))
    done(await settled.company.post(f"/placements/{placement}/end", {"reason": "dismissal"}), 201)
    taken = {"student": second.party, "opening": settled.openings[0], "reason": "late_matching"}
    agreement = done(await year.officer.post("/placements", taken), 201)["id"]
    refused(await revoked(year, placement), 409, ("opening", "opening_full"))
    path = f"/tripartite-agreements/{agreement}/withdrawal"
    done(await second.post(path, {"reason": "changed_plans"}), 201)
    elsewhere = {"student": first.party, "opening": settled.openings[1], "reason": "late_matching"}
    done(await year.officer.post("/placements", elsewhere), 201)
    refused(await revoked(year, placement), 409, ("student", "agreement_waits"))
    answers = await asyncio.gather(*(revoked(year, placement) for _ in range(3)))
    assert {answer.status_code for answer in answers} == {409}


async def test_an_end_is_not_taken_back_over_work_that_came_after_it(year: World) -> None:
    settled, student, first = await placed(year)
    await year.at(FEBRUARY)
    body = {"reason": "dismissal", "ended_on": "2026-02-06"}
    done(await settled.school.post(f"/placements/{first}/end", body), 201)
    second = await placed_by_hand(year, settled, student)
    await year.at(FEBRUARY + timedelta(days=10))
    done(await settled.school.post(f"/placements/{second}/end", {"reason": "resignation"}), 201)
    refused(await revoked(year, first), 409, ("placement", "next_placement"))
    assert await counts(year) == (0, 0, "published")
    assert done(await revoked(year, second), 201)["state"] == "active"


async def test_a_corrected_end_never_reaches_into_the_next_placement(year: World) -> None:
    settled, student, first = await placed(year)
    await year.at(FEBRUARY)
    body = {"reason": "dismissal", "ended_on": "2026-02-06"}
    done(await settled.school.post(f"/placements/{first}/end", body), 201)
    path = f"/placements/{first}/end/correction"
    refused(await settled.school.post(path, body), 409, ("reason", "nothing_changes"))
    await placed_by_hand(year, settled, student)
    await year.at(FEBRUARY + timedelta(days=10))
    late = body | {"ended_on": "2026-02-10"}
    refused(await settled.school.post(path, late), 409, ("ended_on", "next_placement"))
    done(await settled.school.post(path, body | {"ended_on": "2026-02-09", "reason": "resignation"}), 201)
    said = await year.rows("select revision, reason from placement_end order by revision")
    assert [tuple(row.values()) for row in said] == [(1, "dismissal"), (2, "resignation")]
    assert await counts(year) == (1, 1, "filled")
