import hashlib

import pytest

from decisions import lot
from decisions.canonical import canonical, result_sha256, sealed, sha256


def test_the_canonical_form_sorts_names_and_drops_white_space() -> None:
    assert canonical({"b": [1, True, None], "a": "가\n"}) == '{"a":"가\\n","b":[1,true,null]}'.encode()


def test_names_are_sorted_by_utf_16_code_units() -> None:
    assert canonical({"\ufb33": 1, "\U0001f600": 2}) == '{"\U0001f600":2,"\ufb33":1}'.encode()


def test_the_hash_does_not_depend_on_how_the_document_was_written() -> None:
    assert sha256({"a": 1, "b": 2}) == sha256({"b": 2, "a": 1})
    assert sha256({"a": "60"}) != sha256({"a": "60.0"})


def test_a_result_is_hashed_without_its_hash() -> None:
    result = {"kind": "selection-result", "awards": []}
    expected = hashlib.sha256(b'{"awards":[],"kind":"selection-result"}').hexdigest()
    assert sealed(result) == {**result, "result_sha256": expected}
    assert result_sha256(sealed(result)) == expected


def test_numbers_without_a_canonical_form_are_refused() -> None:
    with pytest.raises(ValueError, match="safe integer"):
        canonical({"a": 2**53})


def test_the_lot_is_the_hash_of_seed_and_id() -> None:
    assert lot.position("3-11-19", "sch_1") == hashlib.sha256(b"3-11-19:sch_1").hexdigest()
    assert lot.position("추첨", "학교") == hashlib.sha256("추첨:학교".encode()).hexdigest()
