"""Companies are approved, schools and companies agree, classes open, rosters fill, openings appear."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.asking import Caller, done, refused
from tests.placement.world import (
    SPRING,
    YEAR,
    World,
    class_body,
    company_body,
    final_result,
    openings_body,
    proposal,
)

from contracts import evaluation
from contracts.examples import example


@pytest.fixture
async def year(world: World) -> World:
    await world.year_opens()
    return world


async def audited(world: World, action: str) -> list[dict[str, Any]]:
    return await world.rows("select * from messaging.audit where action = $1 order by id", action)


async def test_a_company_is_registered_by_itself_and_approved_by_an_officer(year: World) -> None:
    registered = done(await year.caller("company").post("/companies", company_body(1)), 201)
    assert registered["state"] == "registered"
    assert registered["registration_number"].isdigit()
    assert await year.told() == []

    body = {"programme_year": YEAR, "companies": [registered["id"]], "reason": "sme_certificate_checked"}
    [approved] = done(await year.officer.post("/companies/approvals", body), 201)

    assert (approved["state"], approved["approved_at"]) == ("approved", "2025-04-10T03:00:00Z")
    [(kind, event)] = await year.told()
    assert (kind, event["company"], event["employees"]) == ("company-approved", registered["id"], 35)
    assert registered["registration_number"] not in str(event)
    [entry] = await audited(year, "company_approved")
    assert (entry["subject"], entry["reason"]) == (registered["id"], "sme_certificate_checked")
    refused(await year.officer.post("/companies/approvals", body), 409, ("state", "company_not_registered"))


async def test_wrong_missing_and_doubled_registrations_change_nothing(year: World) -> None:
    company = year.caller("company")
    done(await company.post("/companies", company_body(1)), 201)
    before = await year.state()
    for body, status, expected in (
        (company_body(1), 409, ("registration_number", "registered_already")),
        (company_body(2, registration_number="1168200278"), 422, ("registration_number", "check_digit")),
        (company_body(2, province="atlantis"), 422, ("province", "known")),
        (company_body(2, employees=0), 422, ("employees", "greater_than_equal")),
        (company_body(2, state="approved"), 422, ("state", "extra_forbidden")),
    ):
        refused(await company.post("/companies", body), status, expected)
    unknown = {"programme_year": YEAR, "companies": ["cmp_none"]}
    refused(await year.officer.post("/companies/approvals", unknown), 404, ("company", "company_not_found"))
    assert await year.state() == before


async def test_a_company_proposes_and_the_school_signs(year: World) -> None:
    school, company = await year.selected_school(), await year.company()
    [proposed] = done(await company.post("/agreements", proposal(school)), 201)
    assert (proposed["state"], proposed["proposed_by"]) == ("proposed", "company")
    assert (proposed["company_signed_at"] is None, proposed["school_signed_at"]) == (False, None)
    signature = {"agreements": [proposed["id"]]}
    refused(await company.post("/agreements/signatures", signature), 409, ("signature", "signed_already"))

    [signed] = done(await school.post("/agreements/signatures", signature), 201)

    assert signed["state"] == "in_force"
    kinds = [kind for kind, event in await year.told() if event.get("agreement") == proposed["id"]]
    assert kinds == ["agreement-proposed", "agreement-in-force"]
    refused(await school.post("/agreements/signatures", signature), 409, ("state", "agreement_not_proposed"))
    for party in (school, company):
        [listed] = done(await party.get("/agreements", programme_year=YEAR))["items"]
        assert listed["id"] == proposed["id"]


async def test_each_row_of_a_request_that_breaks_a_rule_is_named_and_nothing_is_kept(year: World) -> None:
    school, good, waiting = (
        await year.selected_school(),
        await year.company(),
        await year.company(approved=False),
    )
    agreed = await year.company()
    await year.agreed(school, agreed)
    before = await year.state()
    body = proposal(good, waiting, Caller(year.client, "", "", "cmp_none"))
    body["agreements"].append(body["agreements"][0] | {"ends_on": "2025-03-31"})
    refused(
        await school.post("/agreements", body),
        422,
        ("agreements.1.company", "company_not_approved"),
        ("agreements.2.company", "company_not_approved"),
        ("agreements.3.ends_on", "term_in_order"),
    )
    refused(
        await school.post("/agreements", proposal(good, agreed)),
        409,
        ("agreements.1", "agreement_exists"),
    )
    assert await year.state() == before


async def test_a_school_that_is_not_selected_agrees_with_nobody(year: World) -> None:
    company = await year.company()
    stranger = year.caller("school", party="sch_stranger")
    refused(
        await stranger.post("/agreements", proposal(company)),
        409,
        ("agreements.0.school", "school_not_taking_part"),
    )


async def test_a_class_waits_for_every_result_of_the_manifest(world: World) -> None:
    await world.year_opens()
    school, company = await world.selected_school("new_technology"), await world.company()
    await world.agreed(school, company)
    late = example(evaluation.SchoolNotSelected, programme_year=YEAR, school="sch_late")
    streams = [{"school": str(school.party), "sequence": 1}, {"school": "sch_late", "sequence": 1}]
    await world.receive(final_result(streams))
    body = class_body(company)
    refused(await school.post("/classes", body), 409, ("programme_year", "results_incomplete"))
    overview = done(await world.officer.get("/overview", programme_year=YEAR))
    assert overview["results_missing"] == ["sch_late"]

    await world.receive(late)

    done(await school.post("/classes", body), 201)
    assert done(await world.officer.get("/overview", programme_year=YEAR))["results_missing"] == []


async def test_no_class_opens_before_the_final_result_or_in_an_unknown_year(world: World) -> None:
    school = world.caller("school", party="sch_1")
    body = class_body(Caller(world.client, "", "", "cmp_1"))
    refused(await school.post("/classes", body), 409, ("programme_year", "programme_year_unknown"))


async def test_a_class_opens_on_agreements_in_force_and_is_told(year: World) -> None:
    school, company = await year.selected_school("new_technology"), await year.company()
    other = await year.company()
    await year.agreed(school, company)
    refused(
        await school.post("/classes", class_body(company, other) | {"capacity": 21, "track": "work_study"}),
        422,
        ("companies.1", "agreement_not_in_force"),
        ("capacity", "class_size"),
        ("track", "track_not_held"),
    )
    opened = done(await school.post("/classes", class_body(company)), 201)
    assert (opened["enrolled"], opened["companies"]) == (0, [company.party])
    [(_, event)] = await year.told("class-opened")
    assert (event["employment_class"], event["companies"]) == (opened["id"], [company.party])


async def test_an_agreement_carries_nothing_before_its_first_day_and_after_its_last(year: World) -> None:
    school, company = await year.selected_school("new_technology"), await year.company()
    await year.agreed(school, company, starts_on="2025-04-11", ends_on="2025-04-12")
    expected = ("companies.0", "agreement_not_in_force")
    midnight = datetime(2025, 4, 10, 15, tzinfo=UTC)
    for moment in (SPRING, midnight - timedelta(microseconds=1), midnight + timedelta(days=2)):
        await year.at(moment)
        refused(await school.post("/classes", class_body(company)), 409, expected)
        refused(await company.post("/openings", openings_body(1)), 409, ("company", "agreement_not_in_force"))
    await year.at(midnight)
    done(await school.post("/classes", class_body(company)), 201)
    done(await company.post("/openings", openings_body(1)), 201)


async def test_students_come_back_in_the_order_of_the_rows(year: World) -> None:
    school, company = await year.selected_school("new_technology"), await year.company()
    await year.agreed(school, company)
    employment_class = await year.opened_class(school, company)
    references = [f"R{number}" for number in (7, 3, 9, 1)]
    rows = {"rows": [{"reference": each} for each in references]}

    enrolled = done(await school.post(f"/classes/{employment_class}/roster", rows), 201)

    kept = {r["id"]: r["reference"] for r in await year.rows("select id, reference from student")}
    assert [kept[student] for student in enrolled["students"]] == references
    told = [event["student"] for _, event in await year.told("student-enrolled")]
    assert told == enrolled["students"]
    everything = str(await year.told())
    assert not any(f"'{reference}'" in everything for reference in references)
    one = done(await school.post(f"/classes/{employment_class}/students", {"reference": "R2"}), 201)
    assert one["enrolled"] == 5
    detail = done(await school.get(f"/classes/{employment_class}"))
    assert [row["reference"] for row in detail["roster"]] == [*references, "R2"]
    seen_by_officer = done(await year.officer.get(f"/classes/{employment_class}"))
    assert {row["reference"] for row in seen_by_officer["roster"]} == {""}


async def test_a_roster_with_errors_names_each_row_and_enrols_nobody(year: World) -> None:
    settled = await year.settled(students=2)
    taken = (await year.rows("select reference from student order by reference"))[0]["reference"]
    before = await year.state()
    path = f"/classes/{settled.employment_class}/roster"
    rows = [{"reference": each} for each in ("new", taken, "new")]
    refused(
        await settled.school.post(path, {"rows": rows}),
        422,
        ("rows.1.reference", "enrolled_already"),
        ("rows.2.reference", "distinct"),
    )
    refused(
        await settled.school.post(path, {"rows": [{"reference": f"n{at}"} for at in range(19)]}),
        409,
        ("rows", "class_full"),
    )
    refused(
        await settled.school.post(path, {"rows": [{"reference": "홍길동"}]}),
        422,
        ("rows.0.reference", "string_pattern_mismatch"),
    )
    assert await year.state() == before


async def test_a_student_is_in_one_class_at_a_time_even_when_two_requests_race(year: World) -> None:
    school, company = await year.selected_school("new_technology"), await year.company()
    await year.agreed(school, company)
    classes = [await year.opened_class(school, company) for _ in range(4)]
    body = {"rows": [{"reference": "same"}]}
    answers = await asyncio.gather(*(school.post(f"/classes/{each}/roster", body) for each in classes))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert len(await year.rows("select 1 from enrolment")) == 1
    assert (await year.rows("select sum(enrolled)::int as n from employment_class"))[0]["n"] == 1


async def test_a_class_never_holds_more_than_its_capacity_under_concurrent_enrolment(year: World) -> None:
    school, company = await year.selected_school("new_technology"), await year.company()
    await year.agreed(school, company)
    small = await year.opened_class(school, company, capacity=5)
    answers = await asyncio.gather(
        *(school.post(f"/classes/{small}/students", {"reference": f"r{at}"}) for at in range(9))
    )
    assert sorted(answer.status_code for answer in answers) == [201] * 5 + [409] * 4
    [counts] = await year.rows(
        "select enrolled, (select count(*)::int from enrolment) as n from employment_class"
    )
    assert counts == {"enrolled": 5, "n": 5}


@pytest.mark.parametrize(
    ("departure", "reason"),
    [
        (evaluation.SchoolRelinquished, "school_relinquished"),
        (evaluation.SchoolRevoked, "school_revoked"),
    ],
)
async def test_a_school_that_loses_its_place_takes_no_new_students_and_its_present_ones_stay(
    year: World, departure: Any, reason: str
) -> None:
    settled = await year.settled(students=2)
    held = {"held": "selected"} if departure is evaluation.SchoolRelinquished else {}
    await year.receive(example(departure, programme_year=YEAR, school=str(settled.school.party), **held))

    [(_, event)] = await year.told("class-closed")
    assert (event["reason"], event["students"]) == (reason, 2)
    roster = {"rows": [{"reference": "new"}]}
    refused(
        await settled.school.post(f"/classes/{settled.employment_class}/roster", roster),
        409,
        ("school", "school_not_taking_part"),
    )
    refused(
        await settled.school.post("/classes", class_body(settled.company)),
        409,
        ("school", "school_not_taking_part"),
    )
    refused(
        await settled.school.post("/agreements", proposal(await year.company())),
        409,
        ("agreements.0.school", "school_not_taking_part"),
    )
    shown = done(await settled.school.get(f"/classes/{settled.employment_class}"))
    assert (shown["state"], len(shown["roster"])) == ("closed", 2)
    matching_round = await year.round_opens()
    listed = {"openings": settled.openings}
    done(await settled.students[0].put(f"/rounds/{matching_round}/preferences", listed))


async def test_a_revocation_among_enrolments_counts_exactly_who_got_in(year: World) -> None:
    settled = await year.settled(students=1)
    path = f"/classes/{settled.employment_class}/students"
    revoked = example(evaluation.SchoolRevoked, programme_year=YEAR, school=str(settled.school.party))
    first = [settled.school.post(path, {"reference": f"early-{at}"}) for at in range(3)]
    then = [settled.school.post(path, {"reference": f"late-{at}"}) for at in range(3)]
    revocation = asyncio.create_task(year.receive(revoked))
    answers = await asyncio.gather(*first, *then)
    await revocation
    enrolled = 1 + sum(answer.status_code == 201 for answer in answers)
    assert {answer.status_code for answer in answers} <= {201, 409}
    [(_, event)] = await year.told("class-closed")
    assert event["students"] == enrolled
    assert len(await year.rows("select 1 from enrolment")) == enrolled


async def test_openings_are_published_together_and_name_the_schools_they_are_for(year: World) -> None:
    school, company = await year.selected_school(), await year.company()
    await year.agreed(school, company)
    published = done(await company.post("/openings", openings_body(3, 1, 2)), 201)
    assert [opening["places"] for opening in published] == [3, 1, 2]
    assert {opening["state"] for opening in published} == {"published"}
    told = await year.told("opening-published")
    assert [event["opening"] for _, event in told] == [opening["id"] for opening in published]
    assert {tuple(event["schools"]) for _, event in told} == {(school.party,)}
    listed = done(await company.get("/openings", programme_year=YEAR, limit=2))
    assert len(listed["items"]) == 2
    rest = done(await company.get("/openings", programme_year=YEAR, after=listed["next"]))
    assert [opening["id"] for opening in rest["items"]] == [published[2]["id"]]


async def test_an_opening_below_the_minimum_wage_is_refused_with_its_source(year: World) -> None:
    school, company = await year.selected_school(), await year.company()
    await year.agreed(school, company)
    before = await year.state()
    body = openings_body(1, wage_krw_per_hour=10_029, starts_on="2025-11-03", ends_on="2025-12-31")
    answer = await company.post("/openings", body)
    refused(answer, 422, ("openings.0.wage_krw_per_hour", "minimum_wage"))
    assert "KRW 10,030" in answer.json()["detail"]
    assert "minimumwage.go.kr" in answer.json()["detail"]
    assert await year.state() == before
    body["openings"][0]["wage_krw_per_hour"] = 10_030
    done(await company.post("/openings", body), 201)


async def test_a_company_without_approval_or_agreement_offers_nothing(year: World) -> None:
    waiting, alone = await year.company(approved=False), await year.company()
    refused(await waiting.post("/openings", openings_body(1)), 409, ("company", "company_not_approved"))
    refused(await alone.post("/openings", openings_body(1)), 409, ("company", "agreement_not_in_force"))
