"""Classes and how their students fare, as their schools and officers see them."""

from datetime import date, datetime
from typing import Final, Literal

from pydantic import Field

from chassis.transaction import ReadTransaction
from placement.domain.vocabulary import ClassState
from placement.views.shapes import (
    OpeningRef,
    Page,
    PlacementRef,
    SchoolRef,
    Slice,
    StudentRef,
    View,
    found,
    page,
)

Progress = Literal["enrolled", "offered", "agreement_drafted", "placed"]
"""How far a student has come; `enrolled` is in a class without an offer."""

PROGRESS: Final = """
  case
    when exists (select from placement x where x.student = e.student and x.state = 'active') then 'placed'
    when exists (select from tripartite_agreement x where x.student = e.student and x.state = 'drafted')
      then 'agreement_drafted'
    when exists (select from offer x where x.student = e.student and x.state = 'offered') then 'offered'
    else 'enrolled'
  end"""


class ClassView(View):
    id: str = Field(examples=["cls_0194f0c5c1de7c3ab8d2f1a0b3c4d5e6"])
    programme_year: int = Field(examples=[2025])
    school: SchoolRef
    school_name_ko: str
    track: str = Field(examples=["new_technology"])
    field: str = Field(examples=["smart_factory"])
    hours: int = Field(description="Hours of training", examples=[350])
    capacity: int = Field(examples=[20])
    enrolled: int
    placed: int = Field(description="Of the enrolled, at work")
    signing: int = Field(description="Of them, with an agreement that waits for signatures")
    offered: int = Field(description="Of them, with an offer to answer")
    companies: list[str]
    starts_on: date
    ends_on: date
    state: ClassState
    opened_at: datetime
    changed_at: datetime | None
    closed_at: datetime | None
    closed_reason: str | None


class RosterRow(View):
    student: StudentRef
    reference: str = Field(description="The school's own reference")
    enrolled_at: datetime
    guardian_consent_on: date | None = Field(description="Day on which a guardian agreed, where recorded")
    progress: Progress
    company: str | None = Field(description="Of the placement, the agreement or the offer, whichever is on")
    company_name_ko: str | None
    opening: OpeningRef | None
    offer_expires_at: datetime | None = Field(description="First moment too late to answer the offer")
    sign_until: datetime | None = Field(description="First moment too late to sign the agreement")
    placement: PlacementRef | None
    starts_on: date | None = Field(description="First day at work")
    ended_placements: int
    checks_due: int = Field(description="Retention checks that company or school have to answer")


class ClassDetail(ClassView):
    roster: list[RosterRow]


class ClassFilter(Slice):
    programme_year: int = Field(ge=2008, le=2999)
    state: ClassState | None = None


_CLASS: Final = """
  select c.*, s.name_ko as school_name_ko,
    (select count(*) from placement where employment_class = c.id and state = 'active') as placed,
    (select count(*) from tripartite_agreement a where a.employment_class = c.id and a.state = 'drafted')
      as signing,
    (select count(*) from offer where employment_class = c.id and state = 'offered') as offered,
    array(select company from class_company where employment_class = c.id order by company) as companies
  from employment_class c join school s on s.id = c.school"""


async def classes(tx: ReadTransaction, wanted: ClassFilter, school: str | None) -> Page[ClassView]:
    """Classes of a year: those of `school`, or of all where it is None."""
    rows = await tx.fetch(
        f"""{_CLASS}
        where c.programme_year = $1 and ($2::text is null or c.school = $2)
          and ($3::text is null or c.state = $3) and ($4::text is null or c.id > $4)
        order by c.id limit $5
        """,
        wanted.programme_year,
        school,
        wanted.state,
        wanted.after,
        wanted.limit + 1,
    )
    return page(ClassView, rows, wanted.limit)


async def employment_class(tx: ReadTransaction, employment_class: str, school: str | None) -> ClassDetail:
    """One class with its roster; where `school` is given, only if it is that school's.

    The references are for the school alone.
    """
    row = await tx.fetchrow(
        f"{_CLASS} where c.id = $1 and ($2::text is null or c.school = $2)", employment_class, school
    )
    described = found(row, "employment_class")
    roster = await tx.fetch(
        f"""
        select e.student, case when $2 then coalesce(s.reference, '') else '' end as reference,
          e.enrolled_at, g.given_on as guardian_consent_on, {PROGRESS} as progress,
          c.id as company, c.name_ko as company_name_ko, coalesce(p.opening, a.opening, o.opening) as opening,
          case when coalesce(p.id, a.id) is null then o.expires_at end as offer_expires_at,
          case when p.id is null then a.sign_until end as sign_until, p.id as placement, p.starts_on,
          (select count(*) from placement x where x.student = s.id and x.state = 'ended') as ended_placements,
          (select count(*) from retention_check k join placement x on x.id = k.placement
            where x.student = s.id and k.state = 'due') as checks_due
        from enrolment e join student s on s.id = e.student left join guardian_consent g on g.student = s.id
        left join placement p on p.student = s.id and p.state = 'active'
        left join tripartite_agreement a on a.student = s.id and a.state = 'drafted'
        left join offer o on o.student = s.id and o.state = 'offered'
        left join opening w on w.id = coalesce(p.opening, a.opening, o.opening)
        left join company c on c.id = w.company
        where e.employment_class = $1 and e.state = 'active' order by e.id
        """,
        employment_class,
        school is not None,
    )
    return ClassDetail(**described, roster=[RosterRow(**each) for each in roster])
