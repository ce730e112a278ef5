"""Routes of tables that officers take away."""

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Final, Literal

from fastapi import Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

from chassis.refusals import Invalid
from evaluation.domain.vocabulary import RunId
from evaluation.handlers import exports as handlers
from evaluation.handlers import keys
from evaluation.http.bodies import YearPath
from evaluation.http.identity import Anyone, Overseer
from evaluation.views.exports import Export, Language, Value
from papers.tables import Table, to_csv, to_xlsx
from web import Read, Recorded, Router

Format = Literal["xlsx", "csv", "json"]

router = Router(tags=["exports"])

MEDIA_TYPES: Final = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
}
_NAMES: Final = {
    "ranking": ("순위", "Ranking"),
    "scores": ("점수", "Scores"),
    "reviewers": ("평가위원", "Reviewers"),
    "results": ("결과", "Results"),
}


@router.get(
    "/programme-years/{year}/exports/{table}",
    response_class=Response,
    responses={200: {"content": {media: {} for media in MEDIA_TYPES.values()}}},
)
async def export_year(
    year: YearPath,
    table: handlers.Wanted,
    _: Overseer,
    tx: Recorded,
    format: Annotated[Format, Query(description="`all` is one Excel file or one JSON object")] = "xlsx",  # noqa: A002 - its name in the address
    language: Annotated[Language, Query()] = "ko",
    run: Annotated[
        str | None,
        Query(
            max_length=64,
            pattern=r"^run_[0-9A-Za-z_-]+$",
            description="Left out: the final result, before it the newest run",
        ),
    ] = None,
) -> Response:
    """The ranking, scores by part, reviewers' statistics, or results by province, kind and track.

    That it was read is on record.
    """
    if (table, format) == ("all", "csv"):
        raise Invalid("format_of_all", "A CSV file holds one table: table must be one of them", "table")
    made = await handlers.export(tx, year, table, None if run is None else RunId(run), language)
    disposition = f'attachment; filename="{table}-{year}.{format}"'
    # A workbook of thousands of rows takes a while, in which others are answered too.
    content = await asyncio.to_thread(rendered, made, format, language)
    return Response(
        content,
        media_type=MEDIA_TYPES[format],
        headers={"Content-Disposition": disposition},
    )


class KeysView(BaseModel):
    """JSON Web Keys; exports are signed with the last of them."""

    model_config = ConfigDict(frozen=True)

    keys: list[dict[str, str]]


@router.get("/signing-keys")
async def list_signing_keys(_: Anyone, read: Read) -> KeysView:
    """The public keys that exports of this service are signed with."""
    return KeysView(keys=await keys.published(read))


def rendered(exports: Sequence[Export], form: Format, language: Language) -> bytes:
    """The tables as a file; CSV takes the first of them."""
    match form:
        case "xlsx":
            return to_xlsx([_table(each, language) for each in exports])
        case "csv":
            return to_csv(_table(exports[0], language))
        case "json":
            documents = {each.name: _objects(each) for each in exports}
            return json.dumps(documents, ensure_ascii=False).encode()


def _table(export: Export, language: Language) -> Table:
    ko, en = _NAMES[export.name]
    return Table(
        ko if language == "ko" else en,
        [column.ko if language == "ko" else column.en for column in export.columns],
        export.rows,
    )


def _objects(export: Export) -> list[dict[str, str | int | None]]:
    keys = [column.key for column in export.columns]
    return [dict(zip(keys, map(_plain, row), strict=True)) for row in export.rows]


def _plain(value: Value) -> str | int | None:
    match value:
        case Decimal():
            return f"{value:f}"
        case datetime():
            return value.isoformat()
        case _:
            return value
