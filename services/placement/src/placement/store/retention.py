"""Retention checks, and everything that was ever said of them."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

import asyncpg

from chassis.transaction import Transaction
from placement.domain.placements import Placement, Source
from placement.domain.retention import Check, CheckState, answer_until, checks_of
from placement.domain.vocabulary import PlacementId
from placement.store.placements import placement_of


async def schedule(tx: Transaction, placements: Sequence[Placement]) -> None:
    """Keep the checks that these placements will have to pass."""
    checks = [(each, check) for each in placements for check in checks_of(each)]
    await tx.execute(
        """
        insert into retention_check (placement, months, programme_year, school, company, due_on, state,
          answer_until)
        select * from unnest($1::text[], $2::integer[], $3::integer[], $4::text[], $5::text[], $6::date[],
          $7::text[], $8::timestamptz[])
        """,
        [check.placement for _, check in checks],
        [check.months for _, check in checks],
        [each.parties.year for each, _ in checks],
        [each.parties.school for each, _ in checks],
        [each.parties.company for each, _ in checks],
        [check.due_on for _, check in checks],
        [check.state for _, check in checks],
        [answer_until(check.due_on) for _, check in checks],
    )


async def of_placements(tx: Transaction, placements: Sequence[PlacementId]) -> dict[PlacementId, list[Check]]:
    """The checks of placements whose rows are locked, by months."""
    rows = await tx.fetch(
        """
        select * from retention_check where placement = any($1)
        order by placement, months for no key update
        """,
        list(placements),
    )
    checks: dict[PlacementId, list[Check]] = defaultdict(list)
    for row in rows:
        checks[PlacementId(row["placement"])].append(_check(row))
    return checks


async def come(tx: Transaction, day: date, at_most: int) -> list[tuple[Check, Placement]]:
    """Checks whose day has come and that nobody has in hand, with their placements as they are now."""
    rows = await tx.fetch(
        """
        select * from retention_check where state = 'scheduled' and due_on <= $1
        order by due_on, placement, months limit $2 for no key update skip locked
        """,
        day,
        at_most,
    )
    placements = await tx.fetch(
        "select * from placement where id = any($1)", list({row["placement"] for row in rows})
    )
    known = {row["id"]: placement_of(row) for row in placements}
    return [(_check(row), known[row["placement"]]) for row in rows]


async def save(tx: Transaction, checks: Sequence[Check]) -> None:
    """Keep what is now said of checks, beside what was said before."""
    await tx.execute(
        """
        update retention_check c
        set state = u.state, revision = u.revision, retained = u.retained, source = u.source,
          answered_at = u.answered_at
        from unnest($1::text[], $2::integer[], $3::text[], $4::integer[], $5::boolean[], $6::text[],
          $7::timestamptz[]) as u (placement, months, state, revision, retained, source, answered_at)
        where c.placement = u.placement and c.months = u.months
        """,
        [check.placement for check in checks],
        [check.months for check in checks],
        [check.state for check in checks],
        [check.revision for check in checks],
        [check.retained for check in checks],
        [check.source for check in checks],
        [check.answered_at for check in checks],
    )
    answered = [check for check in checks if check.state is CheckState.ANSWERED]
    await tx.execute(
        """
        insert into retention_answer (placement, months, revision, retained, source, answered_at,
          answered_by)
        select u.*, $7 from unnest($1::text[], $2::integer[], $3::integer[], $4::boolean[], $5::text[],
          $6::timestamptz[]) as u
        """,
        [check.placement for check in answered],
        [check.months for check in answered],
        [check.revision for check in answered],
        [check.retained for check in answered],
        [check.source for check in answered],
        [check.answered_at for check in answered],
        tx.actor,
    )


def _check(row: asyncpg.Record) -> Check:
    return Check(
        placement=PlacementId(row["placement"]),
        months=row["months"],
        due_on=row["due_on"],
        state=CheckState(row["state"]),
        revision=row["revision"],
        retained=row["retained"],
        source=None if row["source"] is None else Source(row["source"]),
        answered_at=row["answered_at"],
    )
