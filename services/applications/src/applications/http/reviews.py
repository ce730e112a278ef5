"""Routes by which reviewers read what was submitted to them."""

from typing import Annotated

from fastapi import Path
from fastapi.responses import Response

from applications.domain.vocabulary import ApplicationId
from applications.http.identity import OwnReviews
from applications.views import documents as views
from applications.views.documents import DocumentView
from web import Read, Router

router = Router(tags=["review"])

Id = Annotated[ApplicationId, Path(max_length=64)]


@router.get("/reviews/{application}/documents")
async def list_submitted_documents(application: Id, reviewer: OwnReviews, read: Read) -> list[DocumentView]:
    """The documents of the submission that stands, for those who review it."""
    return await views.reviewed_documents(read, application, reviewer)


@router.get("/reviews/{application}/documents/{document}", response_class=Response)
async def download_submitted_document(
    application: Id, document: Annotated[str, Path(max_length=64)], reviewer: OwnReviews, read: Read
) -> Response:
    """A document of the submission that stands, for those who review it."""
    name, media_type, content = await views.reviewed_content(read, application, document, reviewer)
    disposition = f'attachment; filename="{name}"'
    return Response(content, media_type=media_type, headers={"Content-Disposition": disposition})
