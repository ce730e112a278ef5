"""Use cases of offers: accepted, declined by either side, expired."""

from collections import Counter
from collections.abc import Sequence

from chassis import audit, identifiers, outbox
from chassis.refusals import NotFound
from chassis.transaction import Transaction
from placement import announce
from placement.domain.agreements import Parties, Tripartite, draft
from placement.domain.offers import Offer
from placement.domain.vocabulary import AgreementId, CompanyId, OfferId, Side, StudentId, TakeBackReason
from placement.handlers import endings, rounds
from placement.handlers.agreements import require_placeable
from placement.store import classes, openings, programme, tripartite
from placement.store import offers as store


async def accept_offer(tx: Transaction, offer: OfferId, student: StudentId, *, sign: bool) -> Tripartite:
    """Accept an offer; its tripartite agreement waits for signatures, the student's own given at once."""
    present = _own(await store.offer_for_update(tx, offer), student)
    now = await tx.now()
    accepted = present.accept(now)
    enrolled = (await classes.enrolled(tx, [student]))[student]
    work = (await openings.work(tx, [accepted.opening]))[accepted.opening]
    parties = Parties(
        accepted.year, student, enrolled.school.id, enrolled.employment_class, work.company, work.opening
    )
    await require_placeable(tx, [parties], now)
    rules = await programme.rules(tx, accepted.year)
    agreement = draft(AgreementId(identifiers.new("agr")), parties, rules.sign_until(now), offer=offer)
    if sign:
        agreement = agreement.sign(Side.STUDENT, now)
    await store.save_offers(tx, [accepted])
    await tripartite.add(tx, agreement, now)
    outbox.add(tx, announce.accepted(accepted, enrolled, work, agreement, now))
    return agreement


async def decline_offer(tx: Transaction, offer: OfferId, student: StudentId) -> Offer:
    """Decline an offer; its place is free again, and harms nobody else's."""
    present = _own(await store.offer_for_update(tx, offer), student)
    now = await tx.now()
    declined = present.decline(now)
    await _let_go(tx, [declined])
    enrolled = (await classes.enrolled(tx, [student]))[student]
    work = (await openings.work(tx, [declined.opening]))[declined.opening]
    outbox.add(tx, announce.declined(declined, enrolled, work, now))
    await rounds.invite_free(tx, [student], now)
    return declined


async def take_back_offer(
    tx: Transaction, offer: OfferId, company: CompanyId, reason: TakeBackReason
) -> Offer:
    """The company of an open offer declines; its place is free again, and harms nobody else's."""
    present = await store.offer_for_update(tx, offer)
    work = (await openings.work(tx, [present.opening]))[present.opening]
    if work.company != company:
        raise NotFound("offer_not_found", "There is no such offer", "offer")
    taken_back = present.take_back(reason, await tx.now())
    await endings.withdraw_offers(tx, [taken_back])
    await audit.record(tx, action="offer_taken_back", subject=offer, reason=reason)
    return taken_back


async def expire_offers(tx: Transaction, at_most: int) -> int:
    """Let offers go whose time is up; answers how many."""
    now = await tx.now()
    expired = [offer.expire(now) for offer in await store.due_for_update(tx, now, at_most)]
    if not expired:
        return 0
    await _let_go(tx, expired)
    enrolled = await classes.enrolled(tx, [offer.student for offer in expired])
    work = await openings.work(tx, [offer.opening for offer in expired])
    for offer in expired:
        outbox.add(tx, announce.expired(offer, enrolled[offer.student], work[offer.opening], now))
    await rounds.invite_free(tx, list(enrolled), now)
    return len(expired)


async def _let_go(tx: Transaction, answered: Sequence[Offer]) -> None:
    await store.save_offers(tx, answered)
    places = Counter(offer.opening for offer in answered)
    held = await openings.for_update(tx, list(places))
    await openings.save(tx, [opening.release(places[opening.id]) for opening in held.values()])


def _own(offer: Offer, student: StudentId) -> Offer:
    if offer.student != student:
        raise NotFound("offer_not_found", "There is no such offer", "offer")
    return offer
