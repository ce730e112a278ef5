"""Matching rounds over HTTP: deadlines to the microsecond, rankings, the run, its proof and what it tells."""

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.asking import done, refused
from tests.placement.waiting import until_behind_a_lock
from tests.placement.world import (
    LISTS_UNTIL,
    LOT_SOURCE,
    MICROSECOND,
    RANKS_UNTIL,
    SPRING,
    YEAR,
    Settled,
    World,
    openings_body,
)
from typer.testing import CliRunner

from chassis.transaction import Command, begin
from placement import snapshots
from placement.domain.vocabulary import RoundId
from placement.store import rounds as store


@pytest.fixture
async def year(world: World) -> World:
    await world.year_opens()
    return world


def round_body(**changed: Any) -> dict[str, Any]:
    return {
        "programme_year": YEAR,
        "preferences_until": LISTS_UNTIL.isoformat(),
        "rankings_until": RANKS_UNTIL.isoformat(),
        "lot_source": LOT_SOURCE,
    } | changed


def order(opening: str, students: Sequence[Any]) -> dict[str, Any]:
    return {"opening": opening, "students": [student.party for student in students]}


async def test_a_round_invites_every_student_without_work(year: World) -> None:
    settled = await year.settled(students=3, places=(1, 2))
    opened = done(await year.officer.post("/rounds", round_body()), 201)
    assert (opened["number"], opened["state"], opened["students"]) == (1, "open", 3)
    told = await year.told("preferences-opened")
    assert sorted(event["student"] for _, event in told) == sorted(str(s.party) for s in settled.students)
    assert {(event["openings"], event["round"]) for _, event in told} == {(2, 1)}
    offered = done(await settled.students[0].get(f"/students/{settled.students[0].party}/openings"))
    assert sorted(opening["id"] for opening in offered) == sorted(settled.openings)
    refused(await year.officer.post("/rounds", round_body()), 409, ("programme_year", "round_undecided"))


async def test_preferences_one_microsecond_late_are_refused(year: World) -> None:
    settled = await year.settled()
    matching_round = await year.round_opens()
    path, listed = f"/rounds/{matching_round}/preferences", {"openings": settled.openings}
    [first, second] = settled.students
    await year.at(LISTS_UNTIL - MICROSECOND)
    done(await first.put(path, listed))
    await year.at(LISTS_UNTIL)
    before = await year.state()
    refused(await second.put(path, listed), 409, ("round", "preferences_too_late"))
    refused(await first.put(path, {"openings": []}), 409, ("round", "preferences_too_late"))
    assert await year.state() == before
    [row] = await year.rows("select listed_at from preference where student = $1", first.party)
    assert row["listed_at"] == LISTS_UNTIL - MICROSECOND


async def test_closing_waits_for_a_list_that_was_accepted_in_time(year: World) -> None:
    settled = await year.settled(students=1, places=(1,))
    matching_round = await year.round_opens()
    async with begin(year.pool, Command(actor="test")) as tx:
        present, now = await store.shared(tx, RoundId(matching_round))
        present.admit_preferences(now)
        await year.at(RANKS_UNTIL)
        closing = asyncio.create_task(year.officer.post(f"/rounds/{matching_round}/closing"))
        await until_behind_a_lock(year, closing)
        assert not closing.done()
        student = settled.students[0].party
        await tx.execute("update preference set openings = $2 where student = $1", student, settled.openings)
    assert done(await closing, 201)["state"] == "closed"
    done(await year.officer.post(f"/rounds/{matching_round}/run", {}), 201)
    shown = done(await settled.students[0].get(f"/students/{student}"))
    assert shown["rounds"][0]["openings"] == settled.openings


async def test_a_list_with_errors_names_each_and_keeps_the_one_before(year: World) -> None:
    settled = await year.settled(places=(1, 1, 1))
    foreign = await year.settled(places=(1,))
    matching_round = await year.round_opens()
    student = settled.students[0]
    path = f"/rounds/{matching_round}/preferences"
    done(await student.put(path, {"openings": settled.openings[:1]}))
    [one, two, _] = settled.openings
    refused(
        await student.put(path, {"openings": [one, foreign.openings[0], "opn_none", two, one]}),
        422,
        ("openings.1", "opening_not_possible"),
        ("openings.2", "opening_not_possible"),
        ("openings", "distinct"),
    )
    shown = done(await student.get(f"/students/{student.party}"))
    assert shown["rounds"][0]["openings"] == [one]


async def test_no_list_is_longer_than_the_policy_allows(world: World) -> None:
    await world.year_opens(preferences_at_most=2)
    settled = await world.settled(places=(1, 1, 1))
    matching_round = await world.round_opens()
    refused(
        await settled.students[0].put(
            f"/rounds/{matching_round}/preferences", {"openings": settled.openings}
        ),
        422,
        ("openings", "preferences_at_most"),
    )


async def test_candidates_are_told_after_the_students_deadline_without_their_wishes(year: World) -> None:
    settled = await year.settled(students=2, places=(1, 1))
    [one, two] = settled.openings
    matching_round = await year.round_opens()
    path = f"/rounds/{matching_round}/preferences"
    done(await settled.students[0].put(path, {"openings": [two, one]}))
    done(await settled.students[1].put(path, {"openings": [one]}))
    asked = f"/rounds/{matching_round}/candidates"
    refused(await settled.company.get(asked), 409, ("round", "preferences_open"))
    await year.at(LISTS_UNTIL)
    told = {each["opening"]: each["students"] for each in done(await settled.company.get(asked))}
    assert sorted(each["student"] for each in told[one]) == sorted(str(s.party) for s in settled.students)
    assert [each["student"] for each in told[two]] == [settled.students[0].party]
    assert set(told[one][0]) == {"student", "school", "school_name_ko", "employment_class", "track"}
    other = await year.company()
    assert done(await other.get(asked)) == []


async def test_rankings_with_errors_and_late_ones_change_nothing(year: World) -> None:
    settled, foreign = await year.settled(), await year.settled()
    matching_round = await year.round_opens()
    await year.at(RANKS_UNTIL - MICROSECOND)
    path = f"/rounds/{matching_round}/rankings"
    before = await year.state()
    student = settled.students[0].party
    refused(
        await settled.company.put(
            path,
            {
                "rankings": [
                    {"opening": foreign.openings[0], "students": [student]},
                    {"opening": settled.openings[0]},
                    {"opening": settled.openings[1], "students": ["stu_none", student, student]},
                    {"opening": settled.openings[1], "scores": {"stu_none": "1"}},
                ]
            },
        ),
        422,
        ("rankings.opening", "distinct"),
        ("rankings.0.opening", "opening_not_own"),
        ("rankings.1", "ranking_or_scores"),
        ("rankings.2.students", "distinct"),
        ("rankings.2", "not_in_round"),
        ("rankings.3", "not_in_round"),
    )
    for score in ("3e1", "NaN", "+1", ""):
        ranking = {"opening": settled.openings[0], "scores": {student: score}}
        answer = await settled.company.put(path, {"rankings": [ranking]})
        refused(answer, 422, (f"rankings.0.scores.{student}", "string_pattern_mismatch"))
    await year.at(RANKS_UNTIL)
    ranking = order(settled.openings[0], settled.students)
    refused(await settled.company.put(path, {"rankings": [ranking]}), 409, ("round", "rankings_too_late"))
    assert await year.state() == before


async def test_officers_see_whom_a_round_waits_for(year: World) -> None:
    settled, other = (
        await year.settled(students=3, places=(1, 1)),
        await year.settled(students=1, places=(1,)),
    )
    [one, two] = settled.openings
    matching_round = await year.round_opens()
    path = f"/rounds/{matching_round}"
    for student, listed in zip(settled.students[:2], ([one, two], [one]), strict=True):
        done(await student.put(f"{path}/preferences", {"openings": listed}))
    waiting = done(await year.officer.get(f"{path}/waiting"))
    assert (waiting["students"], waiting["without_list"]) == (4, 2)
    [company] = waiting["companies"]
    assert (company["company"], company["openings"], company["students"]) == (
        settled.company.party,
        sorted([one, two]),
        2,
    )
    await year.at(LISTS_UNTIL)
    ranked = {"rankings": [order(one, settled.students[:2])]}
    done(await settled.company.put(f"{path}/rankings", ranked))
    [company] = done(await year.officer.get(f"{path}/waiting"))["companies"]
    assert (company["openings"], company["students"]) == ([two], 1)
    refused(await other.company.get(f"{path}/waiting"), 403, (None, "role_missing"))
    refused(await year.officer.get("/rounds/mat_none/waiting"), 404, ("round", "round_not_found"))


async def test_a_round_closes_after_its_windows_and_runs_once(year: World) -> None:
    settled = await year.settled()
    matching_round = await year.round_opens()
    closing, run = f"/rounds/{matching_round}/closing", f"/rounds/{matching_round}/run"
    refused(await year.officer.post(run, {}), 409, ("state", "round_not_closed"))
    await year.at(RANKS_UNTIL - MICROSECOND)
    refused(await year.officer.post(closing), 409, ("rankings_until", "window_not_over"))
    await year.at(RANKS_UNTIL)
    done(await year.officer.post(closing), 201)
    refused(await year.officer.post(closing), 409, ("state", "round_not_open"))
    path, listed = f"/rounds/{matching_round}/preferences", {"openings": settled.openings}
    await year.at(SPRING)
    refused(await settled.students[0].put(path, listed), 409, ("round", "preferences_too_late"))
    done(await year.officer.post(run, {}), 201)
    refused(await year.officer.post(run, {}), 409, ("state", "round_not_closed"))


def recompute(tmp_path: Path, snapshot: bytes, result: bytes) -> Any:
    (tmp_path / "snapshot.json").write_bytes(snapshot)
    (tmp_path / "result.json").write_bytes(result)
    app = typer.Typer()
    app.command()(snapshots.recompute)
    return CliRunner().invoke(
        app, [str(tmp_path / "snapshot.json"), "--expect", str(tmp_path / "result.json")]
    )


async def test_a_run_makes_offers_tells_everybody_why_and_can_be_recomputed(
    year: World, tmp_path: Path
) -> None:
    settled = await year.settled(students=3, places=(1, 1))
    [a, b, c] = settled.students
    [one, two] = settled.openings
    rankings = [order(one, [a, b, c]), {"opening": two, "scores": {str(b.party): "3.5", str(c.party): "4"}}]
    matching_round = await year.matched(settled, [[one, two], [one, two], [one, two]], rankings, "3,11,15")

    offers = {event["student"]: event for _, event in await year.told("student-offered")}
    assert {student: event["opening"] for student, event in offers.items()} == {
        a.party: one,
        c.party: two,
    }
    assert offers[str(c.party)]["preference"] == 2
    [(_, unmatched)] = await year.told("student-unmatched")
    assert (unmatched["student"], unmatched["reasons"]) == (b.party, ["listed_openings_full"])

    told = done(await b.get(f"/students/{b.party}"))["rounds"][0]
    assert told["opening"] is None
    reason = {
        "reason": "higher_ranked_took_places",
        "places": 1,
        "own_rank": 2,
        "last_rank": 1,
        "by_lot": False,
        "ko": "이 회차에 채울 수 있던 1자리가 모두 더 높은 순위의 학생에게 돌아갔습니다. "
        "나의 순위는 2위, 마지막으로 배정된 학생은 1위입니다.",
        "en": "Students whom the company ranked higher took every place to fill in this round (1). "
        "Your rank is 2, that of the last one in is 1.",
    }
    assert told["missed"] == [{"opening": one} | reason, {"opening": two} | reason]
    seen = done(await settled.company.get(f"/openings/{one}"))
    assert [(each["student"], each["standing"]) for each in seen["told"][0]["standings"]] == [
        (a.party, "offered"),
        (b.party, "higher_ranked_took_places"),
        (c.party, "higher_ranked_took_places"),
    ]
    assert (seen["held"], seen["free"], seen["active"]) == (1, 0, 0)

    shown = done(await year.officer.get(f"/rounds/{matching_round}"))
    assert (shown["state"], shown["offers"], shown["unmatched"]) == ("decided", 2, 1)
    auditor = year.caller("auditor")
    snapshot = await auditor.get(f"/rounds/{matching_round}/snapshot")
    result = await auditor.get(f"/rounds/{matching_round}/result")
    ran = recompute(tmp_path, snapshot.content, result.content)
    assert ran.exit_code == 0, ran.stderr
    assert json.loads(result.content)["snapshot_sha256"] == shown["snapshot_sha256"]
    [entry] = await year.rows("select * from messaging.audit where action = 'matching_run'")
    assert json.loads(entry["detail"])["result_sha256"] == shown["result_sha256"]
    changed = result.content.replace(two.encode(), one.encode())
    assert recompute(tmp_path, snapshot.content, changed).exit_code == 1


async def test_scores_ask_for_the_outcome_of_the_drawing_named_beforehand(year: World) -> None:
    settled = await year.settled(students=2, places=(1,))
    [one] = settled.openings
    [a, b] = settled.students
    matching_round = await year.round_opens()
    for student in (a, b):
        done(await student.put(f"/rounds/{matching_round}/preferences", {"openings": [one]}))
    await year.at(LISTS_UNTIL)
    ranking = {"opening": one, "scores": {str(a.party): "3.50", str(b.party): "3.5"}}
    done(await settled.company.put(f"/rounds/{matching_round}/rankings", {"rankings": [ranking]}))
    await year.at(RANKS_UNTIL)
    done(await year.officer.post(f"/rounds/{matching_round}/closing"), 201)
    run = f"/rounds/{matching_round}/run"
    answer = await year.officer.post(run, {})
    refused(answer, 422, ("lot_seed", "lot_seed_missing"))
    assert LOT_SOURCE in answer.json()["detail"]
    done(await year.officer.post(run, {"lot_seed": "3,11,15,29,35,44"}), 201)
    [(_, unmatched)] = await year.told("student-unmatched")
    loser = a if unmatched["student"] == a.party else b
    [missed] = done(await loser.get(f"/students/{loser.party}"))["rounds"][0]["missed"]
    assert missed["by_lot"]


async def test_an_agreement_that_lapsed_before_the_run_makes_no_pair_and_the_reason_is_told(
    year: World,
) -> None:
    settled = await year.settled(students=1, places=(1,))
    await world_lapses(year, settled)
    [student] = settled.students
    [told] = done(await student.get(f"/students/{student.party}"))["rounds"]
    assert told["missed"] == [
        {
            "opening": settled.openings[0],
            "reason": "agreement_not_in_force",
            "places": None,
            "own_rank": None,
            "last_rank": None,
            "by_lot": False,
            "ko": "매칭 시점에 학교와 기업의 2자 협약이 유효하지 않았습니다.",
            "en": "School and company had no agreement in force when the round was run.",
        }
    ]
    [(_, event)] = await year.told("student-unmatched")
    assert event["reasons"] == ["agreement_not_in_force"]
    seen = done(await settled.company.get(f"/openings/{settled.openings[0]}"))
    assert seen["told"][0]["standings"][0]["standing"] == "agreement_not_in_force"


async def world_lapses(year: World, settled: Settled) -> None:
    """A round whose agreement ends between the lists and the run."""
    matching_round = await year.round_opens()
    [student] = settled.students
    listed = {"openings": settled.openings}
    done(await student.put(f"/rounds/{matching_round}/preferences", listed))
    ranking = order(settled.openings[0], [student])
    done(await settled.company.put(f"/rounds/{matching_round}/rankings", {"rankings": [ranking]}))
    await year.at(RANKS_UNTIL + timedelta(days=365))
    done(await year.officer.post(f"/rounds/{matching_round}/closing"), 201)
    done(await year.officer.post(f"/rounds/{matching_round}/run", {}), 201)


async def test_the_next_round_fills_what_is_left_and_accepted_places_stand(year: World) -> None:
    settled = await year.settled(students=3, places=(1, 1))
    [a, b, c] = settled.students
    [one, two] = settled.openings
    await year.matched(settled, [[one], [one], [one]], [order(one, [a, b, c]), order(two, [a, b, c])])
    placement = await year.placed(settled, a, await year.offer_of(a))

    later = RANKS_UNTIL + timedelta(days=14)
    windows = {
        "preferences_until": later.isoformat(),
        "rankings_until": later.isoformat(),
    }
    second = done(await year.officer.post("/rounds", round_body(**windows)), 201)
    assert (second["number"], second["students"]) == (2, 2)
    path = f"/rounds/{second['id']}"
    refused(await a.put(f"{path}/preferences", {"openings": [two]}), 409, ("student", "not_taking_part"))
    for student in (b, c):
        done(await student.put(f"{path}/preferences", {"openings": [one, two]}))
    rankings = {"rankings": [order(one, [b, c]), order(two, [b, c])]}
    done(await settled.company.put(f"{path}/rankings", rankings))
    await year.at(later)
    done(await year.officer.post(f"{path}/closing"), 201)
    done(await year.officer.post(f"{path}/run", {}), 201)

    rounds = done(await b.get(f"/students/{b.party}"))["rounds"]
    assert rounds[1]["opening"] == two
    assert rounds[1]["missed"][0]["reason"] == "no_places"
    [row] = await year.rows("select id, state from placement")
    assert row == {"id": placement, "state": "active"}
    refused(
        await year.officer.post("/rounds", round_body(**windows)), 409, ("programme_year", "rounds_used_up")
    )


async def test_a_round_of_hundreds_is_stable_and_every_count_agrees(year: World) -> None:
    settled = await year.settled(students=20, places=(3, 2, 1, 4))
    lists = [[settled.openings[(at + step) % 4] for step in range(1 + at % 4)] for at in range(20)]
    rankings = [
        order(opening, settled.students[at:] + settled.students[:at])
        for at, opening in enumerate(settled.openings)
    ]
    matching_round = await year.matched(settled, lists, rankings)
    result = json.loads((await year.officer.get(f"/rounds/{matching_round}/result")).content)
    offers = await year.rows("select student, opening from offer")
    assert {o["student"]: o["opening"] for o in offers} == {
        pair["student"]: pair["opening"] for pair in result["pairs"]
    }
    counts = await year.rows(
        """
        select o.id from opening o
        where held <> (select count(*) from offer f where f.opening = o.id and f.state = 'offered')
        """
    )
    assert counts == []
    assert len(await year.told("student-offered")) == len(offers)
    assert len(await year.told("student-unmatched")) == 20 - len(offers)


async def test_openings_published_after_the_round_opened_may_still_be_listed(year: World) -> None:
    settled = await year.settled(students=1, places=(1,))
    matching_round = await year.round_opens()
    [fresh] = done(await settled.company.post("/openings", openings_body(1)), 201)
    listed = {"openings": [fresh["id"]]}
    done(await settled.students[0].put(f"/rounds/{matching_round}/preferences", listed))
