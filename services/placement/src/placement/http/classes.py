"""Routes of employment classes and rosters."""

from datetime import date
from typing import Annotated, Self

from fastapi import Query
from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from contracts import values
from placement.domain.classes import ClassPlan, RosterEntry
from placement.domain.persons import NAME_LENGTH, Person
from placement.domain.vocabulary import ClassId, LeaveReason, Year
from placement.handlers import classes as handlers
from placement.handlers import placements
from placement.http.bodies import (
    Body,
    ClassPath,
    GivenClass,
    GivenCompany,
    GivenStudent,
    StudentPath,
    TermBody,
    Track,
)
from placement.http.identity import ConfinedSchool, School
from placement.views import agreements as agreement_views
from placement.views import classes as views
from placement.views.agreements import TripartiteView
from placement.views.classes import ClassDetail, ClassFilter, ClassView
from placement.views.shapes import Page
from web import Keys, Read, Router, Tx

router = Router(tags=["employment classes"])

MOST_ROWS = 5_000


class ClassBody(TermBody):
    track: Track
    field: values.Code = Field(description="What is taught", examples=["smart_factory"])
    hours: int = Field(ge=1, le=3000, description="Hours of training", examples=[350])
    capacity: int = Field(ge=1, le=1000, description="Students it takes at most", examples=[20])
    companies: Annotated[list[GivenCompany], Field(min_length=1, max_length=100)]

    def plan(self) -> ClassPlan:
        return ClassPlan(
            self.track, self.field, self.hours, self.capacity, tuple(self.companies), self.term()
        )


class OpenClass(ClassBody):
    programme_year: values.ProgrammeYear


class LeaveClass(Body):
    student: GivenStudent
    reason: LeaveReason = Field(examples=["changed_school"])

    @field_validator("reason")
    @classmethod
    def _left_altogether(cls, reason: LeaveReason) -> LeaveReason:
        if reason is LeaveReason.TRANSFERRED:
            raise PydanticCustomError("known", "A transfer has a route of its own")
        return reason


class Transfer(Body):
    student: GivenStudent
    to: GivenClass = Field(description="The class the student goes to")


class RecordConsent(Body):
    given_on: date = Field(description="Day on the guardian's paper", examples=["2025-04-28"])


class ConsentView(Body):
    student: str
    given_on: date


class EnrolStudent(Body):
    reference: str = Field(
        min_length=1,
        max_length=40,
        pattern=r"^[0-9A-Za-z_.-]+$",
        description="The school's own code for the student, no name and no resident number",
        examples=["2025-3-0142"],
    )
    guardian_consent_on: date | None = Field(
        default=None,
        description="Day on which a parent or guardian of a minor agreed in writing",
        examples=["2025-03-14"],
    )

    name: str | None = Field(
        default=None, min_length=1, max_length=NAME_LENGTH, examples=["모의 학생 (simulated)"]
    )
    birth_date: date | None = Field(
        default=None, description="Comes with the name, or neither does", examples=["2008-05-17"]
    )

    @model_validator(mode="after")
    def _person_is_whole(self) -> Self:
        if (self.name is None) != (self.birth_date is None):
            raise PydanticCustomError("person_incomplete", "Name and birth date come together")
        return self

    def entry(self, at: str, employment_class: ClassId) -> RosterEntry:
        person = None
        if self.name is not None and self.birth_date is not None:
            person = Person(self.name.strip(), self.birth_date)
        return RosterEntry(at, employment_class, self.reference, self.guardian_consent_on, person)


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


@router.put("/classes/{employment_class}")
async def change_class(employment_class: ClassPath, body: ClassBody, school: School, tx: Tx) -> ClassDetail:
    """Let an open class go on under another plan, held to the rules of a new one."""
    await handlers.change_employment_class(tx, employment_class, school, body.plan())
    return await views.employment_class(tx, employment_class, school)


@router.post("/classes/{employment_class}/departures", status_code=201)
async def leave_class(employment_class: ClassPath, body: LeaveClass, school: School, tx: Tx) -> ClassDetail:
    """A student leaves the class for good; an offer or unsigned agreement of the student falls away."""
    await handlers.leave_class(tx, employment_class, school, body.student, body.reason)
    return await views.employment_class(tx, employment_class, school)


@router.post("/classes/{employment_class}/transfers", status_code=201)
async def transfer_student(
    employment_class: ClassPath, body: Transfer, school: School, tx: Tx
) -> ClassDetail:
    """A student goes to another class of the school; answers that class."""
    await handlers.transfer_student(tx, employment_class, school, body.student, body.to)
    return await views.employment_class(tx, body.to, school)


@router.put("/students/{student}/guardian-consent")
async def record_consent(student: StudentPath, body: RecordConsent, school: School, tx: Tx) -> ConsentView:
    """Record that a parent or guardian of one of the school's students agreed to the employment."""
    recorded = await handlers.record_consent(tx, school, student, body.given_on)
    return ConsentView(student=recorded.student, given_on=recorded.given_on)


@router.post("/classes/{employment_class}/students", status_code=201)
async def enrol_student(
    employment_class: ClassPath, body: EnrolStudent, school: School, tx: Tx, keys: Keys
) -> EnrolledView:
    """Enrol a student in the class; answers the id by which everybody else knows the student."""
    return await _enrol(tx, keys, employment_class, school, [body.entry("rows.0", employment_class)])


@router.post("/classes/{employment_class}/roster", status_code=201)
async def enrol_roster(
    employment_class: ClassPath, body: EnrolRoster, school: School, tx: Tx, keys: Keys
) -> EnrolledView:
    """Enrol many at once, all or none; each row that breaks a rule is named."""
    entries = [row.entry(f"rows.{at}", employment_class) for at, row in enumerate(body.rows)]
    return await _enrol(tx, keys, employment_class, school, entries)


async def _enrol(
    tx: Tx, keys: Keys, employment_class: ClassPath, school: School, entries: list[RosterEntry]
) -> EnrolledView:
    roster = await handlers.enrol_students(tx, keys, school, entries)
    into = roster.classes[employment_class]
    return EnrolledView(
        employment_class=into.id,
        enrolled=into.enrolled,
        capacity=into.plan.capacity,
        students=list(roster.students),
    )


@router.post("/classes/{employment_class}/signatures", status_code=201)
async def sign_for_class(employment_class: ClassPath, school: School, tx: Tx, keys: Keys) -> SignedView:
    """Sign every tripartite agreement of the class that waits for the school."""
    signed = await placements.sign_for_class(tx, keys, employment_class, school)
    shown = await agreement_views.tripartite_of(tx, [each.id for each in signed])
    return SignedView(agreements=shown)


@router.get("/classes")
async def list_classes(
    wanted: Annotated[ClassFilter, Query()], school: ConfinedSchool, read: Read
) -> Page[ClassView]:
    """Classes of a year: one's own; officers and auditors see all."""
    return await views.classes(read, wanted, school)


@router.get("/classes/{employment_class}")
async def show_class(employment_class: ClassPath, school: ConfinedSchool, read: Read) -> ClassDetail:
    """A class, and how each of its students fares."""
    return await views.employment_class(read, employment_class, school)
