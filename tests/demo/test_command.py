from pathlib import Path

import pytest
from rich.console import Console
from tests.demo import stories

from demo import main
from demo.people import DemoFailed
from demo.performance import Options, Performance


def performance(*differences: str) -> Performance:
    return Performance(stories.story(differences=differences), evidence=None)  # type: ignore[arg-type]  # unread here


def test_a_broken_invariant_ends_the_command_with_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    async def perform(_: Options, __: Console) -> Performance:
        return performance("an event was done twice")

    monkeypatch.setattr(main, "perform", perform)
    with pytest.raises(SystemExit, match=r"invariants 3; see report\.html"):
        main.play()


def test_a_clean_ledger_ends_the_command_well(monkeypatch: pytest.MonkeyPatch) -> None:
    async def perform(_: Options, __: Console) -> Performance:
        return performance()

    monkeypatch.setattr(main, "perform", perform)
    main.play()


def test_a_play_that_cannot_go_on_says_why_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    async def perform(_: Options, __: Console) -> Performance:
        raise DemoFailed("POST /calls should be refused by call_closed, the answer was 201 None")

    monkeypatch.setattr(main, "perform", perform)
    with pytest.raises(SystemExit, match="should be refused by call_closed"):
        main.play()


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(SystemExit, match="holds something else"):
        main.play(folder=tmp_path, report=tmp_path / "report.html", small=True)
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]
