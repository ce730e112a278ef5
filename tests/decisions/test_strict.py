from decimal import Decimal
from pathlib import Path

import pytest

from decisions import strict
from decisions.strict import Broken, Fields


def refusal(data: bytes) -> tuple[str, str]:
    with pytest.raises(Broken) as caught:
        strict.loads(data)
    return caught.value.field, caught.value.rule


@pytest.mark.parametrize(
    ("data", "field", "rule"),
    [
        (b'{"a": 1, "a": 2}', "a", "name_duplicate"),
        (b'{"deep": [{"id": "x", "id": "x"}]}', "id", "name_duplicate"),
        (b"{", "", "json_syntax"),
        (b"", "", "json_syntax"),
        (b"{} {}", "", "json_syntax"),
        (b'{"a": NaN}', "", "json_syntax"),
        (b'{"a": ' + b"1" * 5000 + b"}", "", "json_syntax"),
        (b'{"a": "\xff"}', "", "json_utf8"),
        (b"\xef\xbb\xbf{}", "", "json_syntax"),
        (b"[" * 200_000, "", "json_nesting"),
        (rb'{"a": [{"id": "\ud800"}]}', "a[0].id", "text_surrogate"),
        (rb'{"a": {"\uDFFF": 1}}', "a", "text_surrogate"),
    ],
)
def test_a_file_that_is_not_strict_json_is_refused_by_rule(data: bytes, field: str, rule: str) -> None:
    assert refusal(data) == (field, rule)


def test_a_pair_of_surrogates_is_one_character() -> None:
    assert strict.loads(rb'"\ud83c\udf93"') == "\N{GRADUATION CAP}"


def test_a_file_that_is_not_there_is_refused_by_rule(tmp_path: Path) -> None:
    with pytest.raises(Broken) as caught:
        strict.load(tmp_path / "missing.json")
    assert caught.value.rule == "file_unreadable"


@pytest.mark.parametrize("written", ["87.125", "60", "0", "-0.5", "-12", "0.000", "123456789.123456789"])
def test_a_decimal_string_is_read_exactly(written: str) -> None:
    assert strict.decimal(written, "score") == Decimal(written)


@pytest.mark.parametrize(
    "written",
    ["", "+1", "1e3", "1.", ".5", "01", " 1", "1\n", "1,5", "NaN", "Infinity", "\u0661", "1_000", "--1"],
)
def test_anything_else_is_no_decimal(written: str) -> None:
    with pytest.raises(Broken, match=r"score: decimal_form"):
        strict.decimal(written, "score")


@pytest.mark.parametrize("value", [87.125, 60, True, None, [], {}])
def test_a_number_where_a_decimal_is_expected_is_refused(value: object) -> None:
    with pytest.raises(Broken, match=r"applicants\[0\]\.score: decimal_string_expected"):
        strict.decimal(value, "applicants[0].score")


@pytest.mark.parametrize("value", [1.0, "1", True, None])
def test_only_a_whole_number_is_an_integer(value: object) -> None:
    with pytest.raises(Broken, match="seats: integer_expected"):
        strict.integer(value, "seats")


def test_an_integer_below_its_minimum_is_refused() -> None:
    with pytest.raises(Broken, match="seats: integer_range"):
        strict.integer(-1, "seats")


def test_a_missing_field_is_named_by_its_path() -> None:
    with pytest.raises(Broken, match=r"policy\.seats: field_missing"):
        Fields({}, "policy").take("seats")


def test_a_field_left_over_is_refused() -> None:
    fields = Fields({"seats": 1, "colour": 2}, "policy")
    fields.take("seats")
    with pytest.raises(Broken, match=r"policy\.colour: field_unknown"):
        fields.end()


def test_a_value_twice_in_a_list_is_refused() -> None:
    with pytest.raises(Broken, match=r"tracks: value_duplicate: 'a'"):
        strict.texts(["a", "b", "a"], "tracks")


def test_an_empty_string_is_refused() -> None:
    with pytest.raises(Broken, match=r"tracks\[1\]: string_empty"):
        strict.texts(["a", ""], "tracks")
