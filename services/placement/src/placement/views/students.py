"""A student's own data: class, lists, offers with their reasons, agreements, placement."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from pydantic import Field

from chassis.transaction import ReadTransaction
from placement.domain.explaining import Loss, Missed
from placement.domain.telling import to_student
from placement.domain.vocabulary import OfferState, PlacementState, RoundState
from placement.views.agreements import TripartiteFilter, TripartiteView, tripartite
from placement.views.classes import PROGRESS, Progress
from placement.views.shapes import (
    AgreementRef,
    ClassRef,
    CompanyRef,
    OpeningRef,
    RoundRef,
    SchoolRef,
    StudentRef,
    View,
    document,
    found,
)


class MissedView(View):
    """An opening liked better than what came of it, and why it could not be had."""

    opening: OpeningRef
    reason: Loss
    places: int | None = Field(description="How many the round could fill")
    own_rank: int | None = Field(description="The student's place in the company's order")
    last_rank: int | None = Field(description="That of the last student who got in")
    by_lot: bool = Field(description="Both stood equal until the lot")
    ko: str
    en: str


class RoundOfStudent(View):
    """A round the student takes part in; `missed` is told once it is decided."""

    round: RoundRef
    number: int
    state: RoundState
    preferences_until: datetime
    openings: list[str] = Field(description="The student's list, the one liked best first")
    listed_at: datetime | None
    opening: str | None = Field(description="What the round gave")
    choice: int | None = Field(description="Its place in the list, from 1")
    missed: list[MissedView] | None


class OfferView(View):
    id: str = Field(examples=["off_0194f0c5c1de7c3ab8d2f1a0b3c4d5e6"])
    round: RoundRef
    opening: OpeningRef
    company: CompanyRef
    company_name_ko: str
    company_name_en: str | None
    preference: int
    state: OfferState
    offered_at: datetime
    expires_at: datetime = Field(description="First moment that is too late to answer")
    answered_at: datetime | None


class PlacementView(View):
    id: str = Field(examples=["plc_0194f0c5c1de7c3ab8d2f1a0b3c4d5e6"])
    programme_year: int
    student: StudentRef
    school: SchoolRef
    company: CompanyRef
    company_name_ko: str
    company_name_en: str | None
    opening: OpeningRef
    province: str = Field(description="Province of the work")
    starts_on: date = Field(description="First day at work")
    agreement: AgreementRef
    state: PlacementState
    placed_at: datetime
    ended_on: date | None = Field(description="Last day at work")
    ended_at: datetime | None = Field(description="When that was recorded")
    ended_reason: str | None


class StudentView(View):
    id: str = Field(examples=["stu_0194f0c5c1de7c3ab8d2f1a0b3c4d5e6"])
    programme_year: int
    school: SchoolRef
    school_name_ko: str
    school_name_en: str | None
    employment_class: ClassRef
    track: str
    enrolled_at: datetime
    progress: Progress
    rounds: list[RoundOfStudent]
    offers: list[OfferView]
    agreements: list[TripartiteView]
    placements: list[PlacementView]


_PLACEMENT = """
  select p.*, c.name_ko as company_name_ko, c.name_en as company_name_en, o.province
  from placement p join company c on c.id = p.company join opening o on o.id = p.opening"""


async def student(tx: ReadTransaction, student: str) -> StudentView:
    row = await tx.fetchrow(
        f"""
        select s.id, e.programme_year, s.school, h.name_ko as school_name_ko, h.name_en as school_name_en,
          e.employment_class, c.track, e.enrolled_at, {PROGRESS} as progress
        from student s
        join enrolment e on e.student = s.id
        join employment_class c on c.id = e.employment_class
        join school h on h.id = s.school
        where s.id = $1
        order by e.id desc limit 1
        """,
        student,
    )
    described = found(row, "student")
    own = TripartiteFilter(programme_year=described["programme_year"], student=student)
    return StudentView(
        **described,
        rounds=await _rounds(tx, student),
        offers=await _offers(tx, student),
        agreements=(await tripartite(tx, own)).items,
        placements=await _placements(tx, student),
    )


async def placement(tx: ReadTransaction, placement: str) -> PlacementView:
    row = await tx.fetchrow(f"{_PLACEMENT} where p.id = $1", placement)
    return PlacementView(**found(row, "placement"))


async def _rounds(tx: ReadTransaction, student: str) -> list[RoundOfStudent]:
    rows = await tx.fetch(
        """
        select r.id as round, r.number, r.state, r.preferences_until, p.openings, p.listed_at, e.told
        from preference p
        join matching_round r on r.id = p.round
        left join explanation e on e.round = r.id and e.subject = p.student
        where p.student = $1 order by r.programme_year, r.number
        """,
        student,
    )
    return [
        RoundOfStudent(
            **{name: value for name, value in row.items() if name != "told"},
            **_told(document(row["told"])),
        )
        for row in rows
    ]


def _told(explanation: dict[str, Any] | None) -> dict[str, Any]:
    if explanation is None:
        return {"opening": None, "choice": None, "missed": None}
    missed = [_missed(Missed(**each)) for each in explanation["missed"]]
    return {"opening": explanation["opening"], "choice": explanation["choice"], "missed": missed}


def _missed(missed: Missed) -> MissedView:
    ko, en = to_student(missed)
    return MissedView(**asdict(missed), ko=ko, en=en)


async def _offers(tx: ReadTransaction, student: str) -> list[OfferView]:
    rows = await tx.fetch(
        """
        select f.*, o.company, c.name_ko as company_name_ko, c.name_en as company_name_en
        from offer f join opening o on o.id = f.opening join company c on c.id = o.company
        where f.student = $1 order by f.offered_at, f.id
        """,
        student,
    )
    return [OfferView(**row) for row in rows]


async def _placements(tx: ReadTransaction, student: str) -> list[PlacementView]:
    rows = await tx.fetch(f"{_PLACEMENT} where p.student = $1 order by p.id", student)
    return [PlacementView(**row) for row in rows]
