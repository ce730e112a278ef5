"""Routes of persons: who a student is, who read that, and forgetting it."""

from datetime import date
from typing import Annotated, Self

from fastapi import Depends, Query, Response
from pydantic import Field

from contracts import values
from placement.domain.persons import NAME_LENGTH, Action, Person
from placement.domain.vocabulary import StudentId
from placement.handlers import persons as handlers
from placement.http.bodies import Body, ClassPath, StudentPath
from placement.http.files import XLSX, workbook
from placement.http.identity import School, signatory
from placement.views import classes as class_views
from placement.views import persons as views
from placement.views.exports import class_tables
from placement.views.persons import AccessesView, AccessFilter, OversightFilter, OversightView
from web import Keys, Principal, Read, ReadBy, Recorded, Role, Router, Tx, require

router = Router(tags=["persons"])

_Reader = Annotated[Principal, Depends(require(Role.STUDENT, Role.SCHOOL, Role.COMPANY, Role.OFFICER))]
_Forgetter = Annotated[Principal, Depends(require(Role.STUDENT, Role.OFFICER))]
_Watched = Annotated[Principal, Depends(require(Role.STUDENT, Role.OFFICER, Role.AUDITOR))]
_Overseer = Annotated[Principal, Depends(require(Role.OFFICER, Role.AUDITOR))]

OWN_REQUEST = "own_request"


class WritePerson(Body):
    name: str = Field(min_length=1, max_length=NAME_LENGTH, examples=["모의 학생 (simulated)"])
    birth_date: date = Field(examples=["2007-05-14"])

    def person(self) -> Person:
        return Person(self.name.strip(), self.birth_date)


class PersonView(Body):
    student: str = Field(examples=["stu_0194f0c5c1de7c3ab8d2f1a0b3c4d5e6"])
    name: str = Field(examples=["모의 학생 (simulated)"])
    birth_date: date

    @classmethod
    def of(cls, student: StudentId, person: Person) -> Self:
        return cls(student=student, name=person.name, birth_date=person.birth_date)


class ErasePerson(Body):
    reason: values.Reason = Field(examples=["own_request"])


class ErasedView(Body):
    student: str
    reason: str


@router.put("/students/{student}/person", status_code=204, response_class=Response)
async def write(student: StudentPath, body: WritePerson, school: School, tx: Tx, keys: Keys) -> None:
    """Write or correct who a student of one's own school is.

    The answer is empty, so that the record that repeats it for the same Idempotency-Key holds nothing
    personal.
    """
    await handlers.write_person(tx, keys, school, student, body.person())


@router.get("/students/{student}/person")
async def show(
    student: StudentPath,
    caller: _Reader,
    tx: Recorded,
    keys: Keys,
    by: ReadBy,
    reason: Annotated[
        values.Reason | None, Query(description="Of an officer", examples=["complaint"])
    ] = None,
) -> PersonView:
    """Who a student is: for itself, its school, a company with an agreement, an officer with a reason.

    It goes on record who read it; the student sees that.
    """
    if Role.OFFICER in caller.roles:
        person = await handlers.reveal_to_officer(tx, keys, by, student, reason)
    else:
        party = signatory(caller)
        person = await handlers.reveal_to_party(tx, keys, by, student, party.side, party.party)
    return PersonView.of(student, person)


@router.get("/classes/{employment_class}/persons")
async def show_class(
    employment_class: ClassPath, _: School, tx: Recorded, keys: Keys, by: ReadBy
) -> list[PersonView]:
    """Who is in a class of one's own school; goes on record for each student."""
    known = await handlers.reveal_class(tx, keys, by, employment_class)
    return [PersonView.of(student, person) for student, person in known.items()]


@router.get("/classes/{employment_class}/roster.xlsx", response_class=Response, responses=XLSX)
async def export_class(
    employment_class: ClassPath, school: School, tx: Recorded, keys: Keys, by: ReadBy
) -> Response:
    """A class as an Excel file, with names: how each student fares; goes on record for each student."""
    shown = await class_views.employment_class(tx, employment_class, school)
    known = await handlers.reveal_class(tx, keys, by, employment_class, Action.CLASS_EXPORT)
    return workbook("class", class_tables(shown, known))


@router.get("/students/{student}/person/accesses")
async def show_accesses(
    student: StudentPath, caller: _Watched, wanted: Annotated[AccessFilter, Query()], read: Read
) -> AccessesView:
    """Who read who the student is, the latest first."""
    caller.must_be(student, Role.OFFICER, Role.AUDITOR)
    return await views.accesses(read, student, wanted)


@router.get("/accesses")
async def oversee(wanted: Annotated[OversightFilter, Query()], _: _Overseer, read: Read) -> OversightView:
    """The whole access log, the latest first, with origins; by person, by account."""
    return await views.oversight(read, wanted)


@router.post("/students/{student}/erasure", status_code=201)
async def erase(student: StudentPath, body: ErasePerson, caller: _Forgetter, tx: Tx) -> ErasedView:
    """Forget who a student was: name, birth date, the school's code; what is counted stays.

    A student asks for it with the reason `own_request`; refused while a class, an offer, an agreement or a
    placement needs the person.
    """
    caller.must_be(student, Role.OFFICER)
    reason = body.reason if Role.OFFICER in caller.roles else OWN_REQUEST
    await handlers.erase_person(tx, student, reason)
    return ErasedView(student=student, reason=reason)
