"""Who a student was is forgotten: on request as soon as nothing needs it, or when the time is over."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

import pytest
from tests.asking import Caller, done, refused
from tests.placement.test_persons import PERSON, enrolled
from tests.placement.test_rounds import order, round_body
from tests.placement.waiting import looked, until_behind_a_lock
from tests.placement.world import LISTS_UNTIL, MICROSECOND, RANKS_UNTIL, Settled, World

from chassis.transaction import Command, begin
from placement.domain.classes import RosterEntry
from placement.domain.vocabulary import ClassId, SchoolId, StudentId
from placement.handlers import classes, persons
from placement.worker import expire_offers, forget_persons, forget_who_asked

OFFERED_UNTIL: Final = datetime(2025, 10, 24, 15, tzinfo=UTC)
"""The midnight in Korea after the seventh day to answer an offer made when the rankings closed."""


@pytest.fixture
async def year(world: World) -> World:
    await world.year_opens()
    return world


def erasure(student: Caller, step: str = "") -> str:
    return f"/students/{student.party}/erasure{step}"


async def asked(student: Caller) -> Any:
    return done(await student.post(erasure(student), {"reason": "own_request"}), 201)


async def awaited(world: World, student: Caller) -> list[str] | None:
    """What a request waits for after the worker has looked; None when it is carried out."""
    await looked(forget_who_asked, world)
    shown = done(await student.get(erasure(student)))
    waits: list[str] = shown["awaits"]
    return waits if shown["erased_at"] is None else None


async def close_class(settled: Settled) -> None:
    done(await settled.school.post(f"/classes/{settled.employment_class}/closure"), 201)


async def test_a_request_is_kept_while_a_ground_lasts_and_carried_out_afterwards(year: World) -> None:
    settled, [offer] = await year.offered()
    [student] = settled.students
    refused(await student.post(erasure(student, "/withdrawal")), 409, ("student", "erasure_not_asked"))
    shown = await asked(student)
    assert (shown["awaits"], shown["erased_at"]) == (["offer_unanswered", "class_open"], None)
    assert await asked(student) == shown, "the first request counts"
    agreement = await year.nearly_placed(settled, student, offer)
    assert await awaited(year, student) == ["agreement_unsigned", "class_open"]
    signed = await settled.company.post(f"/tripartite-agreements/{agreement}/signature")
    placement = done(signed, 201)["placement"]
    assert await awaited(year, student) == ["placement_active", "class_open"]
    await close_class(settled)
    assert await awaited(year, student) == ["placement_active"]
    await leave_work(year, settled, placement)
    assert await awaited(year, student) is None
    for step, body in (("", {"reason": "own_request"}), ("/withdrawal", None)):
        refused(await student.post(erasure(student, step), body), 409, ("student", "person_erased"))
    [(_, told)] = await year.told("student-forgotten")
    assert (told["student"], told["reason"]) == (student.party, "own_request")


async def leave_work(year: World, settled: Settled, placement: str) -> None:
    await year.at(datetime(2026, 2, 1, 3, tzinfo=UTC))
    left = {"reason": "resignation", "ended_on": "2026-01-20"}
    done(await settled.company.post(f"/placements/{placement}/end", left), 201)


async def test_who_is_needed_no_more_is_forgotten_at_once_and_all_that_counts_stays(year: World) -> None:
    settled, [offer] = await year.offered()
    [student] = settled.students
    path = f"/students/{student.party}/person"
    await settled.school.put(path, PERSON)
    placement = await year.placed(settled, student, offer)
    await leave_work(year, settled, placement)
    await close_class(settled)
    before = done(await year.officer.get("/overview", programme_year=2025))
    shown = await asked(student)
    assert (shown["reason"], shown["awaits"], shown["asked_at"]) == ("own_request", [], None)
    assert done(await year.officer.get("/overview", programme_year=2025)) == before
    refused(await settled.school.get(path), 404, ("student", "person_not_found"))
    refused(await settled.school.put(path, PERSON), 404, ("student", "student_not_found"))
    [row] = await year.rows("select reference, erased_reason from student where id = $1", student.party)
    assert row == {"reference": None, "erased_reason": "own_request"}
    assert done(await student.get(f"/students/{student.party}"))["placements"][0]["state"] == "ended"
    answer = await year.officer.post(f"/placements/{placement}/end/revocation", {"reason": "wrong_entry"})
    refused(answer, 409, ("student", "person_erased"))


async def test_who_asks_amid_a_round_is_forgotten_when_it_and_its_offer_are_decided(year: World) -> None:
    settled = await year.settled(students=2, places=(1,))
    [listing, silent] = settled.students
    matching_round = await year.round_opens()
    path = f"/rounds/{matching_round}"
    done(await listing.put(f"{path}/preferences", {"openings": settled.openings}))
    await close_class(settled)
    for student in settled.students:
        assert (await asked(student))["awaits"] == ["round_undecided"]
    await year.at(LISTS_UNTIL)
    ranked = {"rankings": [order(settled.openings[0], [listing])]}
    done(await settled.company.put(f"{path}/rankings", ranked))
    await year.at(RANKS_UNTIL)
    done(await year.officer.post(f"{path}/closing"), 201)
    assert [await awaited(year, each) for each in settled.students] == [["round_undecided"]] * 2
    done(await year.officer.post(f"{path}/run", {}), 201)

    assert await awaited(year, silent) is None
    assert await awaited(year, listing) == ["offer_unanswered"]
    await year.at(OFFERED_UNTIL - MICROSECOND)
    assert await awaited(year, listing) == ["offer_unanswered"]
    # Nothing ran when the offer's time was up, nor for a month after it.
    await year.at(OFFERED_UNTIL + timedelta(days=30))
    await looked(expire_offers, year)
    assert await awaited(year, listing) is None
    assert [data["reason"] for _, data in await year.told("student-forgotten")] == ["own_request"] * 2
    [row] = await year.rows("select held from opening")
    assert row["held"] == 0


async def test_who_asked_is_invited_no_more_unless_the_request_is_taken_back(year: World) -> None:
    settled, offers = await year.offered(students=2, places=(2,))
    await close_class(settled)
    for student in settled.students:
        assert (await asked(student))["awaits"] == ["offer_unanswered"]
    windows = {"preferences_until": "2025-11-10T09:00:00Z", "rankings_until": "2025-11-17T09:00:00Z"}
    opened = done(await year.officer.post("/rounds", round_body(**windows)), 201)
    assert opened["students"] == 0
    for student, offer in zip(settled.students, offers, strict=True):
        done(await student.post(f"/offers/{offer}/refusal"), 201)
    [gone, staying] = settled.students
    assert done(await staying.post(erasure(staying, "/withdrawal")), 201)["awaits"] == ["round_undecided"]
    invited = [data["student"] for _, data in await year.told("preferences-opened") if data["round"] == 2]
    assert invited == [staying.party]
    assert await awaited(year, gone) is None
    assert await awaited(year, staying) == ["round_undecided"]
    shown = done(await staying.get(erasure(staying)))
    assert (shown["asked_at"], shown["reason"]) == (None, None)


async def test_a_round_that_opens_while_somebody_is_forgotten_decides_nothing_over_it(year: World) -> None:
    settled = await year.settled(students=2, places=(2,))
    [gone, staying] = settled.students
    await close_class(settled)
    async with begin(year.pool, Command(actor="test")) as tx:
        await persons.ask_erasure(tx, StudentId(str(gone.party)), "own_request")
        opening = asyncio.create_task(year.round_opens())
        await until_behind_a_lock(year, opening)
    path = f"/rounds/{await opening}"
    listed = {"openings": settled.openings}
    done(await staying.put(f"{path}/preferences", listed))
    refused(await gone.put(f"{path}/preferences", listed), 409, ("student", "not_taking_part"))
    by_hand = {"student": gone.party, "opening": settled.openings[0], "reason": "late_matching"}
    refused(await year.officer.post("/placements", by_hand), 409, ("student", "person_erased"))
    await year.at(RANKS_UNTIL)
    done(await year.officer.post(f"{path}/closing"), 201)
    done(await year.officer.post(f"{path}/run", {}), 201)
    snapshot = (await year.officer.get(f"{path}/snapshot")).json()
    assert [each["id"] for each in snapshot["students"]] == [staying.party]


async def test_workers_forget_once_and_let_alone_whom_a_school_enrols_meanwhile(year: World) -> None:
    settled = await year.settled(students=2)
    [gone, back] = settled.students
    for student in settled.students:
        assert (await asked(student))["awaits"] == ["class_open"]
        leaving = {"student": student.party, "reason": "changed_plans"}
        done(await settled.school.post(f"/classes/{settled.employment_class}/departures", leaving), 201)
    [row] = await year.rows("select reference from student where id = $1", back.party)
    entry = RosterEntry("rows.0", ClassId(settled.employment_class), row["reference"])
    async with begin(year.pool, Command(actor="test")) as tx:
        await classes.enrol_students(tx, year.keys, SchoolId(str(settled.school.party)), [entry])
        await asyncio.gather(*(looked(forget_who_asked, year) for _ in range(3)))
    assert await awaited(year, gone) is None
    assert await awaited(year, back) == ["class_open"]
    assert [data["student"] for _, data in await year.told("student-forgotten")] == [gone.party]


async def test_who_comes_back_while_being_forgotten_is_somebody_new(world: World) -> None:
    await world.year_opens()
    settled = await world.settled(students=0)
    student = await enrolled(world, settled, **PERSON)
    left = {"student": student.party, "reason": "changed_plans"}
    done(await settled.school.post(f"/classes/{settled.employment_class}/departures", left), 201)
    async with begin(world.pool, Command(actor="test")) as tx:
        await persons.ask_erasure(tx, StudentId(str(student.party)), "own_request")
        back = asyncio.create_task(enrolled(world, settled, **PERSON))
        await until_behind_a_lock(world, back)
    new = (await back).party
    assert new != student.party
    assert [row["student"] for row in await world.rows("select student from person")] == [new]


async def test_a_person_is_forgotten_by_the_worker_when_the_time_is_over_and_not_a_day_before(
    world: World,
) -> None:
    await world.year_opens()
    settled = await world.settled(students=2)
    one, _ = settled.students
    await settled.school.put(f"/students/{one.party}/person", PERSON)
    last_day = datetime(2025, 12, 31, 14, 59, tzinfo=UTC)  # one minute before midnight in Korea
    for moment, left in ((last_day + timedelta(days=100), 2), (last_day + timedelta(days=101), 0)):
        await world.at(moment)
        await looked(partial(forget_persons, kept_days=100), world)
        kept = await world.rows("select from student where reference is not null")
        assert len(kept) == left, moment
    assert await world.rows("select from person") == []
    assert len(await world.told("student-forgotten")) == 2
