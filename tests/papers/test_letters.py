"""Letters: readable Korean, the same bytes each time, nothing of the machine in them."""

import re
import zlib
from contextlib import suppress

import pytest
from tests.printed import text_of
from typst import TypstError

from papers.letters import pdf

TEMPLATE = """
#set document(title: data.title)
= #data.title
#data.body
#strong[#data.strong]
"""
DATA = {"title": "선정 결과 통지서", "body": "서울공업고등학교 귀하 · 똠방각하 샾 ①", "strong": "선정"}


def fonts(letter: bytes) -> set[bytes]:
    """The fonts that a PDF names, also in its compressed parts."""
    parts = [letter]
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", letter, re.DOTALL):
        with suppress(zlib.error):
            parts.append(zlib.decompress(stream))
    return {name for part in parts for name in re.findall(rb"/FontName ?/[A-Z]{6}\+([A-Za-z-]+)", part)}


def test_a_letter_says_in_korean_what_it_was_given() -> None:
    text = text_of(pdf(TEMPLATE, DATA))
    for said in DATA.values():
        assert said in text


def test_a_letter_uses_the_shipped_font_alone() -> None:
    foreign = TEMPLATE + '#text(font: "Noto Sans CJK KR")[가나다]'
    assert fonts(pdf(TEMPLATE, DATA)) == {b"Pretendard-Regular"}
    assert fonts(pdf(foreign, DATA)) == {b"Pretendard-Regular"}


def test_the_same_letter_has_the_same_bytes() -> None:
    assert pdf(TEMPLATE, DATA) == pdf(TEMPLATE, DATA)
    assert pdf(TEMPLATE, DATA) != pdf(TEMPLATE, {**DATA, "strong": "미선정"})
    assert b"CreationDate" not in pdf(TEMPLATE, DATA)


def test_what_is_said_is_never_taken_for_markup() -> None:
    text = text_of(pdf(TEMPLATE, {**DATA, "body": '#read("LICENSE.txt") *x* $y$ "'}))
    assert '#read("LICENSE.txt") *x* $y$ "' in text


def test_a_name_with_characters_that_the_font_lacks_still_gets_its_letter() -> None:
    assert pdf(TEMPLATE, {**DATA, "body": "漢"}).startswith(b"%PDF")


def test_a_letter_without_a_title_is_a_fault_of_the_program() -> None:
    with pytest.raises(TypstError, match="title"):
        pdf("#data.title", DATA)


def test_a_template_reads_nothing_outside_of_its_fonts() -> None:
    with pytest.raises(TypstError):
        pdf('#set document(title: "x")\n#read("../letters.py")', {})
