"""Use case of insurance records: they confirm checks, and end placements on the day they say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from chassis import audit
from chassis.refusals import Conflict, Refusal
from chassis.transaction import Transaction
from placement.domain.agreements import day_of
from placement.domain.insurance import Record, compare, records
from placement.domain.placements import Exit, Placement, Source
from placement.domain.retention import Check
from placement.domain.rules import about, at_row, refuse
from placement.domain.vocabulary import PlacementId, PlacementState
from placement.handlers import ends
from placement.store import placements as store
from placement.store import retention


@dataclass(frozen=True, slots=True)
class Imported:
    """Rows, checks that they confirmed, placements that they ended, ends that they corrected."""

    rows: int
    confirmed: int
    ended: int
    corrected: int


@dataclass(slots=True)
class _Said:
    """What the rows say, as far as it is new."""

    now: datetime
    drawn_on: date
    confirmed: list[Check] = field(default_factory=list)
    ended: dict[PlacementId, Exit] = field(default_factory=dict)
    corrected: dict[PlacementId, Exit] = field(default_factory=dict)

    def add(self, record: Record, placement: Placement, checks: Sequence[Check]) -> None:
        """Take one row in; raises what forbids it, before anything is written."""
        for check in compare(record, placement, checks, self.drawn_on):
            self.confirmed.append(check.confirm(Source.INSURANCE, day_of(self.now), self.now))
        left = record.exit
        if left is None or left.ended_on == placement.ended_on:
            return
        if placement.state is PlacementState.ACTIVE:
            placement.end(left, self.now)
            self.ended[placement.id] = left
        else:
            placement.correct_end(left, self.now)
            self.corrected[placement.id] = left


async def import_records(
    tx: Transaction, rows: Sequence[tuple[int, Mapping[str, str]]], drawn_on: date
) -> Imported:
    """Take a table of records in, all rows or none; each row that breaks a rule is named by its number."""
    now = await tx.now()
    found = records(rows, drawn_on, day_of(now))
    matched = await store.of_persons(tx, [record.person for record in found])
    refuse(
        Conflict("no_such_placement", "No placement of this student at this company", f"{each.at}.reference")
        for each in found
        if each.person not in matched
    )
    present = await store.for_update(tx, list(matched.values()))
    checks = await retention.of_placements(tx, list(present))
    said = _Said(now, drawn_on)
    refuse(_taken_in(said, found, {each: present[matched[each]] for each in matched}, checks))
    await ends.save_checks(tx, said.confirmed, present)
    await ends.end_placements(tx, [present[each] for each in sorted(said.ended)], said.ended)
    at = {matched[record.person]: record.at for record in found}
    for each in sorted(said.corrected):
        with about(at[each]):
            await ends.correct_end(tx, present[each], said.corrected[each])
    imported = Imported(len(found), len(said.confirmed), len(said.ended), len(said.corrected))
    detail = {"drawn_on": drawn_on.isoformat(), "rows": imported.rows, "confirmed": imported.confirmed}
    await audit.record(tx, action="insurance_records_imported", subject="retention", detail=detail)
    return imported


def _taken_in(
    said: _Said,
    found: Sequence[Record],
    placements: Mapping[tuple[str, str, str], Placement],
    checks: Mapping[PlacementId, Sequence[Check]],
) -> list[Refusal]:
    broken: list[Refusal] = []
    for record in found:
        placement = placements[record.person]
        try:
            said.add(record, placement, checks.get(placement.id, ()))
        except Refusal as refusal:
            at_it = refusal if (refusal.field or "").startswith("rows.") else at_row(refusal, record.at)
            broken.append(at_it)
    return broken
