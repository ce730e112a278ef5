"""Companies are SMEs; a suspended one takes nobody new, and who works there is followed up."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest
from tests.asking import Caller, done, refused
from tests.placement.world import (
    LISTS_UNTIL,
    SPRING,
    YEAR,
    World,
    class_body,
    company_body,
    openings_body,
    proposal,
)

SUSPENSION = {"programme_year": YEAR, "reason": "labour_law_violation"}
REINSTATEMENT = {"programme_year": YEAR, "reason": "violation_mended"}


@pytest.fixture
async def year(world: World) -> World:
    await world.year_opens()
    return world


async def suspend(year: World, company: Caller) -> Any:
    return done(await year.officer.post(f"/companies/{company.party}/suspension", SUSPENSION), 201)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"sme_status": "not_sme", "sme_confirmed_until": None}, ("sme_status", "not_an_sme")),
        ({"sme_confirmed_until": "2025-04-09"}, ("sme_confirmed_until", "sme_not_confirmed")),
    ],
)
async def test_only_a_confirmed_sme_is_approved(
    year: World, facts: dict[str, Any], expected: tuple[str, str]
) -> None:
    company = done(await year.caller("company").post("/companies", company_body(1, **facts)), 201)["id"]
    approval = {"programme_year": YEAR, "companies": [company]}
    refused(await year.officer.post("/companies/approvals", approval), 409, expected)

    newer = {"sme_status": "medium", "sme_confirmed_until": "2025-04-10", "employees": 80}
    done(await year.officer.post(f"/companies/{company}/sme-status", newer), 201)

    [approved] = done(await year.officer.post("/companies/approvals", approval), 201)
    assert (approved["sme_status"], approved["employees"]) == ("medium", 80)


@pytest.mark.parametrize(
    "facts",
    [{"sme_status": "not_sme"}, {"sme_status": "small", "sme_confirmed_until": None}],
)
async def test_a_status_and_the_day_of_its_confirmation_come_together(
    year: World, facts: dict[str, Any]
) -> None:
    answer = await year.caller("company").post("/companies", company_body(1, **facts))
    refused(answer, 422, ("sme_confirmed_until", "status_and_day"))


async def test_of_a_suspended_company_present_students_are_listed_and_others_let_go(year: World) -> None:
    settled, offers = await year.offered(students=3, places=(4,))
    working, drafted, offered = settled.students
    placement = await year.placed(settled, working, offers[0])
    await year.nearly_placed(settled, drafted, offers[1])

    listed = await suspend(year, settled.company)

    assert (listed["state"], listed["suspended_reason"]) == ("suspended", "labour_law_violation")
    assert [each["placement"] for each in listed["students"]] == [placement]
    assert done(await year.officer.get(f"/companies/{settled.company.party}/follow-up")) == listed
    [(_, event)] = await year.told("company-suspended")
    assert (event["students"], event["reason"]) == (1, "labour_law_violation")
    [(_, withdrawn)] = await year.told("student-offer-withdrawn")
    assert (withdrawn["student"], withdrawn["reason"]) == (offered.party, "company_suspended")
    [(_, ended)] = await year.told("student-agreement-ended")
    assert (ended["student"], ended["ended_by"]) == (drafted.party, "officer")
    [counts] = await year.rows("select held, active from opening")
    assert counts == {"held": 1, "active": 1}


async def test_a_suspended_company_takes_nobody_new(year: World) -> None:
    settled, _ = await year.offered()
    [offered] = settled.students
    await suspend(year, settled.company)
    attempts: list[tuple[Awaitable[Any], tuple[str, str]]] = [
        (settled.company.post("/openings", openings_body(1)), ("company", "company_suspended")),
        (
            settled.school.post("/classes", class_body(settled.company)),
            ("companies.0", "agreement_not_in_force"),
        ),
        (
            (await year.selected_school()).post("/agreements", proposal(settled.company)),
            ("agreements.0.company", "company_suspended"),
        ),
        (
            year.officer.post(
                "/placements",
                {"student": offered.party, "opening": settled.openings[0], "reason": "late_matching"},
            ),
            ("agreement", "agreement_not_in_force"),
        ),
    ]
    before = await year.state()
    for attempt, expected in attempts:
        refused(await attempt, 409, expected)
    assert done(await offered.get(f"/students/{offered.party}/openings")) == []
    again = await year.officer.post(f"/companies/{settled.company.party}/suspension", SUSPENSION)
    refused(again, 409, ("state", "company_suspended"))
    assert await year.state() == before


async def test_of_officers_who_suspend_at_once_one_does_and_places_are_freed_once(year: World) -> None:
    settled, _ = await year.offered(students=2, places=(2,))
    path = f"/companies/{settled.company.party}/suspension"
    answers = await asyncio.gather(*(year.officer.post(path, SUSPENSION) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    [counts] = await year.rows("select held from opening")
    assert counts == {"held": 0}
    assert len(await year.told("student-offer-withdrawn")) == 2


async def test_a_student_accepts_or_the_company_is_suspended_but_no_agreement_outlives_it(
    year: World,
) -> None:
    settled, offers = await year.offered(students=4, places=(4,))
    answers = await asyncio.gather(
        year.officer.post(f"/companies/{settled.company.party}/suspension", SUSPENSION),
        *(
            student.post(f"/offers/{offer}/acceptance", {"sign_agreement": True})
            for student, offer in zip(settled.students, offers, strict=True)
        ),
    )
    assert answers[0].status_code == 201, answers[0].text
    assert {answer.status_code for answer in answers[1:]} <= {201, 409}
    [left] = await year.rows(
        """
        select held, (select count(*)::int from tripartite_agreement where state = 'drafted') as drafted,
          (select count(*)::int from offer where state = 'offered') as open
        from opening
        """
    )
    assert left == {"held": 0, "drafted": 0, "open": 0}


async def test_an_agreement_is_not_signed_with_a_suspended_company(year: World) -> None:
    school, company = await year.selected_school(), await year.company()
    [proposed] = done(await company.post("/agreements", proposal(school)), 201)
    await suspend(year, company)
    signature = {"agreements": [proposed["id"]]}
    refused(await school.post("/agreements/signatures", signature), 409, ("company", "company_suspended"))


async def test_a_reinstated_company_takes_students_again(year: World) -> None:
    settled = await year.settled(students=1, places=(1,))
    [student] = settled.students
    await suspend(year, settled.company)
    await year.at(LISTS_UNTIL)
    path = f"/companies/{settled.company.party}/reinstatement"
    done(await year.officer.post(path, REINSTATEMENT), 201)
    assert len(await year.told("company-reinstated")) == 1
    [opening] = done(await student.get(f"/students/{student.party}/openings"))
    assert opening["id"] == settled.openings[0]
    refused(await year.officer.post(path, REINSTATEMENT), 409, ("state", "company_not_suspended"))
    await year.at(SPRING)
    entries = await year.rows("select action from messaging.audit where subject = $1", settled.company.party)
    assert {"company_suspended", "company_reinstated"} <= {entry["action"] for entry in entries}
