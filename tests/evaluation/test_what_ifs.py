"""What-ifs: the real state under another policy, kept beside, compared school by school, never published."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import typer
from tests.asking import done, refused
from tests.evaluation.town import SEED, SELECTION, YEAR, Town, sheet
from typer.testing import CliRunner

from evaluation import snapshots

WHAT_IFS = f"/programme-years/{YEAR}/what-ifs"
SIX: dict[int, tuple[int, Mapping[str, Any]]] = {
    1: (95, {}),
    2: (90, {"tracks": ["new_technology"]}),
    3: (85, {"tracks": ["new_technology", "work_study"]}),
    4: (80, {}),
    5: (75, {}),
    6: (50, {}),
}


async def scored(town: Town, **changed: Any) -> None:
    await town.prepared({n: wishes for n, (_, wishes) in SIX.items()}, **changed)
    await town.scored({n: total for n, (total, _) in SIX.items()})


async def compared(town: Town, **changes: Any) -> dict[str, Any]:
    """What differs when the policy is changed so."""
    made = done(await town.officer.post(WHAT_IFS, changes), 201)
    comparison: dict[str, Any] = done(await town.officer.get(f"/what-ifs/{made['id']}/comparison"))
    return comparison


def by_school(comparison: Mapping[str, Any]) -> dict[str, str]:
    return {each["school"]: each["change"] for each in comparison["schools"]}


async def test_fewer_seats_drop_the_last_selected_and_move_the_reserve_list(town: Town) -> None:
    await scored(town)
    comparison = await compared(town, seats=3)
    assert by_school(comparison) == {
        "sch_1": "none",
        "sch_2": "none",
        "sch_3": "none",
        "sch_4": "dropped",
        "sch_5": "reserve",
        "sch_6": "none",
    }
    assert comparison["changes"] == {"none": 4, "dropped": 1, "reserve": 1}
    fifth = comparison["schools"][4]
    assert (fifth["before"]["reserve"], fifth["after"]["reserve"]) == (1, 2)


async def test_another_quota_another_line_and_more_designations_show_whom_they_move(town: Town) -> None:
    await scored(town)
    quota = await compared(town, quotas={"new_technology": {"at_least": 0, "at_most": 0}})
    assert by_school(quota)["sch_2"] == "designations"
    line = await compared(town, cut_line="45")
    assert by_school(line)["sch_6"] == "reserve"
    two = await compared(town, designations_per_school=2)
    third = next(each for each in two["schools"] if each["school"] == "sch_3")
    assert third["after"]["designations"] == ["new_technology", "work_study"]
    assert third["before"]["designations"] == ["work_study"]


async def test_another_normalisation_works_the_scores_out_again_and_leaves_the_real_ones(town: Town) -> None:
    await town.prepared({n: {} for n in (1, 2, 3)})
    await town.assigned(3)
    for number, harsh in ((1, 0), (2, 0), (3, 30)):
        staff = town.reviewer(number)
        for each in done(await staff.get("/reviews")):
            points = 90 - 5 * int(each["application"].removeprefix("app_")) - harsh
            scores = {"scores": sheet(points)}
            done(await staff.post(f"/reviews/{each['application']}/scores", scores), 201)
    await town.at(SELECTION)
    done(await town.officer.post(f"/programme-years/{YEAR}/scoring-closure"), 201)
    done(await town.officer.put(f"/programme-years/{YEAR}/lot", {"lot_seed": SEED}))
    totals = await town.rows("select * from total order by application")
    comparison = await compared(town, normalisation="mean_shift")
    assert any(each["before"]["score"] != each["after"]["score"] for each in comparison["schools"])
    assert await town.rows("select * from total order by application") == totals


async def test_a_what_if_is_told_to_nobody_and_voids_no_approval(town: Town) -> None:
    await scored(town)
    run = await town.proposed("preliminary")
    await town.approved(run)
    before, told = await town.state(), await town.told()
    await compared(town, seats=2)
    after = await town.state()
    different = {table for table, rows in after.items() if rows != before[table]}
    assert different <= {"messaging.audit"}
    assert await town.told() == told
    assert [each["id"] for each in done(await town.officer.get(f"/programme-years/{YEAR}/runs"))] == [
        run["id"]
    ]
    done(await town.officer.post(f"/runs/{run['id']}/publication"), 201)
    refused(await town.school(1).get(WHAT_IFS), 403, ("token.roles", "role_missing"))


async def test_a_what_if_is_no_run_that_could_be_approved_or_published(town: Town) -> None:
    await scored(town)
    made = done(await town.officer.post(WHAT_IFS, {"seats": 3}), 201)
    body = {name: made[name] for name in ("snapshot_sha256", "result_sha256")} | {"lot_seed": SEED}
    refused(await town.officer.post(f"/runs/{made['id']}/approval", body), 404, ("run", "run_not_found"))
    refused(await town.officer.post(f"/runs/{made['id']}/publication"), 404, ("run", "run_not_found"))


NO_POLICY: Final[list[tuple[Mapping[str, Any], int, str, str]]] = [
    ({}, 422, "changes", "changes_missing"),
    ({"quotas": {"local": {"at_most": 1}}}, 422, "quotas.local", "quota_unknown"),
    ({"quotas": {"regional": {"at_least": 2}}}, 409, "policy.quotas[0].at_least", "at_least_above_at_most"),
    ({"tie_breaks": ["charm"]}, 409, "applicants[0].criteria", "criterion_missing"),
]


async def test_changes_that_make_no_policy_are_refused_by_field(town: Town) -> None:
    await scored(town)
    for changes, status, field, rule in NO_POLICY:
        refused(await town.officer.post(WHAT_IFS, changes), status, (field, rule))
    done(await town.officer.post(WHAT_IFS, {"pools": [["new"]]}), 201)


async def test_there_is_nothing_to_ask_before_scoring_is_closed(town: Town) -> None:
    await town.prepared({n: wishes for n, (_, wishes) in SIX.items()})
    refused(await town.officer.post(WHAT_IFS, {"seats": 3}), 409, ("stage", "wrong_stage"))


async def test_pools_that_leave_a_kind_out_are_refused_also_where_scores_are_worked_out(town: Town) -> None:
    await scored(town)
    for changes in ({}, {"normalisation": "mean_shift"}):
        answer = await town.officer.post(WHAT_IFS, {"pools": [["continuing"]], **changes})
        refused(answer, 409, ("applicants[0].kind", "kind_in_no_pool"))


async def test_after_the_final_result_the_state_is_the_one_it_was_decided_from(town: Town) -> None:
    await town.finished(SIX)
    reason = {"reason": "too_few_students"}
    done(await town.school(1).post(f"/programme-years/{YEAR}/relinquishment", reason), 201)
    comparison = await compared(town, seats=5)
    assert by_school(comparison)["sch_1"] == "none"
    assert by_school(comparison)["sch_5"] == "selected"
    refused(await town.officer.post(WHAT_IFS, {"normalisation": "z_score"}), 409, ("stage", "wrong_stage"))


async def test_a_stranger_recomputes_a_what_if(town: Town, tmp_path: Path) -> None:
    await scored(town)
    made = done(await town.officer.post(WHAT_IFS, {"seats": 3}), 201)
    for name in ("snapshot", "result"):
        answer = await town.caller("auditor").get(f"/what-ifs/{made['id']}/{name}")
        (tmp_path / f"{name}.json").write_bytes(answer.content)
    app = typer.Typer()
    app.command()(snapshots.recompute)
    files = [str(tmp_path / "snapshot.json"), "--expect", str(tmp_path / "result.json")]
    ran = CliRunner().invoke(app, files)
    assert (ran.exit_code, json.loads(ran.stdout)["result_sha256"]) == (0, made["result_sha256"])
    assert made["changes"] == {"seats": 3}
    assert [each["id"] for each in done(await town.officer.get(WHAT_IFS))] == [made["id"]]
