"""What falls away when something ends: offers, unsigned agreements, classes' companies, openings.

A place that an offer or an unsigned agreement holds is freed in the same transaction that ends it, under the
lock of its row: whoever comes second finds it over, so a place is freed once.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from chassis import outbox
from chassis.transaction import Transaction
from placement import announce
from placement.domain.agreements import Tripartite, day_of
from placement.domain.classes import EmploymentClass
from placement.domain.offers import Offer
from placement.domain.vocabulary import AgreementId, OpeningId, OverBy, TripartiteState
from placement.handlers import rounds
from placement.store import classes, companies, openings, programme, tripartite
from placement.store import offers as offers_store
from placement.store.bipartite import Pair
from placement.store.rows import Affected

AGREEMENT_OVER = "agreement_over"


@dataclass(frozen=True, slots=True)
class Why:
    """By whom, for which reason (a code) and when something ends."""

    by: OverBy
    reason: str
    now: datetime


async def let_go(tx: Transaction, affected: Affected, why: Why) -> None:
    """Withdraw open offers and unsigned agreements, and free their places."""
    offers = await offers_store.open_for_update(tx, affected)
    drafts = await tripartite.drafts_for_update(tx, affected)
    await withdraw_offers(tx, [offer.withdraw(why.reason, why.now) for offer in offers])
    await free_drafts(tx, [each.withdraw(why.by, why.reason, why.now) for each in drafts])


async def withdraw_offers(tx: Transaction, withdrawn: Sequence[Offer]) -> None:
    """Keep offers that were withdrawn, free their places and tell of it."""
    if not withdrawn:
        return
    await offers_store.save_offers(tx, withdrawn)
    await _free(tx, [offer.opening for offer in withdrawn])
    students = await classes.last_enrolled(tx, [offer.student for offer in withdrawn])
    work = await openings.work(tx, [offer.opening for offer in withdrawn])
    for offer in withdrawn:
        outbox.add(tx, announce.offer_withdrawn(offer, students[offer.student], work[offer.opening]))
    await rounds.invite_free(tx, [offer.student for offer in withdrawn], await tx.now())


async def free_drafts(tx: Transaction, over: Sequence[Tripartite]) -> None:
    """Keep agreements that came to nothing, free their places and tell of it."""
    if not over:
        return
    await tripartite.save(tx, over)
    parties = [agreement.parties for agreement in over]
    await _free(tx, [each.opening for each in parties])
    students = await classes.last_enrolled(tx, [each.student for each in parties])
    work = await openings.work(tx, [each.opening for each in parties])
    for agreement in over:
        whose, where = agreement.parties.student, agreement.parties.opening
        outbox.add(tx, announce.student_agreement_ended(agreement, students[whose], work[where]))
    await rounds.invite_free(tx, [each.student for each in parties], await tx.now())


async def part(tx: Transaction, pairs: Sequence[Pair], why: Why) -> None:
    """Schools and companies agree no longer: nothing new stands on it, and work goes on."""
    if not pairs:
        return
    # Of two agreements that end at once, each would else leave an opening to the other.
    for company in sorted({company for _, _, company in pairs}):
        await tx.alone(f"agreements of {company}")
    why = Why(why.by, AGREEMENT_OVER, why.now)
    await let_go(tx, Affected(pairs=pairs), why)
    await _leave_classes(tx, pairs, why)
    await _withdraw_openings(tx, pairs, why)


async def _leave_classes(tx: Transaction, pairs: Sequence[Pair], why: Why) -> None:
    gone = set(pairs)
    training = await classes.training_for_update(tx, pairs)
    schools = await programme.schools(tx, [each.school for each in training])
    for present in training:
        without = present.without(
            {company for year, school, company in gone if (year, school) == (present.year, present.school)}
        )
        await classes.save_plan(tx, without, why.now)
        if without.plan.companies:
            outbox.add(tx, announce.class_changed(without, schools[present.school], why.now))
        else:
            await close_classes(tx, [without], why.reason, why.now)


async def close_classes(
    tx: Transaction, present: Sequence[EmploymentClass], reason: str, now: datetime
) -> None:
    """Let classes take no one new, and tell of it."""
    closed = [each.close(reason, now) for each in present]
    await classes.save(tx, closed)
    schools = await programme.schools(tx, [each.school for each in closed])
    for each in closed:
        outbox.add(tx, announce.class_closed(each, schools[each.school], reason, now))


async def _withdraw_openings(tx: Transaction, pairs: Sequence[Pair], why: Why) -> None:
    present = await openings.without_partner(tx, pairs, day_of(why.now))
    if not present:
        return
    withdrawn = [opening.withdraw() for opening in present]
    await openings.withdraw(tx, withdrawn, why.reason, why.now)
    owners = await companies.several(tx, [opening.company for opening in withdrawn])
    for opening in withdrawn:
        outbox.add(tx, announce.opening_withdrawn(opening, owners[opening.company], why.reason, why.now))


async def _free(tx: Transaction, places: Sequence[OpeningId]) -> None:
    freed = Counter(places)
    held = await openings.for_update(tx, list(freed))
    await openings.save(tx, [opening.release(freed[opening.id]) for opening in held.values()])


async def end_agreements(tx: Transaction, over: Mapping[AgreementId, Why]) -> None:
    """Tripartite agreements end with their placements; their places are freed with those."""
    present = await tripartite.several_for_update(tx, list(over))
    ended = [
        each.end(over[each.id].by, over[each.id].reason, over[each.id].now)
        for each in present
        if each.state is TripartiteState.IN_FORCE
    ]
    await tripartite.save(tx, ended)
