"""Appeals: filed in the window, heard by others than the first reviewers, decided once, and run again."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from tests.asking import done, refused
from tests.evaluation.test_scorings import recomputed
from tests.evaluation.town import AFTER_APPEALS, RUBRIC, SEED, SELECTION, YEAR, Town, policy, sheet

APPEALS = f"/programme-years/{YEAR}/appeals"
RUNS = f"/programme-years/{YEAR}/runs"
WINDOW_ENDS = datetime(2025, 3, 19, 15, tzinfo=UTC)
DUE = {"due_at": "2025-03-25T00:00:00Z"}
GROUNDS: Final[dict[str, Any]] = {
    "grounds": ["facts_overlooked"],
    "statement": "제출한 협약기업 현황이 평가에 반영되지 않았습니다.",
}
UPHELD = {
    "upheld": True,
    "reasons": ["scores_corrected"],
    "answer": "다시 평가한 결과 점수를 정정하였습니다.",
}
REJECTED = {
    "upheld": False,
    "reasons": ["scores_confirmed"],
    "answer": "다시 평가하였으나 처음 평가와 같은 결과였습니다.",
}
SIX: dict[int, tuple[int, Mapping[str, Any]]] = {
    1: (95, {}),
    2: (90, {"tracks": ["new_technology"]}),
    3: (85, {"tracks": ["work_study"]}),
    4: (80, {}),
    5: (75, {}),
    6: (50, {}),
}


async def preliminary(town: Town, *, reviewers: int = 6, **changed: Any) -> None:
    """Six schools with their preliminary result, two reviewers each; the others of the pool had none."""
    await town.prepared({n: wishes for n, (_, wishes) in SIX.items()}, **changed)
    await town.scored({n: total for n, (total, _) in SIX.items()}, reviewers)
    await town.published("preliminary")


async def filed(town: Town, number: int = 6) -> str:
    appeal: str = done(await town.school(number).post(APPEALS, GROUNDS), 201)["id"]
    return appeal


async def panel_of(town: Town, appeal: str) -> list[str]:
    """Convene the panel; who sits in it."""
    shown = done(await town.officer.post(f"/appeals/{appeal}/panel", DUE), 201)
    return [each["reviewer"] for each in shown["panel"]]


async def heard(town: Town, appeal: str, percent: int, number: int = 6) -> list[str]:
    """A panel that gives the application this total."""
    panel = await panel_of(town, appeal)
    for reviewer in panel:
        staff = town.caller("reviewer", party=reviewer)
        done(await staff.post(f"/reviews/app_{number}/scores", {"scores": sheet(percent)}), 201)
    return panel


async def upheld(town: Town, percent: int = 88) -> str:
    appeal = await filed(town)
    await heard(town, appeal, percent)
    done(await town.officer.post(f"/appeals/{appeal}/decision", UPHELD), 201)
    return appeal


async def totals(town: Town) -> dict[str, str]:
    rows = await town.rows("select application, total from total")
    return {row["application"]: f"{row['total']:f}" for row in rows}


async def reviewers_of(town: Town, application: str) -> set[str]:
    rows = await town.rows("select reviewer from assignment where application = $1", application)
    return {row["reviewer"] for row in rows}


def changed(comparison: Mapping[str, Any]) -> dict[str, str]:
    return {each["school"]: each["change"] for each in comparison["schools"] if each["change"] != "none"}


async def test_an_appeal_is_filed_confirmed_and_shown_to_its_school_alone(town: Town) -> None:
    await preliminary(town)
    appeal = done(await town.school(6).post(APPEALS, GROUNDS), 201)
    assert (appeal["state"], appeal["grounds"]) == ("received", ["facts_overlooked"])
    [(_, told)] = await town.told("appeal-received", key="app_6")
    assert (told["appeal"], told["school"], told["grounds"]) == (appeal["id"], "sch_6", ["facts_overlooked"])
    assert GROUNDS["statement"] not in str(told)
    own = f"/programme-years/{YEAR}/appeal"
    assert [each["id"] for each in done(await town.school(6).get(own))] == [appeal["id"]]
    assert done(await town.school(5).get(own)) == []
    [listed] = done(await town.officer.get(APPEALS))
    assert (listed["school"], listed["statement"]) == ("sch_6", GROUNDS["statement"])


async def test_a_school_appeals_once_however_often_it_asks_at_a_time(town: Town) -> None:
    await preliminary(town)
    answers = await asyncio.gather(*(town.school(6).post(APPEALS, GROUNDS) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    refused(await town.school(6).post(APPEALS, GROUNDS), 409, ("appeal", "appeal_filed_already"))
    assert len(await town.told("appeal-received")) == 1


async def test_an_appeal_is_too_late_with_the_first_moment_after_the_window(town: Town) -> None:
    await preliminary(town)
    await town.at(WINDOW_ENDS)
    before = await town.state()
    refused(await town.school(6).post(APPEALS, GROUNDS), 409, ("appeals_until", "appeal_window_over"))
    assert await town.state() == before
    await town.at(WINDOW_ENDS - timedelta(microseconds=1))
    await filed(town)


async def test_nobody_appeals_before_the_preliminary_result_or_without_one(town: Town) -> None:
    await town.prepared({n: wishes for n, (_, wishes) in SIX.items()})
    refused(await town.school(6).post(APPEALS, GROUNDS), 409, ("stage", "wrong_stage"))
    await town.scored({n: total for n, (total, _) in SIX.items()})
    await town.published("preliminary")
    refused(await town.school(9).post(APPEALS, GROUNDS), 404, ("school", "result_not_found"))


async def test_an_appeal_without_grounds_or_words_is_refused_by_field(town: Town) -> None:
    await preliminary(town)
    for field, at, given in (
        ("grounds", "grounds", []),
        ("grounds", "grounds.0", ["we_are_better"]),
        ("statement", "statement", "짧다"),
    ):
        answer = await town.school(6).post(APPEALS, {**GROUNDS, field: given})
        assert answer.status_code == 422
        assert [error["field"] for error in answer.json()["errors"]] == [at]


async def test_the_panel_has_nobody_who_reviewed_the_application_before(town: Town) -> None:
    await preliminary(town)
    first = await reviewers_of(town, "app_6")
    appeal = await filed(town)
    panel = await panel_of(town, appeal)
    assert len(set(panel)) == 2
    assert not first & set(panel)
    told = [event for _, event in await town.told("reviewer-assigned") if event["reviewer"] in panel]
    assert {event["due_at"] for event in told if event["due_at"] == DUE["due_at"]} == {DUE["due_at"]}
    assert done(await town.officer.get(f"/appeals/{appeal}"))["state"] == "reviewing"


async def test_a_panel_that_cannot_be_filled_is_refused_with_why(town: Town) -> None:
    await preliminary(town, reviewers=3)
    appeal = await filed(town)
    answer = await town.officer.post(f"/appeals/{appeal}/panel", DUE)
    refused(answer, 409, ("applications.app_6", "reviewers_missing"))
    assert "reviewed_before" in answer.text
    assert done(await town.officer.get(f"/appeals/{appeal}"))["panel"] == []


async def test_a_first_reviewer_cannot_score_the_appeal(town: Town) -> None:
    await preliminary(town)
    first = sorted(await reviewers_of(town, "app_6"))
    await panel_of(town, await filed(town))
    answer = await town.caller("reviewer", party=first[0]).post(
        "/reviews/app_6/scores", {"scores": sheet(100)}
    )
    assert answer.status_code in {403, 409}


async def test_an_upheld_appeal_replaces_the_scores_and_shows_before_and_after(town: Town) -> None:
    await preliminary(town)
    appeal = await upheld(town)
    shown = done(await town.officer.get(f"/appeals/{appeal}"))
    assert (shown["state"], shown["answer"]) == ("upheld", UPHELD["answer"])
    comparison = done(await town.officer.get(f"/appeals/{appeal}/comparison"))
    assert changed(comparison) == {
        "sch_6": "selected",
        "sch_4": "dropped",
        "sch_5": "reserve",
        "sch_3": "rank",
    }
    lifted = next(each for each in comparison["schools"] if each["school"] == "sch_6")
    assert (lifted["before"]["score"], lifted["after"]["score"]) == ("50.000", "88.000")
    replaced = await town.rows("select application, version, total::text, appeal from replaced_total")
    assert replaced == [{"application": "app_6", "version": 1, "total": "50.000", "appeal": appeal}]
    [(_, told)] = await town.told("appeal-decided", key="app_6")
    assert (told["outcome"], told["reasons"]) == ("upheld", ["scores_corrected"])
    assert await town.told("school-selected") == []


@pytest.mark.parametrize("how", ["mean_shift", "z_score"])
async def test_a_panel_lifts_a_school_however_reviewers_are_normalised(
    town: Town, tmp_path: Path, how: str
) -> None:
    rules = {**policy()["scoring"], "normalisation": how}
    await preliminary(town, scoring=rules)
    first = await totals(town)
    await upheld(town, 88)
    after = await totals(town)
    assert after["app_6"] == "88.000"
    assert after["app_6"] != first["app_6"]
    [row] = await town.rows("select snapshot, result from scoring order by version desc limit 1")
    for name in ("snapshot", "result"):
        (tmp_path / name).write_bytes(row[name])
    panel = {each["application"] for each in json.loads(row["snapshot"])["sheets"] if each["panel"]}
    assert panel == {"app_6"}
    ran = recomputed(str(tmp_path / "snapshot"), "--expect", str(tmp_path / "result"))
    assert (ran.exit_code, "agrees" in ran.stderr) == (0, True), ran.stderr


async def test_the_final_result_follows_an_upheld_appeal(town: Town) -> None:
    await preliminary(town)
    await upheld(town)
    await town.at(AFTER_APPEALS)
    final = await town.published("final")
    assert (await town.states())["sch_6"] == "selected"
    assert (await town.states())["sch_4"] == "reserve"
    [first, *_] = done(await town.officer.get(RUNS))
    path = f"/runs/{final['id']}/comparison"
    comparison = done(await town.officer.get(path, before=first["id"]))
    assert changed(comparison)["sch_6"] == "selected"
    assert comparison["changes"]["none"] == 2


async def test_a_rejected_appeal_changes_no_score_and_gives_a_reasoned_answer(town: Town) -> None:
    await preliminary(town)
    appeal = await filed(town)
    await heard(town, appeal, 100)
    totals = await town.rows("select * from total order by application")
    done(await town.officer.post(f"/appeals/{appeal}/decision", REJECTED), 201)
    assert await town.rows("select * from total order by application") == totals
    [own] = done(await town.school(6).get(f"/programme-years/{YEAR}/appeal"))
    assert (own["state"], own["answer"]) == ("rejected", REJECTED["answer"])
    refused(
        await town.officer.get(f"/appeals/{appeal}/comparison"), 404, ("comparison", "comparison_not_found")
    )
    await town.at(AFTER_APPEALS)
    await town.published("final")
    assert (await town.states())["sch_6"] == "not_selected"


async def test_nobody_decides_before_the_panel_has_scored(town: Town) -> None:
    await preliminary(town)
    appeal = await filed(town)
    path = f"/appeals/{appeal}/decision"
    refused(await town.officer.post(path, UPHELD), 409, ("panel", "panel_missing"))
    refused(await town.officer.post(path, REJECTED), 409, ("panel", "panel_missing"))
    await panel_of(town, appeal)
    refused(await town.officer.post(path, UPHELD), 409, ("panel", "panel_scores_missing"))


async def test_an_appeal_that_is_not_admissible_needs_no_panel(town: Town) -> None:
    await preliminary(town)
    appeal = await filed(town)
    verdict = {**REJECTED, "reasons": ["inadmissible"]}
    assert done(await town.officer.post(f"/appeals/{appeal}/decision", verdict), 201)["state"] == "rejected"


async def test_an_appeal_is_decided_once_when_two_officers_decide_at_once(town: Town) -> None:
    await preliminary(town)
    appeal = await filed(town)
    await heard(town, appeal, 88)
    path = f"/appeals/{appeal}/decision"
    bodies: Sequence[Mapping[str, Any]] = (UPHELD, REJECTED, UPHELD)
    answers = await asyncio.gather(*(town.officer.post(path, body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    refused(await town.officer.post(path, REJECTED), 409, ("state", "appeal_decided"))
    refused(await town.officer.post(f"/appeals/{appeal}/panel", DUE), 409, ("state", "appeal_decided"))
    assert len(await town.told("appeal-decided")) == 1


async def test_the_final_result_waits_for_every_appeal(town: Town) -> None:
    await preliminary(town)
    appeal = await filed(town)
    await town.at(AFTER_APPEALS)
    refused(await town.officer.post(RUNS, {"stage": "final"}), 409, ("appeals", "appeals_undecided"))
    verdict = {**REJECTED, "reasons": ["inadmissible"]}
    done(await town.officer.post(f"/appeals/{appeal}/decision", verdict), 201)
    await town.proposed("final")


async def test_an_appeal_of_a_school_that_withdrew_holds_up_nobody(town: Town) -> None:
    await preliminary(town)
    await filed(town)
    await town.receive(town.applications.withdraws("app_6", "sch_6", late=True))
    await town.at(AFTER_APPEALS)
    await town.published("final")


async def test_an_appeal_whose_school_withdrew_meanwhile_is_decided_and_moves_nobody(town: Town) -> None:
    await preliminary(town)
    appeal = await filed(town)
    await heard(town, appeal, 88)
    await town.receive(town.applications.withdraws("app_6", "sch_6", late=True))
    done(await town.officer.post(f"/appeals/{appeal}/decision", UPHELD), 201)
    comparison = done(await town.officer.get(f"/appeals/{appeal}/comparison"))
    assert changed(comparison) == {}
    assert "sch_6" not in {each["school"] for each in comparison["schools"]}


async def test_nothing_is_appealed_or_decided_after_the_final_result(town: Town) -> None:
    await preliminary(town)
    appeal = await filed(town)
    verdict = {**REJECTED, "reasons": ["inadmissible"]}
    done(await town.officer.post(f"/appeals/{appeal}/decision", verdict), 201)
    await town.at(AFTER_APPEALS)
    await town.published("final")
    refused(await town.school(5).post(APPEALS, GROUNDS), 409, ("stage", "wrong_stage"))
    path = f"/appeals/{appeal}/decision"
    refused(await town.officer.post(path, UPHELD), 409, ("stage", "wrong_stage"))


async def test_two_upheld_appeals_are_compared_one_after_the_other(town: Town) -> None:
    await preliminary(town)
    await upheld(town)
    second = await filed(town, 5)
    await heard(town, second, 99, 5)
    done(await town.officer.post(f"/appeals/{second}/decision", UPHELD), 201)
    comparison = done(await town.officer.get(f"/appeals/{second}/comparison"))
    moved = {each["school"]: each for each in comparison["schools"]}
    assert moved["sch_6"]["before"]["outcome"] == "selected"
    assert moved["sch_5"]["after"]["rank"] == 1
    versions = await town.rows("select application, version from replaced_total order by 1")
    assert versions == [{"application": "app_5", "version": 1}, {"application": "app_6", "version": 1}]


async def test_a_panel_that_loses_a_member_is_completed(town: Town) -> None:
    await preliminary(town, reviewers=8)
    appeal = await filed(town)
    leaving, staying = await panel_of(town, appeal)
    recused = town.caller("reviewer", party=leaving)
    done(await recused.post("/reviews/app_6/recusal", {"reason": "related_to_principal"}), 201)
    again = await panel_of(town, appeal)
    assert staying in again
    assert leaving not in again
    assert len(again) == 2


async def scored_at(
    town: Town, reviewers: Sequence[str], application: str, scores: Mapping[str, str]
) -> None:
    for reviewer in reviewers:
        staff = town.caller("reviewer", party=reviewer)
        done(await staff.post(f"/reviews/{application}/scores", {"scores": scores}), 201)


async def staged(town: Town) -> None:
    """Two new schools, one of which a line of 30 after the document review cut at 20."""
    criteria = RUBRIC["kinds"]["new"]["criteria"]
    stages = [{"stage": "documents", "line": "30"}, {"stage": "presentation"}]
    parts = [criteria[0], {**criteria[1], "stage": "presentation"}]
    rubric = {**RUBRIC, "kinds": {**RUBRIC["kinds"], "new": {"stages": stages, "criteria": parts}}}
    done(await town.officer.put("/rubrics/staged", rubric), 201)
    await town.prepared({1: {}, 2: {}}, rubric="staged")
    await town.assigned(8)
    for application, points in (("app_1", "32"), ("app_2", "20")):
        await scored_at(town, sorted(await reviewers_of(town, application)), application, {"results": points})
    closure = f"/programme-years/{YEAR}/stages/new/documents/closure"
    done(await town.officer.post(closure), 201)
    done(await town.officer.post(f"/programme-years/{YEAR}/assignments"), 201)
    open_now = await town.rows(
        "select reviewer from assignment where state = 'open' and application = 'app_1'"
    )
    await scored_at(town, [row["reviewer"] for row in open_now], "app_1", {"plan": "50"})
    await town.at(SELECTION)
    done(await town.officer.post(f"/programme-years/{YEAR}/scoring-closure"), 201)
    done(await town.officer.put(f"/programme-years/{YEAR}/lot", {"lot_seed": SEED}))
    await town.published("preliminary")


async def test_what_a_stage_cut_is_heard_at_the_later_stages_too_and_may_be_selected(town: Town) -> None:
    await staged(town)
    appeal = await filed(town, 2)
    path = f"/appeals/{appeal}/panel"
    answer = await town.officer.post(path, {**DUE, "stages": ["documents"]})
    refused(answer, 422, ("stages", "later_stages_missing"))
    answer = await town.officer.post(path, {**DUE, "stages": ["site_visit"]})
    refused(answer, 422, ("stages", "stage_unknown"))
    panel = done(await town.officer.post(path, DUE), 201)["panel"]
    assert len({each["reviewer"] for each in panel}) == 4
    for stage, scores in (("documents", {"results": "36"}), ("presentation", {"plan": "50"})):
        members = [each["reviewer"] for each in panel if each["stage"] == stage]
        await scored_at(town, members, "app_2", scores)
    done(await town.officer.post(f"/appeals/{appeal}/decision", UPHELD), 201)
    comparison = done(await town.officer.get(f"/appeals/{appeal}/comparison"))
    assert changed(comparison) == {"sch_2": "selected", "sch_1": "rank"}
    await town.at(AFTER_APPEALS)
    await town.published("final")
    assert await town.states() == {"sch_1": "selected", "sch_2": "selected"}


async def test_a_stage_that_lost_its_whole_panel_is_heard_again_before_a_decision(town: Town) -> None:
    await staged(town)
    appeal = await filed(town, 2)
    path = f"/appeals/{appeal}"
    panel = done(await town.officer.post(f"{path}/panel", DUE), 201)["panel"]
    at = {
        stage: [each["reviewer"] for each in panel if each["stage"] == stage]
        for stage in ("documents", "presentation")
    }
    await scored_at(town, at["documents"], "app_2", {"results": "36"})
    late = {"applications": ["app_2"], "reason": "late"}
    for reviewer in at["presentation"]:
        release = f"/programme-years/{YEAR}/reviewers/{reviewer}/releases"
        done(await town.officer.post(release, late), 201)
    refused(await town.officer.post(f"{path}/decision", UPHELD), 409, ("panel", "panel_missing"))
    more = [{"id": f"rev_{n}", "province": "jeju"} for n in (21, 22)]
    done(await town.officer.post("/reviewers", {"reviewers": more}), 201)
    again = done(await town.officer.post(f"{path}/panel", DUE), 201)["panel"]
    heard_there = [each["reviewer"] for each in again if each["stage"] == "presentation"]
    assert (len(again), len(heard_there)) == (4, 2)
    await scored_at(town, heard_there, "app_2", {"plan": "50"})
    assert done(await town.officer.post(f"{path}/decision", UPHELD), 201)["state"] == "upheld"


async def test_what_a_stage_of_figures_alone_cut_is_heard_at_those_that_are_reviewed(town: Town) -> None:
    criteria = RUBRIC["kinds"]["new"]["criteria"]
    counted = {**criteria[0], "scored_by": {"question": "partners", "nothing": "0", "full": "10"}}
    stages = [{"stage": "documents", "line": "30"}, {"stage": "presentation"}]
    parts = [counted, {**criteria[1], "stage": "presentation"}]
    rubric = {**RUBRIC, "kinds": {**RUBRIC["kinds"], "new": {"stages": stages, "criteria": parts}}}
    done(await town.officer.put("/rubrics/staged", rubric), 201)
    asked = [{"name": "partners", "kinds": ["new"], "at_least": "0", "at_most": None}]
    wishes = {n: {"answers": {"partners": told}} for n, told in ((1, "10"), (2, "5"))}
    await town.prepared(wishes, rubric="staged", questions=asked)
    closure = f"/programme-years/{YEAR}/stages/new/documents/closure"
    done(await town.officer.post(closure), 201)
    await town.assigned(6)
    await scored_at(town, sorted(await reviewers_of(town, "app_1")), "app_1", {"plan": "50"})
    await town.at(SELECTION)
    done(await town.officer.post(f"/programme-years/{YEAR}/scoring-closure"), 201)
    done(await town.officer.put(f"/programme-years/{YEAR}/lot", {"lot_seed": SEED}))
    await town.published("preliminary")
    appeal = await filed(town, 2)
    panel = done(await town.officer.post(f"/appeals/{appeal}/panel", DUE), 201)["panel"]
    assert [each["stage"] for each in panel] == ["presentation", "presentation"]


async def test_nobody_sits_in_a_panel_who_joins_the_school_before_it_is_due(town: Town) -> None:
    await preliminary(town, reviewers=3)
    joins = [{"school": "sch_6", "since": "2025-03-20"}]
    people = [{"id": f"rev_{n}", "province": "jeju", "affiliations": joins} for n in (21, 22)]
    done(await town.officer.post("/reviewers", {"reviewers": people}), 201)
    appeal = await filed(town)
    answer = await town.officer.post(f"/appeals/{appeal}/panel", DUE)
    refused(answer, 409, ("applications.app_6", "reviewers_missing"))
    assert "2 same_school" in answer.text


async def test_only_those_with_a_part_in_it_see_appeals(town: Town) -> None:
    await preliminary(town)
    appeal = await filed(town)
    for caller in (town.school(6), town.reviewer(1)):
        assert (await caller.get(f"/appeals/{appeal}")).status_code == 403
        assert (await caller.post(f"/appeals/{appeal}/decision", UPHELD)).status_code == 403
    assert (await town.caller("auditor").get(f"/appeals/{appeal}")).status_code == 200
    assert (await town.caller("auditor").post(f"/appeals/{appeal}/decision", UPHELD)).status_code == 403
