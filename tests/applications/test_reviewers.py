"""Reviewers read what was submitted to them, while they review it, and nothing else."""

from datetime import UTC, datetime

import pytest
from tests.applications.town import PDF, Applicant, Town
from tests.asking import done, refused
from tests.telling import Teller

from contracts import evaluation as told
from contracts.event import Event
from contracts.examples import example

AT = datetime(2025, 2, 20, 9, tzinfo=UTC)
MISSING = ("document", "document_not_found")


@pytest.fixture
async def applicant(town: Town) -> Applicant:
    call = await town.open_call()
    [school] = await town.schools(1)
    return await town.submitted(school, call)


def of(event: type[Event], applicant: Applicant, reviewer: str = "rev_1", stage: str = "documents") -> Event:
    facts = {"school": applicant.school, "application": applicant.id, "stage": stage}
    return example(event, programme_year=2025, reviewer=reviewer, **facts)


async def test_who_is_assigned_reads_the_documents_that_stand_submitted(
    town: Town, applicant: Applicant
) -> None:
    reviewer, path = town.caller("reviewer", party="rev_1"), f"/reviews/{applicant.id}/documents"
    [first] = (await applicant.show())["documents"]
    assert done(await reviewer.get(path)) == []
    refused(await reviewer.get(f"{path}/{first['id']}"), 404, MISSING)
    await town.receive(Teller(AT).tells(of(told.ReviewerAssigned, applicant)))
    [listed] = done(await reviewer.get(path))
    assert (listed["id"], listed["name"]) == (first["id"], "operation_plan")
    assert (await reviewer.get(f"{path}/{first['id']}")).content == PDF
    other = town.caller("reviewer", party="rev_2")
    assert done(await other.get(path)) == []
    refused(await other.get(f"{path}/{first['id']}"), 404, MISSING)


async def test_what_a_school_attaches_later_and_did_not_submit_is_not_read(
    town: Town, applicant: Applicant
) -> None:
    await town.receive(Teller(AT).tells(of(told.ReviewerAssigned, applicant)))
    reviewer, path = town.caller("reviewer", party="rev_1"), f"/reviews/{applicant.id}/documents"
    upload = f"{applicant.path}/documents/operation_plan"
    done(await applicant.staff.upload(upload, PDF + b"draft", media_type="application/pdf"))
    [draft] = (await applicant.show())["documents"]
    assert [each["id"] for each in done(await reviewer.get(path))] != [draft["id"]]
    refused(await reviewer.get(f"{path}/{draft['id']}"), 404, MISSING)


@pytest.mark.parametrize("event", [told.ReviewerRecused, told.ReviewerReleased])
async def test_who_is_recused_or_released_reads_nothing_any_more(
    town: Town, applicant: Applicant, event: type[Event]
) -> None:
    evaluation, reviewer = Teller(AT), town.caller("reviewer", party="rev_1")
    path = f"/reviews/{applicant.id}/documents"
    await town.receive(evaluation.tells(of(told.ReviewerAssigned, applicant)))
    [document] = done(await reviewer.get(path))
    await town.receive(evaluation.tells(of(event, applicant)))
    assert done(await reviewer.get(path)) == []
    refused(await reviewer.get(f"{path}/{document['id']}"), 404, MISSING)


async def test_whose_work_at_one_stage_is_taken_away_still_reads_for_another(
    town: Town, applicant: Applicant
) -> None:
    evaluation, reviewer = Teller(AT), town.caller("reviewer", party="rev_1")
    await town.receive(
        evaluation.tells(of(told.ReviewerAssigned, applicant)),
        evaluation.tells(of(told.ReviewerAssigned, applicant, stage="presentation")),
        evaluation.tells(of(told.ReviewerReleased, applicant, stage="presentation")),
    )
    assert len(done(await reviewer.get(f"/reviews/{applicant.id}/documents"))) == 1


async def test_who_is_recused_at_one_stage_reads_for_none(town: Town, applicant: Applicant) -> None:
    evaluation, reviewer = Teller(AT), town.caller("reviewer", party="rev_1")
    await town.receive(
        evaluation.tells(of(told.ReviewerAssigned, applicant)),
        evaluation.tells(of(told.ReviewerAssigned, applicant, stage="presentation")),
        evaluation.tells(of(told.ReviewerRecused, applicant, stage="presentation")),
    )
    assert done(await reviewer.get(f"/reviews/{applicant.id}/documents")) == []


async def test_a_withdrawn_application_is_read_by_no_reviewer(town: Town, applicant: Applicant) -> None:
    await town.receive(Teller(AT).tells(of(told.ReviewerAssigned, applicant)))
    withdrawal = f"{applicant.path}/withdrawal"
    done(await applicant.staff.post(withdrawal, {"reason": "too_few_students"}), 201)
    reviewer = town.caller("reviewer", party="rev_1")
    assert done(await reviewer.get(f"/reviews/{applicant.id}/documents")) == []
