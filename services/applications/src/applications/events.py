"""What evaluation tells, as it comes in: event, inbox, handler."""

from datetime import datetime

from applications.domain.outcomes import Eligibility, Offer, Publication, Reviewing, Schedule, Standing
from applications.domain.vocabulary import ApplicationId, ReviewerId, SchoolId, Year
from applications.handlers import outcomes as handlers
from chassis.inbox import Inbox
from chassis.sealing import keep_heads
from chassis.transaction import Transaction
from contracts import evaluation as told
from contracts import topics

inbox = Inbox(topics.EVALUATION, topics.EVALUATION_AUDIT, topics.PLACEMENT_AUDIT, topics.NOTIFICATIONS_AUDIT)
keep_heads(inbox)


@inbox.on(told.PreliminaryOutcomeAnnounced)
async def preliminary_outcome_announced(tx: Transaction, event: told.PreliminaryOutcomeAnnounced) -> None:
    standing = Standing(
        SchoolId(event.school),
        Year(event.programme_year),
        f"preliminary_{event.outcome}",
        since=event.announced_at,
        designations=event.designations,
        rank=event.rank,
        reserve=event.reserve,
        reasons=event.reasons,
    )
    await handlers.show_standing(tx, standing)


@inbox.on(told.SchoolSelected)
async def school_selected(tx: Transaction, event: told.SchoolSelected) -> None:
    school, year = SchoolId(event.school), Year(event.programme_year)
    selected = Standing(
        school, year, "selected", since=event.selected_at, designations=event.designations, rank=event.rank
    )
    await handlers.show_standing(tx, selected)


@inbox.on(told.SchoolReserved)
async def school_reserved(tx: Transaction, event: told.SchoolReserved) -> None:
    school, year = SchoolId(event.school), Year(event.programme_year)
    reserved = Standing(
        school, year, "reserved", since=event.reserved_at, rank=event.rank, reserve=event.reserve
    )
    await handlers.show_standing(tx, reserved)


@inbox.on(told.SchoolNotSelected)
async def school_not_selected(tx: Transaction, event: told.SchoolNotSelected) -> None:
    school, year = SchoolId(event.school), Year(event.programme_year)
    not_selected = Standing(school, year, "not_selected", since=event.decided_at, reasons=event.reasons)
    await handlers.show_standing(tx, not_selected)


@inbox.on(told.SchoolRelinquished)
async def school_relinquished(tx: Transaction, event: told.SchoolRelinquished) -> None:
    school, year = SchoolId(event.school), Year(event.programme_year)
    gone = Standing(school, year, "relinquished", since=event.relinquished_at, reasons=(event.reason,))
    await handlers.show_standing(tx, gone)


@inbox.on(told.SchoolRevoked)
async def school_revoked(tx: Transaction, event: told.SchoolRevoked) -> None:
    school, year = SchoolId(event.school), Year(event.programme_year)
    gone = Standing(school, year, "revoked", since=event.revoked_at, reasons=(event.reason,))
    await handlers.show_standing(tx, gone)


@inbox.on(told.SchoolPromoted)
async def school_promoted(tx: Transaction, event: told.SchoolPromoted) -> None:
    school, year = SchoolId(event.school), Year(event.programme_year)
    promoted = Standing(school, year, "selected", since=event.promoted_at, designations=event.designations)
    await handlers.show_standing(tx, promoted)


@inbox.on(told.OfferMade)
async def offer_made(tx: Transaction, event: told.OfferMade) -> None:
    offer = Offer(event.offer, event.designations, event.expires_at)
    await handlers.show_offer(tx, SchoolId(event.school), Year(event.programme_year), offer)


@inbox.on(told.OfferAccepted)
async def offer_accepted(tx: Transaction, event: told.OfferAccepted) -> None:
    await handlers.remove_offer(tx, SchoolId(event.school), Year(event.programme_year))


@inbox.on(told.OfferDeclined)
async def offer_declined(tx: Transaction, event: told.OfferDeclined) -> None:
    await handlers.remove_offer(tx, SchoolId(event.school), Year(event.programme_year))


@inbox.on(told.OfferExpired)
async def offer_expired(tx: Transaction, event: told.OfferExpired) -> None:
    await handlers.remove_offer(tx, SchoolId(event.school), Year(event.programme_year))


@inbox.on(told.EligibilityDecided)
async def eligibility_decided(tx: Transaction, event: told.EligibilityDecided) -> None:
    decided = Eligibility(ApplicationId(event.application), event.eligible, event.reasons)
    await handlers.show_eligibility(tx, decided)


@inbox.on(told.EvaluationScheduled)
async def evaluation_scheduled(tx: Transaction, event: told.EvaluationScheduled) -> None:
    scheduled = Schedule(ApplicationId(event.application), event.stage, event.starts_at, event.ends_at)
    await handlers.show_schedule(tx, scheduled)


@inbox.on(told.ResultsPublished)
async def results_published(tx: Transaction, event: told.ResultsPublished) -> None:
    year = Year(event.programme_year)
    published = Publication(year, event.stage, event.published_at, event.appeals_until)
    await handlers.show_publication(tx, published)


@inbox.on(told.ReviewerAssigned)
async def reviewer_assigned(tx: Transaction, event: told.ReviewerAssigned) -> None:
    await handlers.let_read(tx, _reviewing(event, event.assigned_at))


@inbox.on(told.ReviewerRecused)
async def reviewer_recused(tx: Transaction, event: told.ReviewerRecused) -> None:
    await handlers.bar_reading(tx, ReviewerId(event.reviewer), ApplicationId(event.application))


@inbox.on(told.ReviewerReleased)
async def reviewer_released(tx: Transaction, event: told.ReviewerReleased) -> None:
    await handlers.stop_reading(tx, _reviewing(event, event.released_at))


def _reviewing(event: told.ReviewerAssigned | told.ReviewerReleased, since: datetime) -> Reviewing:
    return Reviewing(ReviewerId(event.reviewer), ApplicationId(event.application), event.stage, since)
