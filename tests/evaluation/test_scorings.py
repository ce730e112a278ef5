"""From raw scores to the totals that selection starts from: by files alone, reviewers under pseudonyms."""

import json
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
import typer
from tests.asking import done
from tests.evaluation.town import YEAR, Town
from typer.testing import CliRunner

from decisions.canonical import sha256
from decisions.strict import Broken
from evaluation import snapshots
from evaluation.snapshots import scoring

SCHOOLS: Final[dict[int, tuple[int, dict[str, Any]]]] = {
    1: (95, {"kind": "continuing"}),
    2: (90, {"tracks": ["new_technology"]}),
    3: (85, {}),
    4: (50, {}),
}


async def kept(town: Town) -> list[dict[str, Any]]:
    rows = await town.rows("select * from scoring where year = $1 order by version", YEAR)
    return [
        {**row, "snapshot": json.loads(row["snapshot"]), "result": json.loads(row["result"])} for row in rows
    ]


async def scored(town: Town) -> dict[str, Any]:
    await town.prepared({n: wishes for n, (_, wishes) in SCHOOLS.items()})
    await town.scored({n: total for n, (total, _) in SCHOOLS.items()})
    (only,) = await kept(town)
    return only


def recomputed(*arguments: str) -> Any:
    app = typer.Typer()
    app.command()(snapshots.recompute)
    return CliRunner().invoke(app, list(arguments))


async def test_a_stranger_works_out_the_totals_from_raw_scores(town: Town, tmp_path: Path) -> None:
    (row,) = [await scored(town)]
    assert row["snapshot_sha256"] == sha256(row["snapshot"])
    (tmp_path / "s.json").write_text(json.dumps(row["snapshot"]))
    (tmp_path / "r.json").write_text(json.dumps(row["result"]))
    ran = recomputed(str(tmp_path / "s.json"), "--expect", str(tmp_path / "r.json"))
    assert (ran.exit_code, "agrees" in ran.stderr) == (0, True), ran.stderr
    totals = {each["school"]: each["total"] for each in json.loads(ran.stdout)["totals"]}
    assert totals == {"sch_1": "95.000", "sch_2": "90.000", "sch_3": "85.000", "sch_4": "50.000"}


async def test_the_totals_are_those_that_selection_starts_from(town: Town) -> None:
    row = await scored(town)
    run = await town.published("preliminary")
    snapshot = done(await town.caller("auditor").get(f"/runs/{run['id']}/snapshot"))
    of = {each["school"]: each for each in row["result"]["totals"]}
    for each in snapshot["applicants"]:
        assert (of[each["id"]]["total"], of[each["id"]]["parts"]) == (each["score"], each["criteria"])


async def test_reviewers_stand_under_pseudonyms(town: Town) -> None:
    row = await scored(town)
    names = {each["reviewer"] for each in row["snapshot"]["sheets"]}
    assert len(names) == 3
    assert not any("rev_" in name for name in names)
    assert "rev_" not in json.dumps(row["snapshot"])


async def test_the_order_of_the_sheets_tells_nothing_of_who_gave_them(town: Town) -> None:
    """The pseudonyms alone order what is given away, and no more than the year's salt makes them."""
    row = await scored(town)
    by_application: dict[str, list[str]] = {}
    for each in row["snapshot"]["sheets"]:
        by_application.setdefault(each["application"], []).append(each["reviewer"])
    assert all(names == sorted(names) for names in by_application.values())
    [salt] = await town.rows("select salt from scoring_salt where year = $1", YEAR)
    assert salt["salt"] not in json.dumps(row["snapshot"])


async def test_a_changed_score_is_found(town: Town, tmp_path: Path) -> None:
    row = await scored(town)
    changed = deepcopy(row["snapshot"])
    changed["sheets"][0]["scores"]["plan"] = "1"
    (tmp_path / "s.json").write_text(json.dumps(changed))
    (tmp_path / "r.json").write_text(json.dumps(row["result"]))
    assert recomputed(str(tmp_path / "s.json"), "--expect", str(tmp_path / "r.json")).exit_code == 1


RUBRIC = {
    "name": "plain",
    "version": 1,
    "notice": "A rubric for tests.",
    "kinds": {
        "new": {
            "stages": [{"stage": "documents", "line": None}],
            "criteria": [
                {
                    "name": "plan",
                    "name_ko": "계획",
                    "name_en": "Plan",
                    "stage": "documents",
                    "part": "qualitative",
                    "weight": "100",
                    "scale": "10",
                    "step": "0.1",
                }
            ],
        }
    },
}
SNAPSHOT: dict[str, Any] = {
    "kind": "scoring",
    "rule": "scoring-2",
    "programme_year": 2025,
    "rules": {"aggregation": "mean", "normalisation": "off"},
    "rubric": RUBRIC,
    "applications": [
        {"id": "app_1", "school": "sch_1", "kind": "new", "cut": None, "figures": {}, "bonus": []}
    ],
    "sheets": [
        {
            "application": "app_1",
            "stage": "documents",
            "reviewer": reviewer,
            "panel": False,
            "scores": {"plan": plan},
        }
        for reviewer, plan in (("r1", "7.5"), ("r2", "8"))
    ],
}


def changed(*path: str | int, to: object) -> dict[str, Any]:
    document: Any = deepcopy(SNAPSHOT)
    at = document
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = to
    return dict(document)


def test_a_snapshot_reads_back_as_it_was_written() -> None:
    snapshot = scoring.parse(SNAPSHOT)
    assert scoring.parse(scoring.document(snapshot)) == snapshot
    (total,) = scoring.compute(snapshot)["totals"]
    assert Decimal(total["total"]) == Decimal("77.5")


def of_a_panel() -> dict[str, Any]:
    """Two schools under `mean_shift`, the second of which was heard on appeal."""
    document = changed("rules", "normalisation", to="mean_shift")
    document["applications"] += [{**SNAPSHOT["applications"][0], "id": "app_2", "school": "sch_2"}]
    heard = {**SNAPSHOT["sheets"][0], "application": "app_2", "reviewer": "r3"}
    document["sheets"] += [{**heard, "panel": True, "scores": {"plan": "9.5"}}]
    return document


def without_panels(document: dict[str, Any]) -> dict[str, Any]:
    """As the rule before wrote it."""
    sheets = [{name: of for name, of in each.items() if name != "panel"} for each in document["sheets"]]
    return {**{name: of for name, of in document.items() if name != "rule"}, "sheets": sheets}


def test_which_sheets_are_a_panels_is_carried_and_counts() -> None:
    snapshot = scoring.parse(of_a_panel())
    assert scoring.parse(scoring.document(snapshot)) == snapshot
    assert [each.sheet.panel for each in snapshot.sheets] == [False, False, True]
    result = scoring.compute(snapshot)
    assert result["rule"] == "scoring-2"
    assert {each["application"]: each["total"] for each in result["totals"]} == {
        "app_1": "77.500",
        "app_2": "95.000",
    }


def test_a_file_of_the_rule_before_is_worked_out_by_that_rule() -> None:
    """It knew no panels: the one sheet of its reviewer becomes the mean of all, 25 ÷ 3."""
    old = without_panels(of_a_panel())
    snapshot = scoring.parse(old)
    assert scoring.document(snapshot).keys() == old.keys()
    assert scoring.document(snapshot)["sheets"] == old["sheets"]
    result = scoring.compute(snapshot)
    assert result["rule"] == "scoring-1"
    assert [each["total"] for each in result["totals"]] == ["83.333", "83.333"]


@pytest.mark.parametrize(
    ("document", "field", "rule"),
    [
        (changed("rules", "aggregation", to="median"), "rules.aggregation", "word_unknown"),
        (changed("rules", "extra", to=1), "rules.extra", "field_unknown"),
        (changed("sheets", 0, "scores", to={}), "sheets[0].scores.plan", "score_missing"),
        (changed("sheets", 0, "scores", "plan", to="11"), "sheets[0].scores.plan", "score_out_of_scale"),
        (changed("sheets", 0, "scores", "plan", to=7), "sheets[0].scores.plan", "decimal_string_expected"),
        (changed("sheets", 0, "reviewer", to="r2"), "sheets[1]", "sheet_duplicate"),
        (changed("sheets", 0, "application", to="app_2"), "sheets[0].application", "application_unknown"),
        (changed("sheets", 0, "stage", to="interview"), "sheets[0].stage", "word_unknown"),
        (changed("applications", 0, "kind", to="old"), "applications[0].kind", "kind_unknown"),
        (changed("applications", 0, "bonus", to=["x"]), "applications[0].bonus", "bonus_unknown"),
        (
            changed("applications", 0, "figures", to={"plan": "1"}),
            "applications[0].figures.plan",
            "criterion_unknown",
        ),
        (changed("rubric", "version", to=0), "rubric.version", "integer_range"),
        (
            changed("rubric", "kinds", "new", "criteria", 0, "weight", to="90"),
            "rubric.kinds.new.criteria",
            "weights_sum",
        ),
        (changed("kind", to="voting"), "kind", "constant_expected"),
        (changed("rule", to="scoring-9"), "rule", "word_unknown"),
        (changed("sheets", 0, "panel", to="no"), "sheets[0].panel", "boolean_expected"),
        (without_panels(SNAPSHOT) | {"rule": "scoring-2"}, "sheets[0].panel", "field_missing"),
        (without_panels(SNAPSHOT) | {"sheets": SNAPSHOT["sheets"]}, "sheets[0].panel", "field_unknown"),
    ],
)
def test_what_breaks_a_rule_is_refused_by_field(document: dict[str, Any], field: str, rule: str) -> None:
    with pytest.raises(Broken) as refusal:
        snapshots.parse_any(document)
    assert (refusal.value.field, refusal.value.rule) == (field, rule)
