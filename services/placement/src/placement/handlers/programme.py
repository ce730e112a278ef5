"""What other services decided, taken in: rules of a year, schools, their places."""

from collections.abc import Sequence
from datetime import datetime

from chassis import outbox
from chassis.transaction import Transaction
from placement import announce
from placement.domain.programme import School, YearRules
from placement.domain.vocabulary import ParticipationState, Year
from placement.store import classes, programme


async def take_rules(tx: Transaction, rules: YearRules) -> None:
    await programme.put_rules(tx, rules)


async def take_schools(tx: Transaction, schools: Sequence[School]) -> None:
    await programme.put_schools(tx, schools, registered=True)


async def take_closure(tx: Transaction, school: School, closed_at: datetime) -> None:
    """A closed school begins nothing new; its classes stand as they are."""
    await programme.put_schools(tx, [school], registered=True, closed_at=closed_at)


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
    if not await programme.end_participation(tx, year, school.id, state, since):
        return
    now = await tx.now()
    reason = f"school_{state}"
    closed = [each.close(reason, now) for each in await classes.open_for_update(tx, year, school.id)]
    await classes.save(tx, closed)
    for each in closed:
        outbox.add(tx, announce.class_closed(each, school, reason, now))
