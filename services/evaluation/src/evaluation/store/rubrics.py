"""Statements about rubrics, their versions, and the one that is frozen for a year."""

from datetime import datetime

from chassis.transaction import ReadTransaction, Transaction
from evaluation import rubrics
from evaluation.domain.policy import ProgrammeYear
from evaluation.domain.rubric import Rubrics
from evaluation.domain.vocabulary import Stage, Year
from evaluation.rubrics.form import form_of
from evaluation.store.intake import year_of_row


async def newest(tx: ReadTransaction, name: str) -> Rubrics | None:
    """The newest version saved here, else the one that is shipped."""
    row = await tx.fetchrow(
        "select version, content from rubric where name = $1 order by version desc limit 1", name
    )
    return rubrics.shipped(name) if row is None else rubrics.read(name, row["version"], row["content"])


async def of_version(tx: ReadTransaction, name: str, version: int) -> Rubrics | None:
    content = await tx.fetchval("select content from rubric where name = $1 and version = $2", name, version)
    if content is not None:
        return rubrics.read(name, version, content)
    return rubrics.shipped(name) if version == rubrics.SHIPPED_VERSION else None


async def add(tx: Transaction, named: Rubrics, officer: str, now: datetime) -> bool:
    """Keep a version; False where somebody else saved it meanwhile."""
    added = await tx.fetchval(
        """
        insert into rubric (name, version, content, added_by, added_at) values ($1, $2, $3::jsonb, $4, $5)
        on conflict do nothing returning version
        """,
        named.name,
        named.version,
        form_of(named).model_dump_json(),
        officer,
        now,
    )
    return added is not None


async def frozen(tx: ReadTransaction, year: Year) -> tuple[Rubrics, datetime] | None:
    """What the year is scored by and since when, once a score was submitted or a stage closed."""
    row = await tx.fetchrow("select * from frozen_rubric where year = $1", year)
    if row is None:
        return None
    return rubrics.read(row["name"], row["version"], row["content"]), row["frozen_at"]


async def freeze(tx: Transaction, year: Year, named: Rubrics, now: datetime) -> bool:
    """Let a year be scored by this version from now on; False where it is scored by one already."""
    froze = await tx.fetchval(
        """
        insert into frozen_rubric (year, name, version, content, frozen_at) values ($1, $2, $3, $4::jsonb, $5)
        on conflict do nothing returning year
        """,
        year,
        named.name,
        named.version,
        form_of(named).model_dump_json(),
        now,
    )
    return froze is not None


async def years_under_way(tx: Transaction, name: str) -> list[tuple[ProgrammeYear, bool]]:
    """Years before their final result whose policy names the rubric, locked; and whether it is frozen."""
    rows = await tx.fetch(
        """
        select y.* from programme_year y where y.policy ->> 'rubric' = $1 and y.stage <> $2
        order by y.year for update
        """,
        name,
        Stage.FINAL,
    )
    froze = await tx.fetch(
        "select year from frozen_rubric where year = any($1)", [row["year"] for row in rows]
    )
    years = {row["year"] for row in froze}
    return [(year_of_row(row), row["year"] in years) for row in rows]
