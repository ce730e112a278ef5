"""The use case of a matching run: gather, decide, keep the proof, offer, tell everybody why."""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from chassis import audit, identifiers, outbox
from chassis.refusals import Invalid
from chassis.transaction import Transaction
from placement import announce, snapshots
from placement.domain.agreements import day_of
from placement.domain.classes import Enrolled
from placement.domain.explaining import Explanations, Strike, tell_struck
from placement.domain.offers import Offer
from placement.domain.openings import Opening
from placement.domain.rounds import Round
from placement.domain.running import Gathered, Offered, Proof, reasons_unmatched
from placement.domain.vocabulary import CompanyId, OfferId, OpeningId, OpeningState, RoundId, StudentId
from placement.store import bipartite, classes, offers, openings, programme
from placement.store import rounds as store


@dataclass(frozen=True, slots=True)
class Run:
    """What a run came to."""

    round: Round
    proof: Proof
    offers: int
    unmatched: int


async def run_matching(tx: Transaction, round_id: RoundId, lot_seed: str | None) -> Run:
    """Decide a closed round and make its offers.

    Raises:
        Invalid: `lot_seed_missing`, where a company gave scores and the lot may have to settle some.
    """
    decided = (await store.for_update(tx, round_id)).decide()
    now = await tx.now()
    gathered, available = await _gather(tx, decided, now)
    if gathered.needs_lot and lot_seed is None:
        raise Invalid("lot_seed_missing", f"Enter the outcome of {decided.terms.lot_source}", "lot_seed")
    document = snapshots.document_of(decided.number, gathered, lot_seed)
    decision = await asyncio.to_thread(snapshots.decide, document)
    told = tell_struck(decision.told, gathered.lists, gathered.struck)
    await store.decide(tx, decided, decision.proof, now)
    await store.add_explanations(tx, round_id, snapshots.told_documents(told))
    students = await classes.enrolled(tx, [each.student for each in gathered.students])
    made = await _offer(tx, decided, told, students, now)
    await _hold(tx, made, available)
    await _tell(tx, decided, told, students, made, now)
    run = Run(decided, decision.proof, len(made), len(students) - len(made))
    await _record(tx, run, lot_seed)
    return run


async def _gather(
    tx: Transaction, decided: Round, now: datetime
) -> tuple[Gathered, Mapping[OpeningId, Opening]]:
    """All that the run decides over, locked: lists, companies, agreements, places, rankings."""
    day = day_of(now)
    listed = await store.listed_for_update(tx, decided.id, decided.year)
    taking = await store.approved_companies(tx, decided.year)
    # Agreements before openings, as where they end: whoever ends one lets go of openings then.
    partners = await bipartite.partners(tx, decided.year, day)
    available = await openings.of_year_for_update(tx, decided.year)
    rankings = await store.rankings(tx, decided.id)
    offered = tuple(
        Offered(
            opening.id, opening.company, opening.free, rankings.get(opening.id), _barred(opening, taking, day)
        )
        for opening in available.values()
    )
    return Gathered(listed, offered, partners), available


def _barred(opening: Opening, taking: Collection[CompanyId], day: date) -> Strike | None:
    if opening.state is OpeningState.WITHDRAWN:
        return "opening_withdrawn"
    if opening.is_over(day):
        return "work_over"
    return None if opening.company in taking else "company_suspended"


async def _offer(
    tx: Transaction,
    decided: Round,
    told: Explanations,
    students: Mapping[StudentId, Enrolled],
    now: datetime,
) -> dict[StudentId, Offer]:
    rules = await programme.rules(tx, decided.year)
    expires_at = rules.offer_until(now)
    made = {
        each.student: Offer(
            id=OfferId(identifiers.new("off")),
            year=decided.year,
            round=decided.id,
            student=each.student,
            employment_class=students[each.student].employment_class,
            opening=each.opening,
            preference=each.choice,
            offered_at=now,
            expires_at=expires_at,
        )
        for each in told.students
        if each.opening is not None and each.choice is not None
    }
    await offers.add_offers(tx, list(made.values()))
    return made


async def _hold(
    tx: Transaction, made: Mapping[StudentId, Offer], available: Mapping[OpeningId, Opening]
) -> None:
    taken = Counter(offer.opening for offer in made.values())
    await openings.save(tx, [available[opening].hold(places) for opening, places in taken.items()])


async def _tell(
    tx: Transaction,
    decided: Round,
    told: Explanations,
    students: Mapping[StudentId, Enrolled],
    made: Mapping[StudentId, Offer],
    now: datetime,
) -> None:
    work = await openings.work(tx, [offer.opening for offer in made.values()])
    for each in told.students:
        student, offer = students[each.student], made.get(each.student)
        if offer is None:
            outbox.add(tx, announce.unmatched(decided, student, reasons_unmatched(each), now))
        else:
            outbox.add(tx, announce.offered(offer, student, work[offer.opening], decided.number))


async def _record(tx: Transaction, run: Run, lot_seed: str | None) -> None:
    detail = {
        "offers": run.offers,
        "unmatched": run.unmatched,
        "snapshot_sha256": run.proof.snapshot_sha256,
        "result_sha256": run.proof.result_sha256,
        "lot_seed": lot_seed,
    }
    await audit.record(tx, action="matching_run", subject=run.round.id, detail=detail)
