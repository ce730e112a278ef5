"""Years, calls, extensions and closing, as an officer does them over HTTP."""

from datetime import timedelta

from tests.applications.town import BEFORE, DEADLINE, NEW, OPENS, TERMS, Town, policy
from tests.asking import done, refused


async def test_a_year_opens_with_its_whole_policy_and_tells_it(town: Town) -> None:
    await town.at(BEFORE)
    shown = done(await town.officer.put("/programme-years/2025", policy()), 201)
    [(kind, event)] = await town.told()
    assert kind == "programme-year-opened"
    assert event["policy"] == shown["policy"]
    assert shown["policy"]["quotas"] == policy()["quotas"]
    assert shown["policy"]["cut_line"] == "60"
    assert done(await town.caller("student").get("/programme-years")) == [shown]
    [audited] = await town.rows("select action, subject from messaging.audit")
    assert audited == {"action": "programme_year_opened", "subject": "2025"}


async def test_the_policy_of_a_year_never_changes(town: Town) -> None:
    await town.open_call()
    before = await town.state()
    refused(
        await town.officer.put("/programme-years/2025", policy(seats=190)), 409, ("year", "year_open_already")
    )
    assert await town.state() == before


async def test_a_policy_that_contradicts_itself_opens_nothing(town: Town) -> None:
    before = await town.state()
    refused(
        await town.officer.put("/programme-years/2025", policy(seats=34, tie_breaks=["lot", "lot"])),
        422,
        ("quotas", "guarantees_up_to_seats"),
        ("tie_breaks", "distinct"),
    )
    refused(
        await town.officer.put("/programme-years/2025", policy(pools=[["continuing", "guest"], ["new"]])),
        422,
        ("pools.0.1", "enum"),
    )
    refused(
        await town.officer.put("/programme-years/2025", policy(seats="many", extra=1)),
        422,
        ("seats", "int_parsing"),
        ("extra", "extra_forbidden"),
    )
    assert await town.state() == before


async def test_years_run_side_by_side_each_with_its_own_receipts(town: Town) -> None:
    call = await town.open_call()
    await town.at(BEFORE)
    done(await town.officer.put("/programme-years/2026", policy()), 201)
    other = done(await town.officer.post("/programme-years/2026/calls", TERMS), 201)["id"]
    await town.at(OPENS)
    first, second = await town.schools(2)
    receipts = [
        done(await (await town.drafted(school, to)).submit(), 201)["receipt"]
        for school, to in ((first, call), (first, other), (second, call))
    ]
    assert receipts == ["2025-0001", "2026-0001", "2025-0002"]


async def test_a_call_is_announced_within_its_year(town: Town) -> None:
    await town.at(BEFORE)
    refused(
        await town.officer.post("/programme-years/2025/calls", TERMS),
        404,
        ("year", "programme_year_not_found"),
    )
    done(await town.officer.put("/programme-years/2025", policy()), 201)
    before = await town.state()
    refused(
        await town.officer.post("/programme-years/2025/calls", TERMS | {"deadline": TERMS["opens_at"]}),
        422,
        ("deadline", "after_opening"),
    )
    refused(
        await town.officer.post("/programme-years/2025/calls", TERMS | {"deadline": "2025-02-14T18:00:00"}),
        422,
        ("deadline", "timezone_aware"),
    )
    assert await town.state() == before
    call = done(await town.officer.post("/programme-years/2025/calls", TERMS), 201)
    kind, event = (await town.told(key="2025"))[-1]
    assert (kind, event["call"], event["closes_at"]) == ("call-opened", call["id"], "2025-02-14T09:00:00Z")
    assert done(await town.caller("school", party="sch_1").get("/calls", year=2025)) == [call]
    assert done(await town.officer.get("/calls", year=2024)) == []


async def test_an_amended_call_is_told_and_moves_the_deadline(town: Town) -> None:
    call = await town.open_call()
    later = (DEADLINE + timedelta(days=1)).isoformat()
    done(await town.officer.put(f"/calls/{call}", TERMS | {"deadline": later, "reason": "deadline_moved"}))
    kind, event = (await town.told(key="2025"))[-1]
    assert (kind, event["reason"], event["closes_at"]) == (
        "call-amended",
        "deadline_moved",
        "2025-02-15T09:00:00Z",
    )
    [school] = await town.schools(1)
    applicant = await town.drafted(school, call)
    await town.at(DEADLINE)
    done(await applicant.submit(), 201)
    before = await town.state()
    refused(
        await town.officer.put(f"/calls/{call}", TERMS | {"reason": "correction"}),
        422,
        ("deadline", "not_earlier"),
    )
    assert await town.state() == before


async def test_an_extension_is_recorded_with_its_reason_and_is_for_one_school(town: Town) -> None:
    call = await town.open_call()
    named, other = await town.schools(2)
    until = DEADLINE + timedelta(days=2)
    grant = {"school": named, "until": until.isoformat(), "reason": "system_outage"}
    shown = done(await town.officer.post(f"/calls/{call}/extensions", grant), 201)
    assert shown["extended_until"] == "2025-02-16T09:00:00Z"
    kind, event = (await town.told(key="2025"))[-1]
    assert (kind, event["school"], event["reason"]) == ("extension-granted", named, "system_outage")
    [audited] = await town.rows(
        "select subject, reason from messaging.audit where action = 'extension_granted'"
    )
    assert audited == {"subject": call, "reason": "system_outage"}

    asked_by = {school: town.caller("school", party=school) for school in (named, other)}
    assert done(await asked_by[named].get(f"/calls/{call}"))["extended_until"] == "2025-02-16T09:00:00Z"
    assert done(await asked_by[other].get(f"/calls/{call}"))["extended_until"] is None
    [listed] = done(await town.caller("auditor").get(f"/calls/{call}/extensions"))
    assert listed["school"] == named

    before = await town.state()
    for changed, status, expected in (
        ({}, 422, ("until", "later_than_before")),
        ({"until": "2025-03-31T00:00:00Z"}, 422, ("until", "before_scoring_and_lot")),
        ({"school": "sch_unknown"}, 404, ("school", "school_not_found")),
    ):
        refused(await town.officer.post(f"/calls/{call}/extensions", grant | changed), status, expected)
    assert await town.state() == before


async def test_a_call_closes_after_its_last_extension_with_every_standing_submission(town: Town) -> None:
    call = await town.open_call()
    schools = await town.schools(5)
    standing = await town.submitted(schools[0], call)
    amended = await town.submitted(schools[1], call)
    done(await amended.staff.put(f"{amended.path}/answers", NEW | {"accepts_general": False}))
    done(await amended.staff.post(f"{amended.path}/amendment"), 201)
    withdrawn = await town.submitted(schools[2], call)
    done(await withdrawn.staff.post(f"{withdrawn.path}/withdrawal", {"reason": "too_few_students"}), 201)
    await town.drafted(schools[3], call)
    late = await town.drafted(schools[4], call)
    until = DEADLINE + timedelta(days=2)
    grant = {"school": schools[4], "until": until.isoformat(), "reason": "system_outage"}
    done(await town.officer.post(f"/calls/{call}/extensions", grant), 201)

    await town.at(DEADLINE)
    before = await town.state()
    refused(await town.officer.post(f"/calls/{call}/closure"), 409, ("deadline", "call_still_open"))
    assert await town.state() == before
    done(await late.submit(), 201)
    await town.at(until)
    closed = done(await town.officer.post(f"/calls/{call}/closure"), 201)

    assert (closed["standing"], closed["call"]["state"]) == (3, "closed")
    kind, event = (await town.told(key="2025"))[-1]
    assert kind == "call-closed"
    manifest = {part["application"]: part["sequence"] for part in event["manifest"]}
    assert manifest == {standing.id: 1, amended.id: 2, late.id: 1}


async def test_a_closed_call_is_neither_closed_again_nor_extended_nor_amended(town: Town) -> None:
    call = await town.open_call()
    [school] = await town.schools(1)
    await town.at(DEADLINE)
    done(await town.officer.post(f"/calls/{call}/closure"), 201)
    before = await town.state()
    grant = {"school": school, "until": "2025-02-20T00:00:00Z", "reason": "system_outage"}
    for answer in (
        await town.officer.post(f"/calls/{call}/closure"),
        await town.officer.post(f"/calls/{call}/extensions", grant),
        await town.officer.put(f"/calls/{call}", TERMS | {"reason": "correction"}),
    ):
        refused(answer, 409, ("state", "call_closed"))
    assert await town.state() == before
