"""The run of a matching round over HTTP: offers, reasons, its proof, and what it leaves for the next."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.asking import done, refused
from tests.placement.test_rounds import order, round_body
from tests.placement.world import (
    LISTS_UNTIL,
    LOT_SOURCE,
    RANKS_UNTIL,
    Settled,
    World,
    openings_body,
)
from typer.testing import CliRunner

from placement import snapshots


@pytest.fixture
async def year(world: World) -> World:
    await world.year_opens()
    return world


def recompute(tmp_path: Path, snapshot: bytes, result: bytes) -> Any:
    (tmp_path / "snapshot.json").write_bytes(snapshot)
    (tmp_path / "result.json").write_bytes(result)
    app = typer.Typer()
    app.command()(snapshots.recompute)
    return CliRunner().invoke(
        app, [str(tmp_path / "snapshot.json"), "--expect", str(tmp_path / "result.json")]
    )


async def contested(year: World) -> tuple[Settled, str]:
    """Three students for two places; the round that decided it."""
    settled = await year.settled(students=3, places=(1, 1))
    [a, b, c] = settled.students
    [one, two] = settled.openings
    rankings = [order(one, [a, b, c]), {"opening": two, "scores": {str(b.party): "3.5", str(c.party): "4"}}]
    return settled, await year.matched(settled, [[one, two], [one, two], [one, two]], rankings, "3,11,15")


async def test_a_run_makes_offers_and_tells_everybody_why(year: World) -> None:
    settled, _ = await contested(year)
    [a, b, c] = settled.students
    [one, two] = settled.openings
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


async def test_a_run_can_be_recomputed_from_its_files(year: World, tmp_path: Path) -> None:
    settled, matching_round = await contested(year)
    [one, two] = settled.openings
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


async def test_work_whose_last_day_is_over_before_the_run_makes_no_pair_and_the_reason_is_told(
    year: World,
) -> None:
    settled = await year.settled(students=1, places=(1,))
    [student] = settled.students
    short = openings_body(1, starts_on="2025-05-02", ends_on="2025-10-12")
    [opening] = [each["id"] for each in done(await settled.company.post("/openings", short), 201)]
    await year.matched(settled, [[opening]], [order(opening, [student])])
    [told] = done(await student.get(f"/students/{student.party}"))["rounds"]
    [missed] = told["missed"]
    assert (missed["reason"], missed["en"]) == (
        "work_over",
        "The last day of the work was over when the round was run.",
    )
    [(_, event)] = await year.told("student-unmatched")
    assert event["reasons"] == ["opening_gone"]
    possible = done(await student.get(f"/students/{student.party}/openings"))
    assert [each["id"] for each in possible] == settled.openings
    by_hand = {"student": student.party, "opening": opening, "reason": "late_matching"}
    refused(await year.officer.post("/placements", by_hand), 409, ("opening", "work_over"))


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
