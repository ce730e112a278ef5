"""What officers take away: the same figures in Excel, CSV and JSON, and that they were read."""

import csv
import json
from io import BytesIO, StringIO
from typing import Any, Final

from python_calamine import CalamineWorkbook
from tests.asking import done, refused
from tests.evaluation.town import YEAR, Town

EXPORTS = f"/programme-years/{YEAR}/exports"
SCHOOLS: Final[dict[int, tuple[int, dict[str, Any]]]] = {
    1: (95, {"kind": "continuing", "province": "busan"}),
    2: (90, {"tracks": ["new_technology"]}),
    3: (85, {"tracks": ["new_technology"]}),
    4: (80, {"tracks": ["new_technology"], "accepts_general": False}),
    5: (75, {}),
    6: (50, {}),
}


async def ranked(town: Town) -> dict[str, Any]:
    await town.prepared({n: wishes for n, (_, wishes) in SCHOOLS.items()})
    await town.scored({n: total for n, (total, _) in SCHOOLS.items()})
    return await town.proposed("preliminary")


async def test_the_ranking_is_the_same_in_every_format(town: Town) -> None:
    await ranked(town)
    told = done(await town.officer.get(f"{EXPORTS}/ranking", format="json"))["ranking"]
    assert [row["school"] for row in told] == [f"sch_{n}" for n in (1, 2, 3, 4, 5, 6)]
    assert told[0]["total"] == "95.000"
    assert told[0]["part_quantitative"] == "38.000"
    answer = await town.officer.get(f"{EXPORTS}/ranking", format="csv")
    rows = list(csv.reader(StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert rows[0][:3] == ["순위", "학교 ID", "학교명"]
    assert [row[1] for row in rows[1:]] == [row["school"] for row in told]
    sheet = await town.officer.get(f"{EXPORTS}/ranking", language="en")
    with CalamineWorkbook.from_filelike(BytesIO(sheet.content)) as book:
        cells = book.get_sheet_by_name("Ranking").to_python()
    assert cells[0][:3] == ["Rank", "School id", "Name (Korean)"]
    assert [row[1] for row in cells[1:]] == [row["school"] for row in told]
    assert cells[1][cells[0].index("Total")] == 95.0


async def test_a_name_that_is_a_formula_stays_text(town: Town) -> None:
    evil = '=HYPERLINK("http://evil","x")'
    await town.prepared({1: {"school_name_ko": evil}, 2: {}})
    await town.scored({1: 80, 2: 70})
    await town.proposed("preliminary")
    answer = await town.officer.get(f"{EXPORTS}/ranking", format="csv")
    rows = list(csv.reader(StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert rows[1][2] == f"'{evil}"
    sheet = await town.officer.get(f"{EXPORTS}/ranking")
    with CalamineWorkbook.from_filelike(BytesIO(sheet.content)) as book:
        assert book.get_sheet_by_index(0).to_python()[1][2] == evil


async def test_results_are_counted_by_province_kind_and_track(town: Town) -> None:
    await ranked(town)
    told = done(await town.officer.get(f"{EXPORTS}/results", format="json"))["results"]
    by = {(row["group"], row["code"]): row for row in told}
    assert by["시도", "busan"]["applied"] == 1
    assert by["시도", "seoul"]["not_passed"] == 1
    assert by["구분", "new"]["selected"] == 3
    technology = by["유형", "new_technology"]
    assert (technology["applied"], technology["selected"], technology["reserve"]) == (3, 2, 1)
    assert by["구분", "continuing"]["mean_total"] == "95.000"


async def rows_of(town: Town, table: str, **query: Any) -> list[dict[str, Any]]:
    told = done(await town.officer.get(f"{EXPORTS}/{table}", format="json", language="en", **query))
    rows: list[dict[str, Any]] = told[table]
    return rows


async def test_the_final_result_is_taken_away_and_a_promotions_offers_are_offers(town: Town) -> None:
    await town.finished({**SCHOOLS, 7: (84, {"tracks": ["new_technology"]})}, seats=4)
    ranking, results = await rows_of(town, "ranking"), await rows_of(town, "results")
    given_up = {"reason": "too_few_students"}
    done(await town.school(2).post(f"/programme-years/{YEAR}/relinquishment", given_up), 201)
    assert (await rows_of(town, "ranking"), await rows_of(town, "results")) == (ranking, results)
    [*_, promotion] = done(await town.officer.get(f"/programme-years/{YEAR}/runs"))
    told = {row["school"]: row for row in await rows_of(town, "ranking", run=promotion["id"])}
    shown = {
        school: (told[school]["outcome"], told[school]["designations"], told[school]["offered"])
        for school in ("sch_1", "sch_3", "sch_4", "sch_5", "sch_7")
    }
    assert shown == {
        "sch_1": ("Selected", "", None),
        "sch_3": ("Selected", "New technology-focused", None),
        "sch_4": ("Reserve list", "", None),
        "sch_5": ("Offered", "", "General support"),
        "sch_7": ("Selected", "", "New technology-focused"),
    }
    by = {(row["group"], row["code"]): row for row in await rows_of(town, "results", run=promotion["id"])}
    new, technology = by["Kind", "new"], by["Track", "new_technology"]
    assert (new["applied"], new["selected"], new["offered"], new["reserve"]) == (5, 2, 1, 1)
    assert (technology["selected"], technology["offered"]) == (1, 1)


async def test_a_run_of_another_year_or_of_none_is_not_found(town: Town) -> None:
    run = await ranked(town)
    for table in ("ranking", "results", "scores", "reviewers", "all"):
        path = f"/programme-years/{YEAR + 6}/exports/{table}"
        refused(await town.officer.get(path, run=run["id"], format="json"), 404, ("run", "run_not_found"))
        answer = await town.officer.get(f"{EXPORTS}/{table}", run="run_none", format="json")
        refused(answer, 404, ("run", "run_not_found"))
    assert await town.rows("select from messaging.audit where action = 'scores_read'") == []


async def test_scores_by_part_can_be_had_before_any_run(town: Town) -> None:
    await town.prepared({1: {}, 2: {}})
    await town.scored({1: 80, 2: 70})
    told = done(await town.officer.get(f"{EXPORTS}/scores", format="json"))["scores"]
    assert [(row["application"], row["total"], row["part_qualitative"]) for row in told] == [
        ("app_1", "80.000", "48.000"),
        ("app_2", "70.000", "42.000"),
    ]
    refused(await town.officer.get(f"{EXPORTS}/ranking"), 404, ("run", "run_not_found"))


async def test_reviewers_statistics_name_who_is_severe(town: Town) -> None:
    await ranked(town)
    told = done(await town.officer.get(f"{EXPORTS}/reviewers", format="json"))["reviewers"]
    assert {row["stage"] for row in told} == {"documents", "performance"}
    assert all(row["severity"] in ("0.000", None) for row in told)
    assert sum(row["sheets"] for row in told) == 12
    assert {row["alpha"] for row in told if row["stage"] == "documents"} == {"1.000"}


async def test_one_workbook_holds_all_tables_and_one_csv_file_does_not(town: Town) -> None:
    await ranked(town)
    answer = await town.officer.get(f"{EXPORTS}/all")
    with CalamineWorkbook.from_filelike(BytesIO(answer.content)) as book:
        assert book.sheet_names == ["순위", "점수", "평가위원", "결과"]
    assert set(done(await town.officer.get(f"{EXPORTS}/all", format="json"))) == {
        "ranking",
        "scores",
        "reviewers",
        "results",
    }
    refused(await town.officer.get(f"{EXPORTS}/all", format="csv"), 422, ("table", "format_of_all"))


async def test_whoever_reads_scores_is_on_record(town: Town) -> None:
    run = await ranked(town)
    auditor = town.caller("auditor")
    await auditor.get(f"{EXPORTS}/ranking", format="json")
    await auditor.get(f"/runs/{run['id']}/ranking")
    await auditor.get(f"/runs/{run['id']}/snapshot")
    rows = await town.rows(
        "select actor, subject, detail from messaging.audit where action = 'scores_read' order by id"
    )
    assert [(row["actor"], row["subject"], json.loads(row["detail"])) for row in rows] == [
        (auditor.name, str(YEAR), {"export": "ranking", "run": run["id"]}),
        (auditor.name, run["id"], {"document": "ranking"}),
        (auditor.name, run["id"], {"document": "snapshot"}),
    ]


async def test_a_refused_read_is_not_on_record(town: Town) -> None:
    await town.prepared({1: {}})
    refused(await town.officer.get("/runs/run_none/ranking"), 404, ("run", "run_not_found"))
    assert await town.rows("select from messaging.audit where action = 'scores_read'") == []
