import json
from pathlib import Path

import pytest

from contracts.__main__ import SCHEMAS, main

SUBMITTED = "ieum.applications.application-submitted.v1"


@pytest.fixture
def schemas(tmp_path: Path) -> Path:
    """A folder with everything generated and released."""
    main(["--schemas", str(tmp_path), "generate"])
    main(["--schemas", str(tmp_path), "release"])
    return tmp_path


def check(folder: Path) -> int:
    return main(["--schemas", str(folder), "check"])


def edit_released(folder: Path, name: str, text: str, instead: str) -> None:
    path = folder / "released" / f"{name}.json"
    before = path.read_text("utf-8")
    assert text in before
    path.write_text(before.replace(text, instead), "utf-8")


def test_the_committed_files_are_fresh_and_break_no_reader(capsys: pytest.CaptureFixture[str]) -> None:
    assert (SCHEMAS / "released").is_dir()
    assert check(SCHEMAS) == 0, capsys.readouterr().out


def test_what_was_just_generated_and_released_passes(schemas: Path) -> None:
    assert check(schemas) == 0


def test_a_stale_file_is_named(schemas: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (schemas / "catalogue.md").write_text("written by hand", "utf-8")

    assert check(schemas) == 1
    assert "catalogue.md: stale" in capsys.readouterr().out


def test_a_missing_file_is_named(schemas: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (schemas / "events" / f"{SUBMITTED}.json").unlink()

    assert check(schemas) == 1
    assert f"{SUBMITTED}.json: stale" in capsys.readouterr().out


def test_a_file_of_an_event_that_is_gone_is_named_and_removed_by_generating(
    schemas: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = schemas / "events" / "ieum.applications.gone.v1.json"
    gone.write_text("{}", "utf-8")

    assert check(schemas) == 1
    assert "gone.v1.json: stale" in capsys.readouterr().out
    main(["--schemas", str(schemas), "generate"])
    assert not gone.exists()
    assert check(schemas) == 0


def test_a_breaking_change_is_named_with_event_field_and_rule(
    schemas: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit_released(schemas, SUBMITTED, '"accepts_general"', '"takes_general"')

    assert check(schemas) == 1
    said = capsys.readouterr().out
    assert f"{SUBMITTED}, field takes_general: field_removed" in said
    assert f"{SUBMITTED}, field accepts_general: new_field_required" in said


def test_a_change_of_the_envelope_is_a_breaking_change_as_well(
    schemas: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit_released(schemas, "ieum.envelope.v1", "^[0-9]{20}$", "^[0-9]{19}$")

    assert check(schemas) == 1
    assert "ieum.envelope.v1, field ce_sequence: pattern_changed" in capsys.readouterr().out


def test_a_topic_with_other_partitions_is_a_breaking_change_as_well(
    schemas: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit_released(schemas, "topics", '"partitions": 16', '"partitions": 64')

    assert check(schemas) == 1
    assert "ieum.students.v1: partitions_changed" in capsys.readouterr().out


def test_what_breaks_is_not_released(schemas: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit_released(schemas, SUBMITTED, '"accepts_general"', '"takes_general"')

    assert main(["--schemas", str(schemas), "release"]) == 1
    assert "not released" in capsys.readouterr().out
    assert check(schemas) == 1


def test_what_nobody_has_read_yet_can_be_released_anew(schemas: Path) -> None:
    edit_released(schemas, SUBMITTED, '"accepts_general"', '"takes_general"')

    assert main(["--schemas", str(schemas), "release", "--anew"]) == 0
    assert check(schemas) == 0


def test_before_the_first_release_nothing_can_break(tmp_path: Path) -> None:
    main(["--schemas", str(tmp_path), "generate"])

    assert check(tmp_path) == 0


def test_every_generated_schema_is_a_document(schemas: Path) -> None:
    for path in schemas.rglob("*.json"):
        assert json.loads(path.read_text("utf-8"))


def test_an_unknown_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["publish"])
    assert "invalid choice" in capsys.readouterr().err
