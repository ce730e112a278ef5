"""The register of schools: what is written of it, and what is read to decide."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from applications.domain.schools import School, SchoolFacts
from applications.domain.vocabulary import (
    SchoolId,
    SchoolState,
)
from applications.store.rows import found
from chassis.transaction import Transaction


async def schools_known(tx: Transaction, facts: Sequence[SchoolFacts]) -> list[SchoolFacts]:
    """What the register has that may be one of these schools: by code, and by name within the province."""
    rows = await tx.fetch(
        """
        select * from school
        where neis_code = any($1)
           or (province, name_ko) in (select * from unnest($2::text[], $3::text[]))
        order by id
        """,
        [row.neis_code for row in facts if row.neis_code],
        [row.province for row in facts],
        [row.name_ko for row in facts],
    )
    return [_school(row).facts for row in rows]


async def add_schools(tx: Transaction, schools: Sequence[School], now: datetime) -> None:
    facts = [school.facts for school in schools]
    await tx.execute(
        """
        insert into school
          (id, neis_code, name_ko, name_en, province, stream, founder, school_type, registered_at)
        select u.*, $9 from unnest(
          $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[]) as u
        """,
        [school.id for school in schools],
        [f.neis_code for f in facts],
        [f.name_ko for f in facts],
        [f.name_en for f in facts],
        [f.province for f in facts],
        [f.stream for f in facts],
        [f.founder for f in facts],
        [f.school_type for f in facts],
        now,
    )


async def lock_register(tx: Transaction) -> None:
    """Let one list be taken in, or one name change, at a time, so that two cannot miss each other."""
    await tx.execute("lock table school in share row exclusive mode")


async def school_for_update(tx: Transaction, school: SchoolId) -> School:
    row = await tx.fetchrow("select * from school where id = $1 for update", school)
    return _school(found(row, "school", "id"))


async def school(tx: Transaction, school: SchoolId) -> School:
    """The school as it is; it cannot close before this transaction ends."""
    row = await tx.fetchrow("select * from school where id = $1 for share", school)
    return _school(found(row, "school", "school"))


async def is_known_by_name(tx: Transaction, school: School) -> bool:
    """Whether a school without a code would be taken for another one of its province."""
    known: bool = await tx.fetchval(
        """
        select $2::text is null and exists (
          select from school where id <> $1 and neis_code is null and province = $3 and name_ko = $4
        )
        """,
        school.id,
        school.facts.neis_code,
        school.facts.province,
        school.facts.name_ko,
    )
    return known


async def save_school(tx: Transaction, school: School) -> None:
    await tx.execute(
        "update school set name_ko = $2, name_en = $3, state = $4, closed_at = $5 where id = $1",
        school.id,
        school.facts.name_ko,
        school.facts.name_en,
        school.state,
        school.closed_at,
    )


def _school(row: asyncpg.Record) -> School:
    facts = SchoolFacts(**{name: row[name] for name in SchoolFacts.__dataclass_fields__})
    return School(SchoolId(row["id"]), facts, SchoolState(row["state"]), row["closed_at"])
