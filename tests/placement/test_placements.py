"""Offers answered, agreements signed by three, placements begun and ended; counts that hold under a race."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.asking import done, refused
from tests.placement.waiting import looked
from tests.placement.world import MICROSECOND, RANKS_UNTIL, YEAR, Settled, World, openings_body

from placement.worker import expire_offers

EXPIRES = datetime(2025, 10, 24, 15, tzinfo=UTC)
"""Midnight in Korea after the seventh day."""


@pytest.fixture
async def year(world: World) -> World:
    await world.year_opens()
    return world


async def opening_counts(world: World) -> list[tuple[int, int, str]]:
    rows = await world.rows("select held, active, state from opening order by id")
    return [(row["held"], row["active"], row["state"]) for row in rows]


async def drafted(settled: Settled, at: int, offer: str) -> str:
    """An agreement of a student who accepted, signed by nobody yet."""
    student = settled.students[at]
    return str(done(await student.post(f"/offers/{offer}/acceptance", {}), 201)["id"])


async def test_an_accepted_offer_becomes_a_placement_with_the_third_signature(year: World) -> None:
    settled, [offer] = await year.offered()
    [student] = settled.students
    agreement = await drafted(settled, 0, offer)
    path = f"/tripartite-agreements/{agreement}/signature"
    assert await opening_counts(year) == [(1, 0, "published")]
    assert done(await settled.company.post(path), 201)["state"] == "drafted"
    refused(await settled.company.post(path), 409, ("signature", "signed_already"))
    assert done(await student.post(path), 201)["state"] == "drafted"
    assert await year.rows("select 1 from placement") == []

    signed = done(await settled.school.post(path), 201)

    assert signed["state"] == "in_force"
    assert await opening_counts(year) == [(1, 1, "filled")]
    [(_, event)] = await year.told("student-placed")
    assert (event["placement"], event["agreement"]) == (signed["placement"], agreement)
    [(_, filled)] = await year.told("opening-filled")
    assert (filled["opening"], filled["places"]) == (settled.openings[0], 1)
    refused(await settled.school.post(path), 409, ("state", "agreement_not_drafted"))


async def test_the_third_signature_after_the_last_day_of_work_places_nobody(year: World) -> None:
    settled = await year.settled(students=1, places=(1,))
    [student] = settled.students
    short = openings_body(1, starts_on="2025-05-02", ends_on="2025-10-20")
    settled.openings = [each["id"] for each in done(await settled.company.post("/openings", short), 201)]
    ranking = {"opening": settled.openings[0], "students": [student.party]}
    await year.matched(settled, [settled.openings], [ranking])
    agreement = await year.nearly_placed(settled, student, await year.offer_of(student))
    await year.at(datetime(2025, 10, 20, 15, tzinfo=UTC))
    path = f"/tripartite-agreements/{agreement}/signature"
    refused(await settled.company.post(path), 409, ("opening", "work_over"))
    assert await year.rows("select 1 from placement") == []


async def test_a_school_signs_for_a_whole_class_and_a_company_all_its_own(year: World) -> None:
    settled, offers = await year.offered(students=3, places=(3,))
    for at, offer in enumerate(offers):
        accepted = await settled.students[at].post(f"/offers/{offer}/acceptance", {"sign_agreement": True})
        done(accepted, 201)
    stranger = await year.settled()
    for party in (settled, stranger):
        path = f"/classes/{settled.employment_class}/signatures"
        answer = await party.school.post(path)
        if party is stranger:
            refused(answer, 404, ("employment_class", "employment_class_not_found"))
        else:
            assert len(done(answer, 201)["agreements"]) == 3
    assert done(await stranger.company.post("/tripartite-agreements/signatures"), 201) == []
    signed = done(await settled.company.post("/tripartite-agreements/signatures"), 201)
    assert {each["state"] for each in signed} == {"in_force"}
    assert len(await year.told("student-placed")) == 3
    assert len(await year.told("opening-filled")) == 1
    assert done(await settled.company.post("/tripartite-agreements/signatures"), 201) == []
    assert len(await year.told("student-placed")) == 3


async def test_a_declined_offer_frees_its_place_for_the_next_round(year: World) -> None:
    settled, [offer] = await year.offered()
    [student] = settled.students
    declined = done(await student.post(f"/offers/{offer}/refusal"), 201)
    assert declined["state"] == "declined"
    assert await opening_counts(year) == [(0, 0, "published")]
    assert len(await year.told("student-declined")) == 1
    for answer in ("acceptance", "refusal"):
        refused(await student.post(f"/offers/{offer}/{answer}", {}), 409, ("state", "offer_answered"))


async def expire(world: World) -> None:
    await looked(expire_offers, world)


async def test_an_offer_expires_at_its_deadline_by_the_database_clock(year: World) -> None:
    settled, offers = await year.offered(students=2, places=(2,))
    [early, late] = settled.students
    await year.at(EXPIRES - MICROSECOND)
    await expire(year)
    assert await year.told("student-offer-expired") == []
    done(await early.post(f"/offers/{offers[0]}/acceptance", {}), 201)
    await year.at(EXPIRES)
    for answer, body in (("acceptance", {}), ("refusal", None)):
        refused(await late.post(f"/offers/{offers[1]}/{answer}", body), 409, ("expires_at", "offer_expired"))

    await expire(year)

    [(_, event)] = await year.told("student-offer-expired")
    assert (event["student"], event["expired_at"]) == (late.party, "2025-10-24T15:00:00Z")
    assert await opening_counts(year) == [(1, 0, "published")]
    refused(await late.post(f"/offers/{offers[1]}/refusal"), 409, ("state", "offer_answered"))


async def test_an_offer_is_accepted_once_however_often_it_is_asked(year: World) -> None:
    settled, [offer] = await year.offered()
    [student] = settled.students
    path = f"/offers/{offer}/acceptance"
    answers = await asyncio.gather(*(student.post(path, {}) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
    assert len(await year.rows("select 1 from tripartite_agreement")) == 1
    same = await asyncio.gather(*(student.post(path, {}, key="mine") for _ in range(2)))
    assert {answer.status_code for answer in same} == {409}


async def test_signatures_at_the_same_moment_make_one_placement(year: World) -> None:
    settled, [offer] = await year.offered()
    agreement = await drafted(settled, 0, offer)
    path = f"/tripartite-agreements/{agreement}/signature"
    parties = (settled.students[0], settled.school, settled.company)
    answers = await asyncio.gather(*(party.post(path) for party in parties for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 3
    assert await opening_counts(year) == [(1, 1, "filled")]
    assert len(await year.told("student-placed")) == 1


async def test_no_placement_becomes_active_on_an_agreement_that_lapsed_a_moment_ago(year: World) -> None:
    settled, [offer] = await year.offered()
    await year.nearly_placed(settled, settled.students[0], offer)
    path = "/tripartite-agreements/signatures"
    shorter = {"starts_on": "2025-04-01", "ends_on": "2025-10-20"}
    done(await settled.school.post(f"/agreements/{settled.agreement}/terms", shorter), 201)
    done(await settled.company.post(f"/agreements/{settled.agreement}/terms/signature"), 201)
    await year.at(datetime(2025, 10, 20, 15, tzinfo=UTC))
    before = await year.state()
    refused(await settled.company.post(path), 409, ("agreement", "agreement_not_in_force"))
    assert await year.state() == before
    await year.at(RANKS_UNTIL)
    done(await settled.company.post(path), 201)
    assert len(await year.told("student-placed")) == 1


async def test_an_officer_records_a_placement_by_hand_with_a_reason(year: World) -> None:
    settled = await year.settled(students=2, places=(1,))
    [first, second] = settled.students
    body = {"student": first.party, "opening": settled.openings[0], "reason": "arrived_after_matching"}
    recorded = done(await year.officer.post("/placements", body), 201)
    assert (recorded["route"], recorded["reason"]) == ("officer", "arrived_after_matching")
    assert await opening_counts(year) == [(1, 0, "published")]
    [entry] = await year.rows("select reason from messaging.audit where action = 'placement_recorded'")
    assert entry["reason"] == "arrived_after_matching"
    [(_, asked)] = await year.told("student-agreement-drafted")
    assert (asked["student"], asked["agreement"]) == (first.party, recorded["id"])
    assert datetime.fromisoformat(asked["sign_until"]) == datetime(2025, 4, 24, 15, tzinfo=UTC)
    refused(await year.officer.post("/placements", body), 409, ("student", "agreement_waits"))
    full = body | {"student": second.party}
    refused(await year.officer.post("/placements", full), 409, ("opening", "opening_full"))
    for change, status, expected in (
        ({"student": "stu_none"}, 409, ("student", "not_enrolled")),
        ({"student": second.party, "opening": "opn_none"}, 404, ("opening", "opening_not_found")),
        ({"reason": "Because he asked"}, 422, ("reason", "string_pattern_mismatch")),
    ):
        refused(await year.officer.post("/placements", body | change), status, expected)
    foreign = await year.settled(students=1, places=(1,))
    before = await year.state()
    elsewhere = body | {"student": second.party, "opening": foreign.openings[0]}
    refused(await year.officer.post("/placements", elsewhere), 409, ("agreement", "agreement_not_in_force"))
    assert await year.state() == before
    path = f"/tripartite-agreements/{recorded['id']}/signature"
    for party in (first, settled.school):
        done(await party.post(path), 201)
    assert done(await settled.company.post(path), 201)["placement"] is not None
    [(_, event)] = await year.told("student-placed")
    assert event["route"] == "officer"


async def test_two_officers_at_once_never_go_above_a_capacity(year: World) -> None:
    settled = await year.settled(students=6, places=(2,))
    answers = await asyncio.gather(
        *(
            year.officer.post(
                "/placements",
                {"student": student.party, "opening": settled.openings[0], "reason": "late_matching"},
            )
            for student in settled.students
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201, 201, 409, 409, 409, 409]
    assert await opening_counts(year) == [(2, 0, "published")]


async def test_a_student_never_gets_a_second_placement_however_many_try(year: World) -> None:
    settled = await year.settled(students=1, places=(1, 1, 1, 1))
    [student] = settled.students
    answers = await asyncio.gather(
        *(
            year.officer.post(
                "/placements", {"student": student.party, "opening": each, "reason": "late_matching"}
            )
            for each in settled.openings
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    [agreement] = await year.rows("select id from tripartite_agreement")
    for party in (student, settled.school, settled.company):
        done(await party.post(f"/tripartite-agreements/{agreement['id']}/signature"), 201)
    body = {"student": student.party, "opening": settled.openings[3], "reason": "late_matching"}
    answer = await year.officer.post("/placements", body)
    refused(answer, 409, ("student", "placed_already"))


async def test_an_ended_placement_frees_exactly_one_place_even_when_ended_twice_at_once(
    year: World,
) -> None:
    settled, offers = await year.offered(students=2, places=(2,))
    placements = [
        await year.placed(settled, student, offer)
        for student, offer in zip(settled.students, offers, strict=True)
    ]
    assert await opening_counts(year) == [(2, 2, "filled")]
    path, body = f"/placements/{placements[0]}/end", {"reason": "resignation"}
    answers = await asyncio.gather(*(settled.company.post(path, body) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert await opening_counts(year) == [(1, 1, "published")]
    shown = done(await settled.students[0].get(f"/students/{settled.students[0].party}"))
    assert (shown["progress"], shown["placements"][0]["ended_reason"]) == ("enrolled", "resignation")
    refused(
        await settled.company.post(f"/placements/{placements[1]}/end", {"reason": "boredom"}),
        422,
        ("reason", "enum"),
    )
    again = {
        "student": settled.students[0].party,
        "opening": settled.openings[0],
        "reason": "placed_again",
    }
    done(await year.officer.post("/placements", again), 201)
    assert await opening_counts(year) == [(2, 1, "published")]


async def test_a_round_that_runs_while_officers_record_by_hand_keeps_every_bound(year: World) -> None:
    settled = await year.settled(students=6, places=(3, 2))
    [one, two] = settled.openings
    matching_round = await year.round_opens()
    for student in settled.students:
        done(await student.put(f"/rounds/{matching_round}/preferences", {"openings": [one, two]}))
    names = [student.party for student in settled.students]
    rankings = [{"opening": opening, "students": names} for opening in settled.openings]
    done(await settled.company.put(f"/rounds/{matching_round}/rankings", {"rankings": rankings}))
    await year.at(RANKS_UNTIL)
    done(await year.officer.post(f"/rounds/{matching_round}/closing"), 201)

    async def by_hand(at: int) -> Any:
        body = {"student": names[at], "opening": settled.openings[at % 2], "reason": "late_matching"}
        return await year.officer.post("/placements", body)

    run, *recorded = await asyncio.gather(
        year.officer.post(f"/rounds/{matching_round}/run", {}), *(by_hand(at) for at in range(6))
    )
    assert run.status_code == 201
    assert {answer.status_code for answer in recorded} <= {201, 409}
    doubled = await year.rows(
        """
        select student from (
          select student from offer where state = 'offered'
          union all select student from tripartite_agreement where state = 'drafted'
        ) held group by student having count(*) > 1
        """
    )
    assert doubled == []
    wrong = await year.rows(
        """
        select o.id, o.held from opening o
        where o.held <> (select count(*) from offer f where f.opening = o.id and f.state = 'offered')
          + (select count(*) from tripartite_agreement a where a.opening = o.id and a.state = 'drafted')
        """
    )
    assert wrong == []


async def test_an_officer_sees_a_year_by_province_and_what_is_stuck(year: World) -> None:
    settled, offers = await year.offered(students=2, places=(2, 1))
    await year.placed(settled, settled.students[0], offers[0])
    await year.company(approved=False)
    shown = done(await year.officer.get("/overview", programme_year=YEAR))
    assert shown["provinces"] == [
        {
            "province": "seoul",
            "schools": 1,
            "classes": 1,
            "students": 2,
            "placed": 1,
            "companies": 1,
            "openings": 2,
            "places": 3,
            "places_taken": 1,
        }
    ]
    stuck = shown["stuck"]
    assert (stuck["companies_to_approve"], stuck["offers_to_answer"]) == (1, 1)
    assert (stuck["students_without_place"], stuck["openings_unfilled"]) == (1, 2)
