"""Two officers, digests, and nothing half done."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import typer
from tests.asking import done, refused
from tests.evaluation.town import AFTER_APPEALS, REVIEW, SEED, SELECTION, YEAR, Town, sheet
from typer.testing import CliRunner

from chassis.transaction import Command, begin
from contracts import topics
from decisions.canonical import sha256
from evaluation import snapshots
from evaluation.domain.runs import Digests
from evaluation.domain.vocabulary import RunId, RunStage, Year
from evaluation.handlers import runs as handlers
from evaluation.views.letters import contents
from evaluation.views.shapes import OwnResultView

RUNS = f"/programme-years/{YEAR}/runs"
LOT = f"/programme-years/{YEAR}/lot"
RESULT = f"/programme-years/{YEAR}/result"
SIX: dict[int, tuple[int, Mapping[str, Any]]] = {
    1: (95, {}),
    2: (90, {"tracks": ["new_technology"]}),
    3: (85, {"tracks": ["work_study"]}),
    4: (80, {}),
    5: (75, {}),
    6: (50, {}),
}


async def scored(town: Town) -> None:
    await town.prepared({n: wishes for n, (_, wishes) in SIX.items()})
    await town.scored({n: total for n, (total, _) in SIX.items()})


def digests(run: Mapping[str, Any]) -> dict[str, Any]:
    return {name: run[name] for name in ("snapshot_sha256", "result_sha256")} | {"lot_seed": SEED}


async def test_the_proposer_cannot_approve_their_own_run(town: Town) -> None:
    await scored(town)
    proposer = town.officer
    run = await town.proposed("preliminary", proposer)
    before = await town.state()
    refused(
        await proposer.post(f"/runs/{run['id']}/approval", digests(run)),
        403,
        ("approved_by", "approver_is_proposer"),
    )
    assert await town.state() == before
    done(await town.officer.post(f"/runs/{run['id']}/approval", digests(run)), 201)


async def test_the_database_refuses_a_run_approved_by_its_proposer(town: Town) -> None:
    await scored(town)
    run = await town.proposed("preliminary")
    with pytest.raises(asyncpg.CheckViolationError, match="approved_by_a_second_officer"):
        async with begin(town.runtime.pool, Command(actor="test")) as tx:
            await tx.execute(
                """
                update run set state = 'approved', approved_by = proposed_by, approved_at = now()
                where id = $1
                """,
                run["id"],
            )


async def test_approval_is_on_the_digests_that_were_read(town: Town) -> None:
    await scored(town)
    run = await town.proposed("preliminary")
    other = digests(run) | {"result_sha256": "0" * 64}
    refused(
        await town.officer.post(f"/runs/{run['id']}/approval", other),
        409,
        ("result_sha256", "digest_differs"),
    )


async def test_what_changes_after_the_proposal_voids_approval_and_publication(town: Town) -> None:
    await scored(town)
    run = await town.proposed("preliminary")
    await town.approved(run)
    await town.receive(town.applications.withdraws("app_5", "sch_5", late=True))
    answer = await town.officer.post(f"/runs/{run['id']}/publication")
    refused(answer, 409, ("snapshot_sha256", "inputs_changed"))
    again = await town.proposed("preliminary")
    assert again["version"] == run["version"] + 1
    assert done(await town.officer.get(f"/runs/{run['id']}"))["state"] == "superseded"
    refused(await town.officer.post(f"/runs/{run['id']}/publication"), 409, ("state", "wrong_state"))
    await town.approved(again)
    done(await town.officer.post(f"/runs/{again['id']}/publication"), 201)


async def test_a_withdrawal_between_proposal_and_approval_voids_the_proposal(town: Town) -> None:
    await scored(town)
    run = await town.proposed("preliminary")
    await town.receive(town.applications.withdraws("app_1", "sch_1", late=True))
    answer = await town.officer.post(f"/runs/{run['id']}/approval", digests(run))
    refused(answer, 409, ("snapshot_sha256", "inputs_changed"))


async def test_nothing_is_published_before_it_is_approved_or_twice(town: Town) -> None:
    await scored(town)
    run = await town.proposed("preliminary")
    refused(await town.officer.post(f"/runs/{run['id']}/publication"), 409, ("state", "wrong_state"))
    refused(await town.school(1).get(RESULT), 404, ("result", "result_not_found"))
    await town.approved(run)
    refused(
        await town.officer.post(f"/runs/{run['id']}/approval", digests(run)), 409, ("state", "wrong_state")
    )
    done(await town.officer.post(f"/runs/{run['id']}/publication"), 201)
    refused(await town.officer.post(f"/runs/{run['id']}/publication"), 409, ("state", "wrong_state"))


async def test_two_officers_approving_at_once_approve_once(town: Town) -> None:
    await scored(town)
    run = await town.proposed("preliminary")
    path = f"/runs/{run['id']}/approval"
    answers = await asyncio.gather(*(town.officer.post(path, digests(run)) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert len(await town.told("run-approved")) == 1


async def test_two_officers_proposing_at_once_leave_one_run_in_hand(town: Town) -> None:
    await scored(town)
    answers = await asyncio.gather(*(town.officer.post(RUNS, {"stage": "preliminary"}) for _ in range(3)))
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    shown = done(await town.officer.get(RUNS))
    assert sorted(run["state"] for run in shown) == ["proposed", "superseded", "superseded"]
    assert [run["version"] for run in shown] == [1, 2, 3]


async def test_publishing_at_once_tells_every_school_once(town: Town) -> None:
    await scored(town)
    run = await town.proposed("preliminary")
    await town.approved(run)
    answers = await asyncio.gather(*(town.officer.post(f"/runs/{run['id']}/publication") for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    assert len(await town.told("preliminary-outcome-announced")) == len(SIX)
    assert len(await town.told("results-published")) == 1


@pytest.mark.parametrize("step", ["proposal", "approval", "publication"])
async def test_a_crash_in_the_middle_of_a_step_leaves_nothing_of_it(town: Town, step: str) -> None:
    await scored(town)
    pool = town.runtime.pool
    run = None if step == "proposal" else await town.proposed("preliminary")
    if run is not None and step == "publication":
        await town.approved(run)
    before = await town.state()

    async def crash() -> None:
        async with begin(pool, Command(actor="officer-9")) as tx:
            if run is None:
                await handlers.propose_run(tx, Year(YEAR), RunStage.PRELIMINARY)
            elif step == "approval":
                seen = Digests(run["snapshot_sha256"], run["result_sha256"])
                await handlers.approve_run(tx, RunId(run["id"]), seen, SEED)
            else:
                await handlers.publish_run(tx, RunId(run["id"]))
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await crash()
    assert await town.state() == before


async def test_the_lot_is_entered_once_it_was_drawn_and_before_a_run(town: Town) -> None:
    await town.prepared({1: {}})
    await town.at(REVIEW)
    refused(await town.officer.put(LOT, {"lot_seed": SEED}), 409, ("lot_seed", "lot_not_drawn"))
    await town.assigned(2)
    for number in (1, 2):
        done(await town.reviewer(number).post("/reviews/app_1/scores", {"scores": sheet(70)}), 201)
    await town.at(SELECTION)
    done(await town.officer.post(f"/programme-years/{YEAR}/scoring-closure"), 201)
    refused(await town.officer.post(RUNS, {"stage": "preliminary"}), 409, ("lot_seed", "lot_missing"))
    done(await town.officer.put(LOT, {"lot_seed": "1-2-3"}))
    done(await town.officer.put(LOT, {"lot_seed": SEED}))
    run = await town.proposed("preliminary")
    snapshot = done(await town.officer.get(f"/runs/{run['id']}/snapshot"))
    assert snapshot["policy"]["lot_seed"] == SEED


async def test_the_approving_officer_reads_the_lot_at_its_source(town: Town) -> None:
    """A wrong lot is found by the second officer, put right, and the run proposed with it is void."""
    await scored(town)
    done(await town.officer.put(LOT, {"lot_seed": "3-11-19-24-38-42"}))
    run = await town.proposed("preliminary")
    path = f"/runs/{run['id']}/approval"
    refused(await town.officer.post(path, digests(run)), 409, ("lot_seed", "lot_differs"))
    done(await town.officer.put(LOT, {"lot_seed": SEED}))
    refused(await town.officer.post(path, digests(run)), 409, ("state", "wrong_state"))
    await town.approved(await town.proposed("preliminary"))


async def test_who_entered_the_lot_does_not_check_it(town: Town) -> None:
    await scored(town)
    author = town.officer
    for numbers in ("3-11-19-24-38-42", SEED):
        done(await author.put(LOT, {"lot_seed": numbers}))
    run = await town.proposed("preliminary")
    path = f"/runs/{run['id']}/approval"
    refused(await author.post(path, digests(run)), 409, ("lot_seed", "lot_checked_by_its_author"))
    await town.approved(run)


async def test_the_same_lot_entered_again_voids_nothing(town: Town) -> None:
    await scored(town)
    run = await town.proposed("preliminary")
    done(await town.officer.put(LOT, {"lot_seed": SEED}))
    await town.approved(run)
    await town.published("preliminary")
    refused(await town.officer.put(LOT, {"lot_seed": "9-9-9"}), 409, ("stage", "wrong_stage"))


async def test_stages_follow_one_another(town: Town) -> None:
    await scored(town)
    refused(await town.officer.post(RUNS, {"stage": "final"}), 409, ("stage", "wrong_stage"))
    refused(await town.officer.post(RUNS, {"stage": "promotion"}), 422, ("stage", "literal_error"))
    await town.published("preliminary")
    refused(await town.officer.post(RUNS, {"stage": "preliminary"}), 409, ("stage", "wrong_stage"))
    refused(await town.officer.post(RUNS, {"stage": "final"}), 409, ("appeals_until", "appeal_window_open"))
    await town.at(AFTER_APPEALS)
    await town.published("final")
    refused(await town.officer.post(RUNS, {"stage": "final"}), 409, ("stage", "wrong_stage"))


async def test_the_final_result_is_told_school_by_school_and_closed_by_a_manifest(town: Town) -> None:
    await town.finished(SIX)
    told = await town.told("school-selected", "school-reserved", "school-not-selected")
    by_school = {event["school"]: (kind, event) for kind, event in told}
    assert {school: kind for school, (kind, _) in by_school.items()} == {
        "sch_1": "school-selected",
        "sch_2": "school-selected",
        "sch_3": "school-selected",
        "sch_4": "school-selected",
        "sch_5": "school-reserved",
        "sch_6": "school-not-selected",
    }
    assert by_school["sch_2"][1]["designations"] == ["new_technology"]
    assert by_school["sch_5"][1]["reserve"] == 1
    assert by_school["sch_6"][1]["reasons"] == ["below_cut_line"]
    *_, (_, final) = await town.told("results-published")
    assert (final["selected"], final["reserved"], final["not_selected"]) == (4, 1, 1)
    assert final["appeals_until"] is None
    streams = await town.rows(
        "select key, sequence from messaging.stream where topic = $1 and key like 'sch_%'",
        topics.EVALUATION.name,
    )
    manifest = {each["school"]: each["sequence"] for each in final["manifest"]}
    assert manifest == {each["key"]: each["sequence"] for each in streams}


async def test_the_appeal_window_ends_at_midnight_in_korea(town: Town) -> None:
    await scored(town)
    await town.published("preliminary")
    [(_, event)] = await town.told("results-published")
    assert event["appeals_until"] == "2025-03-20T00:00:00+09:00"


async def test_a_stranger_recomputes_the_result_from_the_downloaded_files(town: Town, tmp_path: Path) -> None:
    await scored(town)
    run = await town.published("preliminary")
    auditor = town.caller("auditor")
    snapshot = await auditor.get(f"/runs/{run['id']}/snapshot")
    result = await auditor.get(f"/runs/{run['id']}/result")
    assert sha256(snapshot.json()) == run["snapshot_sha256"]
    assert result.json()["result_sha256"] == run["result_sha256"]
    (tmp_path / "snapshot.json").write_bytes(snapshot.content)
    (tmp_path / "result.json").write_bytes(result.content)
    app = typer.Typer()
    app.command()(snapshots.recompute)
    files = [str(tmp_path / "snapshot.json"), "--expect", str(tmp_path / "result.json")]
    ran = CliRunner().invoke(app, files)
    assert (ran.exit_code, "agrees" in ran.stderr) == (0, True)
    assert json.loads(ran.stdout) == result.json()


async def test_a_school_is_told_its_own_result_and_why(town: Town) -> None:
    await town.finished(SIX)
    own = done(await town.school(5).get(RESULT))
    assert own["stage"] == "final"
    assert own["state"] == "reserve"
    assert own["outcome"]["reserve"] == 1
    assert own["outcome"]["facts"]["missed"] == [
        {"award": [], "by": "seats_full", "full": [], "groups": [], "scarce": None}
    ]
    assert "예비 1번" in own["outcome"]["explanation_ko"]
    assert "no seat was left" in own["outcome"]["explanation_en"]
    failed = done(await town.school(6).get(RESULT))
    assert "기준점수 60점에 10.000점 모자랍니다" in failed["outcome"]["explanation_ko"]
    assert failed["outcome"]["school"] == "sch_6"


async def test_the_ranking_shows_scores_by_part(town: Town) -> None:
    await scored(town)
    run = await town.proposed("preliminary")
    ranking = done(await town.officer.get(f"/runs/{run['id']}/ranking"))
    assert [each["school"] for each in ranking] == [f"sch_{n}" for n in SIX]
    assert ranking[0]["score"] == "95.000"
    assert ranking[0]["parts"] == {"quantitative": "38.000", "qualitative": "57.000"}
    assert run["counts"] == {"selected": 4, "reserve": 1, "not_passed": 1}


async def test_every_decision_leaves_an_audit_row(town: Town) -> None:
    await town.finished(SIX)
    actions = [each["action"] for each in await town.rows("select action from messaging.audit order by id")]
    assert actions == [
        "rubric_saved",
        "participants_imported",
        "evaluation_started",
        "reviewers_registered",
        "reviewers_assigned",
        "rubric_frozen",
        "scores_submitted",
        "scores_submitted",
        "scores_submitted",
        "stage_closed",
        "stage_closed",
        "scoring_closed",
        "lot_entered",
        *["run_proposed", "run_approved", "run_published"] * 2,
    ]


async def test_a_policy_the_rule_does_not_decide_is_refused_by_name(town: Town) -> None:
    await town.prepared({1: {}}, designations_per_school=3)
    await town.scored({1: 80})
    answer = await town.officer.post(RUNS, {"stage": "preliminary"})
    refused(answer, 409, ("policy.designations_per_school", "designations_per_school"))


async def test_who_is_put_out_before_the_final_result_reads_that_and_stays_in_the_comparison(
    town: Town,
) -> None:
    await scored(town)
    first = await town.published("preliminary")
    put_out = {"eligible": False, "ground": "false_report"}
    done(await town.officer.post("/applications/app_1/eligibility", put_out), 201)
    await town.receive(town.applications.withdraws("app_2", "sch_2", late=True))
    standing = OwnResultView.model_validate(done(await town.school(1).get(RESULT)))
    assert (standing.outcome.outcome, standing.left_out) == ("selected", None)
    await town.at(AFTER_APPEALS)
    final = await town.published("final")
    compared = done(await town.officer.get(f"/runs/{final['id']}/comparison", before=first["id"]))
    changes = {each["school"]: (each["change"], each["after"]) for each in compared["schools"]}
    assert changes.keys() == {f"sch_{n}" for n in SIX}
    assert changes["sch_1"] == changes["sch_2"] == ("dropped", None)
    for number, reasons, english in (
        (1, ["false_report"], "The application was taken out of the evaluation (reason: false_report)."),
        (2, ["application_withdrawn"], "The application was withdrawn."),
    ):
        own = OwnResultView.model_validate(done(await town.school(number).get(RESULT)))
        assert own.left_out is not None
        assert (own.left_out.reasons, own.left_out.result_sha256) == (reasons, final["result_sha256"])
        letter = contents(own, "en")
        assert letter["title"] == "Final result"
        assert ["Outcome", "Taken out of the evaluation"] in letter["rows"]
        assert (letter["reasons"], letter["scores"], letter["next"]) == ([english], [], [])
        assert ["결과", "평가 대상에서 제외"] in contents(own, "ko")["rows"]
        assert (await town.school(number).get(f"{RESULT}/letter")).content.startswith(b"%PDF")
    named = OwnResultView.model_validate(done(await town.school(3).get(RESULT)))
    assert named.left_out is None
