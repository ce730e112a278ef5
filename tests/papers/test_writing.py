"""Tables out: what is written is what is read back, and a spreadsheet runs none of it."""

import csv
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO, StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from papers.tables import Cell, Table, to_csv, to_xlsx

DANGEROUS = ["=1+1", "+82", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "＝1", "＋1", "－1", "＠x"]


def sheet(content: bytes, name: str) -> list[list[object]]:
    with CalamineWorkbook.from_filelike(BytesIO(content)) as book:
        return [list(row) for row in book.get_sheet_by_name(name).to_python()]


def csv_rows(content: bytes) -> list[list[str]]:
    return list(csv.reader(StringIO(content.decode("utf-8-sig"), newline="")))


def test_a_csv_file_opens_as_korean_in_excel() -> None:
    content = to_csv(Table("학교", ["학교명", "점수"], [["서울공업고등학교", Decimal("87.125")]]))
    assert content.startswith("\ufeff".encode())
    assert content.decode("utf-8-sig") == "학교명,점수\r\n서울공업고등학교,87.125\r\n"


@pytest.mark.parametrize("text", DANGEROUS)
def test_text_that_a_spreadsheet_would_run_is_quoted(text: str) -> None:
    rows = csv_rows(to_csv(Table("t", [text], [[text]])))
    assert rows == [[f"'{text}"], [f"'{text}"]]


def test_negative_numbers_stay_numbers() -> None:
    rows = csv_rows(to_csv(Table("t", ["a", "b"], [[-3, Decimal("-0.50")]])))
    assert rows[1] == ["-3", "-0.50"]


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20))
def test_no_text_comes_out_of_a_csv_file_active(text: str) -> None:
    ((cell,),) = csv_rows(to_csv(Table("t", ["h"], [[text]])))[1:] or [[""]]
    assert cell in (text, f"'{text}")
    assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


@pytest.mark.parametrize("text", [*DANGEROUS, "http://example.org", "00123", "1e5"])
def test_text_stays_text_in_an_excel_file(text: str) -> None:
    content = to_xlsx([Table("t", ["h"], [[text]])])
    assert sheet(content, "t")[1] == [text]


def test_numbers_dates_and_moments_of_an_excel_file_are_read_back() -> None:
    closing = datetime(2025, 2, 14, 14, 59, 59, tzinfo=UTC)
    rows: list[list[Cell]] = [["가", 3, Decimal("87.125"), date(2025, 2, 14), closing, None, "끝"]]
    assert sheet(to_xlsx([Table("t", list("abcdefg"), rows)]), "t")[1] == [
        "가",
        3,
        87.125,
        date(2025, 2, 14),
        "2025-02-14 23:59:59",
        "",
        "끝",
    ]


def test_the_same_tables_give_the_same_bytes() -> None:
    tables = [Table("a", ["h"], [["x"]]), Table("b", ["h"], [[Decimal("1.5")]])]
    assert to_xlsx(tables) == to_xlsx(tables)


def test_sheets_get_names_that_excel_takes() -> None:
    content = to_xlsx([Table("2025/순위: [최종]" + "가" * 40, ["h"], [["x"]])])
    with CalamineWorkbook.from_filelike(BytesIO(content)) as book:
        assert book.sheet_names == [("2025 순위   최종 " + "가" * 40)[:31]]


def test_two_sheets_of_one_name_and_a_text_too_long_for_a_cell_are_refused() -> None:
    with pytest.raises(ValueError, match="two sheets"):
        to_xlsx([Table("a", ["h"], []), Table("A", ["h"], [])])
    with pytest.raises(ValueError, match="row 2: a cell takes 32767"):
        to_xlsx([Table("a", ["h"], [["x" * 32_768]])])
