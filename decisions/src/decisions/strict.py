"""Reading a snapshot strictly: what is unknown, doubled, missing or of the wrong kind is refused by name.

A path names a field as `applicants[3].criteria.quantitative`; the empty path is the document itself.
Every reader here raises `Broken` and nothing else.
"""

import json
import re
from collections.abc import Hashable, Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn, TypeVar

T = TypeVar("T", bound=Hashable)

_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_HALVES = re.compile("[\ud800-\udfff]")


class Broken(ValueError):  # noqa: N818 - it names the state of the document, as its users read it
    """A document breaks a rule.

    Attributes:
        field: Path of the field, empty for the document as a whole.
        rule: The rule as a snake_case code.
        detail: One English sentence.
    """

    def __init__(self, field: str, rule: str, detail: str) -> None:
        super().__init__(f"{field or 'document'}: {rule}: {detail}")
        self.field = field
        self.rule = rule
        self.detail = detail


def load(path: Path) -> Any:
    """The JSON document in a file: readable, JSON in UTF-8, whole characters, no name twice in one object."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Broken("", "file_unreadable", f"the file cannot be read: {error.strerror}") from error
    return loads(data)


def loads(data: bytes) -> Any:
    """The JSON document in bytes, under the same rules as `load`."""
    try:
        return _parsed(data)
    except Broken:
        raise
    except UnicodeDecodeError as error:
        raise Broken("", "json_utf8", f"the file is not UTF-8 at byte {error.start}") from error
    except RecursionError as error:
        raise Broken("", "json_nesting", "the file nests too deeply") from error
    except ValueError as error:
        raise Broken("", "json_syntax", f"the file is not JSON: {error}") from error


def _parsed(data: bytes) -> Any:
    document = json.loads(data.decode(), object_pairs_hook=_distinct_names, parse_constant=_no_constant)
    if _SURROGATE.search(data):  # UTF-8 has none, an escape may
        _whole(document, "")
    return document


def _distinct_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        name = next(doubles(name for name, _ in pairs))
        raise Broken(name, "name_duplicate", f"the name {name!r} stands twice in one object")
    return record


def _no_constant(name: str) -> NoReturn:
    raise Broken("", "json_syntax", f"{name} is no JSON number")


def _whole(value: object, path: str) -> None:
    """Refuse half a surrogate pair: it is no character, so it has no bytes to be hashed."""
    match value:
        case str():
            if _HALVES.search(value):
                raise Broken(path, "text_surrogate", "holds half of a surrogate pair")
        case list():
            for member, at in items(value, path):
                _whole(member, at)
        case dict():
            for name, member in value.items():
                _whole(name, path)
                _whole(member, within(path, name))
        case _:
            pass  # nothing else holds text


def doubles(values: Iterable[T]) -> Iterator[T]:
    """Each value that was there before."""
    seen: set[T] = set()
    for value in values:
        if value in seen:
            yield value
        seen.add(value)


def within(path: str, name: str) -> str:
    """The path of a field of the object at `path`."""
    return f"{path}.{name}" if path else name


def text(value: object, path: str) -> str:
    """A string that is not empty."""
    if not isinstance(value, str):
        raise Broken(path, "string_expected", f"must be a string, not {_named(value)}")
    if not value:
        raise Broken(path, "string_empty", "must not be empty")
    return value


def integer(value: object, path: str, at_least: int = 0) -> int:
    """A whole number, written as a JSON number without a fraction."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise Broken(path, "integer_expected", f"must be a whole number, not {_named(value)}")
    if value < at_least:
        raise Broken(path, "integer_range", f"must be at least {at_least}, it is {value}")
    return value


def boolean(value: object, path: str) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise Broken(path, "boolean_expected", f"must be true or false, not {_named(value)}")
    return value


def decimal(value: object, path: str) -> Decimal:
    """A decimal written as a string like "87.125" or "60": no sign but `-`, no exponent."""
    if not isinstance(value, str):
        raise Broken(path, "decimal_string_expected", f'must be a string like "87.125", not {_named(value)}')
    if not _DECIMAL.fullmatch(value):
        raise Broken(path, "decimal_form", f'must be written like "87.125" or "60", not {value[:40]!r}')
    return Decimal(value)


def items(value: object, path: str) -> Iterator[tuple[object, str]]:
    """The members of an array, each with its path."""
    if not isinstance(value, list):
        raise Broken(path, "array_expected", f"must be an array, not {_named(value)}")
    return ((member, f"{path}[{index}]") for index, member in enumerate(value))


def texts(value: object, path: str) -> tuple[str, ...]:
    """An array of strings, none of them empty, none twice."""
    if isinstance(value, list) and set(map(type, value)) <= {str} and all(value):
        return distinct(tuple(value), path)  # nothing is wrong, so that no member needs its path
    return distinct(tuple(text(member, at) for member, at in items(value, path)), path)


def decimals(value: object, path: str) -> dict[str, Decimal]:
    """An object of decimals."""
    return {name: decimal(member, within(path, name)) for name, member in entries(value, path)}


def entries(value: object, path: str) -> Iterable[tuple[str, object]]:
    """The names and values of an object whose names are free."""
    if not isinstance(value, dict):
        raise Broken(path, "object_expected", f"must be an object, not {_named(value)}")
    return value.items()


def distinct(values: tuple[str, ...], path: str) -> tuple[str, ...]:
    """The values as they came, if none stands there twice."""
    if len(set(values)) < len(values):
        raise Broken(path, "value_duplicate", f"{next(doubles(values))!r} stands there twice")
    return values


class Fields:
    """The fields of one object, taken one by one; `end` refuses what is left over."""

    __slots__ = ("_left", "path")

    def __init__(self, value: object, path: str = "") -> None:
        self.path = path
        self._left = dict(entries(value, path))

    def take(self, name: str) -> tuple[object, str]:
        """A field that must be there, with its path."""
        if name not in self._left:
            raise Broken(within(self.path, name), "field_missing", "is missing")
        return self._left.pop(name), within(self.path, name)

    def take_or(self, name: str, default: object) -> tuple[object, str]:
        """A field that may be left out, with its path."""
        return self._left.pop(name, default), within(self.path, name)

    def constant(self, name: str, expected: str) -> None:
        """A field that has one value only, such as `kind`."""
        value, path = self.take(name)
        if value != expected:
            raise Broken(path, "constant_expected", f"must be {expected!r}")

    def end(self) -> None:
        """No field is left over."""
        if self._left:
            name = min(self._left)
            raise Broken(within(self.path, name), "field_unknown", "is not a field of this object")


def _named(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "an array"
        case _:
            return "an object"
