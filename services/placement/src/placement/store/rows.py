"""Reading rows: one that must be there, and columns of records for `unnest`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from chassis.refusals import NotFound
from placement.domain.vocabulary import CompanyId, SchoolId, StudentId, Year


@dataclass(frozen=True, slots=True)
class Affected:
    """Whose offers and drafts are meant: of these students, of a company, of schools and companies."""

    students: Sequence[StudentId] | None = None
    company: CompanyId | None = None
    pairs: Sequence[tuple[Year, SchoolId, CompanyId]] | None = None

    def arguments(self) -> tuple[Any, ...]:
        """As five parameters: students, company, and the pairs' years, schools and companies; null is all.

        Raises:
            ValueError: Nothing is named, which would mean everybody.
        """
        if self.students is None and self.company is None and self.pairs is None:
            raise ValueError("somebody has to be affected")
        columns = (None, None, None) if self.pairs is None else self._columns(self.pairs)
        return None if self.students is None else list(self.students), self.company, *columns

    @staticmethod
    def _columns(pairs: Sequence[tuple[Year, SchoolId, CompanyId]]) -> tuple[Any, ...]:
        return [year for year, _, _ in pairs], [school for _, school, _ in pairs], [c for _, _, c in pairs]


def found(row: asyncpg.Record | None, what: str) -> asyncpg.Record:
    """The row; raises `NotFound` (`company_not_found`) where there is none."""
    if row is None:
        raise NotFound(f"{what}_not_found", f"There is no such {what.replace('_', ' ')}", what)
    return row


def all_found(rows: list[asyncpg.Record], wanted: list[Any], what: str) -> list[asyncpg.Record]:
    """The rows, one for each id that was wanted and none besides."""
    missing = set(wanted) - {row["id"] for row in rows}
    if missing:
        raise NotFound(
            f"{what}_not_found", f"There is no such {what.replace('_', ' ')}: {min(missing)}", what
        )
    return rows
