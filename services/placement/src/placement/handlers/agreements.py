"""Use cases of bipartite agreements: proposed, signed, changed by both parties; ended by either."""

from collections.abc import Sequence
from datetime import datetime

from chassis import audit, identifiers, outbox
from chassis.refusals import Conflict, NotFound, Refusal
from chassis.transaction import Transaction
from placement import announce
from placement.domain.agreements import (
    TERM_OVER,
    Bipartite,
    BipartiteDraft,
    Parties,
    Term,
    day_of,
    propose,
)
from placement.domain.companies import Company
from placement.domain.programme import School
from placement.domain.rules import at_row, refuse
from placement.domain.vocabulary import AgreementId, BipartiteState, OverBy, Side, Year
from placement.handlers import endings
from placement.handlers.endings import Why
from placement.store import bipartite, companies, openings, programme


async def propose_agreements(
    tx: Transaction, year: Year, drafts: Sequence[BipartiteDraft], by: Side
) -> list[Bipartite]:
    """Propose agreements of one year, all or none; each refusal names its row."""
    await programme.rules(tx, year)
    places = await programme.participations(tx, year, [draft.school for draft in drafts])
    known = await companies.several(tx, [draft.company for draft in drafts])
    now = await tx.now()
    proposed, broken = [], list[Refusal]()
    for at, draft in enumerate(drafts):
        try:
            draft.require_parties(places.get(draft.school), known.get(draft.company))
            proposed.append(propose(AgreementId(identifiers.new("agr")), draft, by, now))
        except Refusal as refusal:
            broken.append(at_row(refusal, f"agreements.{at}"))
    refuse(broken)
    kept = await bipartite.add(tx, proposed)
    refuse(
        Conflict("agreement_exists", "School and company have one in this year", f"agreements.{at}")
        for at, each in enumerate(proposed)
        if each.id not in kept
    )
    for each in proposed:
        event = announce.agreement_proposed(each, places[each.school].school, known[each.company])
        outbox.add(tx, event)
    return proposed


async def sign_agreements(
    tx: Transaction, agreements: Sequence[AgreementId], side: Side, party: str
) -> list[Bipartite]:
    """Sign agreements of one's own, all or none; each is in force thereby."""
    waiting = await bipartite.for_update(tx, agreements)
    for agreement in waiting:
        _require_own(agreement, side, party)
    known = await companies.several(tx, [agreement.company for agreement in waiting])
    now = await tx.now()
    signed = [agreement.sign(side, now) for agreement in waiting]
    await bipartite.save(tx, signed)
    for agreement in signed:
        known[agreement.company].require_approved()
        place = await programme.participation(tx, agreement.year, agreement.school)
        place.require_taking_part()
        outbox.add(tx, announce.agreement_in_force(agreement, place.school, known[agreement.company], now))
    return signed


async def want_term(tx: Transaction, agreement: AgreementId, term: Term, side: Side, party: str) -> Bipartite:
    """One party wants another term; the present one stands until the other signs."""
    [present] = await bipartite.for_update(tx, [agreement])
    _require_own(present, side, party)
    changed = present.want(term, side, await tx.now())
    await bipartite.save(tx, [changed])
    return changed


async def settle_term(tx: Transaction, agreement: AgreementId, side: Side, party: str) -> Bipartite:
    """The other party signs the term that is wanted."""
    [present] = await bipartite.for_update(tx, [agreement])
    _require_own(present, side, party)
    now = await tx.now()
    settled = present.settle(side, now)
    await bipartite.save(tx, [settled])
    school, company = await _named(tx, settled)
    outbox.add(tx, announce.agreement_changed(settled, school, company, now))
    return settled


async def end_agreement(
    tx: Transaction, agreement: AgreementId, by: OverBy, party: str | None, reason: str
) -> Bipartite:
    """A party of it, or an officer (`party` is None), ends an agreement; nothing new stands on it then."""
    [present] = await bipartite.for_update(tx, [agreement])
    if party is not None:
        _require_own(present, Side(by), party)
    now = await tx.now()
    ended = present.end(by, reason, now)
    await _put_over(tx, [ended], Why(by, reason, now))
    await audit.record(tx, action="agreement_ended", subject=agreement, reason=reason)
    return ended


async def expire_agreements(tx: Transaction, at_most: int) -> int:
    """Let go of agreements whose last day is over; answers how many."""
    now = await tx.now()
    late = await bipartite.over_for_update(tx, day_of(now), at_most)
    expired = [agreement.expire(now) for agreement in late]
    await _put_over(tx, expired, Why(OverBy.DEADLINE, TERM_OVER, now))
    return len(expired)


async def require_placeable(tx: Transaction, parties: Sequence[Parties], now: datetime) -> None:
    """Refuse parties who may not place anybody together today, or whose work is over; until the commit."""
    pairs = {(each.year, each.school, each.company) for each in parties}
    in_force = await bipartite.in_force(tx, pairs, day_of(now))
    over = await openings.over(tx, {each.opening for each in parties}, day_of(now))
    refuse(
        Conflict(
            "agreement_not_in_force",
            f"School and company of {each.opening} have no agreement in force today, or it is suspended",
            "agreement",
        )
        for each in parties
        if (each.year, each.school, each.company) not in in_force
    )
    refuse(
        Conflict("work_over", f"The last day of the work of {each} is over", "opening")
        for each in sorted(over)
    )


async def _put_over(tx: Transaction, over: Sequence[Bipartite], why: Why) -> None:
    if not over:
        return
    await bipartite.save(tx, over)
    for agreement in over:
        outbox.add(tx, announce.agreement_ended(agreement, *await _named(tx, agreement)))
    gone = [each for each in over if each.state is not BipartiteState.WITHDRAWN]
    await endings.part(tx, [(each.year, each.school, each.company) for each in gone], why)


async def _named(tx: Transaction, agreement: Bipartite) -> tuple[School, Company]:
    schools = await programme.schools(tx, [agreement.school])
    known = await companies.several(tx, [agreement.company])
    return schools[agreement.school], known[agreement.company]


def _require_own(agreement: Bipartite, side: Side, party: str) -> None:
    if party != (agreement.school if side is Side.SCHOOL else agreement.company):
        raise NotFound("agreement_not_found", f"There is no such agreement: {agreement.id}", "agreement")
