"""What an officer looks at: a year by province, and what is stuck."""

from datetime import datetime

from pydantic import Field

from chassis.transaction import ReadTransaction
from contracts import topics
from placement.views.shapes import View


class ProvinceView(View):
    """Counts by province: of the school for students, of the work for places."""

    province: str = Field(examples=["seoul"])
    schools: int = Field(description="Schools that take part")
    classes: int
    students: int
    placed: int = Field(description="Students of its schools with an active placement")
    companies: int = Field(description="Approved companies")
    openings: int
    places: int
    places_taken: int


class StuckView(View):
    """What waits for somebody."""

    companies_to_approve: int
    agreements_to_sign: int
    offers_to_answer: int
    tripartite_to_sign: int
    oldest_tripartite: datetime | None
    openings_unfilled: int
    students_without_place: int


class OverviewView(View):
    programme_year: int
    results_missing: list[str] | None = Field(
        description="Schools whose final result has not arrived; null while none is published"
    )
    provinces: list[ProvinceView]
    stuck: StuckView


async def overview(tx: ReadTransaction, programme_year: int) -> OverviewView:
    provinces = await tx.fetch(_PROVINCES, programme_year)
    stuck = await tx.fetchrow(_STUCK, programme_year)
    return OverviewView(
        programme_year=programme_year,
        results_missing=await tx.fetchval(_MISSING, programme_year, topics.EVALUATION.name),
        provinces=[ProvinceView(**row) for row in provinces],
        stuck=StuckView(**dict(stuck or {})),
    )


_MISSING = """
  select array(
    select m.key from jsonb_each_text(r.manifest) m
    left join messaging.mark k on k.topic = $2 and k.key = m.key
    where coalesce(k.sequence, 0) < m.value::bigint order by m.key
  )
  from final_result r where r.programme_year = $1"""

_PROVINCES = """
  with of_schools as (
    select s.province, count(*) as schools
    from participation p join school s on s.id = p.school
    where p.programme_year = $1 and p.state = 'selected' group by s.province
  ), of_classes as (
    select s.province, count(*) as classes, sum(c.enrolled)::bigint as students
    from employment_class c join school s on s.id = c.school
    where c.programme_year = $1 group by s.province
  ), of_placements as (
    select s.province, count(*) as placed
    from placement p join school s on s.id = p.school
    where p.programme_year = $1 and p.state = 'active' group by s.province
  ), of_companies as (
    select province, count(*) as companies from company where state = 'approved' group by province
  ), of_openings as (
    select province, count(*) as openings, sum(places)::bigint as places, sum(active)::bigint as places_taken
    from opening where programme_year = $1 and state <> 'withdrawn' group by province
  )
  select province, coalesce(schools, 0) as schools, coalesce(classes, 0) as classes,
    coalesce(students, 0) as students, coalesce(placed, 0) as placed, coalesce(companies, 0) as companies,
    coalesce(openings, 0) as openings, coalesce(places, 0) as places,
    coalesce(places_taken, 0) as places_taken
  from of_schools
  full join of_classes using (province)
  full join of_placements using (province)
  full join of_companies using (province)
  full join of_openings using (province)
  order by province"""

_STUCK = """
  select
    (select count(*) from company where state = 'registered') as companies_to_approve,
    (select count(*) from bipartite_agreement where programme_year = $1 and state = 'proposed')
      as agreements_to_sign,
    (select count(*) from offer where programme_year = $1 and state = 'offered') as offers_to_answer,
    (select count(*) from tripartite_agreement where programme_year = $1 and state = 'drafted')
      as tripartite_to_sign,
    (select min(drafted_at) from tripartite_agreement where programme_year = $1 and state = 'drafted')
      as oldest_tripartite,
    (select count(*) from opening where programme_year = $1 and state = 'published') as openings_unfilled,
    (select count(*) from enrolment e where e.programme_year = $1 and e.state = 'active'
      and not exists (select from placement p where p.student = e.student and p.state = 'active'))
      as students_without_place"""
