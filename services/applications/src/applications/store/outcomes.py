"""What evaluation told of applications and schools."""

from applications.domain.outcomes import Eligibility, Offer, Publication, Reviewing, Schedule, Standing
from applications.domain.vocabulary import ApplicationId, ReviewerId, SchoolId, Year
from chassis.transaction import Transaction


async def save_standing(tx: Transaction, standing: Standing) -> None:
    """Keep a school's standing in place of what was told before; an open offer ends with it."""
    await tx.execute(
        """
        insert into standing (school, year, status, designations, rank, reserve, reasons, since)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict (school, year) do update
        set status = excluded.status, designations = excluded.designations, rank = excluded.rank,
            reserve = excluded.reserve, reasons = excluded.reasons, since = excluded.since,
            offer = null, offered_designations = null, offer_expires_at = null
        """,
        standing.school,
        standing.year,
        standing.status,
        standing.designations,
        standing.rank,
        standing.reserve,
        standing.reasons,
        standing.since,
    )


async def save_offer(tx: Transaction, school: SchoolId, year: Year, offer: Offer | None) -> None:
    await tx.execute(
        """
        update standing set offer = $3, offered_designations = $4, offer_expires_at = $5
        where school = $1 and year = $2
        """,
        school,
        year,
        offer and offer.id,
        offer and offer.designations,
        offer and offer.expires_at,
    )


async def save_eligibility(tx: Transaction, eligibility: Eligibility) -> None:
    await tx.execute(
        """
        insert into review (application, eligible, reasons) values ($1, $2, $3)
        on conflict (application) do update set eligible = excluded.eligible, reasons = excluded.reasons
        """,
        eligibility.application,
        eligibility.eligible,
        eligibility.reasons,
    )


async def save_schedule(tx: Transaction, schedule: Schedule) -> None:
    await tx.execute(
        """
        insert into review (application, stage, starts_at, ends_at) values ($1, $2, $3, $4)
        on conflict (application) do update
        set stage = excluded.stage, starts_at = excluded.starts_at, ends_at = excluded.ends_at
        """,
        schedule.application,
        schedule.stage,
        schedule.starts_at,
        schedule.ends_at,
    )


async def save_reviewing(tx: Transaction, reviewing: Reviewing) -> None:
    await tx.execute(
        """
        insert into reviewer_access (reviewer, application, stage, since) values ($1, $2, $3, $4)
        on conflict (reviewer, application, stage) do update set since = excluded.since
        """,
        reviewing.reviewer,
        reviewing.application,
        reviewing.stage,
        reviewing.since,
    )


async def drop_reviewing(tx: Transaction, reviewing: Reviewing) -> None:
    await tx.execute(
        "delete from reviewer_access where reviewer = $1 and application = $2 and stage = $3",
        reviewing.reviewer,
        reviewing.application,
        reviewing.stage,
    )


async def drop_all_reviewing(tx: Transaction, reviewer: ReviewerId, application: ApplicationId) -> None:
    await tx.execute(
        "delete from reviewer_access where reviewer = $1 and application = $2", reviewer, application
    )


async def save_publication(tx: Transaction, publication: Publication) -> None:
    await tx.execute(
        """
        insert into publication (year, stage, published_at, appeals_until) values ($1, $2, $3, $4)
        on conflict (year, stage) do update
        set published_at = excluded.published_at, appeals_until = excluded.appeals_until
        """,
        publication.year,
        publication.stage,
        publication.published_at,
        publication.appeals_until,
    )
