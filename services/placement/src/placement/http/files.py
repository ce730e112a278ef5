"""Answers that are files."""

from collections.abc import Sequence
from typing import Any, Final

from starlette.responses import Response

from papers.tables import Table, to_xlsx

MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
XLSX: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}}
}
"""What a route with an Excel file answers, for its documentation."""


def workbook(name: str, tables: Sequence[Table]) -> Response:
    """An Excel file `name`.xlsx to be saved."""
    disposition = f'attachment; filename="{name}.xlsx"'
    return Response(to_xlsx(tables), media_type=MEDIA_TYPE, headers={"Content-Disposition": disposition})
