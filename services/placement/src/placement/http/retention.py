"""Routes of what becomes of placements: their ends, and the checks after six and twelve months."""

from datetime import date
from typing import Annotated, Final

from fastapi import Depends, Query, Request
from pydantic import Field

from chassis.refusals import NotAllowed
from contracts import values
from papers.tables import read
from placement.domain.insurance import COLUMNS
from placement.domain.placements import Source
from placement.domain.vocabulary import EndReason
from placement.handlers import ends, insurance
from placement.handlers import retention as handlers
from placement.handlers.retention import Answer, Teller
from placement.http.bodies import Body, GivenPlacement, PlacementPath
from placement.http.identity import ConfinedOrganisation, Officer
from placement.views import retention as views
from placement.views import students as student_views
from placement.views.retention import CheckFilter, CheckView
from placement.views.shapes import Page
from placement.views.students import PlacementView
from web import Principal, Read, Role, Router, Tx, require

router = Router(tags=["retention"])

_Teller = Annotated[Principal, Depends(require(Role.SCHOOL, Role.COMPANY, Role.OFFICER))]
_SOURCES = {Role.SCHOOL: Source.SCHOOL, Role.COMPANY: Source.COMPANY, Role.OFFICER: Source.OFFICER}


async def teller(caller: _Teller) -> Teller:
    """Who says it: an officer of any placement, a school or a company of its own."""
    sources = [source for role, source in _SOURCES.items() if role in caller.roles]
    if len(sources) != 1:
        raise NotAllowed(
            "one_side", "The token's roles must have exactly one of school, company, officer", "token.roles"
        )
    [source] = sources
    return Teller(source, None if source is Source.OFFICER else caller.acts_for())


By = Annotated[Teller, Depends(teller)]


LARGEST_FILE: Final = 4 * 1024 * 1024
"""Bytes of a table of insurance records."""

_FILE: Final = {"schema": {"type": "string", "format": "binary", "maxLength": LARGEST_FILE}}
_MEDIA_TYPES: Final = ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "text/csv")
_UPLOAD: Final = {"requestBody": {"required": True, "content": dict.fromkeys(_MEDIA_TYPES, _FILE)}}


class EndPlacement(Body):
    reason: EndReason = Field(examples=["resignation"])
    ended_on: date | None = Field(
        default=None, description="Last day at work, today where it is left out", examples=["2026-05-29"]
    )


class CorrectEnd(Body):
    """What is said now, in place of what was said before."""

    reason: EndReason = Field(examples=["resignation"])
    ended_on: date = Field(description="Last day at work", examples=["2026-05-22"])


class ResumePlacement(Body):
    reason: values.Reason = Field(examples=["recorded_in_error"])


class AnswerBody(Body):
    placement: GivenPlacement
    months: int = Field(description="6 or 12", examples=[6])
    retained: bool = Field(description="Still at work on the day that the check is due", examples=[True])
    ended_on: date | None = Field(
        default=None, description="Last day at work, where the student is not there any more", examples=[None]
    )
    reason: EndReason | None = Field(default=None, description="Why it ended", examples=[None])

    def answer(self) -> Answer:
        return Answer(self.placement, self.months, self.retained, self.ended_on, self.reason)


class AnswerChecks(Body):
    answers: Annotated[list[AnswerBody], Field(min_length=1, max_length=500)]


class ImportedView(Body):
    """Rows of the file, checks that they confirmed, placements that they ended, ends that they corrected."""

    rows: int
    confirmed: int
    ended: int
    corrected: int


@router.post("/placements/{placement}/end", status_code=201)
async def end_placement(placement: PlacementPath, body: EndPlacement, by: By, tx: Tx) -> PlacementView:
    """End a placement, as its school, its company or an officer; one place of the opening is free again."""
    await handlers.end(tx, placement, by, body.reason, body.ended_on)
    return await student_views.placement(tx, placement)


@router.post("/placements/{placement}/end/correction", status_code=201)
async def correct_end(placement: PlacementPath, body: CorrectEnd, by: By, tx: Tx) -> PlacementView:
    """Say something else of a placement's end; its checks follow, and what was said before is kept."""
    await handlers.correct(tx, placement, by, body.reason, body.ended_on)
    return await student_views.placement(tx, placement)


@router.post("/placements/{placement}/end/revocation", status_code=201)
async def resume_placement(
    placement: PlacementPath, body: ResumePlacement, _: Officer, tx: Tx
) -> PlacementView:
    """Take an end back that was recorded in error: the student never left, and what was said is kept."""
    await ends.resume_placement(tx, placement, body.reason)
    return await student_views.placement(tx, placement)


@router.get("/retention-checks")
async def list_checks(
    wanted: Annotated[CheckFilter, Query()], own: ConfinedOrganisation, read: Read
) -> Page[CheckView]:
    """Checks of a year, `overdue` ones among them: one's own; officers and auditors see all."""
    return await views.checks(read, wanted if own is None else wanted.of(own.side, own.party))


@router.post("/retention-checks/answers", status_code=201)
async def answer_checks(body: AnswerChecks, by: By, tx: Tx) -> list[CheckView]:
    """Answer checks that are due, all or none; "no longer there" ends the placement on the day given."""
    answers = [each.answer() for each in body.answers]
    await handlers.answer(tx, answers, by)
    return await views.checks_of(tx, [each.placement for each in answers])


@router.post(
    "/retention-checks/insurance-records",
    status_code=201,
    openapi_extra=_UPLOAD,
    max_body_size=LARGEST_FILE,
)
async def import_insurance_records(
    drawn_on: Annotated[date, Query(description="Day in Korea for which the records hold")],
    request: Request,
    _: Officer,
    tx: Tx,
) -> ImportedView:
    """Take in insurance records as Excel or CSV, all rows or none: they confirm checks and tell exits.

    Columns: 학교 (the school's id), 학생관리번호 (its code for the student), 사업자등록번호, 취득일, and
    where the insurance was lost 상실일 and 상실사유.
    """
    rows = [(row.number, row.values) for row in read(await request.body(), COLUMNS)]
    done = await insurance.import_records(tx, rows, drawn_on)
    return ImportedView(rows=done.rows, confirmed=done.confirmed, ended=done.ended, corrected=done.corrected)
