"""The deadline under concurrency: what is accepted is in the manifest, and nothing is accepted afterwards."""

import asyncio
from datetime import timedelta

import pytest
from tests.applications.town import DEADLINE, MICROSECOND, PDF, Applicant, Town
from tests.asking import done, refused
from tests.patience import PATIENCE

from applications.domain.vocabulary import CallId, SchoolId
from applications.store import calls as store
from chassis.transaction import Command, begin


@pytest.mark.parametrize("microseconds", [-1, 0, 1])
async def test_one_microsecond_decides(town: Town, microseconds: int) -> None:
    call = await town.open_call()
    [school] = await town.schools(1)
    applicant = await town.drafted(school, call)
    before = await town.state()
    await town.at(DEADLINE + microseconds * MICROSECOND)
    answer = await applicant.submit()
    if microseconds < 0:
        assert done(answer, 201)["accepted_at"] == "2025-02-14T08:59:59.999999Z"
    else:
        refused(answer, 409, ("deadline", "deadline_passed"))
        assert await town.state() == before


@pytest.mark.parametrize("microseconds", [-1, 0])
async def test_an_extension_moves_the_edge_for_its_school_alone(town: Town, microseconds: int) -> None:
    call = await town.open_call()
    named, other = [await town.drafted(school, call) for school in await town.schools(2)]
    until = DEADLINE + timedelta(days=1)
    grant = {"school": named.school, "until": until.isoformat(), "reason": "natural_disaster"}
    await town.at(DEADLINE + timedelta(hours=1))
    done(await town.officer.post(f"/calls/{call}/extensions", grant), 201)
    await town.at(until + microseconds * MICROSECOND)
    refused(await other.submit(), 409, ("deadline", "deadline_passed"))
    answer = await named.submit()
    if microseconds < 0:
        done(answer, 201)
    else:
        refused(answer, 409, ("deadline", "deadline_passed"))


async def test_a_command_that_waits_for_a_lock_stands_where_the_clock_is_when_it_gets_it(town: Town) -> None:
    """The clock is read after the wait; read in the same statement it would be from before it."""
    call = await town.open_call()
    [school] = await town.schools(1)
    applicant = await town.drafted(school, call)
    await town.at(DEADLINE - MICROSECOND)
    async with begin(town.pool, Command(actor="test")) as tx:
        await store.call_for_update(tx, CallId(call))
        submitting = asyncio.create_task(applicant.submit())
        await _waiting_for_a_lock(town)
        await town.at(DEADLINE)
    refused(await submitting, 409, ("deadline", "deadline_passed"))


async def test_closing_waits_for_a_submission_that_was_admitted_and_lists_it(town: Town) -> None:
    call = await town.open_call()
    [school] = await town.schools(1)
    applicant = await town.drafted(school, call)
    await town.at(DEADLINE - MICROSECOND)
    async with begin(town.pool, Command(actor="test")) as tx:
        # Somebody else stands at the window: closing has to wait for both.
        await store.window(tx, CallId(call), SchoolId(school))
        done(await applicant.submit(), 201)
        await town.at(DEADLINE)
        closing = asyncio.create_task(town.officer.post(f"/calls/{call}/closure"))
        await _waiting_for_a_lock(town)
        assert not closing.done()
    assert done(await closing, 201)["standing"] == 1


async def test_submissions_racing_with_closing_are_in_the_manifest_or_refused(town: Town) -> None:
    call = await town.open_call()
    applicants = [await town.drafted(school, call) for school in await town.schools(24)]
    await town.at(DEADLINE - MICROSECOND)

    accepted_so_far = asyncio.Semaphore(0)

    async def pass_the_deadline_and_close() -> int:
        for _ in range(6):
            await accepted_so_far.acquire()
        await town.at(DEADLINE)
        return int(done(await town.officer.post(f"/calls/{call}/closure"), 201)["standing"])

    async def submit(applicant: Applicant) -> int:
        answer = await applicant.submit()
        if answer.status_code == 201:
            accepted_so_far.release()
        else:
            refused(answer, 409, ("deadline", "deadline_passed"))
        return answer.status_code

    standing, *answers = await asyncio.gather(
        pass_the_deadline_and_close(), *(submit(applicant) for applicant in applicants)
    )

    accepted = {a.id for a, status in zip(applicants, answers, strict=True) if status == 201}
    _, event = (await town.told(key="2025"))[-1]
    assert {part["application"] for part in event["manifest"]} == accepted
    assert standing == len(accepted)
    told = {event["application"] for kind, event in await town.told() if kind == "application-submitted"}
    assert told == accepted
    late = await town.rows("select id from application where accepted_at >= $1", DEADLINE)
    assert late == []


async def test_two_submissions_of_a_school_at_once_are_one(town: Town) -> None:
    call = await town.open_call()
    [school] = await town.schools(1)
    applicant = await town.drafted(school, call)
    answers = await asyncio.gather(*(applicant.submit() for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
    assert [kind for kind, _ in await town.told(key=applicant.id)] == ["application-submitted"]
    assert len(await town.rows("select 1 from submission")) == 1


async def test_two_drafts_of_a_school_at_once_are_one(town: Town) -> None:
    call = await town.open_call()
    [school] = await town.schools(1)
    staff = [town.caller("school", party=school) for _ in range(6)]
    answers = await asyncio.gather(
        *(one.post("/applications", {"call": call, "kind": "new"}) for one in staff)
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
    assert len(await town.rows("select 1 from application")) == 1


async def test_the_same_key_gets_the_same_answer_even_after_the_deadline(town: Town) -> None:
    call = await town.open_call()
    [school] = await town.schools(1)
    applicant = await town.drafted(school, call)
    receipt = done(await applicant.submit(key="submit-once"), 201)
    before = await town.state()
    await town.at(DEADLINE + timedelta(days=1))
    assert done(await applicant.submit(key="submit-once"), 201) == receipt
    assert await town.state() == before


async def test_the_same_key_sent_at_once_has_one_effect_and_one_answer(town: Town) -> None:
    call = await town.open_call()
    [school] = await town.schools(1)
    applicant = await town.drafted(school, call)
    answers = await asyncio.gather(*(applicant.submit(key="submit-once") for _ in range(5)))
    assert len({answer.text for answer in answers}) == 1
    assert {answer.status_code for answer in answers} == {201}
    assert len(await town.told(key=applicant.id)) == 1


async def test_a_refused_key_may_be_used_again(town: Town) -> None:
    call = await town.open_call()
    [school] = await town.schools(1)
    applicant = await town.drafted(school, call)
    done(await applicant.staff.delete(f"{applicant.path}/documents/operation_plan"))
    refused(await applicant.submit(key="k"), 422, ("documents.operation_plan", "required"))
    done(await applicant.staff.upload(f"{applicant.path}/documents/operation_plan", PDF))
    done(await applicant.submit(key="k"), 201)


async def _waiting_for_a_lock(town: Town) -> None:
    """Return once some session of this database waits for a row."""
    async with asyncio.timeout(PATIENCE):
        while not await town.rows(
            "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        ):
            await asyncio.sleep(0.01)
