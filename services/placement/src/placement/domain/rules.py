"""How a rule with several fields says no: everything that is wrong at once, each with its field and rule."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from chassis.refusals import Invalid, Refusal, Several


def refuse(broken: Iterable[Refusal]) -> None:
    """Raise what is broken, if anything is."""
    found = list(broken)
    if len(found) == 1:
        raise found[0]
    if found:
        raise Several(found)


def at_row(refusal: Refusal, row: str) -> Refusal:
    """The same refusal, its field named from the row it is about: `agreements.3.company`."""
    field = row if refusal.field is None else f"{row}.{refusal.field}"
    return type(refusal)(refusal.rule, refusal.detail, field)


@contextmanager
def about(row: str) -> Iterator[None]:
    """Name what is refused inside from the row it is about."""
    try:
        yield
    except Refusal as refusal:
        raise at_row(refusal, row) from refusal


def distinct(field: str, values: Iterable[str]) -> Iterator[Invalid]:
    """Each value that is named more than once."""
    for value, times in Counter(values).items():
        if times > 1:
            yield Invalid("distinct", f"{value} is named {times} times", field)
