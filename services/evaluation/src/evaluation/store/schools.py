"""Statements about schools as they are told, and who took part in years before this software."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime

from chassis.transaction import ReadTransaction, Transaction
from evaluation.domain.intake import Participant, School
from evaluation.domain.vocabulary import SchoolId, Year


async def put(tx: Transaction, schools: Sequence[School]) -> None:
    await tx.execute(
        """
        insert into school (id, name_ko, name_en, province, school_type, state, stream)
        select * from unnest(
          $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[]
        )
        on conflict (id) do update
        set name_ko = excluded.name_ko, name_en = excluded.name_en, province = excluded.province,
            school_type = excluded.school_type, state = excluded.state, stream = excluded.stream
        """,
        [school.id for school in schools],
        [school.name_ko for school in schools],
        [school.name_en for school in schools],
        [school.province for school in schools],
        [school.school_type for school in schools],
        ["closed" if school.closed else "open" for school in schools],
        [school.stream for school in schools],
    )


async def known(tx: Transaction, ids: Iterable[SchoolId]) -> dict[SchoolId, School]:
    """Those of the schools that are known."""
    rows = await tx.fetch("select * from school where id = any($1)", list(ids))
    return {
        SchoolId(row["id"]): School(
            SchoolId(row["id"]),
            row["name_ko"],
            row["name_en"],
            row["province"],
            row["school_type"],
            closed=row["state"] == "closed",
            stream=row["stream"],
        )
        for row in rows
    }


async def unknown(tx: Transaction, applications: Iterable[str]) -> list[str]:
    """Schools of these applications of which nothing was told yet."""
    rows = await tx.fetch(
        """
        select distinct a.school from application a
        where a.id = any($1) and not exists (select from school s where s.id = a.school) order by 1
        """,
        list(applications),
    )
    return [row["school"] for row in rows]


async def every(tx: Transaction) -> list[str]:
    """The ids of all schools known, and of those that applied."""
    rows = await tx.fetch("select id from school union select school from application")
    return [row["id"] for row in rows]


async def participants_known(tx: ReadTransaction, year: Year) -> bool:
    """Whether it is known who took part in a year: imported, or decided here."""
    known: bool = await tx.fetchval(
        """
        select exists (select from participation_import where year = $1)
            or exists (select from programme_year where year = $1 and stage = 'final')
        """,
        year,
    )
    return known


async def add_participants(
    tx: Transaction, year: Year, participants: Sequence[Participant], now: datetime
) -> set[SchoolId]:
    """Keep those who took part in an earlier year; the schools that were not known to have."""
    await tx.execute(
        "insert into participation_import (year, imported_at) values ($1, $2) on conflict do nothing",
        year,
        now,
    )
    rows = await tx.fetch(
        """
        insert into participant (year, school, kind, designations)
        select $1, school, kind, array(select jsonb_array_elements_text(designations))
        from unnest($2::text[], $3::text[], $4::jsonb[]) as u (school, kind, designations)
        on conflict do nothing returning school
        """,
        year,
        [each.school for each in participants],
        [each.kind for each in participants],
        [json.dumps(each.designations) for each in participants],
    )
    return {SchoolId(row["school"]) for row in rows}
