"""Files taken in whole or not at all, by a worker.

received ── every row holds ──▶ done | refused, with every row that does not
received ── something else than the file is at fault ──▶ received, tried again after a while
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NewType

from chassis.refusals import Refusal, Several
from placement.domain.vocabulary import Year

ImportId = NewType("ImportId", str)

FIRST_PAUSE: Final = timedelta(seconds=1)
LONGEST_PAUSE: Final = timedelta(minutes=5)


class ImportKind(StrEnum):
    COMPANIES = "companies"
    ROSTER = "roster"


class ImportState(StrEnum):
    RECEIVED = "received"
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class RowError:
    """What is wrong with a file; `row` as the sheet shows it, None for the file as a whole."""

    row: int | None
    field: str | None
    rule: str
    message: str


@dataclass(frozen=True, slots=True)
class Import:
    """A file that somebody gave, for a party or as an officer; `imported` counts rows."""

    id: ImportId
    kind: ImportKind
    year: Year
    party: str | None
    submitted_by: str
    correlation: str
    submitted_at: datetime
    state: ImportState = ImportState.RECEIVED
    errors: tuple[RowError, ...] = ()
    imported: int | None = None

    def done(self, rows: int) -> "Import":
        return replace(self, state=ImportState.DONE, imported=rows)

    def refuse(self, refusal: Refusal) -> "Import":
        return replace(self, state=ImportState.REFUSED, errors=row_errors(refusal))


def pause_after(faults: int) -> timedelta:
    """How long a file waits after so many faults that were not its own: twice as long each time."""
    return min(FIRST_PAUSE * (1 << min(faults - 1, 30)), LONGEST_PAUSE)


def row_errors(refusal: Refusal) -> tuple[RowError, ...]:
    """Each thing that a refusal names, by the row in its field (`rows.17.reference`)."""
    refusals = refusal.refusals if isinstance(refusal, Several) else [refusal]
    return tuple(_error(each) for each in refusals)


def _error(refusal: Refusal) -> RowError:
    match (refusal.field or "").split(".", 2):
        case ["rows", number, *field] if number.isdigit():
            return RowError(int(number), ".".join(field) or None, refusal.rule, refusal.detail)
        case _:
            return RowError(None, refusal.field, refusal.rule, refusal.detail)
