"""Matching rounds over HTTP up to the run: invited, listed, ranked to the microsecond, closed."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from tests.asking import done, refused
from tests.placement.waiting import until_behind_a_lock
from tests.placement.world import (
    LISTS_UNTIL,
    LOT_SOURCE,
    MICROSECOND,
    RANKS_UNTIL,
    SPRING,
    YEAR,
    World,
    openings_body,
)

from chassis.transaction import Command, begin
from placement.domain.vocabulary import RoundId
from placement.store import rounds as store


@pytest.fixture
async def year(world: World) -> World:
    await world.year_opens()
    return world


def round_body(**changed: Any) -> dict[str, Any]:
    return {
        "programme_year": YEAR,
        "preferences_until": LISTS_UNTIL.isoformat(),
        "rankings_until": RANKS_UNTIL.isoformat(),
        "lot_source": LOT_SOURCE,
    } | changed


def order(opening: str, students: Sequence[Any]) -> dict[str, Any]:
    return {"opening": opening, "students": [student.party for student in students]}


async def test_a_round_invites_every_student_without_work(year: World) -> None:
    settled = await year.settled(students=3, places=(1, 2))
    opened = done(await year.officer.post("/rounds", round_body()), 201)
    assert (opened["number"], opened["state"], opened["students"]) == (1, "open", 3)
    told = await year.told("preferences-opened")
    assert sorted(event["student"] for _, event in told) == sorted(str(s.party) for s in settled.students)
    assert {(event["openings"], event["round"]) for _, event in told} == {(2, 1)}
    offered = done(await settled.students[0].get(f"/students/{settled.students[0].party}/openings"))
    assert sorted(opening["id"] for opening in offered) == sorted(settled.openings)
    refused(await year.officer.post("/rounds", round_body()), 409, ("programme_year", "round_undecided"))


async def test_preferences_one_microsecond_late_are_refused(year: World) -> None:
    settled = await year.settled()
    matching_round = await year.round_opens()
    path, listed = f"/rounds/{matching_round}/preferences", {"openings": settled.openings}
    [first, second] = settled.students
    await year.at(LISTS_UNTIL - MICROSECOND)
    done(await first.put(path, listed))
    await year.at(LISTS_UNTIL)
    before = await year.state()
    refused(await second.put(path, listed), 409, ("round", "preferences_too_late"))
    refused(await first.put(path, {"openings": []}), 409, ("round", "preferences_too_late"))
    assert await year.state() == before
    [row] = await year.rows("select listed_at from preference where student = $1", first.party)
    assert row["listed_at"] == LISTS_UNTIL - MICROSECOND


async def test_closing_waits_for_a_list_that_was_accepted_in_time(year: World) -> None:
    settled = await year.settled(students=1, places=(1,))
    matching_round = await year.round_opens()
    async with begin(year.pool, Command(actor="test")) as tx:
        present, now = await store.shared(tx, RoundId(matching_round))
        present.admit_preferences(now)
        await year.at(RANKS_UNTIL)
        closing = asyncio.create_task(year.officer.post(f"/rounds/{matching_round}/closing"))
        await until_behind_a_lock(year, closing)
        assert not closing.done()
        student = settled.students[0].party
        await tx.execute("update preference set openings = $2 where student = $1", student, settled.openings)
    assert done(await closing, 201)["state"] == "closed"
    done(await year.officer.post(f"/rounds/{matching_round}/run", {}), 201)
    shown = done(await settled.students[0].get(f"/students/{student}"))
    assert shown["rounds"][0]["openings"] == settled.openings


async def test_a_list_with_errors_names_each_and_keeps_the_one_before(year: World) -> None:
    settled = await year.settled(places=(1, 1, 1))
    foreign = await year.settled(places=(1,))
    matching_round = await year.round_opens()
    student = settled.students[0]
    path = f"/rounds/{matching_round}/preferences"
    done(await student.put(path, {"openings": settled.openings[:1]}))
    [one, two, _] = settled.openings
    refused(
        await student.put(path, {"openings": [one, foreign.openings[0], "opn_none", two, one]}),
        422,
        ("openings.1", "opening_not_possible"),
        ("openings.2", "opening_not_possible"),
        ("openings", "distinct"),
    )
    shown = done(await student.get(f"/students/{student.party}"))
    assert shown["rounds"][0]["openings"] == [one]


async def test_no_list_is_longer_than_the_policy_allows(world: World) -> None:
    await world.year_opens(preferences_at_most=2)
    settled = await world.settled(places=(1, 1, 1))
    matching_round = await world.round_opens()
    refused(
        await settled.students[0].put(
            f"/rounds/{matching_round}/preferences", {"openings": settled.openings}
        ),
        422,
        ("openings", "preferences_at_most"),
    )


async def test_candidates_are_told_after_the_students_deadline_without_their_wishes(year: World) -> None:
    settled = await year.settled(students=2, places=(1, 1))
    [one, two] = settled.openings
    matching_round = await year.round_opens()
    path = f"/rounds/{matching_round}/preferences"
    done(await settled.students[0].put(path, {"openings": [two, one]}))
    done(await settled.students[1].put(path, {"openings": [one]}))
    asked = f"/rounds/{matching_round}/candidates"
    refused(await settled.company.get(asked), 409, ("round", "preferences_open"))
    await year.at(LISTS_UNTIL)
    told = {each["opening"]: each["students"] for each in done(await settled.company.get(asked))}
    assert sorted(each["student"] for each in told[one]) == sorted(str(s.party) for s in settled.students)
    assert [each["student"] for each in told[two]] == [settled.students[0].party]
    assert set(told[one][0]) == {"student", "school", "school_name_ko", "employment_class", "track"}
    other = await year.company()
    assert done(await other.get(asked)) == []


async def test_rankings_with_errors_and_late_ones_change_nothing(year: World) -> None:
    settled, foreign = await year.settled(), await year.settled()
    matching_round = await year.round_opens()
    await year.at(RANKS_UNTIL - MICROSECOND)
    path = f"/rounds/{matching_round}/rankings"
    before = await year.state()
    student = settled.students[0].party
    refused(
        await settled.company.put(
            path,
            {
                "rankings": [
                    {"opening": foreign.openings[0], "students": [student]},
                    {"opening": settled.openings[0]},
                    {"opening": settled.openings[1], "students": ["stu_none", student, student]},
                    {"opening": settled.openings[1], "scores": {"stu_none": "1"}},
                ]
            },
        ),
        422,
        ("rankings.opening", "distinct"),
        ("rankings.0.opening", "opening_not_own"),
        ("rankings.1", "ranking_or_scores"),
        ("rankings.2.students", "distinct"),
        ("rankings.2", "not_in_round"),
        ("rankings.3", "not_in_round"),
    )
    for score in ("3e1", "NaN", "+1", ""):
        ranking = {"opening": settled.openings[0], "scores": {student: score}}
        answer = await settled.company.put(path, {"rankings": [ranking]})
        refused(answer, 422, (f"rankings.0.scores.{student}", "string_pattern_mismatch"))
    await year.at(RANKS_UNTIL)
    ranking = order(settled.openings[0], settled.students)
    refused(await settled.company.put(path, {"rankings": [ranking]}), 409, ("round", "rankings_too_late"))
    assert await year.state() == before


async def test_officers_see_whom_a_round_waits_for(year: World) -> None:
    settled, other = (
        await year.settled(students=3, places=(1, 1)),
        await year.settled(students=1, places=(1,)),
    )
    [one, two] = settled.openings
    matching_round = await year.round_opens()
    path = f"/rounds/{matching_round}"
    for student, listed in zip(settled.students[:2], ([one, two], [one]), strict=True):
        done(await student.put(f"{path}/preferences", {"openings": listed}))
    waiting = done(await year.officer.get(f"{path}/waiting"))
    assert (waiting["students"], waiting["without_list"]) == (4, 2)
    [company] = waiting["companies"]
    assert (company["company"], company["openings"], company["students"]) == (
        settled.company.party,
        sorted([one, two]),
        2,
    )
    await year.at(LISTS_UNTIL)
    ranked = {"rankings": [order(one, settled.students[:2])]}
    done(await settled.company.put(f"{path}/rankings", ranked))
    [company] = done(await year.officer.get(f"{path}/waiting"))["companies"]
    assert (company["openings"], company["students"]) == ([two], 1)
    refused(await other.company.get(f"{path}/waiting"), 403, ("token.roles", "role_missing"))
    refused(await year.officer.get("/rounds/mat_none/waiting"), 404, ("round", "round_not_found"))


async def test_a_round_closes_after_its_windows_and_runs_once(year: World) -> None:
    settled = await year.settled()
    matching_round = await year.round_opens()
    closing, run = f"/rounds/{matching_round}/closing", f"/rounds/{matching_round}/run"
    refused(await year.officer.post(run, {}), 409, ("state", "round_not_closed"))
    await year.at(RANKS_UNTIL - MICROSECOND)
    refused(await year.officer.post(closing), 409, ("rankings_until", "window_not_over"))
    await year.at(RANKS_UNTIL)
    done(await year.officer.post(closing), 201)
    refused(await year.officer.post(closing), 409, ("state", "round_not_open"))
    path, listed = f"/rounds/{matching_round}/preferences", {"openings": settled.openings}
    await year.at(SPRING)
    refused(await settled.students[0].put(path, listed), 409, ("round", "preferences_too_late"))
    done(await year.officer.post(run, {}), 201)
    refused(await year.officer.post(run, {}), 409, ("state", "round_not_closed"))


async def test_openings_published_after_the_round_opened_may_still_be_listed(year: World) -> None:
    settled = await year.settled(students=1, places=(1,))
    matching_round = await year.round_opens()
    [fresh] = done(await settled.company.post("/openings", openings_body(1)), 201)
    listed = {"openings": [fresh["id"]]}
    done(await settled.students[0].put(f"/rounds/{matching_round}/preferences", listed))
