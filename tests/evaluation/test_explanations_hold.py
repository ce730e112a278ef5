"""Every explanation is true: read as the JSON that is stored, and held against snapshot and result alone."""

import json
import os
import random
from collections.abc import Callable, Mapping
from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest
from tests.asking import done
from tests.evaluation import test_appeals as appeals
from tests.evaluation import test_selection_rule as small
from tests.evaluation import test_selection_solver as large
from tests.evaluation.explained import Recorded, Run, unsaid, untrue
from tests.evaluation.town import AFTER_APPEALS, RUBRIC, SEED, SELECTION, YEAR, Town, policy

from evaluation import snapshots
from evaluation.domain.explaining import Explanation, explain
from evaluation.domain.selection import select
from evaluation.domain.snapshot import Snapshot
from evaluation.domain.wording import Names

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
        of = await documents_of(town, run)
        for told in done(await auditor.get(f"/runs/{run['id']}/ranking")):
            assert list(untrue(of, told["school"], told["facts"])) == []
            for language in ("ko", "en"):
                assert list(unsaid(told["facts"], told[f"explanation_{language}"])) == []


def with_lines() -> dict[str, Any]:
    """Lines after both stages of new schools, the least of a part and of a criterion."""
    rubric = deepcopy(RUBRIC)
    results, plan = rubric["kinds"]["new"]["criteria"]
    talk = plan | {"name": "talk", "stage": "presentation", "weight": "30", "scale": "10"}
    rubric["kinds"]["new"] = {
        "stages": [{"stage": "documents", "line": "50"}, {"stage": "presentation", "line": "75"}],
        "criteria": [results, plan | {"weight": "30", "scale": "20", "minimum": "8"}, talk],
        "minima": {"quantitative": "32.5"},
    }
    return rubric


async def give_at(town: Town, dice: random.Random, **scales: str) -> None:
    """Each reviewer gives what they have in hand some marks of these scales, one of them harsh."""
    for number in range(1, 5):
        staff, at_most = town.reviewer(number), 10 if number > 1 else 8
        for each in done(await staff.get("/reviews")):
            if each["open"] and each["submitted_at"] is None:
                marks = {
                    name: f"{dice.randint(5, at_most) * int(scale) / 10}" for name, scale in scales.items()
                }
                path = f"/reviews/{each['application']}/scores"
                done(await staff.post(path, {"scores": marks}), 201)


async def documents_of(town: Town, run: Mapping[str, Any]) -> Run:
    """A run with the raw scores that an export takes away beside it."""
    auditor = town.caller("auditor")
    documents = [done(await auditor.get(f"/runs/{run['id']}/{part}")) for part in ("snapshot", "result")]
    kept = await town.rows("select snapshot from scoring where year = $1 order by version desc", YEAR)
    scorings = [json.loads(each["snapshot"]) for each in kept]
    record = await on_record(town) if run["stage"] == "promotion" else None
    return Run(documents[0], documents[1], scorings, record)


async def on_record(town: Town) -> Recorded:
    """What stands beside the newest promotion."""
    applications = await town.rows("select school, tracks, accepts_general from application")
    closed = await town.rows("select id from school where state = 'closed'")
    return Recorded(
        {each["school"]: each for each in applications},
        {
            each["school"]: each["designations"]
            for each in (await town.standings())["schools"]
            if each["state"] == "selected"
        },
        done(await town.officer.get(f"/programme-years/{YEAR}/offers")),
        {each["id"] for each in closed},
    )


async def assert_told_the_truth(town: Town) -> None:
    """What the newest run tells each school, facts and sentences."""
    [*_, run] = done(await town.officer.get(f"/programme-years/{YEAR}/runs"))
    of = await documents_of(town, run)
    for told in done(await town.officer.get(f"/runs/{run['id']}/ranking")):
        assert list(untrue(of, told["school"], told["facts"])) == [], told
        for language in ("ko", "en"):
            assert list(unsaid(told["facts"], told[f"explanation_{language}"])) == []


async def in_stages(town: Town, how: str) -> dict[str, Any]:
    """The preliminary result of a year with two stages and lines."""
    dice = random.Random(how)
    done(await town.officer.put("/rubrics/staged", with_lines()), 201)
    rules = {**policy()["scoring"], "normalisation": how}
    await town.prepared({n: {} for n in range(1, 25)}, rubric="staged", scoring=rules)
    await town.assigned(4)
    await give_at(town, dice, results="40", plan="20")
    done(await town.officer.post(f"/programme-years/{YEAR}/stages/new/documents/closure"), 201)
    done(await town.officer.post(f"/programme-years/{YEAR}/assignments"), 201)
    await give_at(town, dice, talk="10")
    await town.at(SELECTION)
    done(await town.officer.post(f"/programme-years/{YEAR}/scoring-closure"), 201)
    done(await town.officer.put(f"/programme-years/{YEAR}/lot", {"lot_seed": SEED}))
    return await town.published("preliminary")


@pytest.mark.parametrize("how", ["off", "mean_shift", "z_score"])
async def test_lines_and_what_lacked_are_those_that_raw_scores_come_to(town: Town, how: str) -> None:
    published = await in_stages(town, how)
    run = await documents_of(town, published)
    ranking = done(await town.officer.get(f"/runs/{published['id']}/ranking"))
    reasons: set[str] = set()
    for told in ranking:
        assert list(untrue(run, told["school"], told["facts"])) == []
        for each in told["facts"]["shortfalls"]:
            reasons.add(each["reason"])
            for name in ("line", "by"):
                if each[name] is not None:
                    lie = deepcopy(told["facts"])
                    [wrong] = [s for s in lie["shortfalls"] if s["reason"] == each["reason"]]
                    wrong[name] = f"{Decimal(each[name]) + Decimal('0.001')}"
                    assert list(untrue(run, told["school"], lie))
    assert {"below_line_documents", "below_line_presentation", "below_minimum_quantitative"} <= reasons


async def test_lines_hold_after_an_upheld_appeal_too(town: Town) -> None:
    """Earlier lines stand as they were drawn, the last one is held against what counts with the panel's."""
    published = await in_stages(town, "mean_shift")
    ranking = done(await town.officer.get(f"/runs/{published['id']}/ranking"))
    cut = next(each for each in ranking if "below_line_documents" in each["reasons"])
    school = town.caller("school", party=cut["school"])
    appeal = done(await school.post(appeals.APPEALS, appeals.GROUNDS), 201)
    people = [{"id": f"rev_{n}", "province": "jeju"} for n in range(21, 25)]
    done(await town.officer.post("/reviewers", {"reviewers": people}), 201)
    path = f"/appeals/{appeal['id']}"
    marks = {"documents": {"results": "38", "plan": "18"}, "presentation": {"talk": "9"}}
    for each in done(await town.officer.post(f"{path}/panel", appeals.DUE), 201)["panel"]:
        await appeals.scored_at(town, [each["reviewer"]], appeal["application"], marks[each["stage"]])
    done(await town.officer.post(f"{path}/decision", appeals.UPHELD), 201)
    await town.at(AFTER_APPEALS)
    final = await town.published("final")
    run = await documents_of(town, final)
    told = done(await town.officer.get(f"/runs/{final['id']}/ranking"))
    assert [list(untrue(run, each["school"], each["facts"])) for each in told] == [[]] * len(told)
    lifted = next(each for each in told if each["school"] == cut["school"])
    assert (lifted["score"], lifted["reasons"]) == ("92.000", [])
    assert any("below_line_documents" in each["reasons"] for each in told)


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


def never_offered(facts: dict[str, Any]) -> None:
    facts["offered"] = facts["designations"]


def never_struck(facts: dict[str, Any]) -> None:
    facts["struck"] = [{"award": [], "by": "declined"}]


def not_kept(facts: dict[str, Any]) -> None:
    facts["missed"][0]["full"][0]["kept_for"] = ["sch_none"]


LIES = [
    wrong_rank,
    wrong_score,
    wrong_last_in,
    wrong_reason,
    left_out,
    never_offered,
    never_struck,
    not_kept,
]


@pytest.mark.parametrize("lie", LIES)
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
