import hashlib
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from decisions import lot
from decisions.canonical import canonical, result_sha256, sealed, sha256

NUMBERS = (
    st.integers()
    | st.sampled_from([2**53 - 1, 2**53, -(2**53), 10**15, -0.0, 1e16, 1e21, 1e-7])
    | st.floats(allow_nan=True)
)
TEXTS = st.text(st.characters(exclude_categories=())) | st.text(
    ':,[-0123456789.eNI"\\\n\x7f가\U0001f600\ufb33'
)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=12,
)


@given(DOCUMENTS)
def test_the_canonical_form_is_that_of_rfc_8785(document: Any) -> None:
    try:
        expected = rfc8785.dumps(document)
    except ValueError as error:
        with pytest.raises(type(error)):
            canonical(document)
    else:
        assert canonical(document) == expected


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
