"""The pool and its conflicts over HTTP, work that is taken away, and assignment that others overtake."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from tests.asking import done, refused
from tests.evaluation.town import AFTER_APPEALS, RUBRIC, SEED, SELECTION, YEAR, Town, sheet

from evaluation import solver
from evaluation.domain.assigning import Task
from evaluation.domain.vocabulary import ApplicationId
from evaluation.solver import Given

ASSIGN: Final = f"/programme-years/{YEAR}/assignments"
DUE: Final = datetime(2025, 3, 10, 9, tzinfo=UTC)
GROUNDS: Final = ["same_school", "same_corporation", "same_province", "former_employer"]


def scoring(**changed: Any) -> dict[str, Any]:
    rules = {
        "reviewers_per_application": 2,
        "aggregation": "mean",
        "normalisation": "off",
        "conflict_grounds": GROUNDS,
        "scoring_until": DUE.isoformat(),
        "appeal_days": 7,
    }
    return rules | changed


async def register(town: Town, *people: dict[str, Any]) -> None:
    done(await town.officer.post("/reviewers", {"reviewers": list(people)}), 201)


async def reviews_of(town: Town, number: int) -> set[str]:
    return {each["application"] for each in done(await town.reviewer(number).get("/reviews"))}


async def test_an_entry_of_the_pool_that_contradicts_itself_is_refused_by_name(town: Town) -> None:
    people = [
        {"id": "rev_1", "affiliations": [{"since": "2020-01-01"}]},
        {"id": "rev_2", "affiliations": [{"school": "sch_1", "since": "2020-01-01", "until": "2020-01-01"}]},
    ]
    answer = await town.officer.post("/reviewers", {"reviewers": people})
    refused(
        answer,
        422,
        ("reviewers.0.affiliations.0", "affiliation_empty"),
        ("reviewers.1.affiliations.0.until", "affiliation_dates"),
    )
    assert done(await town.officer.get("/reviewers")) == []


async def test_conflicts_are_found_by_corporation_former_employer_and_declaration(town: Town) -> None:
    await town.prepared({1: {"province": "seoul"}}, scoring=scoring())
    body = {"schools": [{"school": "sch_1", "corporation": "한빛학원"}]}
    done(await town.officer.put("/school-corporations", body))
    await register(
        town,
        {"id": "rev_1", "affiliations": [{"corporation": "한빛학원"}]},
        {"id": "rev_2", "affiliations": [{"school": "sch_1", "until": "2024-03-01"}]},
        {"id": "rev_3"},
        {"id": "rev_4", "affiliations": [{"province": "seoul"}]},
        {"id": "rev_5", "available": False},
        {"id": "rev_6", "affiliations": [{"province": "seoul", "until": "2024-03-01"}]},
    )
    declared = {"schools": ["sch_1"], "reason": "kinship"}
    assert done(await town.reviewer(3).post("/reviews/conflicts", declared), 201) == {"recused": 0}
    answer = await town.officer.post(ASSIGN)
    refused(answer, 409, ("applications.app_1", "reviewers_missing"))
    assert answer.json()["errors"][0]["message"] == (
        "app_1 lacks 1 (1 declared, 1 former_employer, 1 same_corporation, 1 same_province, 1 unavailable)"
    )
    given = done(await town.officer.post(ASSIGN, {"partial": True}), 201)
    assert given["assigned"] == 1
    assert [each["lacking"] for each in given["short"]] == [1]
    assert await reviews_of(town, 6) == {"app_1"}


async def test_nobody_gets_more_than_their_capacity(town: Town) -> None:
    await town.prepared({n: {} for n in range(1, 5)}, scoring=scoring())
    await register(town, {"id": "rev_1", "capacity": 1}, {"id": "rev_2"}, {"id": "rev_3"})
    done(await town.officer.post(ASSIGN), 201)
    shown = done(await town.officer.get("/reviewers"))
    assert {each["id"]: each["in_hand"] for each in shown} == {"rev_1": 1, "rev_2": 4, "rev_3": 3} or {
        each["id"]: each["in_hand"] for each in shown
    } == {"rev_1": 1, "rev_2": 3, "rev_3": 4}


async def test_expertise_decides_where_loads_are_even(town: Town) -> None:
    wishes = {1: {"tracks": ["new_technology"]}, 2: {"tracks": ["work_study"]}}
    await town.prepared(wishes, scoring=scoring(reviewers_per_application=1))
    await register(
        town, {"id": "rev_1", "tracks": ["work_study"]}, {"id": "rev_2", "tracks": ["new_technology"]}
    )
    done(await town.officer.post(ASSIGN), 201)
    assert await reviews_of(town, 1) == {"app_2"}
    assert await reviews_of(town, 2) == {"app_1"}


async def test_a_conflict_found_later_takes_the_work_away_and_a_new_assignment_fills_it(town: Town) -> None:
    await town.prepared({1: {}, 2: {}}, scoring=scoring())
    await register(town, {"id": "rev_1"}, {"id": "rev_2"})
    done(await town.officer.post(ASSIGN), 201)
    done(await town.reviewer(1).post("/reviews/app_1/scores", {"scores": sheet(90)}), 201)
    changed = await town.officer.put("/reviewers/rev_1", {"affiliations": [{"school": "sch_1"}]})
    assert done(changed) == {"recused": 1}
    [(_, event)] = await town.told("reviewer-recused")
    assert (event["reviewer"], event["application"], event["reason"]) == ("rev_1", "app_1", "same_school")
    assert await reviews_of(town, 1) == {"app_2"}
    score = {"scores": sheet(80)}
    refused(
        await town.reviewer(1).post("/reviews/app_1/scores", score), 403, ("sheets.0.application", "recused")
    )
    refused(await town.officer.post(ASSIGN), 409, ("applications.app_1", "reviewers_missing"))
    await register(town, {"id": "rev_3"})
    assert done(await town.officer.post(ASSIGN), 201)["assigned"] == 1
    for number in (2, 3):
        done(await town.reviewer(number).post("/reviews/app_1/scores", score), 201)
    for number in (1, 2):
        done(await town.reviewer(number).post("/reviews/app_2/scores", score), 201)
    done(await town.officer.post(f"/programme-years/{YEAR}/scoring-closure"), 201)
    totals = await town.rows("select application, total from total order by 1")
    assert [str(each["total"]) for each in totals] == ["80.000", "80.000"]


async def test_who_steps_back_never_gets_the_school_again(town: Town) -> None:
    await town.prepared({1: {}}, scoring=scoring(reviewers_per_application=1))
    await register(town, {"id": "rev_1"})
    done(await town.officer.post(ASSIGN), 201)
    stranger = await town.reviewer(2).post("/reviews/app_1/recusal", {"reason": "kinship"})
    refused(stranger, 404, ("application", "review_not_found"))
    done(await town.reviewer(1).post("/reviews/app_1/recusal", {"reason": "kinship"}), 201)
    assert await reviews_of(town, 1) == set()
    draft = await town.reviewer(1).put("/reviews/app_1/draft", {"scores": {}})
    refused(draft, 403, ("sheet.application", "recused"))
    answer = await town.officer.post(ASSIGN)
    refused(answer, 409, ("applications.app_1", "reviewers_missing"))
    assert "1 declared" in answer.json()["errors"][0]["message"]
    [reviewer] = done(await town.officer.get("/reviewers"))
    assert reviewer["conflicts"] == ["sch_1"]


async def test_reassignment_after_lateness_keeps_finished_work(town: Town) -> None:
    await town.prepared({1: {}, 2: {}}, scoring=scoring())
    await register(town, {"id": "rev_1"}, {"id": "rev_2"})
    done(await town.officer.post(ASSIGN), 201)
    done(await town.reviewer(1).post("/reviews/app_1/scores", {"scores": sheet(80)}), 201)
    await town.at(DUE)
    path = f"/programme-years/{YEAR}/reviewers/rev_1/releases"
    finished = await town.officer.post(path, {"applications": ["app_1"], "reason": "late"})
    refused(finished, 409, ("applications.0", "already_scored"))
    foreign = await town.officer.post(path, {"applications": ["app_9"], "reason": "late"})
    refused(foreign, 404, ("applications.0", "review_not_found"))
    assert done(await town.officer.post(path, {"reason": "late"}), 201) == {"released": 1}
    [(_, event)] = await town.told("reviewer-released")
    assert (event["application"], event["reason"]) == ("app_2", "late")
    late = await town.reviewer(1).post("/reviews/app_2/scores", {"scores": sheet(80)})
    refused(late, 403, ("sheets.0.application", "released"))
    await register(town, {"id": "rev_3"})
    refused(await town.officer.post(ASSIGN), 409, ("due_at", "due_in_past"))
    until = (DUE + timedelta(days=3)).isoformat()
    assert done(await town.officer.post(ASSIGN, {"due_at": until}), 201)["assigned"] == 1
    assert await reviews_of(town, 3) == {"app_2"}
    assert await reviews_of(town, 1) == {"app_1"}
    done(await town.reviewer(3).post("/reviews/app_2/scores", {"scores": sheet(80)}), 201)


async def test_two_officers_who_assign_at_once_assign_once(town: Town) -> None:
    await town.prepared({n: {} for n in range(1, 6)}, scoring=scoring())
    await register(town, *({"id": f"rev_{n}"} for n in range(1, 5)))
    answers = await asyncio.gather(*(town.officer.post(ASSIGN) for _ in range(3)))
    assert sorted(done(answer, 201)["assigned"] for answer in answers) == [0, 0, 10]
    rows = await town.rows("select application, reviewer from assignment")
    assert set(Counter(each["application"] for each in rows).values()) == {2}
    assert len(await town.told("reviewer-assigned")) == 10


async def test_nobody_keeps_what_they_declare_a_conflict_with_at_the_same_moment(town: Town) -> None:
    await town.prepared({n: {} for n in range(1, 7)}, scoring=scoring())
    await register(town, *({"id": f"rev_{n}"} for n in range(1, 9)))
    declared = [
        town.reviewer(n).post("/reviews/conflicts", {"schools": [f"sch_{n}"], "reason": "kinship"})
        for n in range(1, 7)
    ]
    first, *others = await asyncio.gather(town.officer.post(ASSIGN), *declared)
    done(first, 201)
    for answer in others:
        done(answer, 201)
    conflicted = await town.rows(
        """
        select from assignment s join application a on a.id = s.application
        join declared_conflict c on c.reviewer = s.reviewer and c.school = a.school where s.state = 'open'
        """
    )
    assert conflicted == []


async def test_what_changes_while_it_is_solved_is_solved_anew_with_no_transaction_open(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A conflict is declared in the middle of the first solution: it does not count."""
    await town.prepared({1: {}}, scoring=scoring(reviewers_per_application=1))
    await register(town, {"id": "rev_1"}, {"id": "rev_2"})
    loop, solved, solve = asyncio.get_running_loop(), list[Given](), solver.solve

    async def meanwhile() -> None:
        [first] = solved[0][ApplicationId("app_1")]
        number = int(first.removeprefix("rev_"))
        body = {"schools": ["sch_1"], "reason": "kinship"}
        done(await town.reviewer(number).post("/reviews/conflicts", body), 201)
        open_ones = await town.rows(
            """
            select from pg_stat_activity
            where datname = current_database() and xact_start is not null and pid <> pg_backend_pid()
            """
        )
        assert open_ones == []

    def overtaken(task: Task) -> Given:
        solved.append(solve(task))
        if len(solved) == 1:
            asyncio.run_coroutine_threadsafe(meanwhile(), loop).result(30)
        return solved[-1]

    monkeypatch.setattr(solver, "solve", overtaken)
    assert done(await town.officer.post(ASSIGN), 201)["assigned"] == 1
    assert len(solved) == 2
    [row] = await town.rows("select reviewer from assignment")
    assert row["reviewer"] not in solved[0][ApplicationId("app_1")]


async def test_a_rubric_that_changes_under_way_does_not_mix_with_what_is_scored(town: Town) -> None:
    await town.prepared({1: {}}, scoring=scoring())
    await register(town, {"id": "rev_1"}, {"id": "rev_2"})
    done(await town.officer.post(ASSIGN), 201)
    done(await town.reviewer(1).post("/reviews/app_1/scores", {"scores": sheet(80)}), 201)
    changed = await town.officer.put("/rubrics/plain", {**RUBRIC, "notice": "Another one."})
    refused(changed, 409, ("name", "rubric_frozen"))
    done(await town.reviewer(2).post("/reviews/app_1/scores", {"scores": sheet(80)}), 201)


async def test_scores_after_closing_are_told_from_scores_twice_and_from_foreign_ones(town: Town) -> None:
    await town.prepared({1: {}}, scoring=scoring())
    await register(town, {"id": "rev_1"}, {"id": "rev_2"}, {"id": "rev_3", "capacity": 1})
    done(await town.officer.put("/reviewers/rev_3", {"available": False}))
    done(await town.officer.post(ASSIGN), 201)
    score = {"scores": sheet(80)}
    for number in (1, 2):
        done(await town.reviewer(number).post("/reviews/app_1/scores", score), 201)
    twice = await town.reviewer(1).post("/reviews/app_1/scores", score)
    refused(twice, 409, ("sheets.0.application", "already_scored"))
    foreign = await town.reviewer(3).post("/reviews/app_1/scores", score)
    refused(foreign, 403, ("sheets.0.application", "not_assigned"))
    done(await town.officer.post(f"/programme-years/{YEAR}/scoring-closure"), 201)
    before = await town.state()
    after = await town.reviewer(1).post("/reviews/app_1/scores", score)
    refused(after, 409, ("sheets.0.application", "stage_closed"))
    assert await town.state() == before


async def test_the_same_request_sent_twice_while_it_is_solved_assigns_once(town: Town) -> None:
    await town.prepared({n: {} for n in range(1, 4)}, scoring=scoring())
    await register(town, *({"id": f"rev_{n}"} for n in range(1, 4)))
    officer = town.officer
    answers = await asyncio.gather(*(officer.post(ASSIGN, key="once") for _ in range(3)))
    assert [done(answer, 201)["assigned"] for answer in answers] == [6, 6, 6]
    assert len(await town.rows("select from assignment")) == 6


async def test_who_declares_a_conflict_after_the_stage_reads_no_more(town: Town) -> None:
    await town.prepared({1: {}}, scoring=scoring())
    await register(town, {"id": "rev_1"}, {"id": "rev_2"})
    done(await town.officer.post(ASSIGN), 201)
    for number in (1, 2):
        done(await town.reviewer(number).post("/reviews/app_1/scores", {"scores": sheet(80)}), 201)
    done(await town.officer.post(f"/programme-years/{YEAR}/scoring-closure"), 201)
    assert await reviews_of(town, 1) == {"app_1"}
    declared = {"schools": ["sch_1"], "reason": "kinship"}
    assert done(await town.reviewer(1).post("/reviews/conflicts", declared), 201) == {"recused": 0}
    assert await reviews_of(town, 1) == set()
    assert await reviews_of(town, 2) == {"app_1"}


@pytest.mark.parametrize("final", [False, True])
async def test_who_is_found_to_have_a_conflict_after_the_stage_reads_no_more(
    town: Town, *, final: bool
) -> None:
    rules = scoring(conflict_grounds=["same_school", "same_corporation"])
    await town.prepared({1: {}, 2: {}}, scoring=rules)
    await register(town, {"id": "rev_1"}, {"id": "rev_2", "affiliations": [{"corporation": "한빛학원"}]})
    done(await town.officer.post(ASSIGN), 201)
    for number in (1, 2):
        sheets = [{"application": f"app_{n}", "scores": sheet(80)} for n in (1, 2)]
        done(await town.reviewer(number).post("/reviews/scores", {"sheets": sheets}), 201)
    await town.at(SELECTION)
    done(await town.officer.post(f"/programme-years/{YEAR}/scoring-closure"), 201)
    if final:
        done(await town.officer.put(f"/programme-years/{YEAR}/lot", {"lot_seed": SEED}))
        await town.published("preliminary")
        await town.at(AFTER_APPEALS)
        await town.published("final")
    totals = await town.rows("select * from total order by application")
    joins = [{"school": "sch_1", "since": "2030-01-01"}]
    for _ in range(2):
        changed = await town.officer.put("/reviewers/rev_1", {"affiliations": joins})
        assert done(changed) == {"recused": 0}
        corporations = {"schools": [{"school": "sch_2", "corporation": "한빛학원"}]}
        assert done(await town.officer.put("/school-corporations", corporations)) == {"recused": 0}
    assert (await reviews_of(town, 1), await reviews_of(town, 2)) == ({"app_2"}, {"app_1"})
    told = [event for _, event in await town.told("reviewer-recused")]
    assert [(e["reviewer"], e["application"], e["stage"], e["reason"]) for e in told] == [
        ("rev_1", "app_1", "documents", "same_school"),
        ("rev_2", "app_2", "documents", "same_corporation"),
    ]
    audited = await town.rows("select subject from messaging.audit where action = 'reading_ended' order by 1")
    assert [each["subject"] for each in audited] == ["app_1/rev_1", "app_2/rev_2"]
    assert await town.rows("select * from total order by application") == totals


async def test_who_is_recused_at_a_later_stage_reads_no_more_of_the_one_before(town: Town) -> None:
    criteria = RUBRIC["kinds"]["new"]["criteria"]
    parts = [criteria[0], {**criteria[1], "stage": "presentation"}]
    stages = [{"stage": "documents"}, {"stage": "presentation"}]
    rubric = {**RUBRIC, "kinds": {**RUBRIC["kinds"], "new": {"stages": stages, "criteria": parts}}}
    done(await town.officer.put("/rubrics/staged", rubric), 201)
    await town.prepared({1: {}}, scoring=scoring(), rubric="staged")
    await register(town, {"id": "rev_1"}, {"id": "rev_2"})
    done(await town.officer.post(ASSIGN), 201)
    for number in (1, 2):
        scores = {"scores": {"results": "30"}}
        done(await town.reviewer(number).post("/reviews/app_1/scores", scores), 201)
    done(await town.officer.post(f"/programme-years/{YEAR}/stages/new/documents/closure"), 201)
    done(await town.officer.post(ASSIGN), 201)
    changed = await town.officer.put("/reviewers/rev_1", {"affiliations": [{"school": "sch_1"}]})
    assert done(changed) == {"recused": 1}
    assert await reviews_of(town, 1) == set()
    assert await reviews_of(town, 2) == {"app_1"}
    told = [event["stage"] for _, event in await town.told("reviewer-recused")]
    assert told == ["presentation", "documents"]
