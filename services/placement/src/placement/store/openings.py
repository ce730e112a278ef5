"""Openings and the counts of their places."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import asyncpg

from chassis.transaction import ReadTransaction, Transaction
from placement.domain.openings import Opening, OpeningFacts, Work
from placement.domain.vocabulary import CompanyId, OpeningId, OpeningState, StudentId, Year
from placement.store.bipartite import Pair
from placement.store.rows import all_found


async def add(tx: Transaction, openings: Sequence[Opening], now: datetime) -> None:
    await tx.executemany(
        """
        insert into opening (id, programme_year, company, state, published_at, field, title, province,
          address, wage_krw_per_hour, hours_per_day, hours_per_week, works_from, works_until, starts_on,
          ends_on, criteria, places)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
        """,
        [(each.id, each.year, each.company, each.state, now, *_columns(each.facts)) for each in openings],
    )


async def save_facts(tx: Transaction, changed: Opening, now: datetime) -> None:
    """Keep what an opening offers from now on, and what becomes of its state thereby."""
    await tx.execute(
        """
        update opening set state = $2, changed_at = $3, field = $4, title = $5, province = $6, address = $7,
          wage_krw_per_hour = $8, hours_per_day = $9, hours_per_week = $10, works_from = $11,
          works_until = $12, starts_on = $13, ends_on = $14, criteria = $15, places = $16
        where id = $1
        """,
        changed.id,
        changed.state,
        now,
        *_columns(changed.facts),
    )


async def withdraw(tx: Transaction, openings: Sequence[Opening], reason: str, now: datetime) -> None:
    await tx.execute(
        """
        update opening set state = 'withdrawn', withdrawn_at = $2, withdrawn_reason = $3
        where id = any($1)
        """,
        [opening.id for opening in openings],
        now,
        reason,
    )


async def without_partner(tx: Transaction, pairs: Sequence[Pair], day: date) -> list[Opening]:
    """Openings of these companies that no agreement carries on `day`, locked in the order of their ids.

    That the company is suspended takes no opening away: its agreements go on.
    """
    rows = await tx.fetch(
        """
        select o.* from opening o
        where o.state <> 'withdrawn'
          and (o.programme_year, o.company) in (select * from unnest($1::integer[], $2::text[]))
          and not exists (
            select from bipartite_agreement a
            where a.programme_year = o.programme_year and a.company = o.company and a.state = 'in_force'
              and $3 <= a.ends_on
          )
        order by o.id for no key update of o
        """,
        [year for year, _, _ in pairs],
        [company for _, _, company in pairs],
        day,
    )
    return [_opening(row) for row in rows]


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


async def over(tx: ReadTransaction, openings: Iterable[OpeningId], day: date) -> set[OpeningId]:
    """Of these openings those whose last day of work was before a day."""
    rows = await tx.fetch("select id from opening where id = any($1) and ends_on < $2", list(openings), day)
    return {OpeningId(row["id"]) for row in rows}


async def possible(
    tx: Transaction, student: StudentId, year: Year, openings: Sequence[OpeningId], day: date
) -> set[OpeningId]:
    """Of these openings those that still stand and whose company may hire from the student's school."""
    rows = await tx.fetch(
        """
        select o.id from opening o
        join student s on s.id = $1
        join partnership a
          on a.company = o.company and a.school = s.school and a.programme_year = o.programme_year
        where o.id = any($3) and o.programme_year = $2 and o.state <> 'withdrawn'
          and $4 <= coalesce(o.ends_on, $4) and $4 between a.starts_on and a.ends_on
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


def _columns(facts: OpeningFacts) -> tuple[Any, ...]:
    return (
        facts.field,
        facts.title,
        facts.province,
        facts.address,
        facts.wage_krw_per_hour,
        facts.hours_per_day,
        facts.hours_per_week,
        facts.works_from,
        facts.works_until,
        facts.starts_on,
        facts.ends_on,
        list(facts.criteria),
        facts.places,
    )


def _opening(row: asyncpg.Record) -> Opening:
    facts = OpeningFacts(
        field=row["field"],
        title=row["title"],
        province=row["province"],
        address=row["address"],
        wage_krw_per_hour=row["wage_krw_per_hour"],
        hours_per_day=row["hours_per_day"],
        hours_per_week=row["hours_per_week"],
        works_from=row["works_from"],
        works_until=row["works_until"],
        starts_on=row["starts_on"],
        ends_on=row["ends_on"],
        criteria=tuple(row["criteria"]),
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
