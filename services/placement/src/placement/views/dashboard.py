"""What an officer steers by: students by year, province and track, places by province, what is stuck."""

from collections.abc import Iterable
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
    signing_since: datetime | None = Field(description="The longest wait for signatures")
    offered: int = Field(description="Of them, with an offer to answer")
    searching: int = Field(description="Of them, with none of these")
    ended: int = Field(description="Placements that ended")
    checks_open: int = Field(description="Retention checks that are due and not answered")
    checks_overdue: int = Field(description="Of them, whose time to answer is over")
    checks_until: datetime | None = Field(description="When the first of them is or was overdue")
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
    students = [StudentsCell(**row) for row in await tx.fetch(_STUDENTS, year, province, track)]
    places = [PlacesCell(**row) for row in await tx.fetch(_PLACES, year, province)]
    waiting = await tx.fetchrow(_WAITING, year, province)
    return DashboardView(
        students=students,
        places=places,
        stuck=StuckCounts(
            **dict(waiting or {}),
            placements_unsigned=sum(cell.signing for cell in students),
            placements_unsigned_since=_first(cell.signing_since for cell in students),
            offers_unanswered=sum(cell.offered for cell in students),
            openings_unfilled=sum(cell.unfilled for cell in places),
            checks_overdue=sum(cell.checks_overdue for cell in students),
            checks_overdue_since=_first(cell.checks_until for cell in students if cell.checks_overdue),
            students_searching=sum(cell.searching for cell in students),
        ),
    )


def _first(moments: Iterable[datetime | None]) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)


# Everything is counted by class first, which rows of students and work name themselves: joined by student,
# the same took three times as long. Who is at work, signs or has an offer is in the class, and in one state.
_STUDENTS: Final = """
  with class as (
    select c.id, c.programme_year, s.province, c.track, c.school, c.capacity, c.enrolled
    from employment_class c join school s on s.id = c.school
    where ($1::integer is null or c.programme_year = $1)
      and ($2::text is null or s.province = $2) and ($3::text is null or c.track = $3)
  ), work as (
    select employment_class, count(*) filter (where state = 'active') as placed,
      count(*) filter (where state = 'ended') as ended
    from placement where $1::integer is null or programme_year = $1 group by 1
  ), draft as (
    select employment_class, count(*) as signing, min(drafted_at) as signing_since
    from tripartite_agreement where state = 'drafted' group by 1
  ), proposal as (
    select employment_class, count(*) as offered from offer where state = 'offered' group by 1
  ), follow as (
    select p.employment_class,
      count(*) filter (where k.state = 'due') as checks_open,
      count(*) filter (where k.state = 'due' and k.answer_until <= (select programme_clock()))
        as checks_overdue,
      min(k.answer_until) filter (where k.state = 'due') as checks_until,
      count(*) filter (where k.state = 'answered' and k.months = 6) as asked_6,
      count(*) filter (where k.retained and k.months = 6) as retained_6,
      count(*) filter (where k.state = 'answered' and k.months = 12) as asked_12,
      count(*) filter (where k.retained and k.months = 12) as retained_12
    from retention_check k join placement p on p.id = k.placement
    where k.state in ('due', 'answered') and ($1::integer is null or k.programme_year = $1)
    group by 1
  )
  select c.programme_year, c.province, c.track, count(distinct c.school) as schools, count(*) as classes,
    sum(c.capacity)::bigint as capacity, sum(c.enrolled)::bigint as students,
    coalesce(sum(placed), 0)::bigint as placed, coalesce(sum(signing), 0)::bigint as signing,
    min(signing_since) as signing_since,
    coalesce(sum(offered), 0)::bigint as offered,
    (sum(c.enrolled) - coalesce(sum(placed), 0) - coalesce(sum(signing), 0)
      - coalesce(sum(offered), 0))::bigint as searching,
    coalesce(sum(ended), 0)::bigint as ended, coalesce(sum(checks_open), 0)::bigint as checks_open,
    coalesce(sum(checks_overdue), 0)::bigint as checks_overdue, min(checks_until) as checks_until,
    coalesce(sum(asked_6), 0)::bigint as asked_6, coalesce(sum(retained_6), 0)::bigint as retained_6,
    coalesce(sum(asked_12), 0)::bigint as asked_12, coalesce(sum(retained_12), 0)::bigint as retained_12
  from class c
  left join work w on w.employment_class = c.id
  left join draft d on d.employment_class = c.id
  left join proposal o on o.employment_class = c.id
  left join follow f on f.employment_class = c.id
  group by 1, 2, 3 order by 1, 2, 3"""

_PLACES: Final = """
  select programme_year, province, count(distinct company) as companies, count(*) as openings,
    sum(places)::bigint as places, sum(held)::bigint as held, sum(active)::bigint as active,
    count(*) filter (where held < places) as unfilled
  from opening
  where state <> 'withdrawn' and ($1::integer is null or programme_year = $1)
    and ($2::text is null or province = $2)
  group by programme_year, province order by programme_year, province"""

_WAITING: Final = """
  select
    (select count(*) from company where state = 'registered' and ($2::text is null or province = $2))
      as companies_to_approve,
    (select count(*) from bipartite_agreement a join school s on s.id = a.school
      where a.state = 'proposed' and ($1::integer is null or a.programme_year = $1)
        and ($2::text is null or s.province = $2)) as agreements_unsigned"""
