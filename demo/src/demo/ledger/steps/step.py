"""One operation: what it tells and what rows it makes, and ways to say so in a word."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from demo.ledger.intents import Entry

Counts = Mapping[str, int]
Key = tuple[Any, ...]
Row = tuple[str, Key]
"""A name of `demo.ledger.state` and a key."""


def _nothing(_: Entry) -> Iterator[Row]:
    yield from ()


@dataclass(frozen=True, slots=True)
class Step:
    """An operation.

    Attributes:
        tells: How many events of which kind answer the request itself.
        makes: The rows that are there because of it.
        may_tell: Kinds of which the answer does not say how many there are.
    """

    tells: Callable[[Entry], Counts]
    makes: Callable[[Entry], Iterator[Row]] = _nothing
    may_tell: frozenset[str] = frozenset()


def just(**counts: int) -> Callable[[Entry], Counts]:
    named = {name.replace("_", "-"): count for name, count in counts.items()}
    return lambda _: named


def for_each(name: str, *path: str) -> Callable[[Entry], Counts]:
    """One event for each thing in the list that the answer holds at `path`."""
    return lambda entry: {name: len(within(entry.answer.told, path))}


def within(told: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        told = told[name]
    return told


def row(table: str, *fields: str) -> Callable[[Entry], Iterator[Row]]:
    """The row that the answer describes, by the fields that hold its key."""

    def makes(entry: Entry) -> Iterator[Row]:
        yield table, tuple(entry.answer.told[name] for name in fields)

    return makes


def rows(table: str, *path: str) -> Callable[[Entry], Iterator[Row]]:
    """A row for each thing in the list that the answer holds at `path`."""

    def makes(entry: Entry) -> Iterator[Row]:
        for each in within(entry.answer.told, path):
            yield table, (each if isinstance(each, str) else each["id"],)

    return makes


def from_path(entry: Entry, place: int) -> str:
    return entry.intent.path.split("/")[place]
