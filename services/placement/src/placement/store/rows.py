"""Reading rows: one that must be there, and columns of records for `unnest`."""

from typing import Any

import asyncpg

from chassis.refusals import NotFound


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
