"""A cohort counted as it stood on a day, its reporting closed, late corrections, and who may see it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from tests.asking import done, refused
from tests.placement.test_outcomes import HEADER, imported, open_data
from tests.placement.test_retention import ask, at_work, gone, still_there
from tests.placement.world import MICROSECOND, YEAR, Settled, World

from papers.tables import Table, to_csv

JANUARY_2027: Final = datetime(2027, 1, 10, 3, tzinfo=UTC)
APRIL: Final = "2026-04-01"


@pytest.fixture
async def year(world: World) -> World:
    await world.year_opens()
    return world


async def cohort(world: World) -> tuple[Settled, list[str]]:
    """Six students: four at work since January 2026, of whom two have left since; two without a placement."""
    settled, placements = await at_work(world, students=4)
    departments = [{"student": each.party, "department": "스마트기계과"} for each in settled.students[:3]]
    done(await settled.school.post("/students/departments", {"rows": departments}), 201)
    done(await settled.school.post(f"/classes/{settled.employment_class}/roster", more_students()), 201)
    await world.at(datetime(2026, 3, 25, 3, tzinfo=UTC))
    for placement, day, reason in (
        (placements[0], "2026-03-20", "military_service"),
        (placements[1], "2026-02-27", "resignation"),
    ):
        body = {"reason": reason, "ended_on": day}
        done(await settled.company.post(f"/placements/{placement}/end", body), 201)
    return settled, placements


def more_students() -> dict[str, Any]:
    return {"rows": [{"reference": "S-9001"}, {"reference": "S-9002"}]}


async def students(world: World) -> dict[str, str]:
    rows = await world.rows("select id, reference from student")
    return {row["reference"]: row["id"] for row in rows}


async def count_cohort(world: World, as_of: str, **more: Any) -> Mapping[str, Any]:
    path = f"/programme-years/{YEAR}/outcomes"
    counted: Mapping[str, Any] = done(await world.officer.post(path, {"as_of": as_of} | more), 201)
    return counted


async def test_a_cohort_is_counted_as_it_stood_on_a_day(year: World) -> None:
    settled, _ = await cohort(year)
    known = await students(year)
    rows = [
        {"student": known["S-9001"], "kind": "advanced_study", "since": "2026-03-02"},
        {"student": known["S-9002"], "kind": "not_graduated", "since": "2026-02-10"},
        {"student": settled.students[1].party, "kind": "employed_elsewhere", "since": "2026-03-15"},
    ]
    path = f"/programme-years/{YEAR}/destinations"
    done(await settled.school.post(path, {"rows": rows}), 201)
    await year.at(datetime(2026, 4, 2, 3, tzinfo=UTC))
    for as_of, employed, enlisted, advanced, not_graduated in (
        ("2026-01-31", 4, 0, 0, 0),
        ("2026-03-01", 3, 0, 0, 1),
        ("2026-03-19", 4, 0, 1, 1),
        ("2026-04-01", 3, 1, 1, 1),
    ):
        await count_cohort(year, as_of)
        shown = done(await year.officer.get(f"/programme-years/{YEAR}/outcomes", as_of=as_of, by="total"))
        [row] = shown["rows"]
        counted = (row["employed"], row["enlisted"], row["advanced"], row["enrolled"] - row["graduates"])
        assert counted == (employed, enlisted, advanced, not_graduated), as_of
    parts = done(await year.officer.get(f"/programme-years/{YEAR}/outcomes", by="department"))["rows"]
    assert [(part["department"], part["enrolled"], part["employed"]) for part in parts] == [
        ("", 3, 1),
        ("스마트기계과", 3, 2),
    ]
    assert {part["track"] for part in parts} == {"new_technology"}


async def test_what_a_school_says_is_of_its_own_students_and_kept(year: World) -> None:
    settled, _ = await cohort(year)
    known = await students(year)
    path = f"/programme-years/{YEAR}/destinations"
    row = {"student": known["S-9001"], "kind": "advanced_study", "since": "2026-03-02"}
    before = await year.state()
    answer = await settled.school.post(
        path, {"rows": [row, row, row | {"student": "stu_other"}, row | {"since": "2026-03-26"}]}
    )
    refused(
        answer,
        422,
        ("rows.1.student", "distinct"),
        ("rows.2.student", "not_in_a_class"),
        ("rows.3.student", "distinct"),
        ("rows.3.since", "day_to_come"),
    )
    departments = {"rows": [{"student": "stu_other", "department": "가"}]}
    refused(await settled.school.post("/students/departments", departments), 422, ("rows", "not_of_school"))
    assert await year.state() == before
    done(await settled.school.post(path, {"rows": [row]}), 201)
    done(await settled.school.post(path, {"rows": [row | {"kind": "none"}]}), 201)
    shown = done(await settled.school.get(path))["items"]
    assert len(shown) == 6
    told = {each["id"]: (each["kind"], each["revision"], each["department"]) for each in shown}
    assert told[known["S-9001"]] == ("none", 2, "")
    assert told[str(settled.students[0].party)] == (None, 0, "스마트기계과")
    assert len(done(await year.officer.get(path, limit=4))["items"]) == 4
    said = await year.rows("select revision, kind from destination order by revision")
    assert [tuple(each.values()) for each in said] == [(1, "advanced_study"), (2, "none")]
    await year.at(datetime(2026, 3, 26, 3, tzinfo=UTC))
    await count_cohort(year, "2026-03-25")
    [total] = done(await year.officer.get(f"/programme-years/{YEAR}/outcomes", by="total"))["rows"]
    assert total["advanced"] == 0


async def test_reporting_closes_when_every_check_is_answered_or_an_officer_accepts_the_rest(
    year: World,
) -> None:
    settled, [_, _, third, fourth] = await cohort(year)
    await year.at(JANUARY_2027)
    await ask(year)
    path = f"/programme-years/{YEAR}/outcomes/closing"
    before = await year.state()
    body = {"as_of": "2027-01-05"}
    refused(await year.officer.post(path, body), 409, ("accept_unconfirmed", "retention_unconfirmed"))
    assert await year.state() == before
    for months in (6, 12):
        done(await settled.company.post("/retention-checks/answers", still_there(third, months=months)), 201)
    accepted = body | {"accept_unconfirmed": True}
    closed = done(await year.officer.post(path, accepted), 201)
    assert (closed["reported"], closed["closed"]) == (1, True)
    [(_, report)] = await year.told("outcome-reported")
    assert [report[name] for name in ("due_6", "retained_6", "due_12", "retained_12")] == [4, 1, 4, 1]
    [(_, event)] = await year.told("outcome-reporting-closed")
    stream = await year.rows("select sequence from messaging.stream where key = $1", settled.school.party)
    assert event["manifest"] == [{"school": settled.school.party, "sequence": stream[0]["sequence"]}]
    assert (event["unconfirmed"], event["origin"]) == (2, None)
    refused(await year.officer.post(path, accepted), 409, ("as_of", "reporting_closed"))

    late = gone(fourth, "2026-05-29")
    done(await settled.company.post("/retention-checks/answers", late), 201)
    assert (await count_cohort(year, "2027-01-05", reason="late_evidence"))["corrected"] == 1
    [(_, corrected)] = await year.told("outcome-corrected")
    assert (corrected["revision"], corrected["reason"]) == (2, "late_evidence")
    assert (corrected["employed"], report["employed"]) == (1, 2)
    kept = done(await year.officer.get(f"/programme-years/{YEAR}/outcomes/revisions/{settled.school.party}"))
    assert [(each["revision"], each["figures"]["employed"]) for each in kept] == [(1, 2), (2, 1)]


async def test_a_school_without_students_is_reported_with_nothing_so_that_nobody_waits(year: World) -> None:
    school = await year.selected_school("new_technology")
    await year.at(datetime(2026, 4, 2, 3, tzinfo=UTC))
    assert (await count_cohort(year, APRIL))["reported"] == 1
    [(_, event)] = await year.told("outcome-reported")
    assert (event["school"], event["enrolled"], event["due_6"]) == (school.party, 0, 0)
    assert (await count_cohort(year, APRIL))["unchanged"] == 1


async def test_only_days_that_are_over_and_years_that_are_known_are_counted(year: World) -> None:
    school = await year.selected_school("new_technology")
    path = f"/programme-years/{YEAR}/outcomes"
    earlier = {"as_of": APRIL, "rows": [imported(school=school.party)]}
    await year.at(datetime(2026, 4, 1, 15, tzinfo=UTC) - MICROSECOND)
    before = await year.state()
    for refusing, body in (
        (path, {"as_of": APRIL}),
        (f"{path}/closing", {"as_of": APRIL}),
        ("/programme-years/2024/outcomes/imports", earlier),
    ):
        refused(await year.officer.post(refusing, body), 422, ("as_of", "day_to_come"))
    assert await year.state() == before
    await year.at(datetime(2026, 4, 1, 15, tzinfo=UTC))
    assert (await count_cohort(year, APRIL))["reported"] == 1
    assert done(await year.officer.post("/programme-years/2024/outcomes/imports", earlier), 201)
    answer = await year.officer.post("/programme-years/2031/outcomes", {"as_of": APRIL})
    refused(answer, 409, ("programme_year", "programme_year_unknown"))


async def test_a_year_in_which_nobody_takes_part_has_nothing_to_close(year: World) -> None:
    await year.at(datetime(2026, 4, 2, 3, tzinfo=UTC))
    answer = await year.officer.post(f"/programme-years/{YEAR}/outcomes/closing", {"as_of": APRIL})
    refused(answer, 409, ("as_of", "nothing_reported"))


async def test_what_is_counted_here_is_not_written_by_hand_nor_closed_past_its_open_checks(
    year: World,
) -> None:
    settled, _ = await cohort(year)
    await year.at(JANUARY_2027)
    await ask(year)
    await count_cohort(year, "2027-01-05")
    path = f"/programme-years/{YEAR}/outcomes"
    better = imported(school=settled.school.party, retained_12=16)
    before, told = await year.state(), await year.told()
    for more in ({"close": True}, {"close": False}):
        body = {"as_of": "2027-01-05", "rows": [better], "reason": "late_evidence"} | more
        answer = await year.officer.post(f"{path}/imports", body)
        refused(answer, 409, ("programme_year", "year_counted_here"))
    content = to_csv(Table("성과", HEADER, [(settled.school.party, "general", "", 10, 12, 5, 1, 9, 9)]))
    answer = await year.officer.upload(
        f"{path}/imports/file?as_of=2027-01-05", content, media_type="text/csv", method="POST"
    )
    refused(answer, 409, ("programme_year", "year_counted_here"))
    assert (await year.state(), await year.told()) == (before, told)


async def test_schools_see_their_own_outcomes_and_open_data_waits_for_the_closing(year: World) -> None:
    settled, _ = await cohort(year)
    other = await year.selected_school("general")
    await year.at(datetime(2026, 4, 2, 3, tzinfo=UTC))
    await count_cohort(year, APRIL)
    path = f"/programme-years/{YEAR}/outcomes"
    assert len(done(await year.officer.get(path))["rows"]) == 1
    [own] = done(await settled.school.get(path, by="school"))["rows"]
    assert own["school"] == settled.school.party
    assert done(await other.get(path, by="total"))["rows"] == []
    answer = await other.get(f"{path}/revisions/{settled.school.party}")
    refused(answer, 404, ("school", "school_not_found"))
    assert (await settled.company.get(path)).status_code == 403
    query = {"programme_year": YEAR, "as_of": APRIL}
    refused(await year.officer.get("/open-data/outcomes.csv", **query), 404, ("as_of", "not_published"))
    done(await year.officer.post(f"{path}/closing", {"as_of": APRIL}), 201)
    assert await open_data(year, APRIL) == []
    assert await open_data(year, APRIL, "provinces") == []
