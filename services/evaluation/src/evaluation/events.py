"""What applications and placement tell, as it comes in: event, inbox, handler.

Schools, applications and outcomes come in numbers, so a batch's events of those types are taken in at once.
"""

from collections.abc import Sequence
from datetime import datetime

from chassis.inbox import Inbox, Received
from chassis.sealing import keep_heads
from chassis.transaction import Transaction
from contracts import applications as told
from contracts import placement, topics
from evaluation.domain.figures import Outcome
from evaluation.domain.intake import Application, School
from evaluation.domain.vocabulary import ApplicationId, CallId, SchoolId, Year
from evaluation.handlers import counting, places
from evaluation.handlers import intake as handlers
from evaluation.handlers.counting import Told
from evaluation.handlers.places import Departure

inbox = Inbox(
    topics.APPLICATIONS,
    topics.PLACEMENT,
    topics.APPLICATIONS_AUDIT,
    topics.PLACEMENT_AUDIT,
    topics.NOTIFICATIONS_AUDIT,
)
keep_heads(inbox)


@inbox.on_all(told.SchoolRegistered)
async def schools_registered(tx: Transaction, received: Sequence[Received[told.SchoolRegistered]]) -> None:
    await handlers.take_schools(tx, [_school(each.event) for each in received])


@inbox.on(told.SchoolRenamed)
async def school_renamed(tx: Transaction, event: told.SchoolRenamed) -> None:
    await handlers.take_schools(tx, [_school(event)])


@inbox.on(told.SchoolClosed)
async def school_closed(tx: Transaction, event: told.SchoolClosed) -> None:
    await handlers.take_schools(tx, [_school(event, closed=True)])


@inbox.on(told.ProgrammeYearOpened)
async def programme_year_opened(tx: Transaction, event: told.ProgrammeYearOpened) -> None:
    policy = event.policy.model_dump_json()
    await handlers.open_year(tx, Year(event.programme_year), policy, event.opened_at)


@inbox.on(told.CallOpened)
async def call_opened(tx: Transaction, event: told.CallOpened) -> None:
    await handlers.announce_call(tx, CallId(event.call), Year(event.programme_year), event.kinds)


@inbox.on(told.CallAmended)
async def call_amended(tx: Transaction, event: told.CallAmended) -> None:
    await handlers.announce_call(tx, CallId(event.call), Year(event.programme_year), event.kinds)


@inbox.on(told.CallClosed)
async def call_closed(tx: Transaction, event: told.CallClosed) -> None:
    manifest = {each.application: each.sequence for each in event.manifest}
    await handlers.close_call(tx, CallId(event.call), event.closed_at, manifest)


@inbox.on_all(told.ApplicationSubmitted)
async def applications_submitted(
    tx: Transaction, received: Sequence[Received[told.ApplicationSubmitted]]
) -> None:
    await handlers.take_applications(tx, [_application(each.event) for each in received])


@inbox.on_all(told.ApplicationAmended)
async def applications_amended(
    tx: Transaction, received: Sequence[Received[told.ApplicationAmended]]
) -> None:
    await handlers.take_applications(tx, [_application(each.event) for each in received])


@inbox.on(told.ApplicationWithdrawn)
async def application_withdrawn(tx: Transaction, event: told.ApplicationWithdrawn) -> None:
    await places.withdraw_application(
        tx,
        ApplicationId(event.application),
        Year(event.programme_year),
        event.withdrawn_at,
        Departure(SchoolId(event.school), event.reason),
    )
    await handlers.start_evaluation(tx)


@inbox.on_all(placement.OutcomeReported)
async def outcomes_reported(tx: Transaction, received: Sequence[Received[placement.OutcomeReported]]) -> None:
    told = [_told(each.event, each.event.reported_at) for each in received]
    await counting.take_outcomes(tx, told)


@inbox.on_all(placement.OutcomeCorrected)
async def outcomes_corrected(
    tx: Transaction, received: Sequence[Received[placement.OutcomeCorrected]]
) -> None:
    told = [_told(each.event, each.event.corrected_at) for each in received]
    await counting.take_outcomes(tx, told)


@inbox.on(placement.OutcomeReportingClosed)
async def outcome_reporting_closed(tx: Transaction, event: placement.OutcomeReportingClosed) -> None:
    manifest = {each.school: each.sequence for each in event.manifest}
    await counting.close_reporting(tx, event.programme_year, event.as_of, manifest, event.closed_at)


def _told(event: placement.OutcomeReported | placement.OutcomeCorrected, at: datetime) -> Told:
    outcome = Outcome(
        school=SchoolId(event.school),
        cohort=event.programme_year,
        as_of=event.as_of,
        revision=event.revision,
        graduates=event.graduates,
        employed=event.employed,
        advanced=event.advanced,
        enlisted=event.enlisted,
        excluded=event.excluded,
        due_6=event.due_6,
        retained_6=event.retained_6,
        due_12=event.due_12,
        retained_12=event.retained_12,
    )
    return Told(outcome, event.origin, at)


def _school(
    event: told.SchoolRegistered | told.SchoolRenamed | told.SchoolClosed, *, closed: bool = False
) -> School:
    return School(
        SchoolId(event.school),
        event.name_ko,
        event.name_en,
        event.province,
        event.school_type,
        closed=closed,
        stream=event.stream,
    )


def _application(event: told.ApplicationSubmitted | told.ApplicationAmended) -> Application:
    return Application(
        id=ApplicationId(event.application),
        year=Year(event.programme_year),
        call=CallId(event.call),
        school=SchoolId(event.school),
        name_ko=event.school_name_ko,
        name_en=event.school_name_en,
        province=event.province,
        kind=event.kind,
        receipt=event.receipt,
        tracks=event.tracks,
        accepts_general=event.accepts_general,
        answers=event.answers,
        documents=tuple(document.kind for document in event.documents),
        accepted_at=event.accepted_at,
    )
