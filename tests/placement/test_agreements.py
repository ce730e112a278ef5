"""Agreements are changed by both, ended early, expired by date; unsigned ones have a way out."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from tests.asking import Caller, done, refused
from tests.placement.waiting import until_behind_a_lock
from tests.placement.world import MICROSECOND, YEAR, Settled, World, class_body, proposal
from tests.printed import text_of

from chassis.transaction import Command, Transaction, begin, repeated
from placement.domain.vocabulary import AgreementId, OverBy
from placement.handlers import agreements, classes, tripartite

MIDNIGHT = datetime(2026, 2, 28, 15, tzinfo=UTC)
"""The midnight in Korea that ends the usual term."""
SIGNED_UNTIL = datetime(2025, 10, 31, 15, tzinfo=UTC)
"""Fourteen whole days after an agreement was drafted when the rankings closed."""


@pytest.fixture
async def year(world: World) -> World:
    await world.year_opens()
    return world


async def sweep(year: World) -> int:
    """What the worker does once."""
    done_ = 0
    for step in (
        tripartite.lapse_agreements,
        tripartite.expire_agreements,
        agreements.expire_agreements,
        classes.close_over,
    ):
        done_ += await repeated(partial(committed, year, step))
    return done_


async def committed(year: World, step: Callable[[Transaction, int], Awaitable[int]]) -> int:
    async with begin(year.pool, Command(actor="placement")) as tx:
        return await step(tx, 500)


async def counts(year: World) -> tuple[int, int]:
    [row] = await year.rows("select held, active from opening order by id limit 1")
    return row["held"], row["active"]


async def drafted(year: World) -> tuple[Settled, str]:
    """A place for one, and its agreement that only the student has signed."""
    settled, [offer] = await year.offered()
    accepted = await settled.students[0].post(f"/offers/{offer}/acceptance", {"sign_agreement": True})
    return settled, done(accepted, 201)["id"]


def withdrawer(year: World, settled: Settled, side: str) -> Caller:
    return {
        "student": settled.students[0],
        "school": settled.school,
        "company": settled.company,
        "officer": year.officer,
    }[side]


@pytest.mark.parametrize("side", ["student", "school", "company", "officer"])
async def test_each_party_and_an_officer_can_take_back_an_unsigned_agreement_and_its_place_is_free(
    year: World, side: str
) -> None:
    settled, agreement = await drafted(year)
    assert await counts(year) == (1, 0)
    who = withdrawer(year, settled, side)
    path = f"/tripartite-agreements/{agreement}/withdrawal"

    withdrawn = done(await who.post(path, {"reason": "position_cancelled"}), 201)

    assert (withdrawn["state"], withdrawn["over_by"]) == ("withdrawn", side)
    assert await counts(year) == (0, 0)
    [(_, event)] = await year.told("student-agreement-ended")
    assert (event["agreement"], event["reason"]) == (agreement, "position_cancelled")
    refused(await who.post(path, {"reason": "again"}), 409, ("state", "agreement_not_drafted"))
    signature = f"/tripartite-agreements/{agreement}/signature"
    refused(await settled.school.post(signature), 409, ("state", "agreement_not_drafted"))
    body = {"student": settled.students[0].party, "opening": settled.openings[0], "reason": "late_matching"}
    done(await year.officer.post("/placements", body), 201)
    assert await counts(year) == (1, 0)


async def test_a_place_is_freed_once_however_many_withdraw_while_the_deadline_passes(year: World) -> None:
    settled, agreement = await drafted(year)
    other = await year.settled(students=1, places=(1,))
    await year.at(SIGNED_UNTIL)
    path = f"/tripartite-agreements/{agreement}/withdrawal"
    reason = {"reason": "position_cancelled"}
    sides = [withdrawer(year, settled, side) for side in ("student", "school", "company", "officer")]
    sweeping = asyncio.create_task(sweep(year))
    answers = await asyncio.gather(*(who.post(path, reason) for who in sides))
    swept = await sweeping
    accepted = [answer for answer in answers if answer.status_code == 201]
    lapsed = await year.rows("select 1 from tripartite_agreement where state = 'lapsed'")
    assert len(accepted) + len(lapsed) == 1
    assert swept == len(lapsed)
    held = {row["id"]: row["held"] for row in await year.rows("select id, held from opening")}
    assert held == {settled.openings[0]: 0, other.openings[0]: 0}
    assert len(await year.told("student-agreement-ended")) == 1


async def test_an_agreement_can_be_signed_until_its_moment_and_lapses_then(year: World) -> None:
    settled, agreement = await drafted(year)
    shown = done(await settled.school.get(f"/tripartite-agreements/{agreement}"))
    assert datetime.fromisoformat(shown["sign_until"]) == SIGNED_UNTIL
    await year.at(SIGNED_UNTIL - MICROSECOND)
    done(await settled.school.post(f"/tripartite-agreements/{agreement}/signature"), 201)
    assert await sweep(year) == 0
    await year.at(SIGNED_UNTIL)
    signature = f"/tripartite-agreements/{agreement}/signature"
    refused(await settled.company.post(signature), 409, ("sign_until", "signing_too_late"))
    assert done(await settled.company.post("/tripartite-agreements/signatures"), 201) == []
    assert await counts(year) == (1, 0)

    assert await sweep(year) == 1

    assert await sweep(year) == 0
    assert await counts(year) == (0, 0)
    [(_, event)] = await year.told("student-agreement-ended")
    assert (event["reason"], event["ended_by"]) == ("not_signed_in_time", "deadline")
    detail = done(await settled.school.get(f"/tripartite-agreements/{agreement}"))
    assert [each["state"] for each in detail["versions"]] == ["drafted", "drafted", "lapsed"]


async def test_the_years_policy_says_how_long_an_agreement_can_be_signed(world: World) -> None:
    await world.year_opens(signing_days=3)
    settled, agreement = await drafted(world)
    shown = done(await settled.school.get(f"/tripartite-agreements/{agreement}"))
    assert datetime.fromisoformat(shown["sign_until"]) == SIGNED_UNTIL - timedelta(days=11)


async def test_nobody_takes_back_the_agreement_of_others(year: World) -> None:
    _, agreement = await drafted(year)
    before = await year.state()
    path = f"/tripartite-agreements/{agreement}/withdrawal"
    for stranger in (
        await year.company(),
        await year.selected_school(),
        year.caller("student", party="stu_stranger"),
    ):
        expected = ("agreement", "agreement_not_found")
        refused(await stranger.post(path, {"reason": "spite"}), 404, expected)
        refused(await stranger.get(f"/tripartite-agreements/{agreement}"), 404, expected)
    assert (await year.state())["tripartite_agreement"] == before["tripartite_agreement"]


async def test_an_agreement_that_ended_early_carries_nothing_and_work_goes_on(year: World) -> None:
    settled, offers = await year.offered(students=3, places=(3,))
    placement = await year.placed(settled, settled.students[0], offers[0])
    await year.nearly_placed(settled, settled.students[1], offers[1])
    path = f"/agreements/{settled.agreement}/end"

    ended = done(await settled.company.post(path, {"reason": "company_closed"}), 201)

    assert (ended["state"], ended["over_by"], ended["over_reason"]) == ("ended", "company", "company_closed")
    [(_, event)] = await year.told("agreement-ended")
    assert (event["was_in_force"], event["reason"]) == (True, "company_closed")
    for kind, students in (
        ("student-agreement-ended", [settled.students[1].party]),
        ("student-offer-withdrawn", [settled.students[2].party]),
    ):
        assert [each["student"] for _, each in await year.told(kind)] == students
    assert [each["reason"] for _, each in await year.told("opening-withdrawn")] == ["agreement_over"]
    [(_, closed)] = await year.told("class-closed")
    assert (closed["reason"], closed["students"]) == ("agreement_over", 3)
    opening = done(await settled.company.get(f"/openings/{settled.openings[0]}"))
    assert (opening["state"], opening["free"], opening["held"], opening["active"]) == ("withdrawn", 0, 1, 1)
    [row] = await year.rows("select state from placement where id = $1", placement)
    assert row["state"] == "active"
    refused(await settled.company.post(path, {"reason": "again"}), 409, ("state", "agreement_over"))
    [anew] = done(await settled.school.post("/agreements", proposal(settled.company)), 201)
    assert anew["state"] == "proposed"


async def test_a_class_goes_on_without_the_company_that_left(year: World) -> None:
    school, leaving, staying = (
        await year.selected_school("new_technology"),
        await year.company(),
        await year.company(),
    )
    agreement = await year.agreed(school, leaving)
    await year.agreed(school, staying)
    employment_class = await year.opened_class(school, leaving, staying)
    done(await school.post(f"/agreements/{agreement}/end", {"reason": "by_mutual_consent"}), 201)
    shown = done(await school.get(f"/classes/{employment_class}"))
    assert (shown["state"], shown["companies"]) == ("open", [staying.party])
    [(_, event)] = await year.told("class-changed")
    assert event["companies"] == [staying.party]


async def test_an_opening_stands_as_long_as_one_school_is_left(year: World) -> None:
    settled = await year.settled(students=1)
    other = await year.selected_school()
    await year.agreed(other, settled.company)
    done(await settled.school.post(f"/agreements/{settled.agreement}/end", {"reason": "x_ray"}), 201)
    assert await year.told("opening-withdrawn") == []
    listed = done(await settled.company.get("/openings", programme_year=YEAR))["items"]
    assert {opening["state"] for opening in listed} == {"published"}
    [student] = settled.students
    assert done(await student.get(f"/students/{student.party}/openings")) == []


async def test_two_agreements_that_end_at_the_same_moment_leave_no_opening_standing(year: World) -> None:
    settled = await year.settled(students=0)
    other = await year.selected_school()
    second = await year.agreed(other, settled.company)
    async with begin(year.pool, Command(actor="test")) as tx:
        first = AgreementId(settled.agreement)
        await agreements.end_agreement(tx, first, OverBy.OFFICER, None, "by_mutual_consent")
        beside = asyncio.create_task(other.post(f"/agreements/{second}/end", {"reason": "by_mutual_consent"}))
        await until_behind_a_lock(year, beside)
    assert done(await beside, 201)["state"] == "ended"
    assert {row["state"] for row in await year.rows("select state from opening")} == {"withdrawn"}
    assert len(await year.told("opening-withdrawn")) == len(settled.openings)


async def test_a_proposal_is_withdrawn_and_can_be_made_anew(year: World) -> None:
    school, company = await year.selected_school(), await year.company()
    [proposed] = done(await school.post("/agreements", proposal(company)), 201)
    path = f"/agreements/{proposed['id']}/end"
    for stranger in (await year.company(), await year.selected_school()):
        refused(await stranger.post(path, {"reason": "spite"}), 404, ("agreement", "agreement_not_found"))
    withdrawn = done(await year.officer.post(path, {"reason": "by_mutual_consent"}), 201)
    assert (withdrawn["state"], withdrawn["over_by"]) == ("withdrawn", "officer")
    signature = {"agreements": [proposed["id"]]}
    refused(await company.post("/agreements/signatures", signature), 409, ("state", "agreement_not_proposed"))
    [(_, event)] = await year.told("agreement-ended")
    assert event["was_in_force"] is False
    done(await school.post("/agreements", proposal(company)), 201)
    again = await school.post("/agreements", proposal(company))
    refused(again, 409, ("agreements.0", "agreement_exists"))


async def test_an_agreement_expires_after_its_last_day_with_all_that_stands_on_it(year: World) -> None:
    settled, _ = await drafted(year)
    await year.at(MIDNIGHT - MICROSECOND)
    shown = done(await settled.school.get(f"/agreements/{settled.agreement}"))
    assert shown["state"] == "in_force"
    assert await sweep(year) == 2, "the class is over since the end of its own term, the draft unsigned"
    await year.at(MIDNIGHT)
    refused(
        await settled.school.post("/classes", class_body(settled.company) | {"ends_on": "2026-12-31"}),
        409,
        ("companies.0", "agreement_not_in_force"),
    )
    assert await sweep(year) == 1
    assert await sweep(year) == 0
    shown = done(await settled.school.get(f"/agreements/{settled.agreement}"))
    assert (shown["state"], shown["over_by"], shown["over_reason"]) == ("expired", "deadline", "term_over")
    assert [each["state"] for each in shown["versions"]] == ["proposed", "in_force", "expired"]
    opening = done(await settled.company.get(f"/openings/{settled.openings[0]}"))
    assert opening["state"] == "withdrawn"
    assert [event["reason"] for _, event in await year.told("class-closed")] == ["term_over"]


async def test_a_term_is_changed_when_the_other_party_has_signed_too(year: World) -> None:
    school, company = await year.selected_school(), await year.company()
    agreement = await year.agreed(school, company)
    path, longer = f"/agreements/{agreement}/terms", {"starts_on": "2025-04-01", "ends_on": "2026-12-31"}
    refused(await company.post(f"{path}/signature"), 409, ("term", "nothing_wanted"))
    wanted = done(await school.post(path, longer), 201)
    assert (wanted["ends_on"], wanted["wanted_ends_on"]) == ("2026-02-28", "2026-12-31")
    refused(await school.post(f"{path}/signature"), 409, ("signature", "signed_already"))
    for wrong, rule in (
        ({"starts_on": "2025-04-11", "ends_on": "2026-12-31"}, "term_covers_today"),
        ({"starts_on": "2025-04-11", "ends_on": "2025-04-10"}, "term_in_order"),
    ):
        refused(await company.post(path, wrong), 422, ("ends_on", rule))

    settled = done(await company.post(f"{path}/signature"), 201)

    assert (settled["ends_on"], settled["wanted_by"]) == ("2026-12-31", None)
    [(_, event)] = await year.told("agreement-changed")
    assert event["ends_on"] == "2026-12-31"
    detail = done(await school.get(f"/agreements/{agreement}"))
    terms = [each["terms"]["ends_on"] for each in detail["versions"]]
    assert terms == ["2026-02-28", "2026-02-28", "2026-02-28", "2026-12-31"]
    assert [each["version"] for each in detail["versions"]] == [1, 2, 3, 4]


async def limited(year: World) -> tuple[Settled, str]:
    """A placement whose work ends on the last day of 2025."""
    school, company = await year.selected_school("new_technology"), await year.company()
    agreement = await year.agreed(school, company)
    employment_class = await year.opened_class(school, company)
    students = await year.enrolled(school, employment_class, 1)
    body: dict[str, Any] = {
        "field": "smart_factory",
        "title": "단기 (모의)",
        "province": "seoul",
        "address": "모의로 2",
        "wage_krw_per_hour": 10500,
        "hours_per_day": 8,
        "hours_per_week": 40,
        "works_from": "09:00:00",
        "works_until": "18:00:00",
        "starts_on": "2025-11-03",
        "ends_on": "2025-12-31",
        "places": 1,
    }
    published = await company.post("/openings", {"programme_year": YEAR, "openings": [body]})
    [opening] = done(published, 201)
    settled = Settled(school, company, agreement, employment_class, students, [opening["id"]])
    await year.matched(
        settled, [[opening["id"]]], [{"opening": opening["id"], "students": [students[0].party]}]
    )
    return settled, await year.placed(settled, students[0], await year.offer_of(students[0]))


async def test_a_placement_ends_with_the_last_day_of_a_limited_employment(year: World) -> None:
    _, placement = await limited(year)
    over = datetime(2025, 12, 31, 15, tzinfo=UTC)
    await year.at(over - MICROSECOND)
    await sweep(year)
    [row] = await year.rows("select state from placement")
    assert row["state"] == "active"
    await year.at(over + timedelta(days=2))
    await sweep(year)
    [row] = await year.rows("select id, state, ended_on::text, ended_reason from placement")
    assert row == {
        "id": placement,
        "state": "ended",
        "ended_on": "2025-12-31",
        "ended_reason": "contract_end",
    }
    [row] = await year.rows("select state, over_by from tripartite_agreement")
    assert row == {"state": "expired", "over_by": "deadline"}
    assert await counts(year) == (0, 0)


async def test_an_agreement_ends_with_its_placement(year: World) -> None:
    settled, [offer] = await year.offered()
    placement = await year.placed(settled, settled.students[0], offer)
    ended = await settled.company.post(f"/placements/{placement}/end", {"reason": "resignation"})
    done(ended, 201)
    [row] = await year.rows("select state, over_reason, over_by from tripartite_agreement")
    assert row == {"state": "ended", "over_reason": "resignation", "over_by": "company"}


async def test_the_forms_are_printed_with_parties_terms_and_signatures(year: World) -> None:
    settled, [offer] = await year.offered()
    [student] = settled.students
    who = {"name": "모의 학생", "birth_date": "2007-05-14"}
    written = await settled.school.put(f"/students/{student.party}/person", who)
    assert written.status_code == 204
    agreement = await year.nearly_placed(settled, student, offer)

    answer = await settled.company.get(f"/tripartite-agreements/{agreement}/document")

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    text = text_of(answer.content)
    for part in (agreement, "모의 학생", "2007-05-14", "10,500", "09:00 ~ 17:00", "2025-10-17 18:00:00"):
        assert part in text, (part, text)
    reads = done(await student.get(f"/students/{student.party}/person/accesses"))["items"]
    assert [each["action"] for each in reads] == ["agreement_printed"]
    document = await settled.school.get(f"/agreements/{settled.agreement}/document")
    assert "2025-04-01 ~ 2026-02-28" in text_of(document.content)
    stranger = await year.company()
    for path in (f"/agreements/{settled.agreement}", f"/tripartite-agreements/{agreement}"):
        refused(await stranger.get(f"{path}/document"), 404, ("agreement", "agreement_not_found"))


async def test_nothing_rests_on_an_agreement_that_ends_at_the_same_moment(year: World) -> None:
    """Class, opening and third signature race with the end: none of them stands on what is over."""
    settled, [offer, *_] = await year.offered(students=2, places=(2,))
    await year.nearly_placed(settled, settled.students[0], offer)
    ended, opened, published, signed = await asyncio.gather(
        settled.school.post(f"/agreements/{settled.agreement}/end", {"reason": "by_mutual_consent"}),
        settled.school.post("/classes", class_body(settled.company)),
        settled.company.post("/openings", {"programme_year": YEAR, "openings": [await _opening(year)]}),
        settled.company.post("/tripartite-agreements/signatures"),
    )
    assert ended.status_code == 201, ended.text
    assert {answer.status_code for answer in (opened, published, signed)} <= {201, 409}
    standing = await year.rows(
        """
        select 'class' as kind, c.id from employment_class c join class_company l on l.employment_class = c.id
        where c.state = 'open'
        union all select 'opening', id from opening where state <> 'withdrawn'
        union all select 'offer', id from offer where state = 'offered'
        union all select 'draft', id from tripartite_agreement where state = 'drafted'
        """
    )
    assert standing == []
    [wrong] = await year.rows(
        """
        select count(*)::int as n from opening o
        where o.held <> (select count(*) from placement p where p.opening = o.id and p.state = 'active')
        """
    )
    assert wrong["n"] == 0


async def _opening(year: World) -> dict[str, Any]:
    [row] = await year.rows(
        """
        select field, title, province, address, wage_krw_per_hour, hours_per_day, hours_per_week,
          works_from::text, works_until::text, starts_on::text, places
        from opening
        """
    )
    return row
