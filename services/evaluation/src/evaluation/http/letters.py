"""Routes of what is printed."""

from typing import Annotated

from fastapi import Query
from fastapi.responses import Response

from evaluation.http.bodies import YearPath
from evaluation.http.identity import OwnSchool
from evaluation.views import letters
from web import Read, Router

router = Router(tags=["letters"])


@router.get(
    "/programme-years/{year}/result/letter",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}}}},
)
async def print_result_letter(
    year: YearPath, school: OwnSchool, read: Read, language: Annotated[letters.Language, Query()] = "ko"
) -> Response:
    """What the caller's school got and why, as a letter to print."""
    letter = await letters.result_letter(read, year, school, language)
    disposition = f'attachment; filename="result-{year}-{language}.pdf"'
    return Response(letter, media_type="application/pdf", headers={"Content-Disposition": disposition})
