"""Use cases after the final result: offers answered or expired, places given up or taken away, promotion."""

import json
from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime

from chassis import audit, identifiers, outbox
from chassis.refusals import NotFound
from chassis.transaction import ReadTransaction, Transaction
from evaluation import announce, snapshots
from evaluation.domain import places
from evaluation.domain.aftermath import aftermaths
from evaluation.domain.intake import Party
from evaluation.domain.places import Offer, Standing
from evaluation.domain.policy import ProgrammeYear
from evaluation.domain.vocabulary import (
    ApplicationId,
    OfferId,
    OfferState,
    RunStage,
    SchoolId,
    Stage,
    Year,
)
from evaluation.handlers.runs import add_run
from evaluation.store import intake, runs, schools
from evaluation.store import places as store


@dataclass(frozen=True, slots=True)
class Departure:
    """A school that leaves, and why, as a code."""

    school: SchoolId
    reason: str


async def accept_offer(tx: Transaction, offer: OfferId, school: SchoolId) -> Offer:
    """Hold what was offered from now on."""
    programme = await intake.year_for_update(tx, await store.year_of(tx, offer, school))
    now = await tx.now()
    accepted = (await store.offer_for_update(tx, offer)).accept(now)
    await store.save_offer(tx, accepted)
    standing = await _standing(tx, programme.year, school)
    await store.save_standing(tx, standing.hold(accepted, now))
    party, run = await _party(tx, standing), await runs.for_update(tx, accepted.run)
    outbox.add(tx, announce.offer_accepted(party, accepted, now))
    outbox.add(tx, announce.promoted(party, accepted, run, now))
    await audit.record(tx, "offer_accepted", offer)
    await promote(tx, programme, now)
    return accepted


async def decline_offer(tx: Transaction, offer: OfferId, school: SchoolId) -> Offer:
    """Never be offered this again; the next in line gets an offer."""
    programme = await intake.year_for_update(tx, await store.year_of(tx, offer, school))
    now = await tx.now()
    declined = (await store.offer_for_update(tx, offer)).decline(now)
    await _settle(tx, declined, now)
    await audit.record(tx, "offer_declined", offer)
    await promote(tx, programme, now)
    return declined


async def due(tx: ReadTransaction) -> dict[Year, list[OfferId]]:
    """Offers whose time is up, however long ago."""
    return await store.due(tx, await tx.now())


async def expire_offers(tx: Transaction, year: Year, offers: Container[OfferId]) -> int:
    """Let those of a year's offers go that are pending still and whose time is up; the number of them."""
    programme, now = await intake.year_for_update(tx, year), await tx.now()
    pending = await store.pending(tx, year)
    late = [offer for offer in pending if offer.id in offers and offer.expires_at <= now]
    for offer in late:
        await _settle(tx, offer.expire(now), now)
        await audit.record(tx, "offer_expired", offer.id)
    if late:
        await promote(tx, programme, now)
    return len(late)


async def _settle(tx: Transaction, offer: Offer, now: datetime) -> None:
    """Record that an offer was declined or expired, and strike it from the school's wishes."""
    await store.save_offer(tx, offer)
    standing = await _standing(tx, offer.year, offer.school)
    await store.save_standing(tx, standing.strike(offer))
    party = await _party(tx, standing)
    tell = announce.offer_expired if offer.state is OfferState.EXPIRED else announce.offer_declined
    outbox.add(tx, tell(party, offer, now))


async def withdraw_application(
    tx: Transaction, application: ApplicationId, year: Year, withdrawn_at: datetime, departure: Departure
) -> None:
    """An application was taken back: it is left out, or frees what its school held."""
    programme = await intake.lock_if_known(tx, year)
    await intake.withdraw(tx, application, withdrawn_at)
    if programme is None or programme.stage is not Stage.FINAL:
        return
    standing = await store.standing_for_update(tx, year, departure.school)
    if standing is not None and standing.application == application and standing.may_leave:
        await _leave(tx, programme, standing, departure.reason)


async def relinquish(tx: Transaction, year: Year, departure: Departure) -> None:
    """A school gives up its place, or its number on the reserve list; others move up."""
    programme = await intake.year_for_update(tx, year)
    programme.must_be(Stage.FINAL)
    await _leave(tx, programme, await _standing(tx, year, departure.school), departure.reason)


async def _leave(tx: Transaction, programme: ProgrammeYear, standing: Standing, reason: str) -> None:
    now = await tx.now()
    left = standing.relinquish(now)
    party = await _party(tx, standing)
    await _drop_offer(tx, standing, now)
    await store.save_standing(tx, left)
    outbox.add(tx, announce.relinquished(party, standing, reason, now))
    await audit.record(tx, "place_relinquished", standing.school, reason=reason)
    await promote(tx, programme, now)


async def revoke(tx: Transaction, year: Year, departure: Departure) -> None:
    """An officer takes a selected school's place away; others move up."""
    programme = await intake.year_for_update(tx, year)
    programme.must_be(Stage.FINAL)
    standing, now = await _standing(tx, year, departure.school), await tx.now()
    revoked = standing.revoke(now)
    party = await _party(tx, standing)
    await _drop_offer(tx, standing, now)
    await store.save_standing(tx, revoked)
    outbox.add(tx, announce.revoked(party, standing, departure.reason, now))
    await audit.record(tx, "place_revoked", departure.school, reason=departure.reason)
    await promote(tx, programme, now)


async def _drop_offer(tx: Transaction, standing: Standing, now: datetime) -> None:
    """A school that leaves declines what it was offered."""
    for offer in await store.pending(tx, standing.year):
        if offer.school == standing.school:
            await _settle(tx, offer.lapse(now), now)


async def promote(tx: Transaction, programme: ProgrammeYear, now: datetime) -> None:
    """Decide anew over everyone still standing, holders keeping what they hold, and offer what is free."""
    final = snapshots.parse(json.loads(await runs.final_snapshot(tx, programme.year)))
    standings = await store.standings(tx, programme.year)
    before = await store.offers(tx, programme.year)
    pending = [offer for offer in before if offer.state is OfferState.PENDING]
    closed = [school.id for school in (await schools.known(tx, standings)).values() if school.closed]
    snapshot = places.standing_now(final, standings, pending, closed)
    decided = snapshots.decided(snapshot)
    awards = [decision.award for decision in decided.decisions]
    promotions = places.promotions(awards, snapshot.holders, [offer.school for offer in pending])
    after = aftermaths(final, (snapshot, awards), standings, before, promotions)
    run = await add_run(tx, programme, RunStage.PROMOTION, decided, now, after=after)
    offers = [
        Offer(
            id=OfferId(identifiers.new("off")),
            year=programme.year,
            school=each.school,
            run=run.id,
            state=OfferState.PENDING,
            upgrade=each.upgrade,
            designations=each.designations,
            added=each.added,
            made_at=now,
            expires_at=programme.policy.offer_until(now),
        )
        for each in promotions
    ]
    await _offer(tx, offers, standings)


async def _offer(tx: Transaction, offers: Sequence[Offer], standings: dict[SchoolId, Standing]) -> None:
    await store.add_offers(tx, offers)
    for offer in offers:
        party = await _party(tx, standings[offer.school])
        outbox.add(tx, announce.offer_made(party, offer))
        await audit.record(tx, "offer_made", offer.id, detail={"run": offer.run})


async def _standing(tx: Transaction, year: Year, school: SchoolId) -> Standing:
    standing = await store.standing_for_update(tx, year, school)
    if standing is None:
        raise NotFound(
            "standing_not_found", "The school stands nowhere in this year's result: school", "school"
        )
    return standing


async def _party(tx: Transaction, standing: Standing) -> Party:
    return (await intake.parties(tx, [standing.application]))[standing.application]
