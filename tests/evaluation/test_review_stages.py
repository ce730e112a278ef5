"""Two stages with a line between them, drafts, reopening, blindness, comments, statistics."""

import asyncio
from collections import Counter
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tests.asking import Caller, done, refused
from tests.evaluation.town import CLOSED, RUBRIC, YEAR, Town, policy

from contracts import applications as told
from contracts.examples import example

ASSIGN: Final = f"/programme-years/{YEAR}/assignments"
CLOSE: Final = f"/programme-years/{YEAR}/scoring-closure"
STAGES: Final = f"/programme-years/{YEAR}/stages/new"
DUE: Final = datetime(2025, 3, 10, 9, tzinfo=UTC)


def criterion(name: str, stage: str, part: str, weight: str) -> dict[str, Any]:
    named = {"name": name, "name_ko": name, "name_en": name, "stage": stage, "part": part}
    return {**named, "weight": weight, "scale": weight, "step": "0.5"}


def two_stages(line: str | None) -> dict[str, Any]:
    rubric = deepcopy(RUBRIC)
    rubric["kinds"]["new"] = {
        "stages": [{"stage": "documents", "line": line}, {"stage": "presentation"}],
        "criteria": [
            criterion("results", "documents", "quantitative", "40"),
            criterion("talk", "presentation", "qualitative", "60"),
        ],
    }
    return rubric


async def under_two_stages(town: Town, schools: int, line: str | None = "20", **changed: Any) -> None:
    await town.prepared({n: {} for n in range(1, schools + 1)}, rubric="staged", **changed)
    done(await town.officer.put("/rubrics/staged", two_stages(line)), 201)
    await town.assigned(2)


async def give(caller: Caller, application: int, **scores: str) -> None:
    done(await caller.post(f"/reviews/app_{application}/scores", {"scores": scores}), 201)


async def all_give(town: Town, application: int, **scores: str) -> None:
    for number in (1, 2):
        await give(town.reviewer(number), application, **scores)


async def test_only_those_above_a_stages_line_go_on(town: Town) -> None:
    await under_two_stages(town, 3)
    for application, score in ((1, "30"), (2, "20"), (3, "19.5")):
        await all_give(town, application, results=score)
    closed = done(await town.officer.post(f"{STAGES}/documents/closure"), 201)
    assert closed["scored"] is None
    assert closed["closures"] == [{"kind": "new", "stage": "documents", "line": "20", "passed": 2, "cut": 1}]
    done(await town.officer.post(ASSIGN), 201)
    scheduled = await town.told("evaluation-scheduled")
    assert Counter((each["application"], each["stage"]) for _, each in scheduled) == {
        ("app_1", "documents"): 1,
        ("app_2", "documents"): 1,
        ("app_3", "documents"): 1,
        ("app_1", "presentation"): 1,
        ("app_2", "presentation"): 1,
    }
    for application in (1, 2):
        await all_give(town, application, talk="60")
    cut = await town.reviewer(1).post("/reviews/app_3/scores", {"scores": {"talk": "60"}})
    refused(cut, 409, ("sheets.0.application", "stage_closed"))
    assert done(await town.officer.post(CLOSE), 201)["scored"] == 3
    totals = await town.rows("select application, total, barred from total order by 1")
    assert [(str(each["total"]), each["barred"]) for each in totals] == [
        ("90.000", []),
        ("80.000", []),
        ("19.500", ["below_line_documents"]),
    ]


def presented_first() -> dict[str, Any]:
    rubric = two_stages(None)
    rubric["kinds"]["new"] = {
        "stages": [{"stage": "presentation"}, {"stage": "site_visit"}],
        "criteria": [
            criterion("results", "presentation", "quantitative", "40"),
            criterion("tour", "site_visit", "qualitative", "60"),
        ],
    }
    return rubric


async def scheduled(town: Town) -> list[str]:
    return [event["stage"] for _, event in await town.told("evaluation-scheduled")]


async def test_a_school_is_told_the_stage_that_its_rubric_begins_with(town: Town) -> None:
    done(await town.officer.put("/rubrics/staged", presented_first()), 201)
    await town.prepared({1: {}}, rubric="staged")
    assert await scheduled(town) == ["presentation"]
    await town.assigned(2)
    assert await scheduled(town) == ["presentation"]
    await all_give(town, 1, results="30")
    done(await town.officer.post(f"{STAGES}/presentation/closure"), 201)
    done(await town.officer.post(ASSIGN), 201)
    assert await scheduled(town) == ["presentation", "site_visit"]


async def test_a_rubric_that_comes_late_or_changes_is_told_with_the_assignment(town: Town) -> None:
    await town.prepared({1: {}}, rubric="staged")
    assert await scheduled(town) == []
    done(await town.officer.put("/rubrics/staged", two_stages(None)), 201)
    await town.assigned(2)
    assert await scheduled(town) == ["documents"]
    done(await town.officer.put("/rubrics/staged", presented_first()), 201)
    done(await town.officer.post(ASSIGN), 201)
    assert await scheduled(town) == ["documents", "presentation"]


async def test_stages_close_in_order_and_once(town: Town) -> None:
    await under_two_stages(town, 1)
    later = await town.officer.post(f"{STAGES}/presentation/closure")
    refused(later, 409, ("stage", "stage_before_open"))
    refused(await town.officer.post(f"{STAGES}/documents/closure"), 409, ("sheets", "scores_missing"))
    refused(await town.officer.post(f"{STAGES}/site_visit/closure"), 404, ("stage", "stage_not_found"))
    await all_give(town, 1, results="30")
    done(await town.officer.post(f"{STAGES}/documents/closure"), 201)
    refused(await town.officer.post(f"{STAGES}/documents/closure"), 409, ("stage", "stage_closed"))
    refused(await town.officer.post(CLOSE), 409, ("assignments", "reviewers_missing"))


async def test_a_stage_takes_only_its_own_criteria(town: Town) -> None:
    await under_two_stages(town, 1)
    body = {"scores": {"results": "30", "talk": "60"}}
    answer = await town.reviewer(1).post("/reviews/app_1/scores", body)
    refused(answer, 422, ("sheets.0.scores.talk", "criterion_unknown"))


async def second_call(town: Town, number: int) -> None:
    """One more call of the year, with one school, is announced and closes at once."""
    tells, late = town.applications, {"call": "cal_2", "programme_year": YEAR}
    manifest = [{"application": f"app_{number}", "sequence": 1}]
    await town.receive(
        tells.tells(example(told.CallOpened, kinds=["new"], **late)),
        tells.registers(f"sch_{number}"),
        tells.submits(f"app_{number}", f"sch_{number}", call="cal_2"),
        tells.tells(example(told.CallClosed, closed_at=CLOSED, manifest=manifest, **late)),
    )


async def test_who_went_on_is_not_held_against_the_line_again_for_who_comes_later(town: Town) -> None:
    """Shifted onto a mean that a weak newcomer pulls down, two of three would fall below it."""
    await under_two_stages(town, 4, scoring={**policy()["scoring"], "normalisation": "mean_shift"})
    for application, score in ((1, "21"), (2, "22"), (3, "20"), (4, "10")):
        await all_give(town, application, results=score)
    first = done(await town.officer.post(f"{STAGES}/documents/closure"), 201)["closures"]
    assert first == [{"kind": "new", "stage": "documents", "line": "20", "passed": 3, "cut": 1}]
    await second_call(town, 5)
    done(await town.officer.post(ASSIGN), 201)
    await all_give(town, 5, results="2")
    again = done(await town.officer.post(f"{STAGES}/documents/closure"), 201)["closures"]
    assert again == [{"kind": "new", "stage": "documents", "line": "20", "passed": 3, "cut": 2}]
    results = await town.rows("select application, passed from stage_result order by application")
    assert {each["application"] for each in results if each["passed"]} == {"app_1", "app_2", "app_3"}


async def test_what_becomes_eligible_later_goes_through_the_stages_that_were_closed(town: Town) -> None:
    await under_two_stages(town, 1, None)
    await all_give(town, 1, results="30")
    done(await town.officer.post(f"{STAGES}/documents/closure"), 201)
    done(await town.officer.post(ASSIGN), 201)
    await second_call(town, 2)
    await all_give(town, 1, talk="50")
    refused(await town.officer.post(CLOSE), 409, ("assignments", "reviewers_missing"))
    assert done(await town.officer.post(ASSIGN), 201)["assigned"] == 2
    await all_give(town, 2, results="40")
    done(await town.officer.post(f"{STAGES}/documents/closure"), 201)
    done(await town.officer.post(ASSIGN), 201)
    await all_give(town, 2, talk="50")
    assert done(await town.officer.post(CLOSE), 201)["scored"] == 2
    totals = await town.rows("select application, total from total order by 1")
    assert [str(each["total"]) for each in totals] == ["80.000", "90.000"]


async def test_a_draft_may_lack_scores_and_is_seen_by_nobody_else(town: Town) -> None:
    await town.prepared({1: {}})
    await town.assigned(2)
    one, other = town.reviewer(1), town.reviewer(2)
    body = {"scores": {"results": "30"}, "comment_internal": "두 번 읽을 것"}
    kept = done(await one.put("/reviews/app_1/draft", body))
    assert (kept["scores"], kept["submitted_at"]) == ({"results": "30"}, None)
    wrong = await one.put("/reviews/app_1/draft", {"scores": {"results": "41"}})
    refused(wrong, 422, ("sheet.scores.results", "score_out_of_scale"))
    [seen] = done(await other.get("/reviews"))
    assert (seen["scores"], seen["others"]) == (None, [])
    refused(await town.officer.post(CLOSE), 409, ("sheets", "scores_missing"))
    whole = {"scores": {"results": "30", "plan": "50"}}
    done(await one.post("/reviews/app_1/scores", whole), 201)
    late = await one.put("/reviews/app_1/draft", body)
    refused(late, 409, ("sheet.application", "already_scored"))


async def test_reviewers_see_others_sheets_only_once_the_stage_is_closed(town: Town) -> None:
    await town.prepared({1: {}})
    await town.assigned(2)
    for number, plan in ((1, "50"), (2, "40")):
        body = {"scores": {"results": "30", "plan": plan}, "comment_internal": f"내부 {number}"}
        done(await town.reviewer(number).post("/reviews/app_1/scores", body), 201)
    assert done(await town.reviewer(1).get("/reviews"))[0]["others"] == []
    done(await town.officer.post(CLOSE), 201)
    [seen] = done(await town.reviewer(1).get("/reviews"))
    assert seen["others"] == [
        {"scores": {"results": "30", "plan": "40"}, "comment_to_school": None, "comment_internal": "내부 2"}
    ]
    reads = await town.rows("select actor, subject from messaging.audit where action = 'scores_read'")
    assert [each["subject"] for each in reads] == ["rev_1"]


async def test_a_sheet_is_reopened_by_an_officer_with_a_reason_that_stays(town: Town) -> None:
    await town.prepared({1: {}})
    await town.assigned(2)
    one, path = town.reviewer(1), "/reviewers/rev_1/reviews/app_1/reopening"
    reason = {"reason": "criterion_misread"}
    refused(await town.officer.post(path, reason), 404, ("reviewer", "sheet_not_found"))
    await give(one, 1, results="30", plan="50")
    refused(await one.post(path, reason), 403, ("token.roles", "role_missing"))
    assert done(await town.officer.post(path, reason), 201) == {"reopened": 1}
    [kept] = await town.rows("select version, scores, reason, reopened_by from sheet_reopening")
    assert (kept["version"], kept["reason"]) == (1, "criterion_misread")
    refused(await town.officer.post(CLOSE), 409, ("sheets", "scores_missing"))
    await give(one, 1, results="31", plan="50")
    [seen] = done(await one.get("/reviews"))
    assert (seen["version"], seen["scores"]) == (2, {"results": "31", "plan": "50"})
    await give(town.reviewer(2), 1, results="30", plan="50")
    done(await town.officer.post(CLOSE), 201)
    refused(await town.officer.post(path, reason), 404, ("application", "review_not_found"))


async def test_who_is_late_gets_until_a_day_that_an_officer_names(town: Town) -> None:
    await town.prepared({1: {}})
    await town.assigned(2)
    await give(town.reviewer(1), 1, results="30", plan="50")
    await town.at(DUE)
    shown = done(await town.officer.get(f"/programme-years/{YEAR}/progress"))
    assert {each["reviewer"]: each["overdue"] for each in shown["reviewers"]} == {"rev_1": 0, "rev_2": 1}
    path, until = "/reviewers/rev_1/reviews/app_1/reopening", DUE + timedelta(days=1)
    over = await town.officer.post(path, {"reason": "misread", "due_at": DUE.isoformat()})
    refused(over, 409, ("due_at", "due_in_past"))
    done(await town.officer.post(path, {"reason": "misread", "due_at": until.isoformat()}), 201)
    await give(town.reviewer(1), 1, results="30", plan="51")


async def test_officers_read_whole_sheets_and_that_they_did_is_on_record(town: Town) -> None:
    await town.prepared({1: {}})
    await town.assigned(2)
    body = {"scores": {"results": "30", "plan": "50"}, "comment_internal": "내부"}
    done(await town.reviewer(1).post("/reviews/app_1/scores", body), 201)
    done(await town.reviewer(2).put("/reviews/app_1/draft", body))
    shown = done(await town.officer.get("/applications/app_1/sheets"))
    assert [(each["reviewer"], each["scores"], each["comment_internal"]) for each in shown] == [
        ("rev_1", {"results": "30", "plan": "50"}, "내부"),
        ("rev_2", None, None),
    ]
    read = await town.rows("select subject from messaging.audit where action = 'scores_read'")
    assert read == [{"subject": "app_1"}]


async def test_two_officers_who_close_at_once_close_once(town: Town) -> None:
    await under_two_stages(town, 1)
    await all_give(town, 1, results="30")
    closure = f"{STAGES}/documents/closure"
    answers = await asyncio.gather(*(town.officer.post(closure) for _ in range(3)))
    assert sorted(each.status_code for each in answers) == [201, 409, 409]
    assert len(await town.rows("select from stage_closure")) == 1


async def test_a_sheet_that_comes_while_the_stage_closes_counts_or_is_refused(town: Town) -> None:
    await under_two_stages(town, 1)
    await give(town.reviewer(1), 1, results="30")
    body = {"scores": {"results": "30"}}
    sheet, closed = await asyncio.gather(
        town.reviewer(2).post("/reviews/app_1/scores", body),
        town.officer.post(f"{STAGES}/documents/closure"),
    )
    done(sheet, 201)
    if closed.status_code != 201:
        refused(closed, 409, ("sheets", "scores_missing"))
        done(await town.officer.post(f"{STAGES}/documents/closure"), 201)
    assert len(await town.rows("select from sheet where state = 'submitted'")) == 2


async def test_comments_to_the_school_are_told_after_the_result_and_internal_ones_never(town: Town) -> None:
    await town.prepared({1: {}, 2: {}})
    await town.assigned(2)
    for number in (1, 2):
        for application in (1, 2):
            body = {
                "scores": {"results": "36", "plan": "54"},
                "comment_to_school": f"학교 {application}",
                "comment_internal": "비밀",
            }
            done(await town.reviewer(number).post(f"/reviews/app_{application}/scores", body), 201)
    path = f"/programme-years/{YEAR}/comments"
    done(await town.officer.post(CLOSE), 201)
    assert done(await town.school(1).get(path)) == []
    await town.at(datetime(2025, 3, 12, tzinfo=UTC))
    done(await town.officer.put(f"/programme-years/{YEAR}/lot", {"lot_seed": "3-11-19-24-38-41"}))
    await town.published("preliminary")
    answer = await town.school(1).get(path)
    assert done(answer) == [{"stage": "documents", "comment": "학교 1"}] * 2
    assert "비밀" not in answer.text


async def test_officers_see_severity_spread_agreement_and_outliers_before_they_close(town: Town) -> None:
    """rev_1 gives ten points less than rev_2 on eleven applications, and on one fifty more."""
    schools = range(1, 13)
    await town.prepared({n: {} for n in schools})
    await town.assigned(2)
    for n in schools:
        severe, lenient = (60, 10) if n == 12 else (30 + n, 40 + n)
        await give(town.reviewer(1), n, results="20", plan=str(severe))
        await give(town.reviewer(2), n, results="20", plan=str(lenient))
    shown = done(await town.officer.get(f"{STAGES}/documents/statistics"))
    assert shown["sheets"] == 24
    by_reviewer = {each["reviewer"]: each for each in shown["reviewers"]}
    assert by_reviewer["rev_1"]["severity"] == "5.000"
    assert by_reviewer["rev_2"]["severity"] == "-5.000"
    assert [(each["application"], each["reviewer"], each["apart"]) for each in shown["outliers"]] == [
        ("app_12", "rev_1", "50.000"),
        ("app_12", "rev_2", "-50.000"),
    ]
    assert -1 <= float(shown["alpha"]) < 0.5
    assert shown["alpha_by_part"]["quantitative"] is None
    refused(await town.officer.get(f"{STAGES}/site_visit/statistics"), 404, ("stage", "stage_not_found"))
