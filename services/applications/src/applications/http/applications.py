"""Routes of a school's application."""

from decimal import Decimal
from typing import Annotated, Final

from fastapi import Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from applications.domain.answers import Answers
from applications.domain.documents import MEDIA_TYPES, SIZE_LIMIT
from applications.domain.vocabulary import ApplicationId, CallId, Kind, Track
from applications.handlers import applications as handlers
from applications.http.identity import Applicant, Confined
from applications.views import applications as views
from applications.views import documents
from applications.views.applications import ApplicationFilter, ApplicationRow, ApplicationView, ReceiptView
from applications.views.shapes import Page
from contracts import values
from web import Read, Router, Tx

router = Router(tags=["applications"])


class Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Draft(Body):
    call: values.CallId
    kind: Kind = Field(examples=["new"])


class AnswersBody(Body):
    """The working copy of the answers, whole; what is not known yet is left out."""

    tracks: Annotated[list[Track], Field(max_length=16)] = Field(
        default=[], description="Most wanted first", examples=[["new_technology"]]
    )
    accepts_general: bool | None = Field(default=None, examples=[True])
    figures: Annotated[dict[values.Code, values.DecimalText], Field(max_length=64)] = Field(
        default={},
        description="By the names of the policy's questions",
        examples=[{"planned_students": "45", "partner_companies": "12"}],
    )

    def answers(self) -> Answers:
        figures = {name: Decimal(figure) for name, figure in self.figures.items()}
        return Answers(tuple(self.tracks), self.accepts_general, figures)


class Withdraw(Body):
    reason: values.Reason = Field(examples=["too_few_students"])


Id = Annotated[ApplicationId, Path(max_length=64)]
DocumentName = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
_FILE: Final = {"schema": {"type": "string", "format": "binary", "maxLength": SIZE_LIMIT}}
_UPLOAD: Final = {"requestBody": {"required": True, "content": dict.fromkeys(MEDIA_TYPES, _FILE)}}


@router.post("/applications", status_code=201)
async def draft_application(body: Draft, school: Applicant, tx: Tx) -> ApplicationView:
    """Begin the school's application to a call."""
    drafted = await handlers.draft_application(tx, school, CallId(body.call), body.kind)
    return await views.application(tx, drafted.id, school)


@router.put("/applications/{application}/answers")
async def save_answers(application: Id, body: AnswersBody, school: Applicant, tx: Tx) -> ApplicationView:
    """Keep the working copy, complete or not; what was accepted stands until it is amended."""
    await handlers.save_answers(tx, application, school, body.answers())
    return await views.application(tx, application, school)


@router.put("/applications/{application}/documents/{name}", openapi_extra=_UPLOAD, max_body_size=SIZE_LIMIT)
async def attach_document(
    application: Id, name: DocumentName, request: Request, school: Applicant, tx: Tx
) -> ApplicationView:
    """Attach a file in place of the one of this name; its type is told by its bytes."""
    await handlers.attach_document(tx, application, school, name, await request.body())
    return await views.application(tx, application, school)


@router.delete("/applications/{application}/documents/{name}")
async def detach_document(application: Id, name: DocumentName, school: Applicant, tx: Tx) -> ApplicationView:
    """Take a document out of the working copy; what was handed in keeps it."""
    await handlers.detach_document(tx, application, school, name)
    return await views.application(tx, application, school)


@router.post("/applications/{application}/submission", status_code=201)
async def submit_application(application: Id, school: Applicant, tx: Tx) -> ReceiptView:
    """Hand the working copy in; the database's clock decides whether it is in time."""
    await handlers.submit_application(tx, application, school)
    return await views.receipt(tx, application, school)


@router.post("/applications/{application}/amendment", status_code=201)
async def amend_submission(application: Id, school: Applicant, tx: Tx) -> ReceiptView:
    """Hand the working copy in, in place of what stands."""
    await handlers.amend_application(tx, application, school)
    return await views.receipt(tx, application, school)


@router.post("/applications/{application}/withdrawal", status_code=201)
async def withdraw_application(application: Id, body: Withdraw, school: Applicant, tx: Tx) -> ApplicationView:
    """Withdraw an application, or give a draft up, at any time and for good."""
    await handlers.withdraw_application(tx, application, school, body.reason)
    return await views.application(tx, application, school)


@router.get("/applications")
async def list_applications(
    wanted: Annotated[ApplicationFilter, Query()], school: Confined, read: Read
) -> Page[ApplicationRow]:
    """A school's own applications; officers and auditors see all."""
    return await views.applications(read, wanted, school)


@router.get("/applications/{application}")
async def show_application(application: Id, school: Confined, read: Read) -> ApplicationView:
    """An application: its working copy, and what stands of it."""
    return await views.application(read, application, school)


@router.get("/applications/{application}/receipt")
async def show_receipt(application: Id, school: Confined, read: Read) -> ReceiptView:
    """The receipt of the version that stands: its number, its moment and what was handed in."""
    return await views.receipt(read, application, school)


@router.get("/applications/{application}/documents/{document}", response_class=Response)
async def download_document(
    application: Id, document: Annotated[str, Path(max_length=64)], school: Confined, read: Read
) -> Response:
    """A document of an application, as it was attached."""
    name, media_type, content = await documents.content(read, application, document, school)
    disposition = f'attachment; filename="{name}"'
    return Response(content, media_type=media_type, headers={"Content-Disposition": disposition})
