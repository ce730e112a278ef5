import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from decisions import strict
from decisions.canonical import sealed, sha256
from decisions.recompute import decide, recompute_command


def parse(document: Any) -> int:
    fields = strict.Fields(document)
    fields.constant("kind", "doubling")
    number = strict.integer(*fields.take("number"))
    fields.end()
    return number


def compute(number: int) -> dict[str, Any]:
    return {"kind": "doubling-result", "rule": "doubling-1", "code": "test", "double": 2 * number}


app = typer.Typer()
app.command()(recompute_command(parse, compute))


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def written(name: str, document: Any) -> str:
        path = tmp_path / name
        path.write_text(document if isinstance(document, str) else json.dumps(document, indent=2))
        return str(path)

    return written


def test_one_result_a_line_in_compact_json(write: Any) -> None:
    files = [write(f"{n}.json", {"kind": "doubling", "number": n}) for n in (1, 2)]
    ran = CliRunner().invoke(app, files)
    assert ran.exit_code == 0
    assert [json.loads(line)["double"] for line in ran.stdout.splitlines()] == [2, 4]
    assert " " not in ran.stdout


def test_the_result_carries_the_hash_of_its_snapshot_and_its_own() -> None:
    document = {"kind": "doubling", "number": 4}
    result = decide(document, parse, compute)
    assert result["snapshot_sha256"] == sha256(document)
    assert result == sealed({k: v for k, v in result.items() if k != "result_sha256"})


def test_a_broken_file_is_named_and_the_others_are_done(write: Any) -> None:
    good = write("good.json", {"kind": "doubling", "number": 1})
    broken = write("broken.json", {"kind": "doubling", "number": "1"})
    torn = write("torn.json", "{")
    ran = CliRunner().invoke(app, [broken, torn, good])
    assert ran.exit_code == 2
    assert [json.loads(line)["double"] for line in ran.stdout.splitlines()] == [2]
    assert f"{broken}: number: integer_expected" in ran.stderr
    assert f"{torn}: document: json_syntax" in ran.stderr


def test_a_document_without_a_canonical_form_is_broken(write: Any) -> None:
    ran = CliRunner().invoke(app, [write("big.json", {"kind": "doubling", "number": 2**60})])
    assert ran.exit_code == 2
    assert "canonical_form" in ran.stderr


def test_an_equal_result_agrees(write: Any) -> None:
    document = {"kind": "doubling", "number": 3}
    ran = CliRunner().invoke(
        app, [write("s.json", document), "--expect", write("r.json", decide(document, parse, compute))]
    )
    assert ran.exit_code == 0
    assert "agrees" in ran.stderr


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"double": 7}, "double: differs"),
        ({"code": "other"}, "code: differs"),
        ({"more": 1}, "more: differs"),
        ({"result_sha256": "0" * 64}, "result_sha256: differs"),
    ],
)
def test_a_tampered_result_differs_by_name(write: Any, change: dict[str, Any], told: str) -> None:
    document = {"kind": "doubling", "number": 3}
    result = decide(document, parse, compute)
    for expected in ({**result, **change}, sealed({**result, **change})):
        if expected == result:
            continue
        ran = CliRunner().invoke(app, [write("s.json", document), "--expect", write("r.json", expected)])
        assert ran.exit_code == 1
        assert told in ran.stderr


def test_what_is_expected_must_be_a_result(write: Any) -> None:
    document = {"kind": "doubling", "number": 3}
    snapshot = write("s.json", document)
    for name, expected in (("same.json", document), ("list.json", []), ("torn.json", "[")):
        assert CliRunner().invoke(app, [snapshot, "--expect", write(name, expected)]).exit_code == 2


def test_expect_takes_a_single_snapshot(write: Any) -> None:
    snapshot = write("s.json", {"kind": "doubling", "number": 3})
    assert CliRunner().invoke(app, [snapshot, snapshot, "--expect", snapshot]).exit_code == 2
    assert CliRunner().invoke(app, []).exit_code == 2
