"""Routes of offers, tripartite agreements and placements."""

from typing import Annotated

from fastapi import Depends, Query
from pydantic import Field
from starlette.responses import Response

from contracts import values
from placement.handlers import offers, placements
from placement.http.bodies import AgreementPath, Body, GivenOpening, GivenStudent, OfferPath, StudentPath
from placement.http.files import XLSX, workbook
from placement.http.identity import (
    AnyParty,
    Company,
    Confined,
    Officer,
    Student,
)
from placement.views import agreements as agreement_views
from placement.views import companies as company_views
from placement.views import students as views
from placement.views.agreements import TripartiteFilter, TripartiteView
from placement.views.companies import OpeningView
from placement.views.exports import student_tables
from placement.views.shapes import Page
from placement.views.students import StudentView
from web import Keys, Principal, Read, Role, Router, Tx, require

router = Router(tags=["placements"])

_Reader = Annotated[Principal, Depends(require(Role.STUDENT, Role.OFFICER, Role.AUDITOR))]


class AcceptOffer(Body):
    sign_agreement: bool = Field(
        default=False, description="Sign the tripartite agreement at once", examples=[True]
    )


class RecordPlacement(Body):
    student: GivenStudent
    opening: GivenOpening
    reason: values.Reason = Field(examples=["arrived_after_matching"])


class DeclinedView(Body):
    offer: str
    state: str = Field(examples=["declined"])


@router.post("/offers/{offer}/acceptance", status_code=201)
async def accept_offer(offer: OfferPath, body: AcceptOffer, student: Student, tx: Tx) -> TripartiteView:
    """Accept an offer of one's own; the agreement that makes it a placement waits for signatures."""
    agreement = await offers.accept_offer(tx, offer, student, sign=body.sign_agreement)
    return await agreement_views.one_tripartite(tx, agreement.id)


@router.post("/offers/{offer}/refusal", status_code=201)
async def decline_offer(offer: OfferPath, student: Student, tx: Tx) -> DeclinedView:
    """Decline an offer of one's own; nobody else is harmed, and the next round can fill the place."""
    declined = await offers.decline_offer(tx, offer, student)
    return DeclinedView(offer=declined.id, state=declined.state)


@router.post("/tripartite-agreements/{agreement}/signature", status_code=201)
async def sign_tripartite_agreement(
    agreement: AgreementPath, by: AnyParty, tx: Tx, keys: Keys
) -> TripartiteView:
    """Sign as the party one acts for; with the third signature the placement is active."""
    await placements.sign_agreement(tx, keys, agreement, by.side, by.party)
    return await agreement_views.one_tripartite(tx, agreement)


@router.post("/tripartite-agreements/signatures", status_code=201)
async def sign_for_company(company: Company, tx: Tx, keys: Keys) -> list[TripartiteView]:
    """Sign, as a company, every tripartite agreement that waits for it."""
    signed = await placements.sign_for_company(tx, keys, company)
    return await agreement_views.tripartite_of(tx, [each.id for each in signed])


@router.get("/tripartite-agreements")
async def list_tripartite_agreements(
    wanted: Annotated[TripartiteFilter, Query()], own: Confined, read: Read
) -> Page[TripartiteView]:
    """Agreements of a year: one's own; officers and auditors see all."""
    return await agreement_views.tripartite(read, wanted if own is None else wanted.of(own.side, own.party))


@router.post("/placements", status_code=201)
async def record_placement(body: RecordPlacement, _: Officer, tx: Tx) -> TripartiteView:
    """Bring a student and an opening together by hand; the agreement waits for all three signatures."""
    agreement = await placements.record_by_hand(tx, body.student, body.opening, body.reason)
    return await agreement_views.one_tripartite(tx, agreement.id)


@router.get("/students/{student}")
async def show_student(student: StudentPath, caller: _Reader, read: Read) -> StudentView:
    """A student's own data: class, lists, offers and why, agreements, placements."""
    caller.must_be(student, Role.OFFICER, Role.AUDITOR)
    return await views.student(read, student)


@router.get("/students/{student}/record.xlsx", response_class=Response, responses=XLSX)
async def export_student_record(student: StudentPath, caller: _Reader, read: Read) -> Response:
    """A student's own data and explanations as an Excel file."""
    caller.must_be(student, Role.OFFICER, Role.AUDITOR)
    return workbook("student", student_tables(await views.student(read, student)))


@router.get("/students/{student}/openings")
async def list_openings_for_student(student: StudentPath, caller: _Reader, read: Read) -> list[OpeningView]:
    """What the student may list: a free place at a company that has an agreement with the school."""
    caller.must_be(student, Role.OFFICER, Role.AUDITOR)
    return await company_views.openings_for_student(read, student)
