"""What applications and evaluation tell, as it comes in: event, inbox, handler."""

from collections.abc import Sequence

from chassis.inbox import Inbox, Received
from chassis.sealing import keep_heads
from chassis.transaction import Transaction
from contracts import topics
from contracts.applications import ProgrammeYearOpened, SchoolClosed, SchoolRegistered, SchoolRenamed
from contracts.evaluation import (
    ResultsPublished,
    SchoolPromoted,
    SchoolRelinquished,
    SchoolRevoked,
    SchoolSelected,
)
from placement.domain.programme import School, YearRules
from placement.domain.vocabulary import ParticipationState, SchoolId, Year
from placement.handlers import programme as handlers

inbox = Inbox(
    topics.APPLICATIONS,
    topics.EVALUATION,
    topics.APPLICATIONS_AUDIT,
    topics.EVALUATION_AUDIT,
    topics.NOTIFICATIONS_AUDIT,
)
keep_heads(inbox)


@inbox.on(ProgrammeYearOpened)
async def year_opened(tx: Transaction, event: ProgrammeYearOpened) -> None:
    policy = event.policy
    await handlers.take_rules(
        tx,
        YearRules(
            year=Year(event.programme_year),
            class_min_size=policy.classes.min_size,
            class_max_size=policy.classes.max_size,
            offer_days=policy.placement.offer_days,
            rounds=policy.placement.rounds,
            preferences_at_most=policy.placement.preferences_at_most,
            signing_days=policy.placement.signing_days,
        ),
    )


@inbox.on_all(SchoolRegistered)
async def schools_registered(tx: Transaction, received: Sequence[Received[SchoolRegistered]]) -> None:
    newest = {each.event.school: _entry(each.event) for each in received}
    await handlers.take_schools(tx, list(newest.values()))


@inbox.on(SchoolRenamed)
async def school_renamed(tx: Transaction, event: SchoolRenamed) -> None:
    await handlers.take_schools(tx, [_entry(event)])


@inbox.on(SchoolClosed)
async def school_closed(tx: Transaction, event: SchoolClosed) -> None:
    await handlers.take_closure(tx, _entry(event), event.closed_at)


@inbox.on(SchoolSelected)
async def school_selected(tx: Transaction, event: SchoolSelected) -> None:
    year = Year(event.programme_year)
    await handlers.give_place(tx, year, _named(event), event.designations, event.selected_at)
    if event.origin == "imported":
        await handlers.take_imported_year(tx, year, event.selected_at)


@inbox.on(SchoolPromoted)
async def school_promoted(tx: Transaction, event: SchoolPromoted) -> None:
    year = Year(event.programme_year)
    await handlers.give_place(tx, year, _named(event), event.designations, event.promoted_at)


@inbox.on(SchoolRelinquished)
async def school_relinquished(tx: Transaction, event: SchoolRelinquished) -> None:
    """Who stood on the reserve list held no place here."""
    year = Year(event.programme_year)
    state = ParticipationState.RELINQUISHED
    await handlers.take_place(tx, year, _named(event), state, event.relinquished_at)


@inbox.on(SchoolRevoked)
async def school_revoked(tx: Transaction, event: SchoolRevoked) -> None:
    year = Year(event.programme_year)
    await handlers.take_place(tx, year, _named(event), ParticipationState.REVOKED, event.revoked_at)


@inbox.on(ResultsPublished)
async def results_published(tx: Transaction, event: ResultsPublished) -> None:
    """Only the final result lets classes open."""
    if event.stage == "final":
        manifest = {each.school: each.sequence for each in event.manifest}
        await handlers.take_final_result(tx, Year(event.programme_year), manifest, event.published_at)


def _entry(event: SchoolRegistered | SchoolRenamed | SchoolClosed) -> School:
    return School(SchoolId(event.school), event.name_ko, event.name_en, event.province)


def _named(event: SchoolSelected | SchoolPromoted | SchoolRelinquished | SchoolRevoked) -> School:
    names = event.school_name_ko, event.school_name_en
    return School(SchoolId(event.school), *names, event.province)
