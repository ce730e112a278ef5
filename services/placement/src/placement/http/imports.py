"""Routes of imported files: they are received at once, and taken in whole or not at all by a worker."""

from typing import Annotated, Any, Final

from fastapi import Path, Query, Request

from placement.domain.imports import ImportKind
from placement.domain.vocabulary import Year
from placement.handlers import imports as handlers
from placement.http.identity import ConfinedSchool, Officer, School
from placement.views import imports as views
from placement.views.imports import ImportView
from web import Keys, Read, Router, Tx

router = Router(tags=["imports"])

SIZE_LIMIT: Final = 8 << 20
"""Bytes of a file; 20,000 rows are a tenth of it."""

_UPLOAD: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "text/csv")
        },
    }
}
OfYear = Annotated[int, Query(ge=2008, le=2999, examples=[2025])]


@router.post("/imports/companies", status_code=202, openapi_extra=_UPLOAD, max_body_size=SIZE_LIMIT)
async def import_companies(
    programme_year: OfYear, request: Request, _: Officer, keys: Keys, tx: Tx
) -> ImportView:
    """Register the companies of an Excel or CSV file; `GET /imports/{id}` says how far it is."""
    file = await request.body()
    received = await handlers.receive_file(tx, keys, ImportKind.COMPANIES, Year(programme_year), None, file)
    return await views.show(tx, received.id, None)


@router.post("/imports/rosters", status_code=202, openapi_extra=_UPLOAD, max_body_size=SIZE_LIMIT)
async def import_rosters(
    programme_year: OfYear, request: Request, school: School, keys: Keys, tx: Tx
) -> ImportView:
    """Enrol the students of an Excel or CSV file into the school's classes."""
    file = await request.body()
    received = await handlers.receive_file(tx, keys, ImportKind.ROSTER, Year(programme_year), school, file)
    return await views.show(tx, received.id, None)


@router.get("/imports/{import_id}")
async def show_import(
    import_id: Annotated[str, Path(max_length=64)], school: ConfinedSchool, read: Read
) -> ImportView:
    """How far an import is; a refused one has every row that broke a rule."""
    return await views.show(read, import_id, school)
