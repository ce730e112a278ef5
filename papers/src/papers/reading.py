"""Tables that people upload: XLSX or CSV, one header row, then a row for each thing.

What comes in is not trusted: sizes are held before a file is unpacked, formulas are refused, nothing is run.
"""

import csv
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from io import BytesIO, StringIO
from typing import Final

from python_calamine import CalamineError, CalamineWorkbook

from chassis.refusals import Invalid, Refusal, Several
from papers.workbook import MAGIC, admit

MOST_ROWS: Final = 20_000
"""Rows below the header that one file may have."""

_ENCODINGS: Final = ("utf-8-sig", "cp949")
# A signed number, as in `-3.5` or `+82-2-123-4567`, is text that no spreadsheet needs to run.
_FORMULA: Final = re.compile(r"\s*(?:[=@＝＠]|[+\-＋－](?![\d\s.,-]*$))")


@dataclass(frozen=True, slots=True)
class Row:
    """A row with a value for each field; `number` is what the sheet shows, its header being row 1."""

    number: int
    values: Mapping[str, str]


def read(data: bytes, columns: Mapping[str, str], *, at_most: int = MOST_ROWS) -> list[Row]:
    """The rows of an uploaded file that are not empty, in their order.

    Args:
        data: an XLSX file (its first sheet is read), or CSV in UTF-8 or CP949.
        columns: field → header; `사업자등록번호|registration_number` accepts either, a last `?` makes the
            column optional (its values are empty where it is missing). The order of columns is free.
        at_most: rows below the header.

    Returns:
        Values without surrounding space, composed (NFC); dates in ISO form, numbers as plain decimals, an
        empty cell as "".

    Raises:
        Invalid: rules `file_unreadable`, `file_empty`, `too_many_rows`, `formula_in_cell`, `column_missing`,
            `column_unknown`, `column_twice`; several at once where they can be told at once.
    """
    rows = _xlsx(data, at_most) if data.startswith(MAGIC) else _csv(data)
    header = next(rows, (0, []))[1]
    if not any(header):
        raise Invalid("file_empty", "The first row must be the header, it is empty", "file")
    fields = _fields(header, columns)
    found: list[Row] = []
    for number, cells in rows:
        if not any(cells):
            continue
        if len(found) == at_most:
            raise _too_many(at_most)
        found.append(Row(number, _values(cells, fields, columns)))
    if not found:
        raise Invalid("file_empty", "There is no row below the header", "file")
    return found


def _too_many(at_most: int) -> Invalid:
    return Invalid("too_many_rows", f"A file may have {at_most} rows below its header", "file")


def _values(cells: Sequence[str], fields: Mapping[int, str], columns: Mapping[str, str]) -> dict[str, str]:
    values = dict.fromkeys(columns, "")
    for place, cell in enumerate(cells):
        if place in fields:
            values[fields[place]] = cell
    return values


def _fields(header: Sequence[str], columns: Mapping[str, str]) -> dict[int, str]:
    """Place of a column → its field."""
    known = {
        _matched(name): field
        for field, names in columns.items()
        for name in (*names.removesuffix("?").split("|"), field)
    }
    refusals: list[Refusal] = []
    fields: dict[int, str] = {}
    for place, title in enumerate(header):
        field = known.get(_matched(title))
        if field is None and title:
            # By its letter: where the header is missing, this is somebody's name.
            name = column_name(place)
            refusals.append(
                Invalid("column_unknown", f"The title of column {name} is not known", f"columns.{name}")
            )
        elif field in fields.values():
            refusals.append(
                Invalid("column_twice", f"The column {title} stands there twice", f"columns.{field}")
            )
        elif field is not None:
            fields[place] = field
    for field, names in columns.items():
        if field not in fields.values() and not names.endswith("?"):
            title = " or ".join(names.split("|"))
            refusals.append(Invalid("column_missing", f"The column {title} is missing", f"columns.{field}"))
    if refusals:
        raise Several(refusals)
    return fields


def _matched(title: str) -> str:
    return re.sub(r"[\s*]+", "", unicodedata.normalize("NFC", title)).casefold()


def _csv(data: bytes) -> Iterator[tuple[int, list[str]]]:
    text = _decoded(data)
    if "\x00" in text:
        raise _unreadable("it is neither an XLSX file nor text")
    rows = csv.reader(StringIO(text, newline=""), strict=True)
    try:
        for number, row in enumerate(rows, 1):
            cells = [_text(cell) for cell in row]
            for place, cell in enumerate(cells):
                _refuse_formula(cell, number, place)
            yield number, cells
    except csv.Error as error:
        raise _unreadable("its quotes or line ends are broken") from error


def _decoded(data: bytes) -> str:
    for encoding in _ENCODINGS:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _unreadable("it is neither an XLSX file nor CSV in UTF-8 or CP949")


def _xlsx(data: bytes, at_most: int) -> Iterator[tuple[int, list[str]]]:
    try:
        # A row or two more than allowed are read, so that empty ones at the end do no harm.
        admit(data, rows=2 * at_most + 1)
        with CalamineWorkbook.from_filelike(BytesIO(data)) as book:
            cells = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (CalamineError, ValueError, IndexError) as error:
        raise _unreadable("it is not an XLSX file that can be read") from error
    for number, row in enumerate(cells, 1):
        texts = [_text(_shown(cell)) for cell in row]
        for place, cell in enumerate(texts):
            _refuse_formula(cell, number, place)
        yield number, texts


def _shown(cell: float | str | date | time | timedelta) -> str:
    match cell:
        case str():
            return cell
        case bool():
            return "TRUE" if cell else "FALSE"
        case float():
            # A spreadsheet keeps whole numbers as floats too.
            return f"{int(cell)}" if cell.is_integer() else repr(cell)
        case datetime():
            return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ")
        case date() | time():
            return cell.isoformat()
        case _:
            return str(cell)


def _text(cell: str) -> str:
    return unicodedata.normalize("NFC", cell).strip()


def _refuse_formula(cell: str, row: int, place: int) -> None:
    if _FORMULA.match(cell):
        name = f"{column_name(place)}{row}"
        raise Invalid(
            "formula_in_cell", f"The cell {name} holds a formula, it must hold a value", f"cells.{name}"
        )


def column_name(place: int) -> str:
    """The letters over a column, A for 0."""
    name = ""
    while place >= 0:
        place, letter = divmod(place, 26)
        name = chr(ord("A") + letter) + name
        place -= 1
    return name


def _unreadable(why: str) -> Invalid:
    return Invalid("file_unreadable", f"The file cannot be read: {why}", "file")
