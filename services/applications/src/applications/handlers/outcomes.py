"""What evaluation tells is kept to be shown; events of a school come in order, so the last one holds."""

from applications.domain.outcomes import Eligibility, Offer, Publication, Reviewing, Schedule, Standing
from applications.domain.vocabulary import ApplicationId, ReviewerId, SchoolId, Year
from applications.store import outcomes as store
from chassis.transaction import Transaction


async def show_standing(tx: Transaction, standing: Standing) -> None:
    await store.save_standing(tx, standing)


async def show_offer(tx: Transaction, school: SchoolId, year: Year, offer: Offer) -> None:
    await store.save_offer(tx, school, year, offer)


async def remove_offer(tx: Transaction, school: SchoolId, year: Year) -> None:
    """The offer was answered or has expired."""
    await store.save_offer(tx, school, year, None)


async def show_eligibility(tx: Transaction, eligibility: Eligibility) -> None:
    await store.save_eligibility(tx, eligibility)


async def show_schedule(tx: Transaction, schedule: Schedule) -> None:
    await store.save_schedule(tx, schedule)


async def show_publication(tx: Transaction, publication: Publication) -> None:
    await store.save_publication(tx, publication)


async def let_read(tx: Transaction, reviewing: Reviewing) -> None:
    """Who reviews an application may read what was submitted."""
    await store.save_reviewing(tx, reviewing)


async def stop_reading(tx: Transaction, reviewing: Reviewing) -> None:
    """Who does not review it any more may not."""
    await store.drop_reviewing(tx, reviewing)


async def bar_reading(tx: Transaction, reviewer: ReviewerId, application: ApplicationId) -> None:
    """Who has a conflict may not, at whichever stage they reviewed it."""
    await store.drop_all_reviewing(tx, reviewer, application)
