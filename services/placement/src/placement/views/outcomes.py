"""Outcomes by school, department, track and province; every revision; open data."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Final, Literal

from pydantic import Field

from chassis.refusals import NotFound
from chassis.transaction import ReadTransaction
from papers.tables import Table
from placement.domain import disclosure
from placement.domain.blocks import Leaf
from placement.domain.outcomes import Cell, Figures, Origin, percent
from placement.views.shapes import SchoolRef, View

Dimension = Literal["total", "province", "track", "school", "department"]
"""What outcomes are put together by; a department is one of a school."""

KEYS: Final[Mapping[Dimension, tuple[str, ...]]] = {
    "total": (),
    "province": ("province",),
    "track": ("track",),
    "school": ("province", "school", "school_name_ko"),
    "department": ("province", "school", "school_name_ko", "track", "department"),
}
_FIGURES: Final = tuple(Figures().counts())
_SUMS: Final = ", ".join(f"coalesce(sum({name}), 0)::bigint as {name}" for name in _FIGURES)


class OutcomeView(View):
    """Counts in heads, retention in placements; rates in per cent, null where nothing is counted."""

    province: str | None = None
    school: str | None = None
    school_name_ko: str | None = None
    track: str | None = Field(default=None, description="Empty where it is not known")
    department: str | None = Field(default=None, description="Empty where it is not known")
    enrolled: int
    graduates: int
    employed: int
    advanced: int
    enlisted: int
    excluded: int
    due_6: int
    retained_6: int
    due_12: int
    retained_12: int
    employment_rate: Decimal | None = Field(
        description="Employed ÷ (graduates - advanced - enlisted - excluded)", examples=["55.3"]
    )
    plain_rate: Decimal | None = Field(description="Employed ÷ graduates", examples=["26.3"])
    retention_rate_6: Decimal | None
    retention_rate_12: Decimal | None


class OutcomesView(View):
    programme_year: int
    as_of: date | None = Field(description="The newest day there is where none was asked for")
    closed_at: datetime | None = Field(description="When reporting for the day was closed")
    rows: list[OutcomeView]


class RevisionView(View):
    """A report as it was told at its time."""

    programme_year: int
    school: SchoolRef
    school_name_ko: str
    as_of: date
    revision: int
    origin: Origin
    reason: str | None
    reported_at: datetime
    figures: dict[str, int]


async def outcomes(
    tx: ReadTransaction, year: int, by: Dimension, as_of: date | None, school: str | None
) -> OutcomesView:
    """The newest figures of a cohort for a day, of one school where it is given."""
    day = as_of or await tx.fetchval(
        """
        select max(as_of) from outcome_report
        where programme_year = $1 and ($2::text is null or school = $2)
        """,
        year,
        school,
    )
    closed_at = await tx.fetchval(
        "select closed_at from outcome_closing where programme_year = $1 and as_of = $2", year, day
    )
    keys = KEYS[by]
    named = ", ".join(keys)
    rows = await tx.fetch(
        f"""
        select {named + "," if keys else ""} {_SUMS}
        from ({_CELLS}) as cell where $3::text is null or school = $3
        {f"group by {named} order by {named}" if keys else "having count(*) > 0"}
        """,
        year,
        day,
        school,
    )
    return OutcomesView(
        programme_year=year, as_of=day, closed_at=closed_at, rows=[_row(dict(row), keys) for row in rows]
    )


async def revisions(tx: ReadTransaction, year: int, school: str) -> list[RevisionView]:
    """Everything that was ever told of a school's cohort, by day and revision."""
    rows = await tx.fetch(
        f"""
        select r.programme_year, r.school, s.name_ko as school_name_ko, r.as_of, r.revision, r.origin,
          r.reason, r.reported_at, {_SUMS}
        from outcome_report r join school s on s.id = r.school
        left join outcome_cell c using (programme_year, school, as_of, revision)
        where r.programme_year = $1 and r.school = $2
        group by r.programme_year, r.school, s.name_ko, r.as_of, r.revision
        order by r.as_of, r.revision
        """,
        year,
        school,
    )
    return [
        RevisionView(
            **{name: value for name, value in row.items() if name not in _FIGURES},
            figures={name: row[name] for name in _FIGURES},
        )
        for row in rows
    ]


async def open_groups(tx: ReadTransaction, year: int, as_of: date) -> Table:
    """Open data by school, track and department: what may be told of employment and retention."""
    days, names = await _closed(tx, year, as_of)
    rows: list[list[str | int | Decimal | date | None]] = []
    for line in disclosure.published(days):
        province, school, track, department = line.block.names()
        shown = [province or SEVERAL, names.get(school or "", SEVERAL), track, department]
        texts = [SEVERAL if name is None else name for name in shown]
        rate = percent(line.count, line.base)
        counts = [line.block.schools(), line.left_out, line.base, line.count, rate]
        rows.append([year, as_of, line.measure, *texts, *counts])
    return Table("outcomes", GROUPS, rows)


async def open_provinces(tx: ReadTransaction, year: int, as_of: date) -> Table:
    """Open data by province, in every detail; of the first day of the cohort that was closed."""
    days, _ = await _closed(tx, year, as_of)
    rows: list[list[str | int | Decimal | date | None]] = []
    for block in disclosure.provinces(days):
        figures = block.figures
        parts = [figures.graduates, figures.employed, figures.advanced, figures.enlisted, figures.excluded]
        named = block.names()[0] or SEVERAL
        rows.append([year, as_of, named, block.schools(), figures.enrolled, *parts, figures.employment_rate])
    return Table("outcomes by province", PROVINCES, rows)


SEVERAL: Final = "(several)"
"""Stands where a line is of several provinces, schools, tracks or departments put together."""

GROUPS: Final = (
    *("programme_year", "as_of", "measure", "province", "school", "track", "department"),
    *("schools", "left_out", "base", "count", "rate"),
)
PROVINCES: Final = (
    *("programme_year", "as_of", "province", "schools", "enrolled", "graduates", "employed", "advanced"),
    *("enlisted", "excluded", "employment_rate"),
)

_CELLS: Final = f"""
  select s.province, r.school, s.name_ko as school_name_ko, c.track, c.department, {", ".join(_FIGURES)}
  from newest_outcome r
  join school s on s.id = r.school
  join outcome_cell c using (programme_year, school, as_of, revision)
  where r.programme_year = $1 and r.as_of = $2"""


async def _closed(
    tx: ReadTransaction, year: int, as_of: date
) -> tuple[list[dict[Leaf, Figures]], dict[str, str]]:
    """The figures by group that stood when a day and those before it were closed; how schools are called."""
    closings = await tx.fetch(
        """
        select number from outcome_closing where programme_year = $1 and number <= (
          select number from outcome_closing where programme_year = $1 and as_of = $2
        )
        order by number
        """,
        year,
        as_of,
    )
    if not closings:
        raise NotFound("not_published", f"Outcomes of {year} for this day are not closed", "as_of")
    days: dict[int, dict[Leaf, Figures]] = {closing["number"]: {} for closing in closings}
    rows = await tx.fetch(_AS_CLOSED, list(days))
    for row in rows:
        leaf = Leaf(row["province"], row["school"], Cell(row["track"], row["department"]))
        days[row["number"]][leaf] = Figures(*(row[name] for name in _FIGURES))
    return list(days.values()), {row["school"]: row["school_name_ko"] for row in rows}


_AS_CLOSED: Final = f"""
  select l.number, s.province, c.school, s.name_ko as school_name_ko, c.track, c.department,
    {", ".join(_FIGURES)}
  from outcome_closing l
  cross join jsonb_each_text(l.revisions) as r (school, revision)
  join outcome_cell c on (c.programme_year, c.school, c.as_of, c.revision)
    = (l.programme_year, r.school, l.as_of, r.revision::integer)
  join school s on s.id = c.school
  where l.number = any($1)"""


def _row(row: dict[str, object], keys: tuple[str, ...]) -> OutcomeView:
    figures = Figures(*(int(str(row[name])) for name in _FIGURES))
    named = {name: str(row[name]) for name in keys}
    return OutcomeView(
        **named,
        **figures.counts(),
        employment_rate=figures.employment_rate,
        plain_rate=figures.plain_rate,
        retention_rate_6=figures.retention_rate_6,
        retention_rate_12=figures.retention_rate_12,
    )
