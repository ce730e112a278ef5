"""Reports of outcomes, every revision of them, and the closings of reporting."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from chassis.transaction import Transaction
from placement.domain.outcomes import Cell, Figures, Report, Standing, school_year_ends
from placement.domain.vocabulary import SchoolId, Year

FIGURES = (
    "enrolled, graduates, employed, advanced, enlisted, excluded, due_6, retained_6, due_12, retained_12"
)


async def alone(tx: Transaction, year: Year) -> None:
    """Let one count of a cohort go on at a time, so that revisions are numbered densely."""
    await tx.alone(f"outcomes of {year}")


async def standing(
    tx: Transaction, year: Year, as_of: date, schools: Sequence[SchoolId]
) -> dict[SchoolId, Standing]:
    """The newest revision of each school that has one."""
    rows = await tx.fetch(
        f"""
        select r.school, r.revision, c.track, c.department, {FIGURES}
        from newest_outcome r
        left join outcome_cell c using (programme_year, school, as_of, revision)
        where r.programme_year = $1 and r.as_of = $2 and r.school = any($3)
        """,
        year,
        as_of,
        list(schools),
    )
    revisions: dict[SchoolId, int] = {}
    cells: dict[SchoolId, dict[Cell, Figures]] = defaultdict(dict)
    for row in rows:
        school = SchoolId(row["school"])
        revisions[school] = row["revision"]
        if row["track"] is not None:
            cells[school][Cell(row["track"], row["department"])] = Figures(*list(row.values())[4:])
    return {school: Standing(revision, cells[school]) for school, revision in revisions.items()}


async def add(tx: Transaction, reports: Sequence[Report]) -> None:
    await tx.execute(
        """
        insert into outcome_report (programme_year, school, as_of, revision, origin, reason, reported_at,
          reported_by)
        select u.*, $8 from unnest($1::integer[], $2::text[], $3::date[], $4::integer[], $5::text[],
          $6::text[], $7::timestamptz[]) as u
        """,
        [report.year for report in reports],
        [report.school.id for report in reports],
        [report.as_of for report in reports],
        [report.revision for report in reports],
        [report.origin for report in reports],
        [report.reason for report in reports],
        [report.reported_at for report in reports],
        tx.actor,
    )
    cells = [(report, cell, figures) for report in reports for cell, figures in report.cells.items()]
    counts = zip(*(figures.counts().values() for _, _, figures in cells), strict=True)
    await tx.execute(
        f"""
        insert into outcome_cell (programme_year, school, as_of, revision, track, department, {FIGURES})
        select * from unnest($1::integer[], $2::text[], $3::date[], $4::integer[], $5::text[], $6::text[],
          {", ".join(f"${at}::integer[]" for at in range(7, 17))})
        """,
        [report.year for report, _, _ in cells],
        [report.school.id for report, _, _ in cells],
        [report.as_of for report, _, _ in cells],
        [report.revision for report, _, _ in cells],
        [cell.track for _, cell, _ in cells],
        [cell.department for _, cell, _ in cells],
        *([list(column) for column in counts] or [[]] * 10),
    )


async def run_here(tx: Transaction, year: Year) -> bool:
    """Whether anybody of a cohort was ever in a class here."""
    found: bool = await tx.fetchval("select exists (select from enrolment where programme_year = $1)", year)
    return found


async def reported(tx: Transaction, year: Year, as_of: date) -> dict[SchoolId, int]:
    """The schools that have a report of a cohort for a day, with its newest revision."""
    rows = await tx.fetch(
        """
        select school, revision from newest_outcome
        where programme_year = $1 and as_of = $2 order by school
        """,
        year,
        as_of,
    )
    return {SchoolId(row["school"]): row["revision"] for row in rows}


@dataclass(frozen=True, slots=True)
class Closing:
    """A cohort for a day, whole: how far the schools' streams are, and which `revisions` of reports stand."""

    year: Year
    as_of: date
    manifest: Mapping[str, int]
    revisions: Mapping[SchoolId, int]
    unconfirmed: int


async def add_closing(tx: Transaction, closing: Closing, now: datetime) -> bool:
    """Keep that reporting is closed; False where it was closed before."""
    added = await tx.fetchval(
        """
        insert into outcome_closing (programme_year, as_of, manifest, revisions, unconfirmed, closed_at,
          closed_by)
        values ($1, $2, $3::jsonb, $4::jsonb, $5, $6, $7) on conflict do nothing returning true
        """,
        closing.year,
        closing.as_of,
        json.dumps(dict(closing.manifest)),
        json.dumps(dict(closing.revisions)),
        closing.unconfirmed,
        now,
        tx.actor,
    )
    return added is not None


async def counted(tx: Transaction, year: Year, as_of: date) -> dict[SchoolId, dict[Cell, Figures]]:
    """The students of a cohort as they stood on a day, by all that is recorded now.

    Who is at work on the day is employed; of others the latest fact by then counts, the end of a placement or
    what the school says. Who left the class stays in the cohort, except who left the school while the class
    went on and before the school year ended: nothing that is done to a roster after that changes a rate.
    Schools that take part without any student come with no cell.
    """
    rows = await tx.fetch(_COUNTED, year, as_of, school_year_ends(year))
    cells: dict[SchoolId, dict[Cell, Figures]] = defaultdict(dict)
    for row in rows:
        of_school = cells[SchoolId(row["school"])]
        if row["track"] is not None:
            of_school[Cell(row["track"], row["department"])] = Figures(*list(row.values())[3:])
    return dict(cells)


async def unconfirmed(tx: Transaction, year: Year, as_of: date) -> int:
    """Retention checks of a cohort that were due by a day and that nobody has answered."""
    found: int = await tx.fetchval(
        """
        select count(*) from retention_check
        where programme_year = $1 and due_on <= $2 and state in ('scheduled', 'due')
        """,
        year,
        as_of,
    )
    return found


_COUNTED = """
  with member as (
    select distinct on (e.student) e.student, s.school, c.track, s.department,
      coalesce(
        e.left_reason in ('left_school', 'changed_school')
        and (e.left_at at time zone 'Asia/Seoul')::date <= least($2, $3, c.ends_on)
        and (c.closed_at is null or e.left_at <= c.closed_at),
        false
      ) as left_school
    from enrolment e
    join student s on s.id = e.student
    join employment_class c on c.id = e.employment_class
    where e.programme_year = $1 and (e.enrolled_at at time zone 'Asia/Seoul')::date <= $2
    order by e.student, e.id desc
  ), work as (
    select student, bool_or(ended_on is null or ended_on >= $2) as at_work,
      (array_agg(ended_on order by starts_on desc))[1] as ended_on,
      (array_agg(ended_reason order by starts_on desc))[1] as reason
    from placement where programme_year = $1 and starts_on <= $2 group by student
  ), said as (
    select distinct on (student) student, kind, since from destination
    where programme_year = $1 and since <= $2 order by student, revision desc
  ), fate as (
    select m.*, case
      when m.left_school or d.kind = 'not_graduated' then 'not_graduated'
      when w.at_work then 'employed'
      when d.kind is not null and (w.ended_on is null or d.since > w.ended_on) then d.kind
      else coalesce(w.reason, 'none')
    end as kind
    from member m left join work w using (student) left join said d using (student)
  ), checked as (
    select p.student,
      count(*) filter (where k.months = 6) as due_6,
      count(*) filter (where k.months = 6 and k.retained) as retained_6,
      count(*) filter (where k.months = 12) as due_12,
      count(*) filter (where k.months = 12 and k.retained) as retained_12
    from retention_check k join placement p on p.id = k.placement
    where k.programme_year = $1 and k.due_on <= $2 and k.state <> 'void' group by p.student
  ), cell as (
    select f.school, f.track, f.department,
      count(*) as enrolled,
      count(*) filter (where f.kind <> 'not_graduated') as graduates,
      count(*) filter (where f.kind in ('employed', 'employed_elsewhere')) as employed,
      count(*) filter (where f.kind = 'advanced_study') as advanced,
      count(*) filter (where f.kind = 'military_service') as enlisted,
      count(*) filter (where f.kind = 'excluded') as excluded,
      coalesce(sum(c.due_6), 0) as due_6, coalesce(sum(c.retained_6), 0) as retained_6,
      coalesce(sum(c.due_12), 0) as due_12, coalesce(sum(c.retained_12), 0) as retained_12
    from fate f left join checked c using (student) group by f.school, f.track, f.department
  )
  select coalesce(c.school, p.school) as school, c.track, c.department, c.enrolled::integer,
    c.graduates::integer, c.employed::integer, c.advanced::integer, c.enlisted::integer,
    c.excluded::integer, c.due_6::integer, c.retained_6::integer, c.due_12::integer, c.retained_12::integer
  from cell c
  full join (
    select school from participation where programme_year = $1 and state = 'selected'
  ) p on p.school = c.school
  order by 1, 2, 3"""
