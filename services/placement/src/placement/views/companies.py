"""Companies and their openings, as they, schools and officers see them."""

from datetime import date, datetime, time
from typing import Final

from pydantic import Field

from chassis.transaction import ReadTransaction
from placement.domain.explaining import Standing
from placement.domain.telling import to_company
from placement.domain.vocabulary import CompanyState, OpeningState, SmeStatus
from placement.views.shapes import (
    AgreementRef,
    CompanyRef,
    OpeningRef,
    Page,
    PlacementRef,
    RoundRef,
    SchoolRef,
    Slice,
    StudentRef,
    View,
    document,
    found,
    page,
)


class CompanyView(View):
    id: str = Field(examples=["cmp_0194f0c5c1de7c3ab8d2f1a0b3c4d5e6"])
    registration_number: str = Field(examples=["1168200276"])
    name_ko: str = Field(examples=["한빛정밀"])
    name_en: str | None = Field(examples=["Hanbit Precision"])
    province: str = Field(examples=["seoul"])
    industry: str = Field(examples=["machinery"])
    employees: int = Field(examples=[35])
    sme_status: SmeStatus
    sme_confirmed_until: date | None
    state: CompanyState
    registered_at: datetime
    approved_at: datetime | None
    suspended_at: datetime | None
    suspended_reason: str | None


class PresentStudent(View):
    """A student at work at a company."""

    student: StudentRef
    placement: PlacementRef
    programme_year: int
    school: SchoolRef
    school_name_ko: str
    opening: OpeningRef
    placed_at: datetime


class FollowUpView(View):
    """A company and who works there, for the officer who follows them up."""

    company: CompanyRef
    state: CompanyState
    suspended_at: datetime | None
    suspended_reason: str | None
    students: list[PresentStudent]


class CompanyFilter(Slice):
    state: CompanyState | None = None
    province: str | None = Field(default=None, max_length=64)


class OpeningView(View):
    id: str = Field(examples=["opn_0194f0c5c1de7c3ab8d2f1a0b3c4d5e6"])
    programme_year: int = Field(examples=[2025])
    company: CompanyRef
    company_name_ko: str
    company_name_en: str | None
    field: str = Field(examples=["smart_factory"])
    title: str = Field(examples=["설비 보전 담당"])
    province: str = Field(description="Province of the work", examples=["seoul"])
    address: str = Field(description="Where the work is", examples=["서울특별시 금천구 모의로 1"])
    wage_krw_per_hour: int = Field(examples=[10500])
    hours_per_day: int = Field(examples=[7])
    hours_per_week: int = Field(examples=[35])
    works_from: time
    works_until: time
    starts_on: date
    ends_on: date | None = Field(description="Last day of a limited employment")
    criteria: list[str] = Field(examples=[["licence_welding"]])
    places: int = Field(examples=[2])
    free: int = Field(description="Places that nobody holds")
    state: OpeningState
    published_at: datetime
    changed_at: datetime | None
    withdrawn_at: datetime | None
    withdrawn_reason: str | None


class OwnOpeningView(OpeningView):
    held: int = Field(description="Places of open offers, unsigned agreements and active placements")
    active: int = Field(description="Places of active placements")


class StandingView(View):
    student: StudentRef
    standing: Standing
    ko: str
    en: str


class OpeningTold(View):
    """What a company is told of a round about each student it ranked or who listed its opening."""

    round: RoundRef
    number: int
    standings: list[StandingView]


class OpeningPerson(View):
    """A student whom the opening was offered to, or for whom an officer recorded it."""

    student: StudentRef
    school: SchoolRef
    school_name_ko: str
    offered_at: datetime | None
    expires_at: datetime | None = Field(description="First moment too late to answer")
    state: str | None = Field(
        description="Of the offer; null for one recorded by hand", examples=["accepted"]
    )
    agreement: AgreementRef | None
    agreement_state: str | None = Field(examples=["drafted"])
    waits_for: list[str] = Field(description="Who has still to sign", examples=[["school"]])
    placement: PlacementRef | None
    placement_state: str | None = Field(examples=["active"])


class OpeningDetail(OwnOpeningView):
    people: list[OpeningPerson]
    told: list[OpeningTold]


class OpeningFilter(Slice):
    programme_year: int = Field(ge=2008, le=2999)
    state: OpeningState | None = None


_OPENING: Final = """
  select o.id, o.programme_year, o.company, c.name_ko as company_name_ko, c.name_en as company_name_en,
    o.field, o.title, o.province, o.address, o.wage_krw_per_hour, o.hours_per_day, o.hours_per_week,
    o.works_from, o.works_until, o.starts_on, o.ends_on, o.criteria, o.places, o.held, o.active,
    case when o.state = 'withdrawn' then 0 else o.places - o.held end as free, o.state, o.published_at,
    o.changed_at, o.withdrawn_at, o.withdrawn_reason
  from opening o join company c on c.id = o.company"""


async def companies(tx: ReadTransaction, wanted: CompanyFilter) -> Page[CompanyView]:
    rows = await tx.fetch(
        """
        select * from company
        where ($1::text is null or state = $1) and ($2::text is null or province = $2)
          and ($3::text is null or id > $3)
        order by id limit $4
        """,
        wanted.state,
        wanted.province,
        wanted.after,
        wanted.limit + 1,
    )
    return page(CompanyView, rows, wanted.limit)


async def companies_of(tx: ReadTransaction, ids: list[str]) -> list[CompanyView]:
    rows = await tx.fetch("select * from company where id = any($1) order by id", ids)
    return [CompanyView(**row) for row in rows]


async def company(tx: ReadTransaction, company: str) -> CompanyView:
    return CompanyView(**found(await tx.fetchrow("select * from company where id = $1", company), "company"))


async def follow_up(tx: ReadTransaction, company: str) -> FollowUpView:
    row = await tx.fetchrow(
        "select id as company, state, suspended_at, suspended_reason from company where id = $1", company
    )
    students = await tx.fetch(
        """
        select p.student, p.id as placement, p.programme_year, p.school, s.name_ko as school_name_ko,
          p.opening, p.placed_at
        from placement p join school s on s.id = p.school
        where p.company = $1 and p.state = 'active' order by p.placed_at, p.id
        """,
        company,
    )
    return FollowUpView(**found(row, "company"), students=[PresentStudent(**each) for each in students])


async def openings(tx: ReadTransaction, wanted: OpeningFilter, company: str | None) -> Page[OwnOpeningView]:
    """Openings of a year: those of `company`, or of all where it is None."""
    rows = await tx.fetch(
        f"""{_OPENING}
        where o.programme_year = $1 and ($2::text is null or o.company = $2)
          and ($3::text is null or o.state = $3) and ($4::text is null or o.id > $4)
        order by o.id limit $5
        """,
        wanted.programme_year,
        company,
        wanted.state,
        wanted.after,
        wanted.limit + 1,
    )
    return page(OwnOpeningView, rows, wanted.limit)


async def openings_of(tx: ReadTransaction, ids: list[str]) -> list[OwnOpeningView]:
    """These openings, in the order of `ids`."""
    rows = await tx.fetch(f"{_OPENING} where o.id = any($1)", ids)
    known = {row["id"]: OwnOpeningView(**row) for row in rows}
    return [known[each] for each in ids]


async def opening(tx: ReadTransaction, opening: str, company: str | None) -> OpeningDetail:
    """One opening with what its company is told; where `company` is given, only if it is that company's."""
    row = await tx.fetchrow(
        f"{_OPENING} where o.id = $1 and ($2::text is null or o.company = $2)", opening, company
    )
    rounds = await tx.fetch(
        """
        select r.id as round, r.number, e.told from explanation e join matching_round r on r.id = e.round
        where e.subject = $1 order by r.number
        """,
        opening,
    )
    told = [
        OpeningTold(
            round=each["round"],
            number=each["number"],
            standings=[
                _standing(student, standing) for student, standing in document(each["told"])["standings"]
            ],
        )
        for each in rounds
    ]
    described = found(row, "opening")
    people = await _people(tx, [opening])
    return OpeningDetail(**described, people=people.get(opening, []), told=told)


async def openings_with_people(tx: ReadTransaction, company: str, year: int) -> list[OpeningDetail]:
    """All openings of a company in a year, with whom they were offered to."""
    rows = await tx.fetch(
        f"{_OPENING} where o.company = $1 and o.programme_year = $2 order by o.id", company, year
    )
    people = await _people(tx, [row["id"] for row in rows])
    return [OpeningDetail(**row, people=people.get(row["id"], []), told=[]) for row in rows]


async def _people(tx: ReadTransaction, openings: list[str]) -> dict[str, list[OpeningPerson]]:
    rows = await tx.fetch(
        """
        select coalesce(o.opening, a.opening) as opening, s.id as student, s.school,
          h.name_ko as school_name_ko, o.offered_at, o.expires_at, o.state, a.id as agreement,
          a.state as agreement_state, p.id as placement, p.state as placement_state,
          case when a.state = 'drafted' then array_remove(array[
            case when a.student_signed_at is null then 'student' end,
            case when a.school_signed_at is null then 'school' end,
            case when a.company_signed_at is null then 'company' end], null) else '{}' end as waits_for
        from (select * from offer where opening = any($1)) o
        full join (select * from tripartite_agreement where opening = any($1)) a on a.offer = o.id
        join student s on s.id = coalesce(o.student, a.student)
        join school h on h.id = s.school
        left join placement p on p.agreement = a.id
        order by coalesce(o.offered_at, a.drafted_at), s.id
        """,
        openings,
    )
    people: dict[str, list[OpeningPerson]] = {}
    for row in rows:
        people.setdefault(row["opening"], []).append(OpeningPerson(**row))
    return people


def _standing(student: str, standing: Standing) -> StandingView:
    ko, en = to_company(standing)
    return StandingView(student=student, standing=standing, ko=ko, en=en)


async def openings_for_student(tx: ReadTransaction, student: str) -> list[OpeningView]:
    """Openings with a free place whose company has an agreement in force with the student's school."""
    rows = await tx.fetch(
        f"""{_OPENING}
        join student s on s.id = $1
        join enrolment e on e.student = s.id and e.state = 'active' and e.programme_year = o.programme_year
        join partnership a
          on a.company = o.company and a.school = s.school and a.programme_year = o.programme_year
        cross join (select (programme_clock() at time zone 'Asia/Seoul')::date as today) t
        where o.held < o.places and o.state <> 'withdrawn' and t.today <= coalesce(o.ends_on, t.today)
          and t.today between a.starts_on and a.ends_on
        order by o.id
        """,
        student,
    )
    return [OpeningView(**row) for row in rows]
