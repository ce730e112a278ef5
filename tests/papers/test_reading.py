"""Tables in: Excel and CSV files as offices have them, and files that are meant to do harm."""

import time
import unicodedata
import zipfile
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from io import BytesIO

import pytest
from xlsxwriter import Workbook

from chassis.refusals import Invalid, Several
from papers.tables import Cell, Table, read, to_csv, to_xlsx

COLUMNS = {"number": "사업자등록번호|registration_number", "name": "상호|name", "note": "비고|note?"}
HEADER = ["사업자등록번호", "상호", "비고"]


def workbook(*rows: Sequence[Cell], header: Sequence[str] = HEADER) -> bytes:
    filled = [[*row, *[None] * (len(header) - len(row))] for row in rows]
    return to_xlsx([Table("회사", header, filled)])


def refused(data: bytes, at_most: int = 100) -> Invalid:
    with pytest.raises(Invalid) as refusal:
        read(data, COLUMNS, at_most=at_most)
    return refusal.value


def rebuilt(data: bytes, part: str, content: bytes, *, name: str | None = None) -> bytes:
    """A workbook with one of its parts exchanged."""
    written = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as old, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as new:
        for each in old.namelist():
            new.writestr(name or each if each == part else each, content if each == part else old.read(each))
    return written.getvalue()


def part(data: bytes, name: str) -> bytes:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        return archive.read(name)


def test_rows_carry_the_number_that_the_sheet_shows() -> None:
    rows = read(workbook(["1", "가"], ["", ""], ["2", "나", "메모"]), COLUMNS)
    assert [row.number for row in rows] == [2, 4]
    assert rows[0].values == {"number": "1", "name": "가", "note": ""}
    assert rows[1].values == {"number": "2", "name": "나", "note": "메모"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949"])
def test_csv_is_read_in_the_encodings_of_korean_offices(encoding: str) -> None:
    content = '상호,사업자등록번호\r\n"한빛, 정밀","101"\r\n'.encode(encoding)
    (row,) = read(content, COLUMNS)
    assert (row.number, row.values["name"], row.values["number"]) == (2, "한빛, 정밀", "101")


def test_headers_are_found_in_korean_and_english_in_any_order() -> None:
    (row,) = read(workbook(["나", "7"], header=["NAME *", "Registration_Number"]), COLUMNS)
    assert row.values == {"number": "7", "name": "나", "note": ""}


def test_values_are_plain_text_whatever_the_cell_was() -> None:
    columns = {"a": "a", "b": "b", "c": "c", "d": "d"}
    content = workbook([12, Decimal("3.5"), date(2025, 3, 1), "  가 "], header=list(columns))
    assert read(content, columns)[0].values == {"a": "12", "b": "3.5", "c": "2025-03-01", "d": "가"}


def test_names_typed_on_a_mac_are_composed() -> None:
    apart = unicodedata.normalize("NFD", "상호,사업자등록번호\n한빛,1\n")
    assert read(apart.encode(), COLUMNS)[0].values["name"] == "한빛"


def test_columns_are_refused_all_at_once_each_by_its_name() -> None:
    refusal = refused(b"name,name,phone\nx,y,z\n")
    assert isinstance(refusal, Several)
    assert [(each.rule, each.field) for each in refusal.refusals] == [
        ("column_twice", "columns.name"),
        ("column_unknown", "columns.C"),
        ("column_missing", "columns.number"),
    ]


def test_a_file_without_its_header_names_nobody_who_stands_in_it() -> None:
    refusal = refused("홍길동,010-0000-0000,x\n나,7,y\n".encode())
    assert isinstance(refusal, Several)
    told = " ".join(f"{each.detail} {each.field}" for each in refusal.refusals)
    assert "홍길동" not in told
    assert "010-" not in told
    assert {"columns.A", "columns.B"} < {each.field for each in refusal.refusals}


def test_a_file_without_rows_is_refused() -> None:
    for content in (b"", b"name,registration_number\n", b"\n\n", workbook()):
        assert refused(content).rule == "file_empty"


def test_too_many_rows_are_refused() -> None:
    rows = [[str(number), "가", None] for number in range(101)]
    assert refused(workbook(*rows)).rule == "too_many_rows"
    assert refused(to_csv(Table("t", HEADER, rows))).rule == "too_many_rows"
    assert len(read(workbook(*rows[:100]), COLUMNS, at_most=100)) == 100


@pytest.mark.parametrize("cell", ["=1+1", "@SUM(1)", "+cmd|' /C calc'!A0", "-2+3+cmd", "＝1"])
def test_text_that_a_spreadsheet_would_run_is_refused_by_its_cell(cell: str) -> None:
    refusal = refused(f'name,registration_number\n가,1\n"{cell}",2\n'.encode())
    assert (refusal.rule, refusal.field) == ("formula_in_cell", "cells.A3")
    assert refused(workbook(["1", cell])).field == "cells.B2"


@pytest.mark.parametrize("cell", ["-3", "+82-2-123-4567", "-1,000.5", "a=b", "가-나"])
def test_signed_numbers_and_telephone_numbers_are_no_formulas(cell: str) -> None:
    assert read(workbook(["1", cell]), COLUMNS)[0].values["name"] == cell


def test_a_real_formula_is_refused_by_its_cell() -> None:
    written = BytesIO()
    with Workbook(written) as book:
        sheet = book.add_worksheet()
        for column, name in enumerate(HEADER):
            sheet.write_string(0, column, name)
        sheet.write_string(1, 0, "1")
        sheet.write_formula(1, 1, '=CONCATENATE("가","나")', None, "가나")
    refusal = refused(written.getvalue())
    assert (refusal.rule, refusal.field) == ("formula_in_cell", "cells.B2")


def test_files_that_are_no_tables_are_refused() -> None:
    good = workbook(["1", "가"])
    for content in (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600,
        b"%PDF-1.7\n\xff\xfe\x00",
        good[: len(good) // 2],
        b"PK\x03\x04nothing",
        b'name,registration_number\n"open,1\n',
        rebuilt(good, "xl/worksheets/sheet1.xml", b"<worksheet><sheetData>"),
    ):
        assert refused(content).rule == "file_unreadable"


def test_another_format_in_a_zip_is_not_handed_to_a_reader_that_would_take_it() -> None:
    written = BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", "<a/>")
    assert refused(written.getvalue()).rule == "file_unreadable"


def test_two_cells_in_opposite_corners_take_no_memory() -> None:
    good = workbook(["1", "가"])
    sheet = part(good, "xl/worksheets/sheet1.xml")
    far = sheet.replace(b'<row r="2"', b'<row r="1048576"').replace(b'r="A2"', b'r="XFD1048576"')
    assert far != sheet
    assert refused(rebuilt(good, "xl/worksheets/sheet1.xml", far)).rule == "too_many_rows"
    wide = sheet.replace(b'r="A2"', b'r="XFD2"')
    assert refused(rebuilt(good, "xl/worksheets/sheet1.xml", wide)).rule == "file_unreadable"


def test_a_file_that_unpacks_to_gigabytes_is_not_unpacked() -> None:
    written = BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        with archive.open("xl/media/image1.png", "w", force_zip64=True) as picture:
            for _ in range(120):
                picture.write(bytes(1 << 20))
    began = time.perf_counter()
    assert refused(written.getvalue()).rule == "file_unreadable"
    assert time.perf_counter() - began < 5


def test_a_file_with_a_document_type_is_refused() -> None:
    good = workbook(["1", "가"])
    sheet = part(good, "xl/worksheets/sheet1.xml")
    head, _, rest = sheet.partition(b"?>")
    bad = head + b'?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + rest
    assert refused(rebuilt(good, "xl/worksheets/sheet1.xml", bad)).rule == "file_unreadable"


def test_a_sheet_under_another_name_is_looked_at_all_the_same() -> None:
    good = workbook(["1", "가"])
    sheet = part(good, "xl/worksheets/sheet1.xml").replace(b"<row r=", b"<row r=", 1)
    with_formula = sheet.replace(b"</v></c></row></sheetData>", b"</v><f>1+1</f></c></row></sheetData>")
    assert with_formula != sheet
    hidden = rebuilt(good, "xl/worksheets/sheet1.xml", with_formula, name="xl/theme/other.xml")
    assert refused(hidden).rule == "formula_in_cell"
