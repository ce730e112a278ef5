"""Insurance records as an officer gets them: a file confirms, ends and corrects, or changes nothing."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from tests.asking import done, refused
from tests.placement.test_ends import placed_by_hand
from tests.placement.test_retention import at_work, checks, still_there
from tests.placement.world import YEAR, Settled, World, company_body, openings_body, registration_number

from papers.tables import Table, to_csv, to_xlsx

AUGUST = datetime(2026, 8, 20, 3, tzinfo=UTC)
HEADER = ("학교", "학생관리번호", "사업자등록번호", "취득일", "상실일", "상실사유")
PATH = "/retention-checks/insurance-records?drawn_on=2026-08-20"
Row = tuple[str | date | None, ...]
CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture
async def year(world: World) -> World:
    await world.year_opens()
    return world


def utf8(rows: list[Row]) -> bytes:
    return to_csv(Table("records", HEADER, rows))


def cp949(rows: list[Row]) -> bytes:
    return utf8(rows).decode("utf-8-sig").encode("cp949")


def xlsx(rows: list[Row]) -> bytes:
    return to_xlsx([Table("records", HEADER, rows)])


async def insured(world: World, settled: Settled, at: int, *rest: str | date | None) -> Row:
    """A record of a student: acquired on the first day at work, lost and why where `rest` says so."""
    [row] = await world.rows(
        "select school, reference from student where id = $1", settled.students[at].party
    )
    lost = (*rest, None, None)[:2]
    return (row["school"], row["reference"], registration_number(1), date(2026, 1, 5), *lost)


async def upload(world: World, content: bytes, path: str = PATH) -> Any:
    media_type = XLSX if content.startswith(b"PK") else CSV
    return await world.officer.upload(path, content, media_type=media_type, method="POST")


async def test_records_confirm_who_is_insured_and_end_who_is_not_once_in_whichever_form(year: World) -> None:
    settled, [stays, left, _] = await at_work(year, students=3)
    await year.at(AUGUST)
    rows = [await insured(year, settled, 0), await insured(year, settled, 1, date(2026, 6, 1), "해고")]
    answer = done(await upload(year, xlsx(rows)), 201)
    assert answer == {"rows": 2, "confirmed": 1, "ended": 1, "corrected": 0}
    found = {(each["placement"], each["months"]): each for each in await checks(year, state="answered")}
    assert {key: (each["retained"], each["source"]) for key, each in found.items()} == {
        (stays, 6): (True, "insurance"),
        (left, 6): (False, "exit"),
    }
    [ended] = await year.rows("select placement, ended_on, reason, source from placement_end")
    assert ended == {
        "placement": left,
        "ended_on": date(2026, 5, 31),
        "reason": "dismissal",
        "source": "insurance",
    }
    for form in (xlsx, utf8, cp949):
        answer = done(await upload(year, form(rows)), 201)
        assert answer == {"rows": 2, "confirmed": 0, "ended": 0, "corrected": 0}


async def test_the_same_records_taken_in_at_the_same_moment_take_effect_once(year: World) -> None:
    settled, _ = await at_work(year, students=2)
    await year.at(AUGUST)
    rows = [await insured(year, settled, 0), await insured(year, settled, 1, date(2026, 6, 1), "해고")]
    content = utf8(rows)
    answers = await asyncio.gather(*(upload(year, content) for _ in range(4)))
    told = [done(answer, 201) for answer in answers]
    assert sorted((each["confirmed"], each["ended"]) for each in told) == [(0, 0)] * 3 + [(1, 1)]
    assert len(await year.told("retention-checked")) == 2
    assert len(await year.told("placement-ended")) == 1


async def test_records_correct_what_a_company_said(year: World) -> None:
    settled, [said_to_stay, said_to_leave] = await at_work(year, students=2)
    await year.at(AUGUST - timedelta(days=20))
    done(await settled.company.post("/retention-checks/answers", still_there(said_to_stay)), 201)
    body = {"reason": "resignation", "ended_on": "2026-06-15"}
    done(await settled.company.post(f"/placements/{said_to_leave}/end", body), 201)
    await year.at(AUGUST)
    rows = [
        await insured(year, settled, 0, date(2026, 6, 20), "resignation"),
        await insured(year, settled, 1, date(2026, 7, 31), ""),
    ]
    answer = done(await upload(year, utf8(rows)), 201)
    assert answer == {"rows": 2, "confirmed": 0, "ended": 1, "corrected": 1}
    said = {each["placement"]: [x["retained"] for x in each["said"]] for each in await checks(year, months=6)}
    assert said == {said_to_stay: [True, False], said_to_leave: [False, True]}


async def test_a_day_lost_that_reaches_into_the_next_work_is_refused_by_its_row(year: World) -> None:
    settled, [placement] = await at_work(year)
    await year.at(AUGUST - timedelta(days=40))
    left = {"reason": "resignation", "ended_on": "2026-06-15"}
    done(await settled.company.post(f"/placements/{placement}/end", left), 201)
    body = company_body(2, sme_confirmed_until="2027-03-31")
    registered = done(await year.caller("company").post("/companies", body), 201)["id"]
    approval = {"programme_year": YEAR, "companies": [registered]}
    done(await year.officer.post("/companies/approvals", approval), 201)
    company = year.caller("company", party=registered)
    await year.agreed(settled.school, company, starts_on="2026-07-01", ends_on="2026-12-31")
    [opening] = done(await company.post("/openings", openings_body(1, starts_on="2026-07-13")), 201)
    elsewhere = replace(settled, company=company, openings=[opening["id"]])
    await placed_by_hand(year, elsewhere, settled.students[0])
    await year.at(AUGUST)
    row = await insured(year, settled, 0, date(2026, 8, 1), "resignation")
    refused(await upload(year, utf8([row])), 409, ("rows.2.ended_on", "next_placement"))


async def test_who_has_left_by_all_that_was_said_cannot_be_insured_still(year: World) -> None:
    settled, [placement] = await at_work(year)
    await year.at(AUGUST)
    body = {"reason": "resignation", "ended_on": "2026-06-15"}
    done(await settled.company.post(f"/placements/{placement}/end", body), 201)
    before = await year.state()
    answer = await upload(year, utf8([await insured(year, settled, 0)]))
    refused(answer, 409, ("rows.2.lost_on", "ended_but_insured"))
    assert await year.state() == before


async def test_insurance_that_began_after_the_day_confirms_nothing(year: World) -> None:
    settled, _ = await at_work(year)
    await year.at(AUGUST)
    row = await insured(year, settled, 0)
    late = (*row[:3], date(2026, 7, 6), None, None)
    assert done(await upload(year, utf8([late])), 201)["confirmed"] == 0
    assert await checks(year, state="answered") == []


async def test_every_row_that_is_wrong_is_named_and_nothing_is_taken_in(year: World) -> None:
    settled, _ = await at_work(year, students=2)
    await year.at(AUGUST)
    good = await insured(year, settled, 0)
    other = await insured(year, settled, 1)
    rows: list[Row] = [
        good,
        good,
        (*other[:3], "05.01.2026", None, None),
        (*other[:3], date(2026, 1, 5), date(2026, 1, 4), None),
        (*other[:3], date(2026, 1, 5), date(2026, 8, 21), None),
        (*other[:3], date(2026, 1, 5), date(2026, 6, 1), "지루함"),
        (*other[:2], "999-86-00017", date(2026, 1, 5), None, None),
    ]
    before = await year.state()
    refused(
        await upload(year, xlsx(rows)),
        422,
        ("rows.3.reference", "distinct"),
        ("rows.4.acquired_on", "day"),
        ("rows.5.lost_on", "days_in_order"),
        ("rows.6.acquired_on", "after_drawn_on"),
        ("rows.7.reason", "known"),
        ("rows.8.registration_number", "check_digit"),
    )
    unknown: Row = (other[0], "S-9999", *other[2:])
    refused(await upload(year, utf8([good, unknown])), 409, ("rows.3.reference", "no_such_placement"))
    assert await year.state() == before


async def test_files_with_wrong_columns_encodings_or_formulas_are_refused(year: World) -> None:
    settled, _ = await at_work(year)
    await year.at(AUGUST)
    row = await insured(year, settled, 0)
    before = await year.state()
    good = utf8([row]).decode("utf-8-sig")
    for content, *expected in (
        (good.replace("취득일", "입사일").encode(), "column_missing", "column_unknown"),
        (good.encode("utf-16"), "file_unreadable"),
        (good.replace("2026-01-05", "=TODAY()").encode(), "formula_in_cell"),
        (b"", "file_empty"),
    ):
        answer = await upload(year, content)
        assert answer.status_code == 422, answer.text
        assert {error["rule"] for error in answer.json()["errors"]} == set(expected)
    answer = await upload(year, utf8([row]), PATH.replace("08-20", "08-21"))
    refused(answer, 422, ("drawn_on", "day_to_come"))
    answer = await settled.company.upload(PATH, utf8([row]), media_type=CSV, method="POST")
    assert answer.status_code == 403
    assert await year.state() == before


async def test_the_code_and_the_number_that_records_are_found_by_leave_in_no_event(year: World) -> None:
    settled, _ = await at_work(year)
    await year.at(AUGUST)
    row = await insured(year, settled, 0, date(2026, 6, 1), "해고")
    done(await upload(year, utf8([row])), 201)
    outbox = await year.rows(
        "select headers::text || convert_from(value, 'utf8') as told from messaging.outbox"
    )
    audit = await year.rows("select a::text as told from messaging.audit a")
    for secret in (row[1], row[2]):
        assert not [told for told in (*outbox, *audit) if str(secret) in told["told"]]
