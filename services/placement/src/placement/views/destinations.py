"""What schools said of their students: departments, and what became of them besides placements."""

from datetime import date, datetime

from pydantic import Field

from chassis.transaction import ReadTransaction
from placement.domain.destinations import DestinationKind
from placement.views.shapes import Page, SchoolRef, Slice, View, page


class DestinationView(View):
    """A student of the year's classes; `kind` is null where nothing was said."""

    id: str = Field(description="The student", examples=["stu_0194f0c5c1de7c3ab8d2f1a0b3c4d5e6"])
    school: SchoolRef
    employment_class: str = Field(description="The newest of the year")
    department: str = Field(description="Empty where it was not said", examples=["스마트팩토리과"])
    kind: DestinationKind | None
    since: date | None
    revision: int = Field(description="How often something was said; 0 where nothing was", examples=[1])
    recorded_at: datetime | None


async def destinations(
    tx: ReadTransaction, year: int, school: str | None, wanted: Slice
) -> Page[DestinationView]:
    """The students of a year, those of one school where it is given, with the last that was said of them."""
    rows = await tx.fetch(
        """
        select s.id, s.school, e.employment_class, s.department, d.kind, d.since,
          coalesce(d.revision, 0) as revision, d.recorded_at
        from student s
        cross join lateral (
          select employment_class from enrolment
          where student = s.id and programme_year = $1 order by id desc limit 1
        ) e
        left join lateral (
          select * from destination
          where student = s.id and programme_year = $1 order by revision desc limit 1
        ) d on true
        where ($2::text is null or s.school = $2) and ($3::text is null or s.id > $3)
        order by s.id limit $4
        """,
        year,
        school,
        wanted.after,
        wanted.limit + 1,
    )
    return page(DestinationView, rows, wanted.limit)
