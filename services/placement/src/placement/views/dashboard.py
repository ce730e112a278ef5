"""What an officer steers by: students by year, province and track, places by province, what is stuck."""

from datetime import datetime
from typing import Final

from pydantic import Field

from chassis.transaction import ReadTransaction
from placement.views.shapes import View


class StudentsCell(View):
    """Students of one year, province of the school, and track; each stands in one of the states."""

    programme_year: int = Field(examples=[2025])
    province: str = Field(examples=["seoul"])
    track: str = Field(examples=["new_technology"])
    schools: int = Field(description="With a class")
    classes: int
    capacity: int
    students: int = Field(description="In a class now")
    placed: int = Field(description="Of them, at work")
    signing: int = Field(description="Of them, with an agreement that waits for signatures")
    offered: int = Field(description="Of them, with an offer to answer")
    searching: int = Field(description="Of them, with none of these")
    ended: int = Field(description="Placements that ended")
    checks_open: int = Field(description="Retention checks that are due and not answered")
    checks_overdue: int = Field(description="Of them, whose time to answer is over")
    asked_6: int = Field(description="Checks at six months that were answered")
    retained_6: int
    asked_12: int = Field(description="Checks at twelve months that were answered")
    retained_12: int


class PlacesCell(View):
    """Openings of one year and province of the work."""

    programme_year: int = Field(examples=[2025])
    province: str = Field(examples=["seoul"])
    companies: int
    openings: int = Field(description="Published or filled")
    places: int
    held: int = Field(description="Places of open offers, unsigned agreements and active placements")
    active: int = Field(description="Places of active placements")
    unfilled: int = Field(description="Openings with a place that nobody holds")


class StuckCounts(View):
    """What waits for somebody, and since when the longest of it; lists: `/dashboard/stuck`."""

    companies_to_approve: int
    agreements_unsigned: int = Field(description="Bipartite")
    placements_unsigned: int = Field(description="Tripartite agreements")
    placements_unsigned_since: datetime | None
    offers_unanswered: int
    openings_unfilled: int
    checks_overdue: int
    checks_overdue_since: datetime | None
    students_searching: int


class DashboardView(View):
    students: list[StudentsCell]
    places: list[PlacesCell]
    stuck: StuckCounts


class DashboardFilter(View):
    """Of one year, or of all there are."""

    programme_year: int | None = Field(default=None, ge=2008, le=2999)
    province: str | None = Field(default=None, max_length=40)
    track: str | None = Field(default=None, max_length=40)


async def dashboard(tx: ReadTransaction, wanted: DashboardFilter) -> DashboardView:
    year, province, track = wanted.programme_year, wanted.province, wanted.track
    students = await tx.fetch(_STUDENTS, year, province, track)
    places = await tx.fetch(_PLACES, year, province)
    cells = [StudentsCell(**row) for row in students]
    work = [PlacesCell(**row) for row in places]
    waiting = await tx.fetchrow(_WAITING, year, province, track)
    return DashboardView(
        students=cells,
        places=work,
        stuck=StuckCounts(
            **dict(waiting or {}),
            openings_unfilled=sum(cell.unfilled for cell in work),
            checks_overdue=sum(cell.checks_overdue for cell in cells),
            students_searching=sum(cell.searching for cell in cells),
        ),
    )


_STUDENTS: Final = """
  with class as materialized (
    select c.id, c.programme_year, s.province, c.track, c.school, c.capacity
    from employment_class c join school s on s.id = c.school
    where ($1::integer is null or c.programme_year = $1)
      and ($2::text is null or s.province = $2) and ($3::text is null or c.track = $3)
  ), person as (
    select c.programme_year, c.province, c.track, count(*) as students,
      count(*) filter (where w.student is not null) as placed,
      count(*) filter (where w.student is null and a.student is not null) as signing,
      count(*) filter (where w.student is null and a.student is null and o.student is not null) as offered,
      count(*) filter (where coalesce(w.student, a.student, o.student) is null) as searching
    from enrolment e
    join class c on c.id = e.employment_class
    left join (select student from placement where state = 'active') w on w.student = e.student
    left join (select student from tripartite_agreement where state = 'drafted') a on a.student = e.student
    left join (select student from offer where state = 'offered') o on o.student = e.student
    where e.state = 'active' group by 1, 2, 3
  ), work as (
    select c.programme_year, c.province, c.track,
      count(distinct p.id) filter (where p.state = 'ended') as ended,
      count(*) filter (where k.state = 'due') as checks_open,
      count(*) filter (where k.state = 'due' and k.answer_until <= n.now) as checks_overdue,
      count(*) filter (where k.state = 'answered' and k.months = 6) as asked_6,
      count(*) filter (where k.retained and k.months = 6) as retained_6,
      count(*) filter (where k.state = 'answered' and k.months = 12) as asked_12,
      count(*) filter (where k.retained and k.months = 12) as retained_12
    from placement p
    join class c on c.id = p.employment_class
    cross join (select programme_clock() as now) n
    left join retention_check k on k.placement = p.id
    group by 1, 2, 3
  ), seats as (
    select programme_year, province, track, count(distinct school) as schools, count(*) as classes,
      sum(capacity)::bigint as capacity
    from class group by 1, 2, 3
  )
  select programme_year, province, track, schools, classes, capacity,
    coalesce(students, 0) as students, coalesce(placed, 0) as placed, coalesce(signing, 0) as signing,
    coalesce(offered, 0) as offered, coalesce(searching, 0) as searching, coalesce(ended, 0) as ended,
    coalesce(checks_open, 0) as checks_open, coalesce(checks_overdue, 0) as checks_overdue,
    coalesce(asked_6, 0) as asked_6, coalesce(retained_6, 0) as retained_6,
    coalesce(asked_12, 0) as asked_12, coalesce(retained_12, 0) as retained_12
  from seats
  left join person using (programme_year, province, track)
  left join work using (programme_year, province, track)
  order by programme_year, province, track"""

_PLACES: Final = """
  select programme_year, province, count(distinct company) as companies, count(*) as openings,
    sum(places)::bigint as places, sum(held)::bigint as held, sum(active)::bigint as active,
    count(*) filter (where held < places) as unfilled
  from opening
  where state <> 'withdrawn' and ($1::integer is null or programme_year = $1)
    and ($2::text is null or province = $2)
  group by programme_year, province order by programme_year, province"""

_WAITING: Final = """
  with unsigned as (
    select a.drafted_at from tripartite_agreement a
    join employment_class c on c.id = a.employment_class
    join school s on s.id = a.school
    where a.state = 'drafted' and ($1::integer is null or a.programme_year = $1)
      and ($2::text is null or s.province = $2) and ($3::text is null or c.track = $3)
  )
  select
    (select count(*) from company where state = 'registered' and ($2::text is null or province = $2))
      as companies_to_approve,
    (select count(*) from bipartite_agreement a join school s on s.id = a.school
      where a.state = 'proposed' and ($1::integer is null or a.programme_year = $1)
        and ($2::text is null or s.province = $2)) as agreements_unsigned,
    (select count(*) from unsigned) as placements_unsigned,
    (select min(drafted_at) from unsigned) as placements_unsigned_since,
    (select count(*) from offer o
      join employment_class c on c.id = o.employment_class join school s on s.id = c.school
      where o.state = 'offered' and ($1::integer is null or o.programme_year = $1)
        and ($2::text is null or s.province = $2) and ($3::text is null or c.track = $3))
      as offers_unanswered,
    (select min(k.answer_until) from retention_check k
      join placement p on p.id = k.placement
      join employment_class c on c.id = p.employment_class join school s on s.id = k.school
      where k.state = 'due' and k.answer_until <= (select programme_clock())
        and ($1::integer is null or k.programme_year = $1)
        and ($2::text is null or s.province = $2) and ($3::text is null or c.track = $3))
      as checks_overdue_since"""
