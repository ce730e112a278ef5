"""Use cases of tripartite agreements and placements: sign, record by hand."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

from chassis import audit, identifiers, outbox
from chassis.keyring import Keyring
from chassis.refusals import Conflict, NotFound
from chassis.transaction import Transaction
from placement import announce
from placement.domain.agreements import Parties, Tripartite, day_of, draft
from placement.domain.openings import Opening
from placement.domain.persons import without_consent
from placement.domain.placements import begin
from placement.domain.rules import refuse
from placement.domain.vocabulary import (
    AgreementId,
    ClassId,
    CompanyId,
    OpeningId,
    OpeningState,
    PlacementId,
    SchoolId,
    Side,
    StudentId,
    TripartiteState,
)
from placement.handlers.agreements import require_placeable
from placement.store import classes, openings, persons, programme, retention, tripartite
from placement.store import offers as store
from placement.store import placements as placement_store
from placement.store import students as student_store


async def sign_agreement(
    tx: Transaction, keyring: Keyring, agreement: AgreementId, side: Side, party: str
) -> Tripartite:
    """One of the three signs; with the last signature the placement is active."""
    waiting = await tripartite.for_update(tx, agreement)
    if party != _party_of(waiting, side):
        raise NotFound("agreement_not_found", "There is no such agreement", "agreement")
    return (await _sign(tx, keyring, [waiting], side))[0]


async def sign_for_class(
    tx: Transaction, keyring: Keyring, employment_class: ClassId, school: SchoolId
) -> list[Tripartite]:
    """A school signs all that waits for it of one of its classes."""
    present = await classes.for_update(tx, employment_class)
    if present.school != school:
        raise NotFound("employment_class_not_found", "There is no such employment class", "employment_class")
    waiting = await tripartite.unsigned_of_class(tx, employment_class)
    return await _sign(tx, keyring, waiting, Side.SCHOOL)


async def sign_for_company(tx: Transaction, keyring: Keyring, company: CompanyId) -> list[Tripartite]:
    """A company signs all that waits for it."""
    return await _sign(tx, keyring, await tripartite.unsigned_of_company(tx, company), Side.COMPANY)


async def record_by_hand(tx: Transaction, student: StudentId, opening: OpeningId, reason: str) -> Tripartite:
    """An officer brings a student and an opening together; all three sign before the placement is active."""
    await classes.lock_students(tx, [student])
    enrolled = (await classes.enrolled(tx, [student])).get(student)
    if enrolled is None:
        raise Conflict("not_enrolled", "The student is in no class", "student")
    (await persons.standing(tx, student)).require_known()
    await store.require_free(tx, student)
    present = (await openings.for_update(tx, [opening]))[opening]
    now = await tx.now()
    parties = Parties(
        present.year, student, enrolled.school.id, enrolled.employment_class, present.company, present.id
    )
    rules = await programme.rules(tx, present.year)
    recorded = draft(AgreementId(identifiers.new("agr")), parties, rules.sign_until(now), reason=reason)
    await require_placeable(tx, [parties], now)
    await openings.save(tx, [present.hold()])
    await tripartite.add(tx, recorded, now)
    detail = {"student": student, "opening": opening}
    work = (await openings.work(tx, [opening]))[opening]
    outbox.add(tx, announce.student_agreement_drafted(recorded, enrolled, work, now))
    await audit.record(tx, action="placement_recorded", subject=recorded.id, reason=reason, detail=detail)
    return recorded


async def _sign(
    tx: Transaction, keyring: Keyring, waiting: Sequence[Tripartite], side: Side
) -> list[Tripartite]:
    """Signatures of one side; the school's vouches for a guardian, and so does the last one."""
    now = await tx.now()
    signed = [agreement.sign(side, now) for agreement in waiting]
    await tripartite.save(tx, signed)
    complete = [agreement for agreement in signed if agreement.state is TripartiteState.IN_FORCE]
    await _require_consents(tx, keyring, signed if side is Side.SCHOOL else complete, now)
    if complete:
        await _activate(tx, complete, now)
    return signed


async def _require_consents(
    tx: Transaction, keyring: Keyring, agreements: Sequence[Tripartite], now: datetime
) -> None:
    """Refuse work of students who are not known to be adults without a guardian's consent on record."""
    students = [agreement.parties.student for agreement in agreements]
    known = await persons.read(tx, keyring, students)
    refuse(without_consent(students, known, await student_store.consented(tx, students), day_of(now)))


async def _activate(tx: Transaction, complete: Sequence[Tripartite], now: datetime) -> None:
    """Signed agreements become active placements, on bipartite agreements in force until the commit."""
    await require_placeable(tx, [agreement.parties for agreement in complete], now)
    work = await openings.work(tx, [agreement.parties.opening for agreement in complete])
    placements = [
        begin(PlacementId(identifiers.new("plc")), agreement, work[agreement.parties.opening].starts_on, now)
        for agreement in complete
    ]
    filled = await _occupy(tx, complete)
    await placement_store.add(tx, placements)
    await retention.schedule(tx, placements)
    enrolled = await classes.enrolled(tx, [agreement.parties.student for agreement in complete])
    for placement, agreement in zip(placements, complete, strict=True):
        parties = agreement.parties
        student = enrolled[parties.student]
        outbox.add(tx, announce.placed(placement, agreement, student, work[parties.opening]))
    for opening in filled:
        outbox.add(tx, announce.opening_filled(opening, work[opening.id], now))


async def _occupy(tx: Transaction, complete: Sequence[Tripartite]) -> list[Opening]:
    """Count the places that are taken now; answers the openings that are full thereby."""
    places = Counter(agreement.parties.opening for agreement in complete)
    present = await openings.for_update(tx, list(places))
    occupied = [opening.occupy(places[opening.id]) for opening in present.values()]
    await openings.save(tx, occupied)
    return [opening for opening in occupied if opening.state is OpeningState.FILLED]


def _party_of(agreement: Tripartite, side: Side) -> str:
    match side:
        case Side.SCHOOL:
            return agreement.parties.school
        case Side.COMPANY:
            return agreement.parties.company
        case Side.STUDENT:
            return agreement.parties.student
        case _:
            assert_never(side)
