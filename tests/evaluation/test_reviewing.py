"""Assignment without conflicts, scores by name, and closing."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.asking import done, refused
from tests.evaluation.town import REVIEW, YEAR, Town, sheet

from chassis.refusals import Conflict
from evaluation.domain.policy import Ground
from evaluation.domain.reviewing import Reviewed, Reviewer, assign, conflict
from evaluation.domain.vocabulary import ApplicationId, ReviewerId, SchoolId

GROUNDS: tuple[Ground, ...] = ("same_school", "same_province")
ASSIGN = f"/programme-years/{YEAR}/assignments"
CLOSE = f"/programme-years/{YEAR}/scoring-closure"
DUE = datetime(2025, 3, 10, 9, tzinfo=UTC)


def test_every_application_gets_its_reviewers_evenly_and_without_conflict() -> None:
    chance = random.Random(7)
    provinces = [f"p{n}" for n in range(17)]
    applications = [
        Reviewed(ApplicationId(f"app_{n}"), SchoolId(f"sch_{n}"), chance.choice(provinces), frozenset())
        for n in range(250)
    ]
    reviewers = [Reviewer(ReviewerId(f"rev_{n:02}"), None, chance.choice(provinces)) for n in range(40)]
    made = assign(applications, reviewers, {}, 3, GROUNDS)
    per_application = Counter(each.application for each in made)
    loads = Counter(each.reviewer for each in made)
    assert set(per_application.values()) == {3}
    assert max(loads.values()) - min(loads.values()) <= 1
    people = {each.id: each for each in reviewers}
    by_id = {each.application: each for each in applications}
    assert all(conflict(people[each.reviewer], by_id[each.application], GROUNDS) is None for each in made)
    assert assign(applications, reviewers, {}, 3, GROUNDS) == made


def test_what_stands_stays_and_only_what_lacks_is_added() -> None:
    stands = Reviewed(ApplicationId("app_1"), SchoolId("sch_1"), "seoul", frozenset({ReviewerId("rev_b")}))
    reviewers = [Reviewer(ReviewerId(f"rev_{name}"), None, None) for name in "abc"]
    made = assign([stands], reviewers, {ReviewerId("rev_b"): 1}, 2, GROUNDS)
    assert [each.reviewer for each in made] == ["rev_a"]


def test_too_few_reviewers_without_conflict_name_the_applications() -> None:
    application = Reviewed(ApplicationId("app_1"), SchoolId("sch_1"), "seoul", frozenset())
    reviewers = [
        Reviewer(ReviewerId("rev_a"), SchoolId("sch_1"), None),
        Reviewer(ReviewerId("rev_b"), None, "seoul"),
        Reviewer(ReviewerId("rev_c"), None, "busan"),
    ]
    with pytest.raises(Conflict, match="app_1") as caught:
        assign([application], reviewers, {}, 2, GROUNDS)
    assert caught.value.rule == "reviewers_missing"
    assert len(assign([application], reviewers, {}, 2, ["same_school"])) == 2


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
    assert done(await town.officer.post(ASSIGN), 201) == {"assigned": 0}


async def test_a_reviewer_of_the_school_or_its_province_gets_nothing(town: Town) -> None:
    await town.prepared({1: {"province": "seoul"}})
    people = [
        {"id": "rev_1", "province": "seoul"},
        {"id": "rev_2", "school": "sch_1"},
        {"id": "rev_3", "province": "busan"},
    ]
    done(await town.officer.post("/reviewers", {"reviewers": people}), 201)
    before = await town.state()
    refused(await town.officer.post(ASSIGN), 409, ("reviewers", "reviewers_missing"))
    assert await town.state() == before
    done(await town.officer.post("/reviewers", {"reviewers": [{"id": "rev_4", "province": "jeju"}]}), 201)
    done(await town.officer.post(ASSIGN), 201)
    assert done(await town.reviewer(1).get("/reviews")) == []
    assert done(await town.reviewer(2).get("/reviews")) == []


@pytest.mark.parametrize(
    ("scores", "field", "rule"),
    [
        ({"results": "40"}, "scores.plan", "score_missing"),
        ({**sheet(80), "colour": "1"}, "scores.colour", "criterion_unknown"),
        ({**sheet(80), "plan": "60.001"}, "scores.plan", "score_out_of_scale"),
        ({**sheet(80), "plan": "-1"}, "scores.plan", "score_out_of_scale"),
        ({**sheet(80), "plan": "59.9995"}, "scores.plan", "score_off_step"),
    ],
)
async def test_scores_that_break_the_rubric_are_refused_by_name(
    town: Town, scores: dict[str, str], field: str, rule: str
) -> None:
    await town.prepared({1: {}})
    await town.assigned(2)
    before = await town.state()
    answer = await town.reviewer(1).post("/reviews/app_1/scores", {"scores": scores})
    refused(answer, 422, (f"sheets.0.{field}", rule))
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
        {"reviewer": "rev_1", "assigned": 1, "scored": 1},
        {"reviewer": "rev_2", "assigned": 1, "scored": 0},
    ]


async def test_one_microsecond_late_is_late(town: Town) -> None:
    await town.prepared({1: {}, 2: {}})
    await town.assigned(2)
    await town.at(DUE)
    late = await town.reviewer(1).post("/reviews/app_1/scores", {"scores": sheet(80)})
    refused(late, 409, ("scoring_until", "scoring_over"))
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
    assert done(await town.officer.post(CLOSE), 201) == {"scored": 2}
    refused(await town.officer.post(CLOSE), 409, ("stage", "wrong_stage"))
    answer = await town.reviewer(1).post("/reviews/app_1/scores", {"scores": sheet(80)})
    refused(answer, 409, ("stage", "wrong_stage"))


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
    assert done(await town.officer.post(CLOSE), 201) == {"scored": 1}


async def test_a_rubric_without_the_policys_tie_breaks_is_refused(town: Town) -> None:
    await town.prepared({1: {}}, tie_breaks=["interview"])
    done(await town.officer.post("/reviewers", {"reviewers": [{"id": "rev_1"}, {"id": "rev_2"}]}), 201)
    refused(await town.officer.post(ASSIGN), 409, ("rubric", "rubric_incomplete"))


async def test_a_reviewer_is_registered_once(town: Town) -> None:
    done(await town.officer.post("/reviewers", {"reviewers": [{"id": "rev_1"}]}), 201)
    again = await town.officer.post("/reviewers", {"reviewers": [{"id": "rev_2"}, {"id": "rev_1"}]})
    refused(again, 409, ("reviewers.1.id", "reviewer_exists"))
    assert done(await town.officer.get("/reviewers")) == [{"id": "rev_1", "school": None, "province": None}]
