"""Use cases of a school's application: load, one domain call, save, emit."""

from dataclasses import replace

from applications import announce
from applications.domain import documents
from applications.domain.answers import Answers, Asked
from applications.domain.applications import Application, draft
from applications.domain.calls import Call
from applications.domain.schools import School
from applications.domain.vocabulary import ApplicationId, CallId, DocumentId, Kind, SchoolId
from applications.store import applications as store
from applications.store import calls, schools, years
from chassis import identifiers, outbox
from chassis.refusals import Conflict
from chassis.transaction import Transaction


async def draft_application(tx: Transaction, school: SchoolId, call: CallId, kind: Kind) -> Application:
    """Begin an application; a school has one to a call, and another only after withdrawing it in time."""
    applicant = await schools.school(tx, school)
    announced, window, now = await calls.window(tx, call, school)
    application = draft(ApplicationId(identifiers.new("app")), applicant, announced, kind, window, now)
    if not await store.add_application(tx, application, now):
        raise Conflict("one_application_a_call", "The school has an application to this call", "call")
    return application


async def save_answers(
    tx: Transaction, application: ApplicationId, school: SchoolId, answers: Answers
) -> Application:
    present = await store.application_for_update(tx, application, school)
    _, window, now = await calls.window(tx, present.call, school)
    saved = present.save(answers, window, now)
    await store.save_application(tx, saved, now)
    return saved


async def attach_document(
    tx: Transaction, application: ApplicationId, school: SchoolId, name: str, content: bytes
) -> Application:
    present = await store.application_for_update(tx, application, school)
    _, window, now = await calls.window(tx, present.call, school)
    document = documents.take_in(DocumentId(identifiers.new("doc")), name, content, now)
    attached = present.attach(document, await store.documents_ever(tx, application), window, now)
    await store.detach_document(tx, application, name, now)
    await store.add_document(tx, application, document, content)
    await store.save_application(tx, attached, now)
    return attached


async def detach_document(
    tx: Transaction, application: ApplicationId, school: SchoolId, name: str
) -> Application:
    present = await store.application_for_update(tx, application, school)
    _, window, now = await calls.window(tx, present.call, school)
    detached = present.detach(name, window, now)
    await store.detach_document(tx, application, name, now)
    await store.save_application(tx, detached, now)
    return detached


async def submit_application(tx: Transaction, application: ApplicationId, school: SchoolId) -> Application:
    present, applicant = await _of_open_school(tx, application, school)
    call, window, now = await calls.window(tx, present.call, school)
    accepted = present.submit(await _asked(tx, call, present.kind), window, now)
    submitted = replace(accepted, receipt=await years.next_receipt(tx, present.year))
    await store.save_application(tx, submitted, now)
    await store.add_submission(tx, submitted)
    outbox.add(tx, announce.submitted(submitted, applicant))
    return submitted


async def amend_application(tx: Transaction, application: ApplicationId, school: SchoolId) -> Application:
    present, applicant = await _of_open_school(tx, application, school)
    call, window, now = await calls.window(tx, present.call, school)
    amended = present.amend(await _asked(tx, call, present.kind), window, now)
    await store.save_application(tx, amended, now)
    await store.add_submission(tx, amended)
    outbox.add(tx, announce.amended(amended, applicant))
    return amended


async def withdraw_application(
    tx: Transaction, application: ApplicationId, school: SchoolId, reason: str
) -> Application:
    """Withdraw; others are told if they were told of the application before."""
    present = await store.application_for_update(tx, application, school)
    _, window, now = await calls.window(tx, present.call, school)
    withdrawn = present.withdraw(reason, window, now)
    await store.save_application(tx, withdrawn, now)
    if withdrawn.version and withdrawn.withdrawal:
        outbox.add(tx, announce.withdrawn(withdrawn, await schools.school(tx, school), withdrawn.withdrawal))
    return withdrawn


async def _of_open_school(
    tx: Transaction, application: ApplicationId, school: SchoolId
) -> tuple[Application, School]:
    """A school's application, and the school, which cannot close before this transaction ends."""
    present = await store.application_for_update(tx, application, school)
    applicant = await schools.school(tx, school)
    applicant.require_open()
    return present, applicant


async def _asked(tx: Transaction, call: Call, kind: Kind) -> Asked:
    policy = (await years.year(tx, call.year)).policy
    return Asked(policy.questions_for(kind), policy.documents_for(kind), frozenset(call.terms.tracks))
