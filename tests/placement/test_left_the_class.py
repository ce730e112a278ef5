"""What it does to the figures of a cohort that students leave its class: by whom, why and when."""

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pytest
from tests.asking import Caller, done, refused
from tests.placement.test_counting import APRIL, cohort, count_cohort
from tests.placement.world import YEAR, Settled, World, class_body

from chassis.transaction import Command, Transaction, begin
from placement.domain.outcomes import Figures, school_year_ends, total
from placement.domain.vocabulary import LeaveReason, Year
from placement.store import outcomes as store

JUNE: Final = datetime(2025, 6, 2, 3, tzinfo=UTC)
COUNTED: Final = date(2026, 5, 1)
SCHOOL_REASONS: Final = ("left_school", "changed_school")
OTHER_REASONS: Final = ("changed_plans", "health", "other")


@pytest.fixture
async def year(world: World) -> World:
    await world.year_opens()
    return world


async def leave(settled: Settled, students: Sequence[Caller], reason: str) -> None:
    for student in students:
        body = {"student": student.party, "reason": reason}
        done(await settled.school.post(f"/classes/{settled.employment_class}/departures", body), 201)


async def counted(world: World, as_of: str) -> Mapping[str, Any]:
    await count_cohort(world, as_of)
    path = f"/programme-years/{YEAR}/outcomes"
    [row] = done(await world.officer.get(path, as_of=as_of, by="total"))["rows"]
    return {name: row[name] for name in ("enrolled", "graduates", "employed", "enlisted", "employment_rate")}


@pytest.mark.parametrize("reason", [*SCHOOL_REASONS, *OTHER_REASONS])
async def test_whom_a_school_takes_off_its_roster_after_graduation_stays_in_the_rate(
    year: World, reason: str
) -> None:
    settled, _ = await cohort(year)
    await year.at(datetime(2026, 4, 3, 3, tzinfo=UTC))
    before = await counted(year, APRIL)
    assert (before["graduates"], before["employed"], before["employment_rate"]) == (6, 2, "40.0")
    roster = done(await settled.school.get(f"/classes/{settled.employment_class}"))["roster"]
    at_work = {str(each.party) for each in settled.students[2:]}
    gone = [Caller(year.client, "", "", row["student"]) for row in roster if row["student"] not in at_work]
    await leave(settled, gone, reason)
    await year.at(datetime(2026, 4, 6, 3, tzinfo=UTC))
    assert await counted(year, "2026-04-04") == before
    assert await counted(year, APRIL) == before


@pytest.mark.parametrize("reason", SCHOOL_REASONS)
async def test_who_leaves_the_school_while_the_class_goes_on_does_not_graduate(
    year: World, reason: str
) -> None:
    settled = await year.settled(students=3)
    await year.at(JUNE)
    await leave(settled, settled.students[:1], reason)
    await year.at(datetime(2026, 4, 2, 3, tzinfo=UTC))
    assert (await counted(year, "2025-06-01"))["graduates"] == 3
    assert (await counted(year, APRIL))["graduates"] == 2


@pytest.mark.parametrize("reason", OTHER_REASONS)
async def test_who_leaves_the_class_alone_is_counted_by_what_became_of_it(year: World, reason: str) -> None:
    settled = await year.settled(students=3)
    await year.at(JUNE)
    await leave(settled, settled.students[:2], reason)
    row = {"student": settled.students[0].party, "kind": "military_service", "since": "2025-06-02"}
    done(await settled.school.post(f"/programme-years/{YEAR}/destinations", {"rows": [row]}), 201)
    await year.at(datetime(2026, 4, 2, 3, tzinfo=UTC))
    found = await counted(year, APRIL)
    assert (found["enrolled"], found["graduates"], found["enlisted"]) == (3, 3, 1)
    assert found["employment_rate"] == "0.0"


async def test_a_class_that_is_closed_or_drawn_out_lets_nobody_leave_its_cohort(year: World) -> None:
    closed, drawn_out = await year.settled(students=2), await year.settled(students=2)
    plan = class_body(drawn_out.company) | {"ends_on": "2027-02-26"}
    del plan["programme_year"]
    done(await drawn_out.school.put(f"/classes/{drawn_out.employment_class}", plan))
    await year.at(JUNE)
    done(await closed.school.post(f"/classes/{closed.employment_class}/closure"), 201)
    await year.at(JUNE + timedelta(days=1))
    await leave(closed, closed.students[:1], "left_school")
    await year.at(datetime(2026, 3, 3, 3, tzinfo=UTC))
    await leave(drawn_out, drawn_out.students[:1], "left_school")
    await year.at(datetime(2026, 4, 2, 3, tzinfo=UTC))
    assert (await counted(year, APRIL))["graduates"] == 4


async def test_nobody_is_said_not_to_have_graduated_after_the_school_year(year: World) -> None:
    settled = await year.settled(students=2)
    await year.at(datetime(2026, 4, 2, 3, tzinfo=UTC))
    assert school_year_ends(Year(YEAR)) == date(2026, 2, 28)
    path = f"/programme-years/{YEAR}/destinations"
    rows = [
        {"student": student.party, "kind": "not_graduated", "since": since}
        for student, since in zip(settled.students, ("2026-02-28", "2026-03-01"), strict=True)
    ]
    refused(await settled.school.post(path, {"rows": rows}), 422, ("rows.1.since", "school_year_over"))
    done(await settled.school.post(path, {"rows": rows[:1]}), 201)
    assert (await counted(year, APRIL))["graduates"] == 1


class _UndoneError(Exception):
    """Ends a transaction with nothing of it kept."""


async def figures(tx: Transaction) -> Figures:
    cells = await store.counted(tx, Year(YEAR), COUNTED)
    return total(each for of_school in cells.values() for each in of_school.values())


async def test_no_departure_after_the_class_has_ended_changes_a_figure(year: World) -> None:
    """At random: whoever leaves, for whatever reason, at any moment after the end; 60 draws."""
    await cohort(year)
    dice = random.Random(1)
    async with begin(year.pool, Command(actor="test")) as tx:
        before = await figures(tx)
    students = [row["student"] for row in await year.rows("select student from enrolment order by id")]
    ended = datetime(2025, 12, 31, 15, tzinfo=UTC)
    assert before.employment_rate is not None
    for _ in range(60):
        leaving = [each for each in students if dice.random() < 0.5]
        moments = [ended + timedelta(minutes=dice.randrange(200_000)) for _ in leaving]
        reasons = [dice.choice([*LeaveReason]) for _ in leaving]
        with pytest.raises(_UndoneError):
            async with begin(year.pool, Command(actor="test")) as tx:
                await tx.execute(_LEFT, leaving, moments, reasons)
                assert await figures(tx) == before
                raise _UndoneError


_LEFT: Final = """
    update enrolment e set state = 'left', left_at = u.moment, left_reason = u.reason
    from unnest($1::text[], $2::timestamptz[], $3::text[]) as u (student, moment, reason)
    where u.student = e.student
"""
