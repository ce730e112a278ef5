"""What other services decided, taken in: rules of a year, schools, their places."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from chassis import outbox
from chassis.inbox import Inbox
from chassis.refusals import Conflict
from chassis.transaction import Transaction
from contracts import topics
from placement import announce
from placement.domain.programme import School, YearRules
from placement.domain.vocabulary import ParticipationState, Year
from placement.store import classes, programme

_READ: Final = Inbox(topics.EVALUATION)


async def take_rules(tx: Transaction, rules: YearRules) -> None:
    await programme.put_rules(tx, rules)


async def take_schools(tx: Transaction, schools: Sequence[School]) -> None:
    await programme.put_schools(tx, schools, registered=True)


async def take_closure(tx: Transaction, school: School, closed_at: datetime) -> None:
    """A closed school begins nothing new; its classes stand as they are."""
    await programme.put_schools(tx, [school], registered=True, closed_at=closed_at)


async def take_final_result(
    tx: Transaction, year: Year, manifest: Mapping[str, int], published_at: datetime
) -> None:
    await programme.put_final_result(tx, year, manifest, published_at)


async def take_imported_year(tx: Transaction, year: Year, now: datetime) -> None:
    """Who took part in an earlier year was brought in: no result of it will be published that waits here."""
    await programme.put_imported_year(tx, year, now)


async def require_results(tx: Transaction, year: Year) -> None:
    """Refuse what waits for the final result, until every school's stream of its manifest has been read."""
    result = await programme.final_result(tx, year)
    if result is None:
        raise Conflict("results_not_final", f"The final result of {year} is not published", "programme_year")
    if result.reached:
        return
    missing = await _READ.missing(tx, topics.EVALUATION, result.manifest)
    if missing:
        raise Conflict(
            "results_incomplete",
            f"The results of {len(missing)} schools are still on their way",
            "programme_year",
        )
    await programme.reach_final_result(tx, year)


async def give_place(
    tx: Transaction, year: Year, school: School, designations: Sequence[str], since: datetime
) -> None:
    """A school holds a place, or a designation more: it may sign agreements and open classes."""
    await programme.put_schools(tx, [school], registered=False)
    await programme.put_participation(tx, year, school.id, designations, since)


async def take_place(
    tx: Transaction, year: Year, school: School, state: ParticipationState, since: datetime
) -> None:
    """A school relinquished its place, or it was revoked: its classes take no one new."""
    await programme.lock_school(tx, school.id)
    if not await programme.end_participation(tx, year, school.id, state, since):
        return
    now = await tx.now()
    reason = f"school_{state}"
    closed = [each.close(reason, now) for each in await classes.open_for_update(tx, year, school.id)]
    await classes.save(tx, closed)
    for each in closed:
        outbox.add(tx, announce.class_closed(each, school, reason, now))
