"""Every explanation is true: read as the JSON that is stored, and held against snapshot and result alone."""

import json
import os
import random
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from tests.asking import done
from tests.evaluation import test_selection_rule as small
from tests.evaluation import test_selection_solver as large
from tests.evaluation.explained import Run, unsaid, untrue
from tests.evaluation.town import YEAR, Town

from evaluation import snapshots
from evaluation.domain.explaining import Explanation, Names, explain
from evaluation.domain.selection import select
from evaluation.domain.snapshot import Snapshot

SMALL = int(os.environ.get("EXPLAINED_SMALL", "3000"))  # noqa: TID251 - a knob of the test run
LARGE = int(os.environ.get("EXPLAINED_LARGE", "12"))  # noqa: TID251 - a knob of the test run


def explained(snapshot: Snapshot) -> dict[str, Explanation]:
    names = Names(schools={}, tracks={}, quotas=snapshot.policy.quotas)
    applicants = {each.id: each for each in snapshot.applicants}
    return {each.award.id: explain(each, applicants[each.award.id], {}, names) for each in select(snapshot)}


def run_of(snapshot: Snapshot) -> Run:
    """As an auditor has it: through the bytes that are stored."""
    decided = snapshots.decided(snapshot)
    return Run(json.loads(decided.snapshot), json.loads(decided.result))


def assert_all_true(snapshot: Snapshot) -> int:
    run = run_of(snapshot)
    told = explained(snapshot)
    assert told.keys() == run.awards.keys()
    for school, explanation in told.items():
        facts = json.loads(json.dumps(explanation.facts))
        assert list(untrue(run, school, facts)) == [], (snapshot, school)
        for sentences in (explanation.ko, explanation.en):
            assert list(unsaid(facts, sentences)) == [], snapshot
    return len(told)


@pytest.mark.parametrize("block", range(6))
def test_every_explanation_of_small_instances_is_true(block: int) -> None:
    held = [
        assert_all_true(small.random_snapshot(random.Random(100_000 + number)))
        for number in range(block, SMALL, 6)
    ]
    assert sum(held) > SMALL // 6


def test_every_explanation_of_large_instances_is_true() -> None:
    for number in range(LARGE):
        snapshot = large.random_snapshot(random.Random(200_000 + number))
        if len(snapshot.applicants) <= 150:
            assert_all_true(snapshot)


async def test_what_is_stored_and_told_over_http_is_true_of_the_published_runs(town: Town) -> None:
    schools: dict[int, tuple[int, Mapping[str, Any]]] = {
        1: (95, {"kind": "continuing", "tracks": ["new_technology"]}),
        2: (90, {"tracks": ["new_technology", "work_study"]}),
        3: (85, {"tracks": ["new_technology"]}),
        4: (80, {"tracks": ["new_technology"], "accepts_general": False}),
        5: (75, {"tracks": ["regional_key_industry"]}),
        6: (70, {}),
        7: (50, {}),
    }
    await town.finished(schools)
    done(
        await town.school(1).post(f"/programme-years/{YEAR}/relinquishment", {"reason": "too_few_students"}),
        201,
    )
    auditor = town.caller("auditor")
    runs = done(await auditor.get(f"/programme-years/{YEAR}/runs"))
    assert [run["stage"] for run in runs] == ["preliminary", "final", "promotion"]
    for run in runs:
        documents = [done(await auditor.get(f"/runs/{run['id']}/{part}")) for part in ("snapshot", "result")]
        of = Run(*documents)
        for told in done(await auditor.get(f"/runs/{run['id']}/ranking")):
            assert list(untrue(of, told["school"], told["facts"])) == []
            for language in ("ko", "en"):
                assert list(unsaid(told["facts"], told[f"explanation_{language}"])) == []


def wrong_rank(facts: dict[str, Any]) -> None:
    facts["rank"] += 1


def wrong_score(facts: dict[str, Any]) -> None:
    facts["score"] = "1"


def wrong_last_in(facts: dict[str, Any]) -> None:
    facts["missed"][0]["full"][0]["last_in"] = "sch_none"


def wrong_reason(facts: dict[str, Any]) -> None:
    facts["missed"][0] |= {"by": "seats_full", "full": []}


def left_out(facts: dict[str, Any]) -> None:
    facts["missed"].pop(0)


@pytest.mark.parametrize("lie", [wrong_rank, wrong_score, wrong_last_in, wrong_reason, left_out])
def test_the_checker_finds_each_kind_of_lie(lie: Callable[[dict[str, Any]], None]) -> None:
    found = 0
    for number in range(200):
        snapshot = small.random_snapshot(random.Random(number))
        run = run_of(snapshot)
        for school, explanation in explained(snapshot).items():
            facts = json.loads(json.dumps(explanation.facts))
            if facts["missed"] and facts["missed"][0]["by"] == "group_full":
                lie(facts)
                assert list(untrue(run, school, facts)), (lie, facts)
                found += 1
    assert found > 20
