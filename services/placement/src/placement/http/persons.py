"""Routes of persons: who a student is, who read that, and forgetting it."""

from datetime import date, datetime
from typing import Annotated, Self

from fastapi import Depends, Query, Response
from pydantic import Field

from contracts import values
from placement.domain.persons import NAME_LENGTH, Action, Ground, Person, Standing
from placement.domain.vocabulary import StudentId
from placement.handlers import persons as handlers
from placement.http.bodies import Body, ClassPath, StudentPath
from placement.http.files import XLSX, workbook
from placement.http.identity import School, acting_as
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


class ErasureView(Body):
    """How far it is with forgetting a student; without `reason` nobody asked for it."""

    student: str = Field(examples=["stu_0194f0c5c1de7c3ab8d2f1a0b3c4d5e6"])
    reason: str | None
    asked_at: datetime | None = Field(description="Where it could not be done at once")
    awaits: list[Ground] = Field(description="What still needs to know who the student is")
    erased_at: datetime | None

    @classmethod
    def of(cls, standing: Standing) -> Self:
        return cls(
            student=standing.student,
            reason=standing.reason,
            asked_at=standing.asked_at,
            awaits=list(standing.grounds),
            erased_at=standing.erased_at,
        )


@router.put("/students/{student}/person", status_code=204, response_class=Response)
async def write_person(student: StudentPath, body: WritePerson, school: School, tx: Tx, keys: Keys) -> None:
    """Write or correct who a student of one's own school is.

    The answer is empty, so that the record that repeats it for the same Idempotency-Key holds nothing
    personal.
    """
    await handlers.write_person(tx, keys, school, student, body.person())


@router.get("/students/{student}/person")
async def show_person(
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
        party = acting_as(caller)
        person = await handlers.reveal_to_party(tx, keys, by, student, party.side, party.party)
    return PersonView.of(student, person)


@router.get("/classes/{employment_class}/persons")
async def show_persons_of_class(
    employment_class: ClassPath, _: School, tx: Recorded, keys: Keys, by: ReadBy
) -> list[PersonView]:
    """Who is in a class of one's own school; goes on record for each student."""
    known = await handlers.reveal_class(tx, keys, by, employment_class)
    return [PersonView.of(student, person) for student, person in known.items()]


@router.get("/classes/{employment_class}/roster.xlsx", response_class=Response, responses=XLSX)
async def export_roster(
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
async def list_all_accesses(
    wanted: Annotated[OversightFilter, Query()], _: _Overseer, read: Read
) -> OversightView:
    """The whole access log, the latest first, with origins; by person, by account."""
    return await views.oversight(read, wanted)


@router.post("/students/{student}/erasure", status_code=201)
async def erase_person(student: StudentPath, body: ErasePerson, caller: _Forgetter, tx: Tx) -> ErasureView:
    """Forget who a student was: name, birth date, the school's code; what is counted stays.

    A student asks for it with the reason `own_request`. While an open class, an undecided round, an open
    offer, an unsigned agreement or a placement needs the person, the request is kept (`awaits` names them),
    and carried out as soon as none is left.
    """
    caller.must_be(student, Role.OFFICER)
    reason = body.reason if Role.OFFICER in caller.roles else OWN_REQUEST
    return ErasureView.of(await handlers.ask_erasure(tx, student, reason))


@router.post("/students/{student}/erasure/withdrawal", status_code=201)
async def take_back_erasure_request(student: StudentPath, caller: _Forgetter, tx: Tx) -> ErasureView:
    """Take back a request that waits: the student is known, and invited to rounds, as before."""
    caller.must_be(student, Role.OFFICER)
    return ErasureView.of(await handlers.keep_person(tx, student))


@router.get("/students/{student}/erasure")
async def show_erasure(student: StudentPath, caller: _Watched, read: Read) -> ErasureView:
    """Whether the student was forgotten, or will be, and what that waits for."""
    caller.must_be(student, Role.OFFICER, Role.AUDITOR)
    return ErasureView.of(await handlers.standing(read, student))
