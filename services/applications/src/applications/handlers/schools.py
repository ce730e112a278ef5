"""Use cases of the register of schools; an officer's each."""

from collections.abc import Sequence
from dataclasses import dataclass

from applications import announce
from applications.domain.schools import School, SchoolFacts, unknown_of
from applications.domain.vocabulary import SchoolId
from applications.store import schools as store
from chassis import audit, identifiers, outbox
from chassis.refusals import Conflict
from chassis.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Imported:
    registered: tuple[School, ...]
    unchanged: int


async def import_schools(tx: Transaction, rows: Sequence[SchoolFacts]) -> Imported:
    """Register those of a list that the register has not; all of it or nothing."""
    await store.lock_register(tx)
    known, now = await store.schools_known(tx, rows), await tx.now()
    unknown = unknown_of(rows, known)
    schools = tuple(School(SchoolId(identifiers.new("sch")), facts) for facts in unknown)
    await store.add_schools(tx, schools, now)
    for school in schools:
        outbox.add(tx, announce.registered(school, now))
    counts = {"registered": len(schools), "unchanged": len(rows) - len(schools)}
    await audit.record(tx, "schools_imported", "schools", detail=counts)
    return Imported(schools, unchanged=counts["unchanged"])


async def rename_school(tx: Transaction, school: SchoolId, name_ko: str, name_en: str | None) -> School:
    await store.lock_register(tx)
    present, now = await store.school_for_update(tx, school), await tx.now()
    renamed = present.rename(name_ko, name_en)
    if await store.is_known_by_name(tx, renamed):
        raise Conflict("name_taken", "Another school without a code bears this name here", "name_ko")
    await store.save_school(tx, renamed)
    outbox.add(tx, announce.renamed(renamed, now))
    await audit.record(
        tx, "school_renamed", school, detail={"before": present.facts.name_ko, "after": name_ko}
    )
    return renamed


async def close_school(tx: Transaction, school: SchoolId, reason: str) -> School:
    present, now = await store.school_for_update(tx, school), await tx.now()
    closed = present.close(now)
    await store.save_school(tx, closed)
    outbox.add(tx, announce.school_closed(closed, reason, now))
    await audit.record(tx, "school_closed", school, reason=reason)
    return closed
