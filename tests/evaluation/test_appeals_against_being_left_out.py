"""Schools that were left out appeal too: heard by a panel, let in by the decision, ranked like all others."""

from datetime import timedelta
from typing import Any, Final

from tests.asking import done, refused
from tests.evaluation import test_continuing as continuing
from tests.evaluation.test_appeals import (
    APPEALS,
    DUE,
    REJECTED,
    RUNS,
    UPHELD,
    WINDOW_ENDS,
    changed,
    panel_of,
    scored_at,
    staged,
)
from tests.evaluation.town import AFTER_APPEALS, CLOSED, REVIEW, RUBRIC, SEED, SELECTION, YEAR, Town, sheet

GROUNDS: Final[dict[str, Any]] = {
    "grounds": ["eligibility_in_error"],
    "statement": "운영계획서는 마감 전에 우편으로 접수되었습니다.",
}
OWN: Final = f"/programme-years/{YEAR}/appeal"
LET_IN: Final[dict[str, Any]] = UPHELD | {"reasons": ["document_received_on_paper"]}
TOTALS: Final = {1: 95, 2: 90, 3: 85, 4: 80}


async def preliminary(town: Town) -> None:
    """Four schools for four seats; the fifth lacks a document and was left out."""
    await town.prepared({n: {} for n in TOTALS} | {5: {"documents": []}})
    await town.scored(TOTALS, 6)
    await town.published("preliminary")


async def filed(town: Town) -> str:
    appeal: str = done(await town.school(5).post(APPEALS, GROUNDS), 201)["id"]
    return appeal


async def heard(town: Town, appeal: str, percent: int) -> None:
    panel = await panel_of(town, appeal)
    await scored_at(town, panel, "app_5", sheet(percent))


async def test_a_school_that_is_left_out_appeals_in_the_same_window(town: Town) -> None:
    await town.prepared({n: {} for n in TOTALS} | {5: {"documents": []}})
    refused(await town.school(5).post(APPEALS, GROUNDS), 409, ("stage", "wrong_stage"))
    await town.scored(TOTALS, 6)
    run = await town.published("preliminary")
    [shown] = done(await town.school(5).get(f"/programme-years/{YEAR}/eligibility"))
    assert shown["appeals_until"] == WINDOW_ENDS.isoformat().replace("+00:00", "Z")
    await town.at(WINDOW_ENDS)
    refused(await town.school(5).post(APPEALS, GROUNDS), 409, ("appeals_until", "appeal_window_over"))
    await town.at(WINDOW_ENDS - timedelta(microseconds=1))
    appeal = done(await town.school(5).post(APPEALS, GROUNDS), 201)
    assert (appeal["against"], appeal["application"], appeal["run"]) == ("eligibility", "app_5", run["id"])
    refused(await town.school(5).post(APPEALS, GROUNDS), 409, ("appeal", "appeal_filed_already"))
    [(_, told)] = await town.told("appeal-received", key="app_5")
    assert (told["appeal"], told["grounds"]) == (appeal["id"], ["eligibility_in_error"])


async def test_grounds_must_say_something_against_what_is_appealed(town: Town) -> None:
    await preliminary(town)
    before = await town.state()
    about_scores = GROUNDS | {"grounds": ["facts_overlooked", "score_in_error"]}
    answer = await town.school(5).post(APPEALS, about_scores)
    refused(answer, 422, ("grounds.1", "ground_not_applicable"))
    refused(await town.school(1).post(APPEALS, GROUNDS), 422, ("grounds.0", "ground_not_applicable"))
    assert await town.state() == before


async def test_it_is_rejected_with_an_answer_and_the_final_result_waits_for_that(town: Town) -> None:
    await preliminary(town)
    appeal = await filed(town)
    await town.at(AFTER_APPEALS)
    refused(await town.officer.post(RUNS, {"stage": "final"}), 409, ("appeals", "appeals_undecided"))
    rejected = REJECTED | {"reasons": ["document_missing"]}
    done(await town.officer.post(f"/appeals/{appeal}/decision", rejected), 201)
    [own] = done(await town.school(5).get(OWN))
    assert (own["state"], own["answer"]) == ("rejected", REJECTED["answer"])
    await town.published("final")
    assert "sch_5" not in await town.states()
    [shown] = done(await town.school(5).get(f"/programme-years/{YEAR}/eligibility"))
    assert [word["eligible"] for word in shown["words"]] == [False]


async def test_upheld_it_is_let_in_and_ranked_by_what_its_panel_gave(town: Town) -> None:
    await preliminary(town)
    appeal = await filed(town)
    await heard(town, appeal, 88)
    officer = town.officer
    done(await officer.post(f"/appeals/{appeal}/decision", LET_IN), 201)
    words = done(await town.officer.get(f"/programme-years/{YEAR}/eligibility"))[-1]["words"]
    ground = LET_IN["reasons"][0]
    assert [(each["eligible"], each["decided_by"], each["ground"]) for each in words] == [
        (False, None, None),
        (True, officer.name, ground),
    ]
    told = [event for _, event in await town.told("eligibility-decided", key="app_5")]
    assert [(event["eligible"], event["ground"]) for event in told] == [(False, None), (True, ground)]
    comparison = done(await town.officer.get(f"/appeals/{appeal}/comparison"))
    assert changed(comparison) == {"sch_5": "selected", "sch_4": "dropped", "sch_3": "rank"}
    own = next(each for each in comparison["schools"] if each["school"] == "sch_5")
    assert (own["before"], own["after"]["score"], own["after"]["rank"]) == (None, "88.000", 3)
    await town.at(AFTER_APPEALS)
    await town.published("final")
    assert (await town.states())["sch_5"] == "selected"
    assert (await town.states())["sch_4"] == "reserve"
    assert len(await town.told("school-selected", key="sch_5")) == 1


async def test_nobody_is_let_in_before_a_whole_panel_has_scored(town: Town) -> None:
    await preliminary(town)
    appeal = await filed(town)
    path = f"/appeals/{appeal}/decision"
    before = await town.state()
    refused(await town.officer.post(path, LET_IN), 409, ("panel", "panel_missing"))
    assert await town.state() == before
    panel = await panel_of(town, appeal)
    in_hand = done(await town.caller("reviewer", party=panel[0]).get("/reviews"))
    assert [each["appeal"] for each in in_hand if each["application"] == "app_5"] == [True]
    await scored_at(town, panel[:1], "app_5", sheet(88))
    refused(await town.officer.post(path, LET_IN), 409, ("panel", "panel_scores_missing"))
    progress = done(await town.officer.get(f"/programme-years/{YEAR}/progress"))
    assert {each["reviewer"]: each["assigned"] - each["scored"] for each in progress["reviewers"]}[
        panel[1]
    ] == 1
    await scored_at(town, panel[1:], "app_5", sheet(88))
    done(await town.officer.post(path, LET_IN), 201)


async def test_a_panel_in_vain_leaves_no_score_and_nobody_let_in(town: Town) -> None:
    await preliminary(town)
    appeal = await filed(town)
    await heard(town, appeal, 99)
    totals = await town.rows("select * from total order by application")
    done(await town.officer.post(f"/appeals/{appeal}/decision", REJECTED), 201)
    assert await town.rows("select * from total order by application") == totals
    [row] = await town.rows("select eligible from application where id = 'app_5'")
    assert row["eligible"] is False
    states = await town.rows("select distinct state from assignment where application = 'app_5'")
    assert states == [{"state": "superseded"}]


async def test_what_was_scored_before_it_was_put_out_needs_no_panel(town: Town) -> None:
    await town.prepared({n: {} for n in TOTALS})
    await town.scored(TOTALS, 6)
    await town.published("preliminary")
    out = {"eligible": False, "ground": "closed_down"}
    done(await town.officer.post("/applications/app_2/eligibility", out), 201)
    appeal = done(await town.school(2).post(APPEALS, GROUNDS), 201)
    assert appeal["against"] == "eligibility"
    path = f"/appeals/{appeal['id']}"
    refused(await town.officer.post(f"{path}/panel", DUE), 409, ("panel", "panel_not_needed"))
    done(await town.officer.post(f"{path}/decision", LET_IN), 201)
    comparison = done(await town.officer.get(f"{path}/comparison"))
    assert changed(comparison)["sch_2"] == "selected"
    await town.at(AFTER_APPEALS)
    await town.published("final")
    [row] = await town.rows("select total from total where application = 'app_2'")
    assert f"{row['total']:f}" == "90.000"
    assert (await town.states())["sch_2"] == "selected"


async def test_what_a_stage_had_cut_is_let_in_below_that_line(town: Town) -> None:
    await staged(town)
    out = {"eligible": False, "ground": "closed_down"}
    done(await town.officer.post("/applications/app_2/eligibility", out), 201)
    path = f"/appeals/{done(await town.school(2).post(APPEALS, GROUNDS), 201)['id']}"
    refused(await town.officer.post(f"{path}/panel", DUE), 409, ("panel", "panel_not_needed"))
    done(await town.officer.post(f"{path}/decision", LET_IN), 201)
    await town.at(AFTER_APPEALS)
    final = await town.published("final")
    told = done(await town.officer.get(f"/runs/{final['id']}/ranking"))
    assert {each["school"]: each["reasons"] for each in told} == {
        "sch_1": [],
        "sch_2": ["below_cut_line", "below_line_documents"],
    }


async def test_a_school_says_which_of_several_that_were_left_out_it_means(town: Town) -> None:
    tells, early = town.applications, {"accepted_at": CLOSED - timedelta(days=3)}
    await town.at(REVIEW)
    done(await town.officer.put("/rubrics/plain", RUBRIC), 201)
    await town.receive(
        *tells.opens(),
        *(tells.registers(f"sch_{n}") for n in (1, 9)),
        tells.submits("app_1", "sch_1"),
        tells.submits("app_8", "sch_9", documents=[], **early),
        tells.submits("app_9", "sch_9", documents=[]),
        tells.closes(["app_1", "app_8", "app_9"]),
    )
    done(await town.officer.post(f"/programme-years/{YEAR - 1}/participants", {"participants": []}), 201)
    await town.scored({1: 80})
    await town.published("preliminary")
    school = town.school(9)
    refused(await school.post(APPEALS, GROUNDS), 422, ("application", "application_ambiguous"))
    foreign = GROUNDS | {"application": "app_1"}
    refused(await school.post(APPEALS, foreign), 404, ("school", "result_not_found"))
    for application in ("app_9", "app_8"):
        appeal = done(await school.post(APPEALS, GROUNDS | {"application": application}), 201)
        assert (appeal["application"], appeal["against"]) == (application, "eligibility")
    assert len(done(await school.get(OWN))) == 2


async def test_figures_that_nobody_told_are_let_count_as_nothing_before_it_is_let_in(town: Town) -> None:
    wishes: dict[int, dict[str, Any]] = {
        1: continuing.CONTINUING,
        2: continuing.CONTINUING | {"documents": []},
    }
    await continuing.prepared(town, wishes)
    await continuing.reviewed(town)
    await town.receive(continuing.outcome(town, 1))
    await town.at(SELECTION)
    done(await town.officer.post(f"/programme-years/{YEAR}/scoring-closure"), 201)
    done(await town.officer.put(f"/programme-years/{YEAR}/lot", {"lot_seed": SEED}))
    await town.published("preliminary")
    people = [{"id": f"rev_{n}", "province": "jeju"} for n in (21, 22)]
    done(await town.officer.post("/reviewers", {"reviewers": people}), 201)
    waiver = "/applications/app_2/missing-figures"
    reason = {"reason": "first_cohort_still_in_school"}
    refused(await town.officer.post(waiver, reason), 409, ("stage", "wrong_stage"))
    appeal = done(await town.school(2).post(APPEALS, GROUNDS), 201)["id"]
    await scored_at(town, await panel_of(town, appeal), "app_2", {"plan": "60"})
    path = f"/appeals/{appeal}/decision"
    before = await town.state()
    refused(await town.officer.post(path, LET_IN), 409, ("figures", "figures_missing"))
    assert await town.state() == before
    done(await town.officer.post(waiver, reason), 201)
    done(await town.officer.post(path, LET_IN), 201)
    assert (await continuing.totals(town))["app_2"] == "60.000"


async def test_named_stages_change_nothing_of_what_has_to_be_heard(town: Town) -> None:
    await preliminary(town)
    appeal = await filed(town)
    named = DUE | {"stages": ["site_visit"]}
    shown = done(await town.officer.post(f"/appeals/{appeal}/panel", named), 201)
    assert [each["stage"] for each in shown["panel"]] == ["documents", "documents"]
