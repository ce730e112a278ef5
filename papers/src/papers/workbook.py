"""What an XLSX file may hold before a reader is let near it.

A workbook is a ZIP of XML: a small one can unpack to gigabytes, and two cells in opposite corners make a
reader reserve room for the whole sheet between them. Both are found here in one pass over the bytes.
"""

import re
import zipfile
import zlib
from io import BytesIO
from typing import Final
from xml.parsers import expat

from chassis.refusals import Invalid

MAGIC: Final = b"PK\x03\x04"
MOST_COLUMNS: Final = 200
MOST_BYTES: Final = 100 << 20
"""Bytes of all parts of a workbook, unpacked."""

_NEEDED: Final = "xl/workbook.xml"
# Parts of other formats that the reader would take the file for if it is no workbook.
_FOREIGN: Final = ("content.xml", "xl/workbook.bin")
_XML: Final = (".xml", ".rels")
_CELL: Final = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_CHUNK: Final = 1 << 16


def admit(data: bytes, *, rows: int) -> None:
    """Refuse a workbook that is too big for a reader, or that computes.

    Raises:
        Invalid: rules `file_unreadable`, `too_many_rows`, `formula_in_cell`.
        ValueError: The ZIP or its XML is broken.
    """
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            names = set(archive.namelist())
            if _NEEDED not in names or names.intersection(_FOREIGN):
                raise ValueError("another format")
            left = MOST_BYTES
            for part in archive.infolist():
                left = _unpack(archive, part, left, rows)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ValueError("broken archive") from error
    except expat.ExpatError as error:
        raise ValueError("broken XML") from error


def _unpack(archive: zipfile.ZipFile, part: zipfile.ZipInfo, left: int, rows: int) -> int:
    """How many bytes are left to unpack after this part.

    Which parts are sheets stands in yet another part, so that all XML is looked at.
    """
    watch = _Sheet(rows) if part.filename.lower().endswith(_XML) else None
    with archive.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise Invalid("file_unreadable", "The file is too big when it is unpacked", "file")
            if watch is not None:
                watch.feed(chunk)
            elif b"sheetData" in chunk:
                raise ValueError("a sheet that is not named as XML")
    if watch is not None:
        watch.end()
    return left


class _Sheet:
    """Watches the XML of a sheet as it passes."""

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._inside = False
        self._row = 0
        self._column = 0
        self._cell = ""
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.StartDoctypeDeclHandler = self._doctype

    def feed(self, chunk: bytes) -> None:
        self._parser.Parse(chunk, False)

    def end(self) -> None:
        self._parser.Parse(b"", True)

    def _doctype(self, *_: object) -> None:
        raise Invalid("file_unreadable", "The file declares a document type, no spreadsheet does", "file")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        match name.rpartition(":")[2]:
            case "sheetData":
                self._inside = True
            case _ if not self._inside:
                return
            case "row":
                self._row = int(attributes.get("r", self._row + 1))
                self._column = 0
                self._admit()
            case "c":
                self._at(attributes.get("r"))
            case "f":
                detail = f"The cell {self._cell} holds a formula, it must hold a value"
                raise Invalid("formula_in_cell", detail, f"cells.{self._cell}")
            case _:
                return

    def _at(self, reference: str | None) -> None:
        if reference is None:
            self._column += 1
            self._cell = f"{self._column}. of row {self._row}"
        else:
            matched = _CELL.fullmatch(reference)
            if matched is None:
                raise ValueError("a cell that lies nowhere")
            self._cell = reference
            self._row = int(matched[2])
            self._column = _place(matched[1])
        self._admit()

    def _admit(self) -> None:
        if self._row > self._rows:
            raise Invalid("too_many_rows", f"The file has more than {self._rows} rows", "file")
        if self._column > MOST_COLUMNS:
            raise Invalid("file_unreadable", f"The file has more than {MOST_COLUMNS} columns", "file")


def _place(letters: str) -> int:
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - ord("A") + 1
    return place
