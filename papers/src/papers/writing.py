"""Tables as CSV and Excel files that a spreadsheet opens without running anything."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Final
from zoneinfo import ZoneInfo

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

Cell = str | int | Decimal | date | None

_KST: Final = ZoneInfo("Asia/Seoul")
# What makes a spreadsheet take a cell for a formula, full-width forms included (OWASP, CSV Injection).
_ACTIVE: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_LONGEST_CELL: Final = 32_767
_LONGEST_NAME: Final = 31
_UNNAMEABLE: Final = str.maketrans(dict.fromkeys("[]:*?/\\", " "))
_NARROWEST: Final = 8
_WIDEST: Final = 60
_MADE: Final = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a header; each row as long as the header. Moments are shown in Korean time."""

    name: str
    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]

    def __post_init__(self) -> None:
        if any(len(row) != len(self.header) for row in self.rows):
            raise ValueError(f"{self.name}: every row has as many cells as the header")


def to_csv(table: Table) -> bytes:
    """CSV in UTF-8 with a byte order mark, as Excel wants it.

    Text that a spreadsheet would run as a formula is preceded by an apostrophe; numbers stay as they are.
    """
    written = StringIO(newline="")
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow([_plain(name) for name in table.header])
    writer.writerows([_plain(cell) for cell in row] for row in table.rows)
    return written.getvalue().encode("utf-8-sig")


def _plain(cell: Cell) -> str:
    match _shown(cell):
        case str(text):
            return f"'{text}" if text.lstrip(" ").startswith(_ACTIVE) else text
        case None:
            return ""
        case Decimal() as number:
            return f"{number:f}"
        case date() as day:
            return day.isoformat()
        case number:
            return str(number)


def _shown(cell: Cell) -> Cell:
    """A moment as text; whatever else as it is."""
    if isinstance(cell, datetime):
        return f"{cell.astimezone(_KST):%Y-%m-%d %H:%M:%S}"
    return cell


def to_xlsx(tables: Sequence[Table]) -> bytes:
    """An Excel workbook with a sheet for each table; text stays text, decimals keep their places.

    The same tables give the same bytes.

    Raises:
        ValueError: Two tables of one name, or a text longer than a cell takes.
    """
    written = BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_numbers": False,
        "strings_to_urls": False,
    }
    with Workbook(written, options) as book:
        book.set_properties({"created": _MADE})
        formats = _Formats(book)
        names: set[str] = set()
        for table in tables:
            name = table.name.translate(_UNNAMEABLE).strip("' ")[:_LONGEST_NAME]
            if name.casefold() in names:
                raise ValueError(f"two sheets would be named {name}")
            names.add(name.casefold())
            _write(book.add_worksheet(name), table, formats)
    return written.getvalue()


class _Formats:
    """The workbook's formats, each made once."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._known: dict[str, Format] = {}
        self.header: Format = book.add_format({"bold": True, "bg_color": "#E7EDF5", "bottom": 1})
        self.date = self.number("yyyy-mm-dd")

    def number(self, shape: str) -> Format:
        if shape not in self._known:
            self._known[shape] = self._book.add_format({"num_format": shape})
        return self._known[shape]

    def places(self, number: Decimal) -> Format:
        exponent = number.as_tuple().exponent
        places = max(0, -exponent) if isinstance(exponent, int) else 0
        return self.number("0." + "0" * places if places else "0")


def _write(sheet: Worksheet, table: Table, formats: _Formats) -> None:
    for column, name in enumerate(table.header):
        sheet.write_string(0, column, name, formats.header)
        sheet.set_column(column, column, _width(table, column))
    for number, row in enumerate(table.rows, 1):
        for column, cell in enumerate(row):
            _write_cell(sheet, number, column, cell, formats)
    sheet.freeze_panes(1, 0)
    if table.header and table.rows:
        sheet.autofilter(0, 0, len(table.rows), len(table.header) - 1)


def _write_cell(sheet: Worksheet, row: int, column: int, cell: Cell, formats: _Formats) -> None:
    match _shown(cell):
        case None:
            return
        case str(text):
            if len(text) > _LONGEST_CELL:
                raise ValueError(f"{sheet.get_name()} row {row + 1}: a cell takes {_LONGEST_CELL} characters")
            sheet.write_string(row, column, text)
        case Decimal() as number:
            sheet.write_number(row, column, float(number), formats.places(number))
        case date() as day:
            sheet.write_datetime(row, column, day, formats.date)
        case int(number):
            sheet.write_number(row, column, number)


def _width(table: Table, column: int) -> int:
    """Characters, a Korean one counted twice."""
    cells = [table.header[column], *(row[column] for row in table.rows[:200])]
    longest = max((_columns(_plain(cell)) for cell in cells), default=0)
    return min(max(longest + 2, _NARROWEST), _WIDEST)


def _columns(text: str) -> int:
    return sum(2 if ord(letter) >= 0x1100 else 1 for letter in text)  # noqa: PLR2004 - where Hangul begins
