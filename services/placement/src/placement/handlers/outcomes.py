"""Use cases of outcomes: earlier years brought in, a cohort counted and corrected, its reporting closed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from chassis import audit, outbox
from chassis.refusals import Conflict, Invalid
from chassis.transaction import Transaction
from contracts import topics
from placement import announce
from placement.domain.agreements import day_of
from placement.domain.destinations import Destination, check_destinations
from placement.domain.outcomes import (
    Cell,
    Count,
    Figures,
    ImportedRow,
    Origin,
    Report,
    check_rows,
    require_over,
)
from placement.domain.rules import refuse
from placement.domain.vocabulary import SchoolId, StudentId, Year
from placement.store import destinations, programme
from placement.store import outcomes as store


@dataclass(frozen=True, slots=True)
class Counted:
    """Schools told for the first time, corrected, and left as they were."""

    reported: int
    corrected: int
    unchanged: int


async def import_outcomes(
    tx: Transaction, year: Year, as_of: date, rows: Sequence[ImportedRow], reason: str | None
) -> Counted:
    """Bring in an earlier year, all rows or none; again, where figures differ, as a correction.

    Raises:
        Conflict: Students of the year were in classes here, so it is counted and not written.
    """
    now = await tx.now()
    require_over(as_of, day_of(now))
    await _require_not_run_here(tx, year)
    known = await programme.schools(tx, [SchoolId(row.school) for row in rows])
    cells = check_rows(rows, {str(school): known[school] for school in known})
    count = Count(year, as_of, Origin.IMPORTED, now, reason or "imported_again")
    counted = await _tell(tx, count, {SchoolId(school): cells[school] for school in cells})
    detail = {"as_of": as_of.isoformat(), "rows": len(rows), "schools": len(cells)}
    await audit.record(tx, action="outcomes_imported", subject=str(year), reason=reason, detail=detail)
    return counted


async def count_outcomes(tx: Transaction, year: Year, as_of: date, reason: str | None) -> Counted:
    """Count a cohort by all that is recorded; schools whose figures changed are told, the others are not."""
    await programme.rules(tx, year)
    now = await tx.now()
    require_over(as_of, day_of(now))
    count = Count(year, as_of, Origin.PLATFORM, now, reason or "figures_recounted")
    await store.alone(tx, year)
    counted = await _tell(tx, count, await store.counted(tx, year, as_of))
    detail = {"as_of": as_of.isoformat(), "reported": counted.reported, "corrected": counted.corrected}
    await audit.record(tx, action="outcomes_counted", subject=str(year), reason=reason, detail=detail)
    return counted


async def close_outcomes(tx: Transaction, year: Year, as_of: date, *, accept_unconfirmed: bool) -> Counted:
    """Count a cohort for the last time before others build on it, and say that it is whole.

    Raises:
        Conflict: Checks that were due are not answered, and the officer has not accepted that they count
            as not lasting; or it was closed before.
    """
    counted = await count_outcomes(tx, year, as_of, None)
    open_checks = await store.unconfirmed(tx, year, as_of)
    if open_checks and not accept_unconfirmed:
        raise Conflict(
            "retention_unconfirmed",
            f"{open_checks} retention checks that were due by {as_of.isoformat()} have no answer",
            "accept_unconfirmed",
        )
    await _close(tx, year, as_of, open_checks, Origin.PLATFORM)
    return counted


async def record_destinations(
    tx: Transaction, year: Year, school: SchoolId, rows: Sequence[Destination]
) -> None:
    """A school says what became of students of its classes, all or none; what was said before stays."""
    now = await tx.now()
    await programme.lock_school(tx, school)
    check_destinations(rows, await destinations.own(tx, year, school), year, day_of(now))
    await destinations.add(tx, year, rows, now)
    detail = {"rows": len(rows)}
    await audit.record(tx, action="destinations_recorded", subject=school, detail=detail)


async def name_departments(tx: Transaction, school: SchoolId, departments: Mapping[StudentId, str]) -> None:
    """A school says which department its students are of."""
    await programme.lock_school(tx, school)
    foreign = await destinations.name_departments(tx, school, departments)
    refuse(
        Invalid("not_of_school", f"No student of the school: {student}", "rows")
        for student in sorted(foreign)
    )


async def close_imported(tx: Transaction, year: Year, as_of: date) -> Mapping[str, int]:
    """Say that an earlier year is whole: evaluation may count on it.

    Raises:
        Conflict: The year was run here: its checks are asked for by `close_outcomes`.
    """
    await _require_not_run_here(tx, year)
    return await _close(tx, year, as_of, 0, Origin.IMPORTED)


async def _require_not_run_here(tx: Transaction, year: Year) -> None:
    if await store.run_here(tx, year):
        run_here = f"Students of {year} were in classes here: its outcomes are counted"
        raise Conflict("year_counted_here", run_here, "programme_year")


async def _tell(tx: Transaction, count: Count, cells: Mapping[SchoolId, Mapping[Cell, Figures]]) -> Counted:
    await store.alone(tx, count.year)
    schools = await programme.schools(tx, list(cells))
    last = await store.standing(tx, count.year, count.as_of, list(cells))
    told = [count.report(schools[each], cells[each], last.get(each)) for each in sorted(cells)]
    changed: list[Report] = [report for report in told if report is not None]
    await store.add(tx, changed)
    for report in changed:
        outbox.add(tx, announce.outcome(report))
    corrected = sum(report.revision > 1 for report in changed)
    return Counted(len(changed) - corrected, corrected, len(told) - len(changed))


async def _close(
    tx: Transaction, year: Year, as_of: date, unconfirmed: int, origin: Origin
) -> Mapping[str, int]:
    await store.alone(tx, year)
    schools = await store.reported(tx, year, as_of)
    if not schools:
        raise Conflict("nothing_reported", f"No school's outcomes of {year} were told for this day", "as_of")
    manifest = await outbox.sequences(tx, topics.PLACEMENT, list(schools))
    now = await tx.now()
    if not await store.add_closing(tx, store.Closing(year, as_of, manifest, schools, unconfirmed), now):
        raise Conflict("reporting_closed", f"Reporting of {year} for this day is closed already", "as_of")
    outbox.add(tx, announce.outcome_reporting_closed(year, as_of, manifest, unconfirmed, origin, now))
    detail = {"as_of": as_of.isoformat(), "schools": len(manifest), "unconfirmed": unconfirmed}
    await audit.record(tx, action="outcome_reporting_closed", subject=str(year), detail=detail)
    return manifest
