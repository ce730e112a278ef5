"""Routes of outcomes as Excel and CSV files, for offices that keep them so."""

from datetime import date
from typing import Annotated, Final

from fastapi import Query, Request
from starlette.responses import Response

from contracts import values
from papers.tables import read as read_table
from placement.domain.outcomes import COLUMNS, imported_rows
from placement.domain.vocabulary import Year
from placement.handlers import outcomes as handlers
from placement.http.files import XLSX, workbook
from placement.http.identity import ConfinedSchool, Officer
from placement.http.outcomes import CountedView, YearPath, counted_view
from placement.views.exports import outcome_tables
from web import Read, Router, Tx

router = Router(tags=["outcomes"])

LARGEST_FILE: Final = 4 * 1024 * 1024
"""Bytes of a table of outcomes."""

_FILE: Final = {"schema": {"type": "string", "format": "binary", "maxLength": LARGEST_FILE}}
_MEDIA_TYPES: Final = ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "text/csv")
_UPLOAD: Final = {"requestBody": {"required": True, "content": dict.fromkeys(_MEDIA_TYPES, _FILE)}}

_TRACK_CODES: Final = {
    "": "",
    **{code: code for code in values.TRACKS},
    **{named.ko: code for code, named in values.TRACKS.items()},
}


@router.post(
    "/programme-years/{year}/outcomes/imports/file",
    status_code=201,
    openapi_extra=_UPLOAD,
    max_body_size=LARGEST_FILE,
)
async def import_outcome_file(
    year: YearPath,
    as_of: Annotated[date, Query(description="Day in Korea for which the figures hold")],
    request: Request,
    _: Officer,
    tx: Tx,
) -> CountedView:
    """Bring in a cohort of before the platform from a table, all rows or none.

    Columns: 학교 (the school's id), 유형 and 학과 where they are known, 참여, 졸업, 취업, and of the others
    진학, 입대, 제외, 6개월 대상, 6개월 유지, 12개월 대상, 12개월 유지 those that there are.
    """
    table = read_table(await request.body(), COLUMNS)
    rows = imported_rows(((row.number, row.values) for row in table), _TRACK_CODES)
    counted = await handlers.import_outcomes(tx, Year(year), as_of, rows, None)
    return counted_view(year, as_of, counted, closed=False)


@router.get("/programme-years/{year}/outcomes.xlsx", response_class=Response, responses=XLSX)
async def export_outcomes(
    year: YearPath,
    school: ConfinedSchool,
    read: Read,
    as_of: Annotated[date | None, Query(description="The newest day there is where it is left out")] = None,
) -> Response:
    """A cohort as Excel, a sheet by province, track, school and department: one's own, or all."""
    return workbook(f"outcomes-{year}", await outcome_tables(read, year, as_of, school))
