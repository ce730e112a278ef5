"""Where a planted name or address turns up: in a database's tables, in what a service logs."""

import io
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import structlog

from chassis import logs

Rows = Callable[..., Awaitable[Sequence[Any]]]
"""Asks a database: a statement and its values."""


@contextmanager
def logged_by(service: str) -> Iterator[io.StringIO]:
    """All that the process logs from here on, as the service would write it."""
    root, written = logging.getLogger(), io.StringIO()
    before, level = root.handlers[:], root.level
    logs.start("DEBUG", service)
    # A logger that is first used here would keep this test's way of writing for those that follow.
    structlog.configure(cache_logger_on_first_use=False)
    for handler in root.handlers:
        assert isinstance(handler, logging.StreamHandler)
        handler.setStream(written)
    yield written
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


async def tables_with(rows: Rows, needle: str) -> set[str]:
    """Every table of a database, whatever its schema, that has `needle` somewhere in a row."""
    found = set()
    tables = await rows(
        "select schemaname as s, tablename as t from pg_tables where schemaname = any($1)",
        ["public", "messaging", "web"],
    )
    for table in tables:
        name = f'"{table["s"]}"."{table["t"]}"'
        # bytea shows as hexadecimal: it is looked for in that form as well.
        patterns = [f"%{needle}%", f"%{needle.encode().hex()}%"]
        if await rows(f"select from {name} r where r::text ilike any($1) limit 1", patterns):
            found.add(f"{table['s']}.{table['t']}")
    return found
