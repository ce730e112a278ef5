"""Rules of years, schools and their places: what other services decided."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

import asyncpg

from chassis.refusals import Conflict
from chassis.transaction import Transaction
from placement.domain.programme import FinalResult, Participation, School, YearRules
from placement.domain.vocabulary import ParticipationState, SchoolId, Year


async def put_rules(tx: Transaction, rules: YearRules) -> None:
    await tx.execute(
        """
        insert into programme_year (year, class_min_size, class_max_size, offer_days, rounds,
          preferences_at_most, signing_days)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (year) do update set
          class_min_size = $2, class_max_size = $3, offer_days = $4, rounds = $5, preferences_at_most = $6,
          signing_days = $7
        """,
        rules.year,
        rules.class_min_size,
        rules.class_max_size,
        rules.offer_days,
        rules.rounds,
        rules.preferences_at_most,
        rules.signing_days,
    )


async def rules(tx: Transaction, year: Year) -> YearRules:
    """Raises `Conflict` where the year's policy has not been heard of."""
    row = await tx.fetchrow("select * from programme_year where year = $1", year)
    if row is None:
        raise Conflict("programme_year_unknown", f"The year {year} is not open here", "programme_year")
    return YearRules(**row)


async def put_schools(
    tx: Transaction, schools: Sequence[School], *, registered: bool, closed_at: datetime | None = None
) -> None:
    """Keep how schools are called; what a result repeats of a school never overwrites the register."""
    await tx.execute(
        """
        insert into school as s (id, name_ko, name_en, province, registered, closed_at)
        select u.*, $5, $6 from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as u
        on conflict (id) do update set
          name_ko = excluded.name_ko, name_en = excluded.name_en, province = excluded.province,
          registered = excluded.registered, closed_at = coalesce(excluded.closed_at, s.closed_at)
        where excluded.registered or not s.registered
        """,
        [school.id for school in schools],
        [school.name_ko for school in schools],
        [school.name_en for school in schools],
        [school.province for school in schools],
        registered,
        closed_at,
    )


async def put_participation(
    tx: Transaction, year: Year, school: SchoolId, designations: Sequence[str], since: datetime
) -> None:
    """A school holds a place, with these designations."""
    await tx.execute(
        """
        insert into participation values ($1, $2, 'selected', $3, $4)
        on conflict (programme_year, school) do update
        set state = 'selected', designations = $3, since = $4
        """,
        year,
        school,
        list(designations),
        since,
    )


async def end_participation(
    tx: Transaction, year: Year, school: SchoolId, state: ParticipationState, since: datetime
) -> bool:
    """A school's place is over; False where it held none."""
    done = await tx.execute(
        "update participation set state = $3, since = $4 where programme_year = $1 and school = $2",
        year,
        school,
        state,
        since,
    )
    return done == "UPDATE 1"


async def put_final_result(
    tx: Transaction, year: Year, manifest: Mapping[str, int], published_at: datetime
) -> None:
    await tx.execute(
        """
        insert into final_result values ($1, $2::jsonb, $3)
        on conflict (programme_year) do update set manifest = $2::jsonb, published_at = $3, reached = false
        """,
        year,
        json.dumps(dict(manifest)),
        published_at,
    )


async def put_imported_year(tx: Transaction, year: Year, now: datetime) -> None:
    """There is nothing to wait for, unless a result of the year is published after all."""
    await tx.execute(
        "insert into final_result values ($1, '{}'::jsonb, $2, true) on conflict do nothing", year, now
    )


async def final_result(tx: Transaction, year: Year) -> FinalResult | None:
    row = await tx.fetchrow("select manifest, reached from final_result where programme_year = $1", year)
    return None if row is None else FinalResult(json.loads(row["manifest"]), row["reached"])


async def reach_final_result(tx: Transaction, year: Year) -> None:
    """Remember that every stream of the manifest has been read that far."""
    await tx.execute("update final_result set reached = true where programme_year = $1", year)


async def participation(tx: Transaction, year: Year, school: SchoolId) -> Participation:
    """A school's place, which stays as it is until this transaction ends; `Conflict` where it has none."""
    places = await participations(tx, year, [school])
    if school not in places:
        raise Conflict("school_not_taking_part", f"The school is not selected in {year}", "school")
    return places[school]


async def participations(
    tx: Transaction, year: Year, schools: Sequence[SchoolId]
) -> dict[SchoolId, Participation]:
    """The places of these schools, which stay as they are until this transaction ends."""
    rows = await tx.fetch(
        """
        select p.*, s.* from participation p join school s on s.id = p.school
        where p.programme_year = $1 and p.school = any($2) order by s.id for share of p, s
        """,
        year,
        list(set(schools)),
    )
    return {
        SchoolId(row["id"]): Participation(
            year, school_of(row), ParticipationState(row["state"]), frozenset(row["designations"])
        )
        for row in rows
    }


async def lock_school(tx: Transaction, school: SchoolId) -> None:
    """Let one roster of a school change at a time."""
    await tx.execute("select from school where id = $1 for no key update", school)


async def schools(tx: Transaction, ids: Sequence[SchoolId]) -> dict[SchoolId, School]:
    rows = await tx.fetch("select * from school where id = any($1)", list(set(ids)))
    return {SchoolId(row["id"]): school_of(row) for row in rows}


def school_of(row: asyncpg.Record) -> School:
    return School(
        SchoolId(row["id"]), row["name_ko"], row["name_en"], row["province"], row["closed_at"] is not None
    )
