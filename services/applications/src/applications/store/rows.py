"""Reading rows: one that must be there."""

import asyncpg

from chassis.refusals import NotFound


def found(row: asyncpg.Record | None, what: str, field: str) -> asyncpg.Record:
    """The row; raises `NotFound` (`call_not_found`) where there is none."""
    if row is None:
        raise NotFound(f"{what}_not_found", f"There is no such {what.replace('_', ' ')}", field)
    return row
