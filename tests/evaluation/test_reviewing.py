"""Assignment without conflicts, scores by name, and closing."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tests.asking import done, refused
from tests.evaluation.town import REVIEW, YEAR, Town, sheet

ASSIGN = f"/programme-years/{YEAR}/assignments"
CLOSE = f"/programme-years/{YEAR}/scoring-closure"
DUE = datetime(2025, 3, 10, 9, tzinfo=UTC)


async def test_reviewers_are_told_of_their_applications_and_see_only_those(town: Town) -> None:
    await town.prepared({1: {}, 2: {}, 3: {}})
    await town.assigned()
    events = await town.told("reviewer-assigned")
    assert Counter(event["reviewer"] for _, event in events) == {"rev_1": 2, "rev_2": 2, "rev_3": 2}
    assert {event["due_at"] for _, event in events} == {"2025-03-10T09:00:00Z"}
    own = done(await town.reviewer(1).get("/reviews"))
    assert {each["application"] for each in own} == {
        event["application"] for _, event in events if event["reviewer"] == "rev_1"
    }
    assert done(await town.officer.post(ASSIGN), 201) == {"assigned": 0, "short": []}


async def test_a_reviewer_of_the_school_or_its_province_gets_nothing(town: Town) -> None:
    await town.prepared({1: {"province": "seoul"}})
    people = [
        {"id": "rev_1", "province": "seoul"},
        {"id": "rev_2", "affiliations": [{"school": "sch_1"}]},
        {"id": "rev_3", "province": "busan"},
    ]
    done(await town.officer.post("/reviewers", {"reviewers": people}), 201)
    before = await town.state()
    answer = await town.officer.post(ASSIGN)
    refused(answer, 409, ("applications.app_1", "reviewers_missing"))
    assert answer.json()["errors"][0]["message"] == "app_1 lacks 1 (1 same_province, 1 same_school)"
    assert await town.state() == before
    done(await town.officer.post("/reviewers", {"reviewers": [{"id": "rev_4", "province": "jeju"}]}), 201)
    done(await town.officer.post(ASSIGN), 201)
    assert done(await town.reviewer(1).get("/reviews")) == []
    assert done(await town.reviewer(2).get("/reviews")) == []


BROKEN: Final = [
    ({"results": "40"}, "plan", "score_missing"),
    ({**sheet(80), "colour": "1"}, "colour", "criterion_unknown"),
    ({**sheet(80), "plan": "60.001"}, "plan", "score_out_of_scale"),
    ({**sheet(80), "plan": "-1"}, "plan", "score_out_of_scale"),
    ({**sheet(80), "plan": "59.9995"}, "plan", "score_off_step"),
]


async def test_scores_that_break_the_rubric_are_refused_by_name(town: Town) -> None:
    await town.prepared({1: {}})
    await town.assigned(2)
    before = await town.state()
    for scores, name, rule in BROKEN:
        answer = await town.reviewer(1).post("/reviews/app_1/scores", {"scores": scores})
        refused(answer, 422, (f"sheets.0.scores.{name}", rule))
    assert await town.state() == before


async def test_a_number_where_a_decimal_is_expected_is_refused(town: Town) -> None:
    answer = await town.reviewer(1).post("/reviews/app_1/scores", {"scores": {"plan": 8.5}})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "scores.plan"


async def test_a_whole_stack_is_taken_in_or_nothing(town: Town) -> None:
    await town.prepared({1: {}, 2: {}})
    await town.assigned(2)
    staff = town.reviewer(1)
    sheets: list[dict[str, Any]] = [{"application": f"app_{n}", "scores": sheet(80)} for n in (1, 2)]
    broken = [sheets[0], {"application": "app_2", "scores": {"plan": "61"}}]
    before = await town.state()
    answer = await staff.post("/reviews/scores", {"sheets": broken})
    refused(
        answer,
        422,
        ("sheets.1.scores.results", "score_missing"),
        ("sheets.1.scores.plan", "score_out_of_scale"),
    )
    twice = await staff.post("/reviews/scores", {"sheets": [sheets[0], sheets[0]]})
    refused(twice, 422, ("sheets", "application_duplicate"))
    assert await town.state() == before
    assert done(await staff.post("/reviews/scores", {"sheets": sheets}), 201) == {"submitted": 2}


async def test_nobody_scores_what_is_not_theirs(town: Town) -> None:
    await town.prepared({1: {}, 2: {}, 3: {}})
    await town.assigned()
    own = {each["application"] for each in done(await town.reviewer(1).get("/reviews"))}
    [foreign] = {"app_1", "app_2", "app_3"} - own
    answer = await town.reviewer(1).post(f"/reviews/{foreign}/scores", {"scores": sheet(80)})
    refused(answer, 403, ("sheets.0.application", "not_assigned"))
    unheard = await town.reviewer(1).post("/reviews/app_9/scores", {"scores": sheet(80)})
    refused(unheard, 403, ("sheets.0.application", "not_assigned"))


async def test_scores_are_final_and_seen_by_nobody_else(town: Town) -> None:
    await town.prepared({1: {}})
    await town.assigned(2)
    done(await town.reviewer(1).post("/reviews/app_1/scores", {"scores": sheet(80)}), 201)
    again = await town.reviewer(1).post("/reviews/app_1/scores", {"scores": sheet(90)})
    refused(again, 409, ("sheets.0.application", "already_scored"))
    [own] = done(await town.reviewer(1).get("/reviews"))
    [others] = done(await town.reviewer(2).get("/reviews"))
    assert own["scores"] == sheet(80)
    assert others["scores"] is None
    shown = await town.officer.get(f"/programme-years/{YEAR}/progress")
    assert "48.0" not in shown.text
    assert done(shown)["reviewers"] == [
        {"reviewer": "rev_1", "assigned": 1, "scored": 1, "overdue": 0},
        {"reviewer": "rev_2", "assigned": 1, "scored": 0, "overdue": 0},
    ]


async def test_one_microsecond_late_is_late(town: Town) -> None:
    await town.prepared({1: {}, 2: {}})
    await town.assigned(2)
    await town.at(DUE)
    late = await town.reviewer(1).post("/reviews/app_1/scores", {"scores": sheet(80)})
    refused(late, 409, ("sheets.0.due_at", "scoring_over"))
    await town.at(DUE - timedelta(microseconds=1))
    done(await town.reviewer(1).post("/reviews/app_1/scores", {"scores": sheet(80)}), 201)


async def test_scoring_closes_only_when_every_sheet_is_in(town: Town) -> None:
    refused(await town.officer.post(CLOSE), 404, ("year", "programme_year_not_found"))
    await town.prepared({1: {}, 2: {}})
    refused(await town.officer.post(CLOSE), 409, ("assignments", "reviewers_missing"))
    await town.assigned(2)
    refused(await town.officer.post(CLOSE), 409, ("sheets", "scores_missing"))
    for number in (1, 2):
        sheets = [{"application": f"app_{n}", "scores": sheet(80)} for n in (1, 2)]
        done(await town.reviewer(number).post("/reviews/scores", {"sheets": sheets}), 201)
    assert done(await town.officer.post(CLOSE), 201)["scored"] == 2
    refused(await town.officer.post(CLOSE), 409, ("stage", "wrong_stage"))
    answer = await town.reviewer(1).post("/reviews/app_1/scores", {"scores": sheet(80)})
    refused(answer, 409, ("sheets.0.application", "stage_closed"))


async def test_scoring_does_not_close_while_a_call_is_open(town: Town) -> None:
    await town.at(REVIEW)
    await town.receive(*town.applications.opens())
    refused(await town.officer.post(CLOSE), 409, ("calls", "calls_open"))


async def test_what_was_withdrawn_needs_no_scores(town: Town) -> None:
    await town.prepared({1: {}, 2: {}})
    await town.assigned(2)
    await town.receive(town.applications.withdraws("app_2", "sch_2", late=True))
    assert [each["application"] for each in done(await town.reviewer(1).get("/reviews"))] == ["app_1"]
    for number in (1, 2):
        done(await town.reviewer(number).post("/reviews/app_1/scores", {"scores": sheet(80)}), 201)
    assert done(await town.officer.post(CLOSE), 201)["scored"] == 1


async def test_a_rubric_without_the_policys_tie_breaks_is_refused(town: Town) -> None:
    await town.prepared({1: {}}, tie_breaks=["interview"])
    done(await town.officer.post("/reviewers", {"reviewers": [{"id": "rev_1"}, {"id": "rev_2"}]}), 201)
    refused(await town.officer.post(ASSIGN), 409, ("rubric", "rubric_incomplete"))


async def test_a_reviewer_is_registered_once(town: Town) -> None:
    done(await town.officer.post("/reviewers", {"reviewers": [{"id": "rev_1"}]}), 201)
    again = await town.officer.post("/reviewers", {"reviewers": [{"id": "rev_2"}, {"id": "rev_1"}]})
    refused(again, 409, ("reviewers.1.id", "reviewer_exists"))
    assert [each["id"] for each in done(await town.officer.get("/reviewers"))] == ["rev_1"]
    twice = await town.officer.post("/reviewers", {"reviewers": [{"id": "rev_3"}, {"id": "rev_3"}]})
    refused(twice, 409, ("reviewers.1.id", "reviewer_exists"))
