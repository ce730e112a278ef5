"""Snapshot files and the auditor's command: what is computed, what agrees, and what is refused by name."""

import copy
import json
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from placement import snapshots
from placement.domain import matching

Document = dict[str, Any]
Run = Callable[..., Any]

WHOLE: Document = {
    "kind": "matching",
    "round": 1,
    "lot_seed": "3,11,15,29,35,44",
    "students": [
        {"id": "student-1", "preferences": ["opening-1", "opening-2"]},
        {"id": "student-2", "preferences": ["opening-1"]},
        {"id": "student-3", "preferences": []},
    ],
    "openings": [
        {"id": "opening-1", "capacity": 1, "ranking": ["student-2", "student-1"]},
        {"id": "opening-2", "capacity": 2, "scores": {"student-1": "3.5", "student-3": "-0.25"}},
        {"id": "opening-3", "capacity": 0, "ranking": []},
    ],
}


@pytest.fixture
def command() -> Run:
    app = typer.Typer()
    app.command()(snapshots.recompute)
    app.command()(lambda: None)  # a second one, so that the name is kept as in the service's script
    return lambda *arguments: CliRunner().invoke(app, ["recompute", *map(str, arguments)])


def write(path: Path, document: object) -> Path:
    path.write_text(json.dumps(document, ensure_ascii=False), "utf-8")
    return path


def test_a_snapshot_gives_the_pairs_by_student_and_names_the_unmatched(command: Run, tmp_path: Path) -> None:
    run = command(write(tmp_path / "a.json", WHOLE))
    assert run.exit_code == 0
    result = json.loads(run.stdout)
    assert result["pairs"] == [
        {"student": "student-1", "opening": "opening-2"},
        {"student": "student-2", "opening": "opening-1"},
    ]
    assert result["unmatched"] == ["student-3"]
    assert result["kind"] == "matching-result"
    assert result["rule"] == "matching-1"
    assert set(result) == {
        *("kind", "rule", "code", "pairs", "unmatched"),
        *("snapshot_sha256", "result_sha256"),
    }


def test_the_hashes_are_over_canonical_forms(command: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", WHOLE)
    path.write_text(json.dumps(WHOLE, indent=4, sort_keys=False), "utf-8")
    result = json.loads(command(path).stdout)
    canonical = json.dumps(WHOLE, sort_keys=True, separators=(",", ":"))
    assert result["snapshot_sha256"] == sha256(canonical.encode()).hexdigest()
    stated = result.pop("result_sha256")
    assert stated == sha256(json.dumps(result, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def test_several_files_give_one_compact_line_each(command: Run, tmp_path: Path) -> None:
    second = copy.deepcopy(WHOLE)
    second["students"][1]["preferences"] = []
    run = command(write(tmp_path / "a.json", WHOLE), write(tmp_path / "b.json", second))
    first_line, second_line = run.stdout.splitlines()
    assert " " not in first_line
    assert json.loads(second_line)["pairs"] == [{"student": "student-1", "opening": "opening-1"}]


def test_an_expected_result_agrees_until_a_pair_in_it_is_changed(command: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", WHOLE)
    result = tmp_path / "result.json"
    result.write_text(command(path).stdout, "utf-8")
    assert command(path, "--expect", result).exit_code == 0
    document = json.loads(result.read_text("utf-8"))
    document["pairs"][0]["opening"] = "opening-1"
    assert command(path, "--expect", write(result, document)).exit_code == 1


def test_equal_scores_go_by_lot(command: Run, tmp_path: Path) -> None:
    names = [f"student-{number}" for number in range(20)]
    scores = {name: f"1.{'0' * (at % 3)}0" for at, name in enumerate(names)}
    document = {
        "kind": "matching",
        "round": 2,
        "lot_seed": "7",
        "students": [{"id": name, "preferences": ["opening-1"]} for name in names],
        "openings": [{"id": "opening-1", "capacity": 4, "scores": scores}],
    }
    result = json.loads(command(write(tmp_path / "a.json", document)).stdout)
    drawn = sorted(names, key=lambda name: sha256(f"7:{name}".encode()).hexdigest())
    assert [pair["student"] for pair in result["pairs"]] == sorted(drawn[:4])


def test_rankings_alone_need_no_lot(command: Run, tmp_path: Path) -> None:
    document = copy.deepcopy(WHOLE)
    del document["lot_seed"], document["openings"][1]
    assert command(write(tmp_path / "a.json", document)).exit_code == 0


def test_names_that_do_not_name_the_other_back_are_no_pairs(command: Run, tmp_path: Path) -> None:
    document = copy.deepcopy(WHOLE)
    document["students"][0]["preferences"] = ["opening-3", "opening-9", "opening-2"]
    document["openings"][0]["ranking"] = ["student-1", "student-9"]
    result = json.loads(command(write(tmp_path / "a.json", document)).stdout)
    assert result["pairs"] == [{"student": "student-1", "opening": "opening-2"}]


def test_a_large_market_is_decided_by_the_compiled_rule_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = snapshots.compute(snapshots.parse(WHOLE))
    monkeypatch.setattr(snapshots, "COMPILED_FROM", 0)
    monkeypatch.setattr(matching, "match", None)
    assert snapshots.compute(snapshots.parse(WHOLE)) == plain


def changed(path: str, value: object) -> Document:
    """The whole document with one field set, or taken away by `...`."""
    document = copy.deepcopy(WHOLE)
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    place: Any = document
    for step in steps:
        place = place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return document


REFUSED = [
    ("kind", ..., "kind", "field_missing"),
    ("kind", "selection", "kind", "constant_expected"),
    ("round", ..., "round", "field_missing"),
    ("round", 0, "round", "integer_range"),
    ("round", 1.0, "round", "integer_expected"),
    ("round", True, "round", "integer_expected"),
    ("programme_year", 2025, "programme_year", "field_unknown"),
    ("lot_seed", ..., "lot_seed", "field_missing"),
    ("lot_seed", "", "lot_seed", "string_empty"),
    ("lot_seed", None, "lot_seed", "string_expected"),
    ("lot_seed", 7, "lot_seed", "string_expected"),
    ("students", ..., "students", "field_missing"),
    ("students", {}, "students", "array_expected"),
    ("students.1", "student-2", "students[1]", "object_expected"),
    ("students.1.id", ..., "students[1].id", "field_missing"),
    ("students.1.id", 2, "students[1].id", "string_expected"),
    ("students.1.id", "student-1", "students", "value_duplicate"),
    ("students.1.preferences", ..., "students[1].preferences", "field_missing"),
    ("students.1.preferences", "opening-1", "students[1].preferences", "array_expected"),
    ("students.1.preferences", ["opening-1", 7], "students[1].preferences[1]", "string_expected"),
    ("students.1.preferences", [""], "students[1].preferences[0]", "string_empty"),
    ("students.1.preferences", ["opening-1", "opening-1"], "students[1].preferences", "value_duplicate"),
    ("students.1.name", "hidden", "students[1].name", "field_unknown"),
    ("openings", ..., "openings", "field_missing"),
    ("openings.1.id", "opening-1", "openings", "value_duplicate"),
    ("openings.0.capacity", ..., "openings[0].capacity", "field_missing"),
    ("openings.0.capacity", -1, "openings[0].capacity", "integer_range"),
    ("openings.0.capacity", "2", "openings[0].capacity", "integer_expected"),
    ("openings.0.ranking", ..., "openings[0]", "ranking_or_scores"),
    ("openings.0.scores", {}, "openings[0]", "ranking_or_scores"),
    ("openings.0.ranking", None, "openings[0].ranking", "array_expected"),
    ("openings.0.ranking", ["student-1", "student-1"], "openings[0].ranking", "value_duplicate"),
    ("openings.1.scores", [], "openings[1].scores", "object_expected"),
    ("openings.1.scores.student-1", 3.5, "openings[1].scores.student-1", "decimal_string_expected"),
    ("openings.1.scores.student-1", 3, "openings[1].scores.student-1", "decimal_string_expected"),
    ("openings.1.scores.student-1", "3e1", "openings[1].scores.student-1", "decimal_form"),
    ("openings.1.scores.student-1", "+3", "openings[1].scores.student-1", "decimal_form"),
    ("openings.1.scores.student-1", "NaN", "openings[1].scores.student-1", "decimal_form"),
    ("openings.1.places", 2, "openings[1].places", "field_unknown"),
]


@pytest.mark.parametrize(("path", "value", "field", "rule"), REFUSED, ids=[f"{r[0]}-{r[3]}" for r in REFUSED])
def test_a_malformed_snapshot_is_refused_naming_file_field_and_rule(
    command: Run, tmp_path: Path, path: str, value: object, field: str, rule: str
) -> None:
    broken = write(tmp_path / "broken.json", changed(path, value))
    run = command(broken, write(tmp_path / "whole.json", WHOLE))
    assert run.exit_code == 2
    assert f"{broken}: {field}: {rule}: " in run.stderr
    assert len(run.stdout.splitlines()) == 1, "the other file is still done"


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "json_syntax"),
        (b"{", "json_syntax"),
        (b"\xff{}", "json_utf8"),
        (b'{"kind": "matching", "kind": "matching"}', "name_duplicate"),
        (b"[]", "object_expected"),
        (b'{"kind": "matching", "round": 1, "students": [], "openings": [], "x": NaN}', "json_syntax"),
    ],
)
def test_a_file_that_is_no_snapshot_at_all_is_refused(
    command: Run, tmp_path: Path, data: bytes, rule: str
) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(data)
    run = command(path)
    assert run.exit_code == 2
    assert f": {rule}: " in run.stderr
    assert run.stdout == ""


def test_a_file_that_is_not_there_is_refused(command: Run, tmp_path: Path) -> None:
    run = command(tmp_path / "none.json")
    assert run.exit_code == 2
    assert "file_unreadable" in run.stderr


def test_a_round_number_beyond_json_has_no_canonical_form(command: Run, tmp_path: Path) -> None:
    run = command(write(tmp_path / "a.json", changed("round", 2**53)))
    assert run.exit_code == 2
    assert "canonical_form" in run.stderr


def test_the_console_script_needs_no_database_no_broker_and_no_settings(tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("placement")
    path = write(tmp_path / "a.json", WHOLE)
    ran = subprocess.run(
        [program, "recompute", path], env={}, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert json.loads(ran.stdout)["unmatched"] == ["student-3"]
    assert ran.stderr == ""
