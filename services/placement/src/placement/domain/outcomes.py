"""What became of a cohort: the students of a programme year, as they stood on a day in Korea."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Final

from chassis.refusals import Conflict, Invalid, Refusal
from placement.domain.programme import School
from placement.domain.rules import refuse
from placement.domain.vocabulary import Year

_TENTH: Final = Decimal("0.1")
_COUNT: Final = re.compile("[0-9]{1,7}")


class Origin(StrEnum):
    """Counted from what is recorded here, or brought in from an earlier year."""

    PLATFORM = "platform"
    IMPORTED = "imported"


def percent(part: int, whole: int) -> Decimal | None:
    """`part` of `whole` in per cent, one decimal, halves rounded up; None where there is no whole.

    So do the published tables of the KEDI graduate survey (직업계고 졸업 후 상황 조사) round.
    """
    if whole == 0:
        return None
    return (Decimal(part) * 100 / Decimal(whole)).quantize(_TENTH, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Figures:
    """Students by what became of them, in heads; retention in placements.

    `employed`, `advanced`, `enlisted` and `excluded` are disjoint parts of `graduates`, these of `enrolled`;
    `due_6` placements had their sixth month behind them on the day, `retained_6` of them lasted; 12 alike.
    """

    enrolled: int = 0
    graduates: int = 0
    employed: int = 0
    advanced: int = 0
    enlisted: int = 0
    excluded: int = 0
    due_6: int = 0
    retained_6: int = 0
    due_12: int = 0
    retained_12: int = 0

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(Figures)))

    @property
    def outside(self) -> int:
        """Who is no part of the official base."""
        return self.advanced + self.enlisted + self.excluded

    @property
    def base(self) -> int:
        return self.graduates - self.outside

    @property
    def employment_rate(self) -> Decimal | None:
        """Employed ÷ (graduates - advanced study - enlisted - excluded), in per cent.

        Source: Ministry of Education and KEDI, employment statistics of vocational high schools (직업계고
        졸업자 취업통계), 2024: 55.3 % = 16,588 ÷ (63,005 - 30,216 - 1,716 - 1,059).
        """
        return percent(self.employed, self.base)

    @property
    def plain_rate(self) -> Decimal | None:
        """Employed ÷ graduates, in per cent: what the survey's tables by department print."""
        return percent(self.employed, self.graduates)

    @property
    def retention_rate_6(self) -> Decimal | None:
        return percent(self.retained_6, self.due_6)

    @property
    def retention_rate_12(self) -> Decimal | None:
        return percent(self.retained_12, self.due_12)

    def counts(self) -> dict[str, int]:
        return asdict(self)

    def broken(self, at: str) -> Iterator[Refusal]:
        """What cannot be, each with its field below `at`."""
        yield from (
            Invalid("not_negative", f"{name} is below 0", f"{at}.{name}")
            for name, count in self.counts().items()
            if count < 0
        )
        wholes = {
            "graduates": (self.graduates, self.enrolled, "enrolled"),
            "employed": (self.employed + self.outside, self.graduates, "graduates"),
            "retained_6": (self.retained_6, self.due_6, "due_6"),
            "retained_12": (self.retained_12, self.due_12, "due_12"),
        }
        for name, (part, whole, of) in wholes.items():
            if part > whole:
                what = "employed, advanced, enlisted and excluded are" if name == "employed" else f"{name} is"
                yield Invalid("parts_of_whole", f"{what} more than {of} ({part} of {whole})", f"{at}.{name}")


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """Students of a school who share a track and a department (학과); empty where that is not known."""

    track: str
    department: str


@dataclass(frozen=True, slots=True)
class Report:
    """A school's cohort on a day; a later revision stands in the place of an earlier one, which is kept."""

    year: Year
    school: School
    as_of: date
    revision: int
    cells: Mapping[Cell, Figures]
    origin: Origin
    reported_at: datetime
    reason: str | None = None

    @property
    def figures(self) -> Figures:
        return total(self.cells.values())


@dataclass(frozen=True, slots=True)
class Standing:
    """The newest revision of a report, as far as a new one depends on it."""

    revision: int
    cells: Mapping[Cell, Figures]


def total(figures: Iterable[Figures]) -> Figures:
    return sum(figures, start=Figures())


@dataclass(frozen=True, slots=True)
class Count:
    """A cohort counted on a day: for a school its cells."""

    year: Year
    as_of: date
    origin: Origin
    now: datetime
    reason: str = "figures_recounted"

    def report(self, school: School, cells: Mapping[Cell, Figures], last: Standing | None) -> Report | None:
        """The next revision, or None where the figures are those that were told last."""
        if last is not None and dict(last.cells) == dict(cells):
            return None
        revision = 1 if last is None else last.revision + 1
        reason = None if revision == 1 else self.reason
        return Report(self.year, school, self.as_of, revision, cells, self.origin, self.now, reason)


def school_year_ends(year: Year) -> date:
    """The last day of February: by then a student of the cohort has graduated, or has not.

    Source: Elementary and Secondary Education Act (초·중등교육법), Article 24, paragraph 1.
    """
    return date(year + 1, 3, 1) - timedelta(days=1)


def require_over(as_of: date, today: date) -> None:
    """Refuse a day that is not over in Korea, today included: what it will have been like nobody knows."""
    if as_of >= today:
        raise Invalid("day_to_come", f"{as_of.isoformat()} is not over in Korea", "as_of")


@dataclass(frozen=True, slots=True)
class ImportedRow:
    """One row of an earlier year's outcomes; `at` names it in the request, `rows.3`."""

    at: str
    school: str
    cell: Cell
    figures: Figures = field(default_factory=Figures)


COLUMNS: Final = {
    "school": "학교|school",
    "track": "유형|track?",
    "department": "학과|department?",
    "enrolled": "참여|enrolled",
    "graduates": "졸업|graduates",
    "employed": "취업|employed",
    "advanced": "진학|advanced?",
    "enlisted": "입대|enlisted?",
    "excluded": "제외|excluded?",
    "due_6": "6개월 대상|due_6?",
    "retained_6": "6개월 유지|retained_6?",
    "due_12": "12개월 대상|due_12?",
    "retained_12": "12개월 유지|retained_12?",
}
"""Field → header of a table of outcomes; what is left out counts as nothing."""


def imported_rows(
    rows: Iterable[tuple[int, Mapping[str, str]]], tracks: Mapping[str, str]
) -> list[ImportedRow]:
    """The rows of a table, by their numbers; `tracks` gives the codes of what tracks are called.

    Raises:
        Several, Invalid: naming every cell that holds no count or no track, `rows.4.employed`.
    """
    broken: list[Refusal] = []
    found: list[ImportedRow] = []
    for number, values in rows:
        at = f"rows.{number}"
        counts = {each.name: values[each.name] or "0" for each in fields(Figures)}
        wrong = [name for name, text in counts.items() if not _COUNT.fullmatch(text)]
        broken += [Invalid("count", "A count is written in digits", f"{at}.{name}") for name in wrong]
        track = tracks.get(values["track"])
        if track is None:
            broken.append(Invalid("known", f"Known are {', '.join(filter(None, tracks))}", f"{at}.track"))
        elif not wrong:
            figures = Figures(**{name: int(text) for name, text in counts.items()})
            cell = Cell(track, values["department"])
            found.append(ImportedRow(at, values["school"], cell, figures))
    refuse(broken)
    return found


def check_rows(rows: Iterable[ImportedRow], known: Mapping[str, School]) -> dict[str, dict[Cell, Figures]]:
    """The cells of each school.

    Raises:
        Several, Invalid, Conflict: naming every row that breaks a rule.
    """
    cells: dict[str, dict[Cell, Figures]] = {}
    broken: list[Refusal] = []
    for row in rows:
        broken += row.figures.broken(row.at)
        if row.school not in known:
            broken.append(Conflict("school_unknown", f"No such school: {row.school}", f"{row.at}.school"))
        of_school = cells.setdefault(row.school, {})
        if row.cell in of_school:
            broken.append(
                Invalid("distinct", "School, track and department stand in a row above", f"{row.at}.school")
            )
        of_school[row.cell] = row.figures
    refuse(broken)
    return cells
