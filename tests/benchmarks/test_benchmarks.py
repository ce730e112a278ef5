"""The benchmarks themselves: all of them run on the real parts, and what they say is what was measured."""

from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Literal

import pytest
from typer.testing import CliRunner

from benchmarks import __main__, report, rows
from benchmarks.measure import Comparison, Finding, Sense, Side, Target, Tick, compare
from benchmarks.report import Machine
from benchmarks.sizes import FULL, SHORT
from benchmarks.stand import Stand
from embedded.cloning import Server

TINY = SHORT.but(
    {
        "relay_rows": 500,
        "relay_peer_rows": 20,
        "inbox_events": 60,
        "inbox_set_events": 600,
        "inbox_peer_events": 10,
        "inbox_keys": 50,
        "applicants": 60,
        "many_applicants": 600,
        "students": 60,
        "openings": 20,
        "many_students": 600,
        "many_openings": 200,
    }
)


@pytest.mark.parametrize("row", rows.NAMES)
async def test_a_row_is_measured_on_real_parts(row: str, postgres: Server, kafka: str) -> None:
    stand = Stand(postgres, kafka)
    expected, ticks = Counter[str](), Counter[str]()

    def announce(name: str, runs: int) -> Tick:
        expected[name] = runs
        return lambda: ticks.update([name])

    findings = await rows.measured([row], TINY, lambda: nullcontext(stand), announce)
    assert {finding.row for finding in findings} == set(expected) == {row}
    assert ticks == expected
    assert all(len(finding.ratios) == TINY.rounds and finding.ratio > 0 for finding in findings)
    told = report.document(findings, Machine.here(), TINY)
    for finding in findings:
        assert finding.what in told
        assert report.ratio(finding) in told


def comparison(
    ours: Sequence[float],
    other: Sequence[float],
    units: tuple[int, int] = (1, 1),
    sense: Sense = "times_faster",
    target: Target | None = None,
) -> tuple[Comparison, list[str]]:
    order: list[str] = []

    def side(name: Literal["ours", "other"], seconds: Sequence[float], number: int) -> Side:
        left = iter(seconds)

        async def work() -> float:
            order.append(name)
            return next(left)

        return Side(name, number, work)

    sides = side("ours", ours, units[0]), side("other", other, units[1])
    return Comparison("relay", "what it is", "rows", *sides, sense, target), order


async def found(made: Comparison, rounds: int) -> Finding:
    return await compare(made, rounds, lambda: None)


async def test_the_sides_take_turns_and_the_order_turns_too() -> None:
    made, order = comparison([1] * 4, [1] * 4)
    await found(made, 3)
    assert order == ["other", "ours", "ours", "other", "other", "ours", "ours", "other"]


async def test_a_ratio_is_taken_pair_by_pair_for_one_unit_of_work() -> None:
    made, _ = comparison([99, 1, 2, 4], [99, 10, 10, 10], units=(20, 10))
    finding = await found(made, 3)
    assert list(finding.ratios) == [20, 10, 5]
    assert finding.ratio == 10
    assert finding.ours.rate == 10


async def test_against_a_limit_the_ratio_says_how_much_longer_it_takes() -> None:
    made, _ = comparison([99, 6], [99, 2], sense="times_as_long")
    finding = await found(made, 1)
    assert list(finding.ratios) == [3]
    assert "3.00 × as long" in report.ratio(finding)


@pytest.mark.parametrize(
    ("target", "met"),
    [
        (None, None),
        (Target(times_faster=4), True),
        (Target(times_faster=4.1), False),
        (Target(seconds=0.5), True),
        (Target(seconds=0.4), False),
        (Target(times_faster=4, seconds=0.4), False),
    ],
)
async def test_a_target_is_met_or_missed(target: Target | None, met: bool | None) -> None:
    made, _ = comparison([1, 0.5], [1, 2], target=target)
    assert (await found(made, 1)).met is met


async def test_the_document_and_its_figures_say_when_a_target_was_missed() -> None:
    made, _ = comparison([1, 1], [1, 2], target=Target(times_faster=10))
    findings = [await found(made, 1)]
    assert "at least 10 × faster: missed" in report.document(findings, Machine.here(), FULL)
    assert '"met": false' in report.as_json(findings, Machine.here(), FULL)


def test_a_row_or_size_that_is_not_there_is_refused_by_name() -> None:
    app = __main__.app
    unknown_row = CliRunner().invoke(app, ["relais"])
    assert unknown_row.exit_code == 2
    assert "relais" in unknown_row.output
    unknown_size = CliRunner().invoke(app, ["--size", "rows=3"])
    assert unknown_size.exit_code == 2
    assert "rows" in unknown_size.output


def test_a_run_of_some_rows_prints_them_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sizes = [f"--size={name}=50" for name in ("students", "openings", "many_students", "many_openings")]
    ended = CliRunner().invoke(__main__.app, ["matching", "--short", *sizes])
    assert ended.exit_code == 0
    assert "the matching kernel" in ended.output
    assert not list(tmp_path.iterdir())
