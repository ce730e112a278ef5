"""Use cases of bipartite agreements: one party proposes, the other signs, each in its own session."""

from collections.abc import Sequence

from chassis import identifiers, outbox
from chassis.refusals import Conflict, NotFound, Refusal
from chassis.transaction import Transaction
from placement import announce
from placement.domain.agreements import Bipartite, BipartiteDraft, propose
from placement.domain.rules import at_row, refuse
from placement.domain.vocabulary import AgreementId, Side, Year
from placement.store import bipartite, companies, programme


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
        if party != (agreement.school if side is Side.SCHOOL else agreement.company):
            raise NotFound("agreement_not_found", f"There is no such agreement: {agreement.id}", "agreements")
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
