"""Routes of rubrics: saved as versions, in and out as JSON and as an Excel sheet."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, assert_never

from fastapi import Path, Query, Request
from fastapi.responses import Response

from evaluation.domain.rubric import Rubrics
from evaluation.handlers import rubrics as handlers
from evaluation.http.identity import Anyone, Officer, Overseer
from evaluation.rubrics import sheet
from evaluation.rubrics.form import RubricForm, form_of
from evaluation.views.rubrics import rubric, versions
from evaluation.views.shapes import RubricVersionView, RubricView
from papers.tables import to_csv, to_xlsx
from web import Read, Router, Tx

router = Router(tags=["rubrics"])

RubricPath = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Version = Annotated[int | None, Query(ge=1, le=100_000, description="The newest where none is named")]
FileForm = Literal["json", "xlsx", "csv"]
_MEDIA_TYPES: Final[Mapping[FileForm, str]] = {
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
}
_SIZE_LIMIT: Final = 1 << 20
_FILE: Final = {"schema": {"type": "string", "format": "binary", "maxLength": _SIZE_LIMIT}}
_UPLOAD: Final[dict[str, Any]] = {
    "requestBody": {"required": True, "content": {_MEDIA_TYPES[form]: _FILE for form in ("xlsx", "csv")}}
}


@router.put("/rubrics/{name}", status_code=201)
async def save_rubric(name: RubricPath, body: RubricForm, _: Officer, tx: Tx) -> RubricView:
    """Save the next version; years scored already keep theirs, the others take this one."""
    return rubric(await handlers.save(tx, body.rubrics(name, version=1)))


@router.put("/rubrics/{name}/sheet", status_code=201, openapi_extra=_UPLOAD, max_body_size=_SIZE_LIMIT)
async def save_rubric_sheet(name: RubricPath, request: Request, _: Officer, tx: Tx) -> RubricView:
    """Save the next version from an Excel or CSV file of the form that the export has."""
    form = sheet.form(await request.body())
    return rubric(await handlers.save(tx, form.rubrics(name, version=1)))


@router.get("/rubrics/{name}")
async def show_rubric(name: RubricPath, _: Anyone, read: Read, version: Version = None) -> RubricView:
    """A rubric that was saved here, or one that is shipped."""
    return rubric(await handlers.shown(read, name, version))


@router.get("/rubrics/{name}/versions")
async def list_rubric_versions(name: RubricPath, _: Overseer, read: Read) -> list[RubricVersionView]:
    """The versions saved here, newest first, and the years that scores froze them for."""
    return await versions(read, name)


@router.get("/rubrics/{name}/export", response_class=Response)
async def export_rubric(
    name: RubricPath,
    _: Overseer,
    read: Read,
    version: Version = None,
    form: Annotated[FileForm, Query()] = "json",
) -> Response:
    """The rubric as a file that may be saved again under any name: JSON, Excel or CSV."""
    found = await handlers.shown(read, name, version)
    file = f'attachment; filename="{found.name}-v{found.version}.{form}"'
    return Response(_file(found, form), media_type=_MEDIA_TYPES[form], headers={"Content-Disposition": file})


def _file(named: Rubrics, form: FileForm) -> bytes:
    match form:
        case "json":
            return form_of(named).model_dump_json(indent=2).encode()
        case "xlsx":
            return to_xlsx([sheet.table(named)])
        case "csv":
            return to_csv(sheet.table(named))
        case _:
            assert_never(form)
