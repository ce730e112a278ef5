"""Outcomes by the official formula and as they were published, earlier years brought in, open data."""

import csv
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO, StringIO
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook
from tests.asking import done, refused
from tests.placement.world import YEAR, World

from contracts import applications
from contracts.examples import example
from contracts.values import PROVINCES
from papers.tables import Table, to_csv, to_xlsx
from placement.domain.outcomes import Figures
from placement.http.files import MEDIA_TYPE

DEPARTMENTS: Final = Path(__file__).parent / "data" / "departments_outcomes.csv"
JANUARY_2027: Final = datetime(2027, 1, 10, 3, tzinfo=UTC)


@pytest.fixture
async def year(world: World) -> World:
    await world.year_opens()
    return world


def test_the_official_formula_gives_the_national_figure_of_2024() -> None:
    nation = Figures(
        enrolled=63_005, graduates=63_005, employed=16_588, advanced=30_216, enlisted=1_716, excluded=1_059
    )
    assert nation.base == 30_014
    assert nation.employment_rate == Decimal("55.3")


counts = st.integers(0, 100_000)


@given(counts, counts, counts, counts, counts)
def test_the_rate_is_between_nobody_and_everybody_and_adding_nobody_changes_nothing(
    employed: int, advanced: int, enlisted: int, excluded: int, other: int
) -> None:
    graduates = employed + advanced + enlisted + excluded + other
    figures = Figures(graduates, graduates, employed, advanced, enlisted, excluded)
    assert (figures + Figures()) == figures
    if employed + other == 0:
        assert figures.employment_rate is None
    else:
        rate = figures.employment_rate
        assert rate is not None
        assert 0 <= rate <= 100
        assert abs(rate * (employed + other) - 100 * employed) <= Decimal("0.05") * (employed + other)


def survey() -> list[dict[str, str]]:
    with DEPARTMENTS.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


async def schools_of(world: World, rows: list[dict[str, str]]) -> dict[tuple[str, str], str]:
    """Register the schools of the survey; their ids by name and province."""
    codes = {named.ko: code for code, named in PROVINCES.items()}
    numbers = count(1)
    ids = {key: f"sch_{next(numbers):04}" for key in {(row["school"], row["sido"]): None for row in rows}}
    await world.receive(
        *(
            example(
                applications.SchoolRegistered, school=school, name_ko=name, province=codes[sido], name_en=None
            )
            for (name, sido), school in ids.items()
        )
    )
    return ids


async def test_imported_departments_reproduce_every_published_rate(world: World) -> None:
    rows = survey()
    ids = await schools_of(world, rows)
    for surveyed in ("2024", "2025"):
        await world.at(datetime(int(surveyed) + 1, 1, 2, tzinfo=UTC))
        body: dict[str, Any] = {
            "as_of": f"{surveyed}-04-01",
            "rows": [
                {
                    "school": ids[row["school"], row["sido"]],
                    "department": row["department"],
                    "enrolled": int(row["grads"]),
                    "graduates": int(row["grads"]),
                    "employed": int(row["employed"]),
                    "advanced": int(row["advanced"]),
                }
                for row in rows
                if row["survey_year"] == surveyed
            ],
            "close": True,
        }
        path = f"/programme-years/{surveyed}/outcomes"
        done(await world.officer.post(f"{path}/imports", body), 201)
        shown = done(await world.officer.get(path, by="department"))["rows"]
        computed = {(each["school"], each["department"]): each["plain_rate"] for each in shown}
        published = {
            (ids[row["school"], row["sido"]], row["department"]): Decimal(row["employment_rate"])
            for row in rows
            if row["survey_year"] == surveyed
        }
        assert {key: Decimal(rate) for key, rate in computed.items()} == published
        [total] = done(await world.officer.get(path, by="total"))["rows"]
        assert total["graduates"] == sum(row["graduates"] for row in body["rows"])
        for dimension in ("province", "school", "track"):
            parts = done(await world.officer.get(path, by=dimension))["rows"]
            assert sum(part["employed"] for part in parts) == total["employed"]
    assert len(rows) == 2020


async def test_open_data_of_the_survey_tells_most_and_gives_nobody_away(world: World) -> None:
    rows = [row for row in survey() if row["survey_year"] == "2025"]
    ids = await schools_of(world, rows)
    await world.at(JANUARY_2027)
    body = {
        "as_of": "2026-04-01",
        "close": True,
        "rows": [
            {
                "school": ids[row["school"], row["sido"]],
                "department": row["department"],
                "enrolled": int(row["grads"]),
                "graduates": int(row["grads"]),
                "employed": int(row["employed"]),
                "advanced": int(row["advanced"]),
            }
            for row in rows
        ],
    }
    done(await world.officer.post("/programme-years/2025/outcomes/imports", body), 201)
    lines = await open_data(world, "2026-04-01")
    for line in lines:
        base, employed, left_out = (int(line[name]) for name in ("base", "count", "left_out"))
        assert all(part == 0 or part >= 5 for part in (employed, base - employed, left_out))
    assert sum(int(line["count"]) for line in lines) == sum(int(row["employed"]) for row in rows)
    alone = [line for line in lines if line["school"] != "(several)"]
    assert len({line["school"] for line in alone}) > len(ids) / 2
    for line in await open_data(world, "2026-04-01", "provinces"):
        assert all(int(line[part]) == 0 or int(line[part]) >= 5 for part in ("employed", "advanced"))


async def open_data(
    world: World, as_of: str, table: str = "groups", year: int = YEAR
) -> list[dict[str, str]]:
    anyone = world.caller("agency", party="agency_statistics")
    query = {"programme_year": year, "as_of": as_of, "table": table}
    answer = await anyone.get("/open-data/outcomes.csv", **query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(StringIO(answer.content.decode("utf-8-sig"))))


def imported(**changed: Any) -> dict[str, Any]:
    row = {
        "school": "sch_0001",
        "track": "new_technology",
        "enrolled": 40,
        "graduates": 38,
        "employed": 20,
        "advanced": 8,
        "enlisted": 2,
        "excluded": 1,
        "due_6": 18,
        "retained_6": 15,
        "due_12": 16,
        "retained_12": 11,
    }
    return row | changed


async def test_an_earlier_year_is_brought_in_as_ordinary_events_and_corrected_with_a_reason(
    year: World,
) -> None:
    school = await year.selected_school("new_technology")
    path = "/programme-years/2024/outcomes/imports"
    body = {"as_of": "2025-04-01", "rows": [imported(school=school.party)]}
    assert done(await year.officer.post(path, body), 201)["reported"] == 1
    [(_, event)] = await year.told("outcome-reported")
    assert (event["origin"], event["revision"], event["programme_year"]) == ("imported", 1, 2024)
    assert (event["employed"], event["due_12"], event["retained_12"]) == (20, 16, 11)
    assert done(await year.officer.post(path, body), 201)["unchanged"] == 1
    better = {
        "as_of": "2025-04-01",
        "rows": [imported(school=school.party, employed=21)],
        "reason": "late_evidence",
        "close": True,
    }
    assert done(await year.officer.post(path, better), 201)["corrected"] == 1
    [(_, corrected)] = await year.told("outcome-corrected")
    assert (corrected["revision"], corrected["employed"], corrected["reason"]) == (2, 21, "late_evidence")
    [(_, closed)] = await year.told("outcome-reporting-closed")
    assert closed["manifest"] == [{"school": school.party, "sequence": 2}]
    assert (closed["origin"], closed["schools"]) == ("imported", 1)
    [row] = done(await school.get("/programme-years/2024/outcomes"))["rows"]
    assert (row["employment_rate"], row["retention_rate_6"], row["retention_rate_12"]) == (
        "77.8",
        "83.3",
        "68.8",
    )
    kept = done(await school.get(f"/programme-years/2024/outcomes/revisions/{school.party}"))
    assert [(each["revision"], each["figures"]["employed"]) for each in kept] == [(1, 20), (2, 21)]


async def test_an_import_is_taken_whole_or_not_at_all_and_names_each_row(year: World) -> None:
    school = await year.selected_school("new_technology")
    await year.selected_school("new_technology")
    good = imported(school=school.party)
    rows = [
        good,
        good,
        imported(school="sch_nowhere"),
        good | {"department": "가", "employed": 30},
        good | {"department": "나", "graduates": 41},
        good | {"department": "다", "retained_6": 19},
    ]
    before = await year.state()
    path = "/programme-years/2024/outcomes/imports"
    refused(
        await year.officer.post(path, {"as_of": "2025-04-01", "rows": rows}),
        422,
        ("rows.1.school", "distinct"),
        ("rows.2.school", "school_unknown"),
        ("rows.3.employed", "parts_of_whole"),
        ("rows.4.graduates", "parts_of_whole"),
        ("rows.5.retained_6", "parts_of_whole"),
    )
    late = {"as_of": "2025-04-11", "rows": [good]}
    refused(await year.officer.post(path, late), 422, ("as_of", "day_to_come"))
    assert await year.state() == before


async def test_open_data_tell_employment_once_and_nothing_of_what_is_corrected_later(year: World) -> None:
    """Retention follows with a later day, so that nothing of it subtracts from what was told to a few."""
    school = await year.selected_school("new_technology")
    path = "/programme-years/2024/outcomes/imports"
    at_first = imported(school=school.party, advanced=6, enlisted=0, excluded=0)
    at_first |= dict.fromkeys(("due_6", "retained_6", "due_12", "retained_12"), 0) | {"enrolled": 38}

    async def closed(as_of: str, **figures: int) -> None:
        body = {"as_of": as_of, "rows": [at_first | figures], "close": True}
        done(await year.officer.post(path, body), 201)

    async def lines(as_of: str) -> list[tuple[str, str, str]]:
        shown = await open_data(year, as_of, year=2024)
        return [(line["measure"], line["count"], line["base"]) for line in shown]

    await closed("2025-04-01")
    assert await lines("2025-04-01") == [("employment", "20", "32")]
    [province] = await open_data(year, "2025-04-01", "provinces", year=2024)
    assert (province["enrolled"], province["employed"], province["advanced"]) == ("38", "20", "6")
    corrected = {"as_of": "2025-04-01", "rows": [at_first | {"employed": 21}], "reason": "late_evidence"}
    assert done(await year.officer.post(path, corrected), 201)["corrected"] == 1
    await closed("2025-04-02", employed=21, due_6=15, retained_6=10, due_12=13, retained_12=8)
    assert await lines("2025-04-02") == [("retention_6", "10", "15")]
    assert await open_data(year, "2025-04-02", "provinces", year=2024) == []
    await closed("2025-04-03", employed=21, due_6=15, retained_6=9, due_12=15, retained_12=9)
    assert await lines("2025-04-03") == []
    assert await lines("2025-04-01") == [("employment", "20", "32")]


HEADER: Final = ("학교", "유형", "학과", "졸업", "참여", "취업", "진학", "12개월 대상", "12개월 유지")
FILE: Final = "/programme-years/2024/outcomes/imports/file?as_of=2025-04-01"


async def test_an_earlier_year_is_brought_in_and_taken_out_as_excel(year: World) -> None:
    school = await year.selected_school("new_technology")
    rows = [
        (school.party, "신기술 중점지원", "스마트기계과", 38, 40, 20, 8, 16, 11),
        (school.party, "general", "", 10, 12, 5, 1, None, None),
    ]
    content = to_xlsx([Table("성과", HEADER, rows)])
    told = done(await year.officer.upload(FILE, content, media_type=MEDIA_TYPE, method="POST"), 201)
    assert (told["reported"], told["closed"]) == (1, False)
    [(_, event)] = await year.told("outcome-reported")
    assert (event["enrolled"], event["employed"], event["retained_12"]) == (52, 25, 11)
    for reader in (year.officer, school):
        answer = await reader.get("/programme-years/2024/outcomes.xlsx")
        with CalamineWorkbook.from_filelike(BytesIO(answer.content)) as book:
            assert book.sheet_names == ["전체", "시·도", "유형", "학교", "학과"]
            header, *lines = book.get_sheet_by_name("학과").to_python()
        shown = [dict(zip(header, line, strict=True)) for line in lines]
        assert [(each["유형"], each["학과"], each["취업"], each["취업률(%)"]) for each in shown] == [
            ("일반", "", 5, 55.6),
            ("신기술 중점지원", "스마트기계과", 20, 66.7),
        ]


async def test_a_table_of_outcomes_names_every_cell_that_is_wrong(year: World) -> None:
    school = await year.selected_school("new_technology")
    rows: list[list[str | int | None]] = [
        [school.party, "신기술", "", 38, 40, 20, 8, 16, 11],
        [school.party, "general", "", 10, "열둘", 5, -1, None, None],
    ]
    before = await year.state()
    content = to_csv(Table("성과", HEADER, rows))
    answer = await year.officer.upload(FILE, content, media_type="text/csv", method="POST")
    wrong = (("rows.2.track", "known"), ("rows.3.enrolled", "count"), ("rows.3.advanced", "count"))
    refused(answer, 422, *wrong)
    assert await year.state() == before
