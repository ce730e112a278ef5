"""Openings and the counts of their places."""

from collections.abc import Sequence
from datetime import date, datetime

import asyncpg

from chassis.transaction import Transaction
from placement.domain.openings import Opening, OpeningFacts, Work
from placement.domain.vocabulary import CompanyId, OpeningId, OpeningState, StudentId, Year
from placement.store.rows import all_found


async def add(tx: Transaction, openings: Sequence[Opening], now: datetime) -> None:
    facts = [opening.facts for opening in openings]
    await tx.execute(
        """
        insert into opening (id, programme_year, company, field, title, province, wage_krw_per_hour,
          hours_per_week, starts_on, places, state, published_at)
        select u.*, $12 from unnest($1::text[], $2::integer[], $3::text[], $4::text[], $5::text[], $6::text[],
          $7::integer[], $8::integer[], $9::date[], $10::integer[], $11::text[]) as u
        """,
        [opening.id for opening in openings],
        [opening.year for opening in openings],
        [opening.company for opening in openings],
        [each.field for each in facts],
        [each.title for each in facts],
        [each.province for each in facts],
        [each.wage_krw_per_hour for each in facts],
        [each.hours_per_week for each in facts],
        [each.starts_on for each in facts],
        [each.places for each in facts],
        [opening.state for opening in openings],
        now,
    )


async def for_update(tx: Transaction, openings: Sequence[OpeningId]) -> dict[OpeningId, Opening]:
    """These openings, locked in the order of their ids so that nobody counts places beside us."""
    wanted = list(set(openings))
    rows = await tx.fetch("select * from opening where id = any($1) order by id for no key update", wanted)
    return {OpeningId(row["id"]): _opening(row) for row in all_found(rows, wanted, "opening")}


async def of_year_for_update(tx: Transaction, year: Year) -> dict[OpeningId, Opening]:
    rows = await tx.fetch(
        "select * from opening where programme_year = $1 order by id for no key update", year
    )
    return {OpeningId(row["id"]): _opening(row) for row in rows}


async def save(tx: Transaction, openings: Sequence[Opening]) -> None:
    await tx.execute(
        """
        update opening o set held = u.held, active = u.active, state = u.state
        from unnest($1::text[], $2::integer[], $3::integer[], $4::text[]) as u (id, held, active, state)
        where o.id = u.id
        """,
        [opening.id for opening in openings],
        [opening.held for opening in openings],
        [opening.active for opening in openings],
        [opening.state for opening in openings],
    )


async def work(tx: Transaction, openings: Sequence[OpeningId]) -> dict[OpeningId, Work]:
    rows = await tx.fetch(
        """
        select o.id, o.company, c.name_ko, c.name_en, o.province, o.starts_on
        from opening o join company c on c.id = o.company where o.id = any($1)
        """,
        list(set(openings)),
    )
    return {
        OpeningId(row["id"]): Work(
            OpeningId(row["id"]),
            CompanyId(row["company"]),
            row["name_ko"],
            row["name_en"],
            row["province"],
            row["starts_on"],
        )
        for row in rows
    }


async def possible(
    tx: Transaction, student: StudentId, year: Year, openings: Sequence[OpeningId], day: date
) -> set[OpeningId]:
    """Of these openings those whose company has an agreement in force with the student's school."""
    rows = await tx.fetch(
        """
        select o.id from opening o
        join student s on s.id = $1
        join bipartite_agreement a
          on a.company = o.company and a.school = s.school and a.programme_year = o.programme_year
        where o.id = any($3) and o.programme_year = $2
          and a.state = 'in_force' and $4 between a.starts_on and a.ends_on
        """,
        student,
        year,
        list(openings),
        day,
    )
    return {OpeningId(row["id"]) for row in rows}


async def own(tx: Transaction, company: CompanyId, year: Year) -> set[OpeningId]:
    rows = await tx.fetch("select id from opening where company = $1 and programme_year = $2", company, year)
    return {OpeningId(row["id"]) for row in rows}


def _opening(row: asyncpg.Record) -> Opening:
    facts = OpeningFacts(
        field=row["field"],
        title=row["title"],
        province=row["province"],
        wage_krw_per_hour=row["wage_krw_per_hour"],
        hours_per_week=row["hours_per_week"],
        starts_on=row["starts_on"],
        places=row["places"],
    )
    return Opening(
        id=OpeningId(row["id"]),
        year=Year(row["programme_year"]),
        company=CompanyId(row["company"]),
        facts=facts,
        state=OpeningState(row["state"]),
        held=row["held"],
        active=row["active"],
    )
