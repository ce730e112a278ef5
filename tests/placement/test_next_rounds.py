"""What a round leaves: pairs that decline and harm nobody, who becomes free, and the round after it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from tests.asking import Caller, done, refused
from tests.killing import until
from tests.placement.test_crashes import stopped_at
from tests.placement.test_placements import EXPIRES, expire
from tests.placement.test_rounds import order, round_body
from tests.placement.waiting import behind_locks
from tests.placement.world import MICROSECOND, RANKS_UNTIL, Settled, World, openings_body

LATER = EXPIRES + timedelta(days=14)
WINDOWS = {"preferences_until": LATER.isoformat(), "rankings_until": LATER.isoformat()}
TAKEN_BACK = {"reason": "hiring_stopped"}


@pytest.fixture
async def year(world: World) -> World:
    await world.year_opens(rounds=3)
    return world


@dataclass
class Market:
    """A class that two companies hire from, each for two places at one opening; `offers` by student."""

    world: World
    settled: Settled
    companies: tuple[Caller, Caller]
    openings: tuple[str, str]
    offers: list[str]

    @property
    def students(self) -> list[Caller]:
        return self.settled.students

    async def round(self, number: int, lists: Sequence[Sequence[str]], until: Any) -> str:
        """A whole round over who may take part; companies rank students in the order of the class."""
        answer = await self.world.officer.post("/rounds", round_body(**windows(until)))
        path = f"/rounds/{done(answer, 201)['id']}"
        assert answer.json()["number"] == number
        for student, listed in zip(self.students, lists, strict=True):
            if listed:
                done(await student.put(f"{path}/preferences", {"openings": list(listed)}))
        for company, opening in zip(self.companies, self.openings, strict=True):
            taking_part = await self.taking_part(path)
            done(await company.put(f"{path}/rankings", {"rankings": [order(opening, taking_part)]}))
        await self.decide(path, until)
        return path

    async def taking_part(self, path: str) -> list[Caller]:
        matching_round = path.rpartition("/")[2]
        rows = await self.world.rows("select student from preference where round = $1", matching_round)
        names = {row["student"] for row in rows}
        return [student for student in self.students if student.party in names]

    async def decide(self, path: str, until: Any) -> None:
        await self.world.at(until)
        done(await self.world.officer.post(f"{path}/closing"), 201)
        done(await self.world.officer.post(f"{path}/run", {}), 201)


def windows(until: Any) -> dict[str, str]:
    return {"preferences_until": until.isoformat(), "rankings_until": until.isoformat()}


@pytest.fixture
async def market(year: World) -> Market:
    """After a round that offered the first two students the first opening, the others the other one."""
    settled = await year.settled(students=4, places=(2,))
    other = await year.company()
    await year.agreed(settled.school, other)
    [opening] = done(await other.post("/openings", openings_body(2)), 201)
    one, two = settled.openings[0], opening["id"]
    made = Market(year, settled, (settled.company, other), (one, two), [])
    await made.round(1, [[one], [one], [two], [two]], RANKS_UNTIL)
    made.offers = [await year.offer_of(student) for student in settled.students]
    return made


async def of_others(world: World, student: str | None) -> dict[str, list[dict[str, Any]]]:
    """All that others have: offers, agreements and placements; and what everybody was told."""
    found = {
        table: await world.rows(f"select * from {table} where student <> $1 order by id", student)
        for table in ("offer", "tripartite_agreement", "placement")
    }
    return found | {"explanation": await world.rows("select * from explanation order by round, subject")}


async def test_a_student_who_declines_harms_nobody_else(market: Market) -> None:
    [first, second, *_] = market.students
    await market.world.placed(market.settled, second, market.offers[1])
    before = await of_others(market.world, first.party)
    done(await first.post(f"/offers/{market.offers[0]}/refusal"), 201)
    assert await of_others(market.world, first.party) == before
    [row] = await market.world.rows("select held, active from opening where id = $1", market.openings[0])
    assert (row["held"], row["active"]) == (1, 1)


async def test_a_company_takes_an_open_offer_back_with_a_reason_and_harms_nobody_else(market: Market) -> None:
    [first, *_] = market.students
    [company, other] = market.companies
    path = f"/offers/{market.offers[0]}/withdrawal"
    refused(await other.post(path, TAKEN_BACK), 404, ("offer", "offer_not_found"))
    refused(await company.post(path, {"reason": "no_idea"}), 422, ("reason", "enum"))
    before = await of_others(market.world, first.party)

    taken_back = done(await company.post(path, TAKEN_BACK), 201)

    assert taken_back == {"offer": market.offers[0], "state": "withdrawn", "reason": "hiring_stopped"}
    assert await of_others(market.world, first.party) == before
    [(_, event)] = await market.world.told("student-offer-withdrawn")
    assert (event["student"], event["reason"]) == (first.party, "hiring_stopped")
    [row] = await market.world.rows("select held from opening where id = $1", market.openings[0])
    assert row["held"] == 1
    [entry] = await market.world.rows("select reason from messaging.audit where action = 'offer_taken_back'")
    assert entry["reason"] == "hiring_stopped"
    refused(await company.post(path, TAKEN_BACK), 409, ("state", "offer_answered"))
    refused(await first.post(f"/offers/{market.offers[0]}/acceptance", {}), 409, ("state", "offer_answered"))


async def test_an_accepted_or_expired_offer_is_not_taken_back(market: Market) -> None:
    [company, _] = market.companies
    accepted = await market.students[0].post(f"/offers/{market.offers[0]}/acceptance", {})
    done(accepted, 201)
    path = "/offers/{}/withdrawal"
    refused(await company.post(path.format(market.offers[0]), TAKEN_BACK), 409, ("state", "offer_answered"))
    await market.world.at(EXPIRES)
    refused(
        await company.post(path.format(market.offers[1]), TAKEN_BACK), 409, ("expires_at", "offer_expired")
    )


async def test_an_answer_and_a_withdrawal_at_the_same_moment_have_one_effect(market: Market) -> None:
    student, offer = market.students[0], market.offers[0]
    answers = await asyncio.gather(
        student.post(f"/offers/{offer}/acceptance", {}),
        market.companies[0].post(f"/offers/{offer}/withdrawal", TAKEN_BACK),
        student.post(f"/offers/{offer}/refusal"),
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    drafted = await market.world.rows("select from tripartite_agreement")
    [row] = await market.world.rows("select held from opening where id = $1", market.openings[0])
    assert row["held"] == 1 + len(drafted)


async def test_the_next_round_is_over_what_declined_taken_back_and_expired_offers_left(
    market: Market,
) -> None:
    [a, b, c, d] = market.students
    [one, two] = market.openings
    done(await a.post(f"/offers/{market.offers[0]}/refusal"), 201)
    done(await market.companies[0].post(f"/offers/{market.offers[1]}/withdrawal", TAKEN_BACK), 201)
    await market.world.placed(
        Settled(market.settled.school, market.companies[1], "", "", [], []), c, market.offers[2]
    )
    await market.world.at(EXPIRES)
    await expire(market.world)
    places = await market.world.rows("select id, places - held as free from opening order by id")
    assert {row["id"]: row["free"] for row in places} == {one: 2, two: 1}

    refused(
        await market.world.officer.post("/rounds", round_body(**windows(RANKS_UNTIL))),
        422,
        ("preferences_until", "in_the_future"),
    )
    path = await market.round(2, [[two, one], [two, one], [], [two]], LATER)

    shown = done(await market.world.officer.get(path))
    assert (shown["students"], shown["offers"], shown["unmatched"]) == (3, 2, 1)
    got = [done(await s.get(f"/students/{s.party}"))["rounds"][-1] for s in (a, b, d)]
    assert [each["opening"] for each in got] == [two, one, None]
    assert [each["choice"] for each in got] == [1, 2, None]
    assert done(await c.get(f"/students/{c.party}"))["progress"] == "placed"
    [placement] = await market.world.rows("select student, state from placement")
    assert placement == {"student": c.party, "state": "active"}


async def test_who_becomes_free_while_lists_are_taken_joins_the_round_and_is_told(market: Market) -> None:
    [a, b, c, d] = market.students
    [one, _] = market.openings
    await market.world.placed(market.settled, b, market.offers[1])
    opened = done(await market.world.officer.post("/rounds", round_body(**windows(LATER))), 201)
    path = f"/rounds/{opened['id']}/preferences"
    assert opened["students"] == 0
    before = len(await market.world.told("preferences-opened"))
    refused(await a.put(path, {"openings": [one]}), 409, ("student", "not_taking_part"))

    done(await a.post(f"/offers/{market.offers[0]}/refusal"), 201)
    done(await market.companies[1].post(f"/offers/{market.offers[2]}/withdrawal", TAKEN_BACK), 201)
    await market.world.at(EXPIRES)
    await expire(market.world)

    told = (await market.world.told("preferences-opened"))[before:]
    assert sorted(event["student"] for _, event in told) == sorted(str(s.party) for s in (a, c, d))
    assert {(event["round"], event["until"]) for _, event in told} == {(2, "2025-11-07T15:00:00Z")}
    assert [event["openings"] for _, event in told] == [1, 2, 2], "what may be listed at that moment"
    done(await a.put(path, {"openings": [one]}))
    refused(await b.put(path, {"openings": [one]}), 409, ("student", "not_taking_part"))


async def test_who_comes_into_a_class_or_loses_work_while_lists_are_taken_joins_the_round_too(
    market: Market,
) -> None:
    [a, *_] = market.students
    placement = await market.world.placed(market.settled, a, market.offers[0])
    done(await market.world.officer.post("/rounds", round_body(**windows(LATER))), 201)
    before = len(await market.world.told("preferences-opened"))
    [new] = await market.world.enrolled(market.settled.school, market.settled.employment_class, 1)
    over = {"reason": "resignation", "ended_on": RANKS_UNTIL.date().isoformat()}
    done(await market.companies[0].post(f"/placements/{placement}/end", over), 201)
    told = (await market.world.told("preferences-opened"))[before:]
    assert [(event["student"], event["round"]) for _, event in told] == [(new.party, 2), (a.party, 2)]


async def test_nobody_is_invited_when_lists_are_taken_no_more(market: Market) -> None:
    later = {
        "preferences_until": (EXPIRES - timedelta(days=1)).isoformat(),
        "rankings_until": LATER.isoformat(),
    }
    opened = done(await market.world.officer.post("/rounds", round_body(**later)), 201)
    before = await market.world.told("preferences-opened")
    await market.world.at(EXPIRES - timedelta(hours=1))
    done(await market.students[0].post(f"/offers/{market.offers[0]}/refusal"), 201)
    assert await market.world.told("preferences-opened") == before
    listed = await market.students[0].put(
        f"/rounds/{opened['id']}/preferences", {"openings": [market.openings[0]]}
    )
    refused(listed, 409, ("round", "preferences_too_late"))


async def test_a_run_strikes_what_was_withdrawn_or_suspended_and_tells_both_sides_which(year: World) -> None:
    settled = await year.settled(students=1, places=(1, 1))
    other = await year.company()
    await year.agreed(settled.school, other)
    [suspended] = done(await other.post("/openings", openings_body(1)), 201)
    [student] = settled.students
    [gone, kept] = settled.openings
    path = f"/rounds/{await year.round_opens()}"
    wishes = {"openings": [suspended["id"], gone, kept]}
    done(await student.put(f"{path}/preferences", wishes))
    rankings = [order(opening, [student]) for opening in settled.openings]
    done(await settled.company.put(f"{path}/rankings", {"rankings": rankings}))
    done(await settled.company.post(f"/openings/{gone}/withdrawal", {"reason": "position_cancelled"}), 201)
    suspension = {"programme_year": 2025, "reason": "labour_law_violation"}
    done(await year.officer.post(f"/companies/{other.party}/suspension", suspension), 201)
    await year.at(RANKS_UNTIL)
    done(await year.officer.post(f"{path}/closing"), 201)
    done(await year.officer.post(f"{path}/run", {}), 201)

    told = done(await student.get(f"/students/{student.party}"))["rounds"][0]
    assert (told["opening"], told["choice"]) == (kept, 3)
    assert [missed["reason"] for missed in told["missed"]] == ["company_suspended", "opening_withdrawn"]
    for company, opening, standing in (
        (settled.company, gone, "opening_withdrawn"),
        (other, suspended["id"], "company_suspended"),
        (settled.company, kept, "offered"),
    ):
        seen = done(await company.get(f"/openings/{opening}"))["told"][0]["standings"]
        assert [(each["student"], each["standing"]) for each in seen] == [(student.party, standing)]


async def test_a_company_is_told_of_those_it_did_not_rank(year: World) -> None:
    settled = await year.settled(students=2, places=(1,))
    [a, b] = settled.students
    [one] = settled.openings
    await year.matched(settled, [[one], [one]], [order(one, [b])])
    seen = done(await settled.company.get(f"/openings/{one}"))["told"][0]["standings"]
    assert [(each["student"], each["standing"]) for each in seen] == [
        (b.party, "offered"),
        (a.party, "not_ranked"),
    ]
    assert seen[1]["en"] == "Listed this opening; you did not rank the student."


async def closed_round(year: World) -> tuple[Settled, str]:
    """Two students who will get the two places of one opening; the path of the round."""
    settled = await year.settled(students=2, places=(2,))
    [one] = settled.openings
    path = f"/rounds/{await year.round_opens()}"
    for student in settled.students:
        done(await student.put(f"{path}/preferences", {"openings": [one]}))
    done(await settled.company.put(f"{path}/rankings", {"rankings": [order(one, settled.students)]}))
    await year.at(RANKS_UNTIL)
    done(await year.officer.post(f"{path}/closing"), 201)
    return settled, path


def suspended(year: World, settled: Settled) -> Awaitable[httpx2.Response]:
    body = {"programme_year": 2025, "reason": "labour_law_violation"}
    return year.officer.post(f"/companies/{settled.company.party}/suspension", body)


def agreement_ended(_: World, settled: Settled) -> Awaitable[httpx2.Response]:
    return settled.school.post(f"/agreements/{settled.agreement}/end", {"reason": "by_mutual_consent"})


def one_of_them_left(_: World, settled: Settled) -> Awaitable[httpx2.Response]:
    body = {"student": settled.students[0].party, "reason": "changed_plans"}
    return settled.school.post(f"/classes/{settled.employment_class}/departures", body)


@pytest.mark.parametrize(("ends", "left"), [(suspended, 0), (agreement_ended, 0), (one_of_them_left, 1)])
async def test_what_ends_in_the_middle_of_a_run_waits_for_it_and_takes_its_offers_along(
    year: World, ends: Callable[[World, Settled], Awaitable[httpx2.Response]], left: int
) -> None:
    settled, path = await closed_round(year)
    async with stopped_at(year, f"select from opening where id = '{settled.openings[0]}' for update"):
        running = asyncio.ensure_future(year.officer.post(f"{path}/run", {}))
        await until(lambda: waiting(year, 1))
        ending = asyncio.ensure_future(ends(year, settled))
        await until(lambda: waiting(year, 2), seconds=15)
    assert done(await running, 201)["offers"] == 2
    done(await ending, 201)
    assert len(await year.rows("select from offer where state = 'offered'")) == left
    [row] = await year.rows("select held from opening")
    assert row["held"] == left


async def waiting(world: World, count: int) -> bool:
    return await behind_locks(world) == count


async def test_an_agreement_that_ends_while_the_third_signs_leaves_work_or_none(market: Market) -> None:
    agreement = await market.world.nearly_placed(market.settled, market.students[0], market.offers[0])
    end = {"reason": "company_wish"}
    signed, ended = await asyncio.gather(
        market.companies[0].post(f"/tripartite-agreements/{agreement}/signature"),
        market.settled.school.post(f"/agreements/{market.settled.agreement}/end", end),
    )
    done(ended, 201)
    placed = await market.world.rows("select from placement where state = 'active'")
    held = await market.world.rows("select held, active from opening where id = $1", market.openings[0])
    [tripartite] = await market.world.rows("select state from tripartite_agreement")
    if signed.status_code == 201:
        assert (len(placed), held, tripartite["state"]) == (1, [{"held": 1, "active": 1}], "in_force")
    else:
        assert signed.status_code == 409
        assert (placed, held, tripartite["state"]) == ([], [{"held": 0, "active": 0}], "withdrawn")


async def test_an_offer_is_accepted_until_the_agreement_lapses_and_not_a_moment_later(year: World) -> None:
    school, company = await year.selected_school("new_technology"), await year.company()
    agreement = await year.agreed(school, company, ends_on="2025-10-20")
    employment_class = await year.opened_class(school, company)
    students = await year.enrolled(school, employment_class, 2)
    [opening] = done(await company.post("/openings", openings_body(2)), 201)
    settled = Settled(school, company, agreement, employment_class, students, [opening["id"]])
    await year.matched(settled, [[opening["id"]]] * 2, [order(opening["id"], students)])
    offers = [await year.offer_of(student) for student in students]
    lapses = datetime(2025, 10, 20, 15, tzinfo=UTC)

    await year.at(lapses - MICROSECOND)
    done(await students[0].post(f"/offers/{offers[0]}/acceptance", {}), 201)
    await year.at(lapses)
    before = await year.state()
    late = await students[1].post(f"/offers/{offers[1]}/acceptance", {})
    refused(late, 409, ("agreement", "agreement_not_in_force"))
    assert await year.state() == before


async def test_officers_who_open_close_and_run_a_round_at_once_do_it_once(year: World) -> None:
    settled = await year.settled(students=1, places=(1,))
    opened = await asyncio.gather(*(year.officer.post("/rounds", round_body()) for _ in range(3)))
    assert sorted(answer.status_code for answer in opened) == [201, 409, 409]
    [path] = [f"/rounds/{answer.json()['id']}" for answer in opened if answer.is_success]
    done(await settled.students[0].put(f"{path}/preferences", {"openings": settled.openings}))
    ranked = {"rankings": [order(settled.openings[0], settled.students)]}
    done(await settled.company.put(f"{path}/rankings", ranked))
    await year.at(RANKS_UNTIL)
    for step, body in (("closing", None), ("run", {})):
        answers = await asyncio.gather(*(year.officer.post(f"{path}/{step}", body) for _ in range(3)))
        assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    assert len(await year.rows("select from offer")) == len(await year.told("student-offered")) == 1
