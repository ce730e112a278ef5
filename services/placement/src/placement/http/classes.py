"""Routes of employment classes and rosters."""

from typing import Annotated

from fastapi import Query
from pydantic import Field

from contracts import values
from placement.domain.classes import ClassPlan
from placement.domain.vocabulary import CompanyId, Year
from placement.handlers import classes as handlers
from placement.handlers import placements
from placement.http.bodies import Body, ClassPath, TermBody, Track
from placement.http.identity import ConfinedSchool, School
from placement.views import agreements as agreement_views
from placement.views import classes as views
from placement.views.agreements import TripartiteView
from placement.views.classes import ClassDetail, ClassFilter, ClassView
from placement.views.shapes import Page
from web import Read, Router, Tx

router = Router(tags=["employment classes"])

MOST_ROWS = 5_000


class OpenClass(TermBody):
    programme_year: values.ProgrammeYear
    track: Track
    field: values.Code = Field(description="What is taught", examples=["smart_factory"])
    capacity: int = Field(ge=1, le=1000, description="Students it takes at most", examples=[20])
    companies: Annotated[list[CompanyId], Field(min_length=1, max_length=100)]

    def plan(self) -> ClassPlan:
        return ClassPlan(self.track, self.field, self.capacity, tuple(self.companies), self.term())


class EnrolStudent(Body):
    reference: str = Field(
        min_length=1,
        max_length=40,
        pattern=r"^[0-9A-Za-z_.-]+$",
        description="The school's own code for the student, no name and no resident number",
        examples=["2025-3-0142"],
    )


class EnrolRoster(Body):
    rows: Annotated[list[EnrolStudent], Field(min_length=1, max_length=MOST_ROWS)]


class EnrolledView(Body):
    """The students' ids, in the order in which their references came."""

    employment_class: str
    enrolled: int = Field(description="Students in the class now")
    capacity: int
    students: list[str] = Field(examples=[["stu_0194f0c5c1de7c3ab8d2f1a0b3c4d5e6"]])


class SignedView(Body):
    agreements: list[TripartiteView]


@router.post("/classes", status_code=201)
async def open_class(body: OpenClass, school: School, tx: Tx) -> ClassDetail:
    """Open a class, within the sizes of the year's policy, for companies with an agreement in force."""
    opened = await handlers.open_employment_class(tx, Year(body.programme_year), school, body.plan())
    return await views.employment_class(tx, opened.id, school)


@router.post("/classes/{employment_class}/closure", status_code=201)
async def close_class(employment_class: ClassPath, school: School, tx: Tx) -> ClassDetail:
    """Take no one new; who is in the class stays."""
    await handlers.close_employment_class(tx, employment_class, school)
    return await views.employment_class(tx, employment_class, school)


@router.post("/classes/{employment_class}/students", status_code=201)
async def enrol_one(employment_class: ClassPath, body: EnrolStudent, school: School, tx: Tx) -> EnrolledView:
    return await _enrol(tx, employment_class, school, [body.reference])


@router.post("/classes/{employment_class}/roster", status_code=201)
async def enrol_roster(
    employment_class: ClassPath, body: EnrolRoster, school: School, tx: Tx
) -> EnrolledView:
    """Enrol many at once, all or none; each row that breaks a rule is named."""
    return await _enrol(tx, employment_class, school, [row.reference for row in body.rows])


async def _enrol(tx: Tx, employment_class: ClassPath, school: School, references: list[str]) -> EnrolledView:
    roster = await handlers.enrol_students(tx, employment_class, school, references)
    into = roster.employment_class
    return EnrolledView(
        employment_class=into.id,
        enrolled=into.enrolled,
        capacity=into.plan.capacity,
        students=list(roster.students),
    )


@router.post("/classes/{employment_class}/signatures", status_code=201)
async def sign_all(employment_class: ClassPath, school: School, tx: Tx) -> SignedView:
    """Sign every tripartite agreement of the class that waits for the school."""
    signed = await placements.sign_for_class(tx, employment_class, school)
    shown = await agreement_views.tripartite_of(tx, [each.id for each in signed])
    return SignedView(agreements=shown)


@router.get("/classes")
async def list_classes(
    wanted: Annotated[ClassFilter, Query()], school: ConfinedSchool, read: Read
) -> Page[ClassView]:
    """Classes of a year: one's own; officers and auditors see all."""
    return await views.classes(read, wanted, school)


@router.get("/classes/{employment_class}")
async def show(employment_class: ClassPath, school: ConfinedSchool, read: Read) -> ClassDetail:
    """A class, and how each of its students fares."""
    return await views.employment_class(read, employment_class, school)
