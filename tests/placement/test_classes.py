"""Classes are changed, students go from one to another or leave, guardians of minors agree."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.asking import Caller, done, refused
from tests.placement.world import Settled, World, class_body

from chassis.transaction import Command, begin
from contracts import evaluation
from contracts.examples import example


@pytest.fixture
async def year(world: World) -> World:
    await world.year_opens()
    return world


def plan(*companies: Caller, **changed: Any) -> dict[str, Any]:
    return {
        name: value for name, value in class_body(*companies).items() if name != "programme_year"
    } | changed


async def test_an_open_class_is_changed_under_the_rules_of_a_new_one(year: World) -> None:
    settled = await year.settled(students=3)
    other = await year.company()
    path = f"/classes/{settled.employment_class}"
    before = await year.state()
    for changed, status, expected in (
        (plan(settled.company, capacity=2), 409, ("capacity", "below_enrolled")),
        (plan(settled.company, capacity=21), 422, ("capacity", "class_size")),
        (plan(settled.company, other), 409, ("companies.1", "agreement_not_in_force")),
        (plan(settled.company, track="work_study"), 409, ("track", "track_not_held")),
        (plan(settled.company, ends_on="2025-04-09"), 422, ("ends_on", "term_in_order")),
        (plan(settled.company, hours=0), 422, ("hours", "greater_than_equal")),
    ):
        answer = await settled.school.put(path, changed)
        rules = {(error["field"], error["rule"]) for error in answer.json()["errors"]}
        assert answer.status_code == status, answer.text
        assert expected in rules
    assert await year.state() == before

    await year.agreed(settled.school, other)
    wanted = plan(settled.company, other, hours=420, capacity=15, field="robotics", ends_on="2026-01-31")
    shown = done(await settled.school.put(path, wanted))

    assert {name: shown[name] for name in wanted if name != "companies"} == {
        name: value for name, value in wanted.items() if name != "companies"
    }
    assert set(shown["companies"]) == {settled.company.party, other.party}
    [(_, event)] = await year.told("class-changed")
    assert (event["hours"], event["capacity"], len(event["companies"])) == (420, 15, 2)
    refused(
        await (await year.selected_school()).put(path, wanted),
        404,
        ("employment_class", "employment_class_not_found"),
    )
    done(await settled.school.post(f"{path}/closure"), 201)
    refused(await settled.school.put(path, wanted), 409, ("state", "class_closed"))


async def test_a_student_goes_to_another_class_of_the_school(year: World) -> None:
    settled = await year.settled(students=2)
    [student, stays] = settled.students
    to = await year.opened_class(settled.school, settled.company, field="robotics")
    path = f"/classes/{settled.employment_class}/transfers"

    shown = done(await settled.school.post(path, {"student": student.party, "to": to}), 201)

    assert (shown["id"], [row["student"] for row in shown["roster"]]) == (to, [student.party])
    left = done(await settled.school.get(f"/classes/{settled.employment_class}"))
    assert (left["enrolled"], [row["student"] for row in left["roster"]]) == (1, [stays.party])
    [(_, event)] = await year.told("student-transferred")
    assert (event["from_class"], event["employment_class"]) == (settled.employment_class, to)
    again = await settled.school.post(path, {"student": student.party, "to": to})
    refused(again, 404, ("student", "student_not_found"))
    same = {"student": stays.party, "to": settled.employment_class}
    refused(await settled.school.post(path, same), 422, ("to", "another_class"))


async def test_a_student_goes_to_no_class_of_another_school(year: World) -> None:
    settled, other = await year.settled(students=1), await year.settled(students=1)
    body = {"student": settled.students[0].party, "to": other.employment_class}
    before = await year.state()
    path = f"/classes/{settled.employment_class}/transfers"
    refused(await settled.school.post(path, body), 404, ("to", "employment_class_not_found"))
    foreign = {"student": other.students[0].party, "reason": "left_school"}
    path = f"/classes/{settled.employment_class}/departures"
    refused(await settled.school.post(path, foreign), 404, ("student", "student_not_found"))
    consent = {"given_on": "2025-04-01"}
    path = f"/students/{other.students[0].party}/guardian-consent"
    refused(await settled.school.put(path, consent), 404, ("student", "student_not_found"))
    assert await year.state() == before


async def test_a_student_who_leaves_frees_seat_and_place_and_may_come_back(year: World) -> None:
    settled, offers = await year.offered(students=3, places=(3,))
    offered, drafted, working = settled.students
    await year.nearly_placed(settled, drafted, offers[1])
    placement = await year.placed(settled, working, offers[2])
    path = f"/classes/{settled.employment_class}/departures"
    for student in (offered, drafted):
        body = {"student": student.party, "reason": "changed_school"}
        done(await settled.school.post(path, body), 201)
    body = {"student": working.party, "reason": "left_school"}
    refused(await settled.school.post(path, body), 409, ("student", "placed_already"))
    [counts] = await year.rows("select held, active from opening")
    assert counts == {"held": 1, "active": 1}
    assert [event["reason"] for _, event in await year.told("student-left")] == ["changed_school"] * 2
    [(_, withdrawn)] = await year.told("student-offer-withdrawn")
    [(_, ended)] = await year.told("student-agreement-ended")
    assert {withdrawn["reason"], ended["reason"]} == {"student_left"}
    refused(await offered.post(f"/offers/{offers[0]}/acceptance", {}), 409, ("state", "offer_answered"))
    done(await settled.company.post(f"/placements/{placement}/end", {"reason": "resignation"}), 201)
    done(await settled.school.post(path, body), 201)
    shown = done(await settled.school.get(f"/classes/{settled.employment_class}"))
    assert (shown["enrolled"], shown["roster"]) == (0, [])

    [row] = await year.rows("select reference from student where id = $1", offered.party)
    path = f"/classes/{settled.employment_class}/students"
    back = done(await settled.school.post(path, {"reference": row["reference"]}), 201)
    assert back["students"] == [offered.party]


async def test_who_leaves_is_not_invited_to_the_round_and_who_loses_an_agreement_is(year: World) -> None:
    settled = await year.settled(students=2, places=(2,))
    for student in settled.students:
        body = {"student": student.party, "opening": settled.openings[0], "reason": "late_matching"}
        done(await year.officer.post("/placements", body), 201)
    await year.round_opens()
    assert await year.told("preferences-opened") == []
    leaving, staying = settled.students
    body = {"student": leaving.party, "reason": "changed_school"}
    done(await settled.school.post(f"/classes/{settled.employment_class}/departures", body), 201)
    assert await year.told("preferences-opened") == []
    [row] = await year.rows("select id from tripartite_agreement where student = $1", staying.party)
    path = f"/tripartite-agreements/{row['id']}/withdrawal"
    done(await staying.post(path, {"reason": "changed_plans"}), 201)
    assert [event["student"] for _, event in await year.told("preferences-opened")] == [staying.party]


@pytest.mark.parametrize("reason", ["transferred", "boredom"])
async def test_nobody_leaves_for_a_reason_there_is_not(year: World, reason: str) -> None:
    settled = await year.settled(students=1)
    body = {"student": settled.students[0].party, "reason": reason}
    answer = await settled.school.post(f"/classes/{settled.employment_class}/departures", body)
    assert answer.status_code == 422
    assert len(await year.rows("select 1 from enrolment where state = 'active'")) == 1


async def test_a_student_leaves_or_accepts_but_never_both(year: World) -> None:
    settled, [offer] = await year.offered()
    [student] = settled.students
    body = {"student": student.party, "reason": "changed_plans"}
    left, accepted = await asyncio.gather(
        settled.school.post(f"/classes/{settled.employment_class}/departures", body),
        student.post(f"/offers/{offer}/acceptance", {"sign_agreement": True}),
    )
    assert left.status_code == 201, left.text
    assert accepted.status_code in {201, 409}
    [row] = await year.rows(
        """
        select held, (select count(*)::int from tripartite_agreement where state = 'drafted') as drafted
        from opening
        """
    )
    assert row == {"held": 0, "drafted": 0}


async def test_a_revoked_school_takes_nobody_in_by_transfer_or_change(year: World) -> None:
    settled = await year.settled(students=1)
    to = await year.opened_class(settled.school, settled.company)
    revoked = example(evaluation.SchoolRevoked, programme_year=2025, school=str(settled.school.party))
    await year.receive(revoked)
    body = {"student": settled.students[0].party, "to": to}
    path = f"/classes/{settled.employment_class}/transfers"
    refused(await settled.school.post(path, body), 409, ("school", "school_not_taking_part"))
    changed = await settled.school.put(f"/classes/{to}", plan(settled.company, capacity=5))
    assert changed.status_code == 409
    leaves = {"student": settled.students[0].party, "reason": "left_school"}
    done(await settled.school.post(f"/classes/{settled.employment_class}/departures", leaves), 201)


async def test_a_class_that_is_over_takes_nobody_even_before_it_is_closed(year: World) -> None:
    settled = await year.settled(students=1)
    await year.at(datetime(2025, 12, 31, 15, tzinfo=UTC))
    path = f"/classes/{settled.employment_class}/students"
    answer = await settled.school.post(path, {"reference": "late"})
    refused(answer, 409, ("employment_class", "class_over"))


async def nobody_agreed(year: World) -> None:
    """As if the roster had said nothing of guardians."""
    async with begin(year.pool, Command(actor="test")) as tx:
        await tx.execute("delete from guardian_consent")


async def born_on(settled: Settled, student: Caller, day: str) -> None:
    who = {"name": "모의 학생", "birth_date": day}
    assert (await settled.school.put(f"/students/{student.party}/person", who)).status_code == 204


@pytest.mark.parametrize(
    ("born", "rule"),
    [("2007-10-17", None), ("2007-10-18", "guardian_consent_missing"), (None, "age_unknown")],
)
async def test_who_is_not_known_to_be_an_adult_works_only_with_a_guardians_consent_on_record(
    year: World, born: str | None, rule: str | None
) -> None:
    settled, [offer] = await year.offered()
    [student] = settled.students
    await nobody_agreed(year)
    if born is not None:
        await born_on(settled, student, born)
    accepted = await student.post(f"/offers/{offer}/acceptance", {"sign_agreement": True})
    signature = f"/tripartite-agreements/{done(accepted, 201)['id']}/signature"
    if rule is not None:
        refused(await settled.school.post(signature), 409, ("guardian_consent", rule))
        every = f"/classes/{settled.employment_class}/signatures"
        refused(await settled.school.post(every), 409, ("guardian_consent", rule))
        consent = f"/students/{student.party}/guardian-consent"
        to_come = {"given_on": "2025-10-18"}
        refused(await settled.school.put(consent, to_come), 422, ("given_on", "in_the_past"))
        done(await settled.school.put(consent, {"given_on": "2025-10-17"}))
        shown = done(await settled.school.get(f"/classes/{settled.employment_class}"))
        assert shown["roster"][0]["guardian_consent_on"] == "2025-10-17"
    done(await settled.school.post(signature), 201)
    assert done(await settled.company.post(signature), 201)["placement"] is not None


async def test_a_school_that_signs_for_a_class_is_told_whose_consent_is_missing(year: World) -> None:
    settled, offers = await year.offered(students=3, places=(3,))
    await nobody_agreed(year)
    minor, adult, unknown = settled.students
    await born_on(settled, minor, "2008-02-29")
    await born_on(settled, adult, "2006-02-28")
    for student, offer in zip(settled.students, offers, strict=True):
        done(await student.post(f"/offers/{offer}/acceptance", {"sign_agreement": True}), 201)
    before = await year.state()
    answer = await settled.school.post(f"/classes/{settled.employment_class}/signatures")
    said = {each["rule"]: each["message"].partition(":")[0] for each in answer.json()["errors"]}
    assert said == {"guardian_consent_missing": minor.party, "age_unknown": unknown.party}
    assert await year.state() == before


async def test_a_birth_date_that_was_corrected_since_the_school_signed_counts_for_the_last_signature(
    year: World,
) -> None:
    settled, [offer] = await year.offered()
    [student] = settled.students
    await nobody_agreed(year)
    await born_on(settled, student, "2006-02-28")
    agreement = await year.nearly_placed(settled, student, offer)
    await born_on(settled, student, "2008-02-28")
    signature = await settled.company.post(f"/tripartite-agreements/{agreement}/signature")
    refused(signature, 409, ("guardian_consent", "guardian_consent_missing"))
    assert await year.rows("select from placement") == []


async def test_a_consent_comes_with_the_roster_and_is_never_of_a_day_to_come(year: World) -> None:
    school, company = await year.selected_school("new_technology"), await year.company()
    await year.agreed(school, company)
    path = f"/classes/{await year.opened_class(school, company)}"
    rows = [
        {"reference": "a", "guardian_consent_on": "2025-04-10"},
        {"reference": "b", "guardian_consent_on": "2025-04-11"},
    ]
    refused(
        await school.post(f"{path}/roster", {"rows": rows}),
        422,
        ("rows.1.guardian_consent_on", "in_the_past"),
    )
    done(await school.post(f"{path}/roster", {"rows": rows[:1]}), 201)
    [row] = done(await school.get(path))["roster"]
    assert row["guardian_consent_on"] == "2025-04-10"
