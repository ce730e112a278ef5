"""Use cases of tripartite agreements that come to nothing or to their end: withdrawn, lapsed, expired."""

from typing import assert_never

from chassis import audit
from chassis.refusals import NotFound
from chassis.transaction import Transaction
from placement.domain.agreements import Tripartite, day_of
from placement.domain.placements import Exit, Source
from placement.domain.vocabulary import AgreementId, EndReason, OverBy
from placement.handlers import endings, ends
from placement.store import openings, placements
from placement.store import tripartite as store


async def withdraw_agreement(
    tx: Transaction, agreement: AgreementId, by: OverBy, party: str | None, reason: str
) -> Tripartite:
    """One of the three, or an officer (`party` is None), takes an unsigned agreement back.

    The place that it held is free, and the student may take part in the next round.
    """
    present = await store.for_update(tx, agreement)
    if party is not None and party != party_of(present, by):
        raise NotFound("agreement_not_found", "There is no such agreement", "agreement")
    withdrawn = present.withdraw(by, reason, await tx.now())
    await endings.free_drafts(tx, [withdrawn])
    await audit.record(
        tx, action="tripartite_withdrawn", subject=agreement, reason=reason, detail={"by": by.value}
    )
    return withdrawn


async def lapse_agreements(tx: Transaction, at_most: int) -> int:
    """Let go of agreements that were not signed in time; answers how many."""
    now = await tx.now()
    late = [agreement.lapse(now) for agreement in await store.late_for_update(tx, now, at_most)]
    await endings.free_drafts(tx, late)
    return len(late)


async def expire_agreements(tx: Transaction, at_most: int) -> int:
    """Let go of agreements whose last day of work is over, and of the placements under them."""
    now = await tx.now()
    over = await store.over_for_update(tx, day_of(now), at_most)
    present = await placements.active_of(tx, [agreement.id for agreement in over])
    work = await openings.for_update(tx, [agreement.parties.opening for agreement in over])
    exits = {}
    for placement in present.values():
        last = work[placement.parties.opening].facts.ends_on or day_of(now)
        ended_on = max(last, day_of(placement.placed_at))
        exits[placement.id] = Exit(ended_on, EndReason.CONTRACT_END, Source.AGREEMENT)
    await ends.end_placements(tx, list(present.values()), exits)
    return len(over)


def party_of(agreement: Tripartite, by: OverBy) -> str | None:
    """The id of a side of an agreement; None for those who are no side of it."""
    match by:
        case OverBy.SCHOOL:
            return agreement.parties.school
        case OverBy.COMPANY:
            return agreement.parties.company
        case OverBy.STUDENT:
            return agreement.parties.student
        case OverBy.OFFICER | OverBy.DEADLINE:
            return None
        case _:
            assert_never(by)
