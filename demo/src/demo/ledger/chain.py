"""A service's audit log as it stands: its rows, the chain of hashes over them, and the heads kept there.

How a row and a head are hashed is written here once more, from the documentation of the log and not from its
code, so that a mistake there does not hide itself.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

import asyncpg

FIRST: Final = "0" * 64
"""What stands before the first link."""


@dataclass(frozen=True, slots=True)
class Link:
    """One link of the chain: which row it seals, the row's hash, and the head over it and all before it."""

    position: int
    row: int
    row_sha256: str
    head: str


@dataclass(frozen=True, slots=True)
class Head:
    """That the log of `service` stood at `head` after so many rows, told at that moment."""

    service: str
    position: int
    head: str
    told_at: datetime


@dataclass(frozen=True, slots=True)
class Log:
    """`rows` by their id, `links` in the order of their positions, `heads` of this service and of others."""

    rows: Mapping[int, Mapping[str, Any]]
    links: tuple[Link, ...]
    heads: frozenset[Head]


async def read(connection: "asyncpg.Connection[asyncpg.Record]") -> Log:
    """The log of the database that `connection` leads to."""
    rows = await connection.fetch(
        "select id, at, programme_at, actor, action, subject, reason, detail::text from messaging.audit"
    )
    links = await connection.fetch(
        "select position, audit, row_sha256, head from messaging.audit_seal order by position"
    )
    heads = await connection.fetch("select service, position, head, told_at from messaging.audit_head")
    return Log(
        {row["id"]: _as_hashed(row) for row in rows},
        tuple(Link(*link) for link in links),
        frozenset(Head(*head) for head in heads),
    )


def _as_hashed(row: asyncpg.Record) -> dict[str, Any]:
    """Moments in UTC to the microsecond, numbers of the detail as they are written."""
    moments = {
        name: row[name].astimezone(UTC).isoformat(timespec="microseconds") for name in ("at", "programme_at")
    }
    return {**row, **moments, "detail": json.loads(row["detail"], parse_float=str)}


def hash_of(row: Mapping[str, Any]) -> str:
    """SHA-256 over a row as JSON: UTF-8, names in order, no spaces."""
    return _sha256(row)


def head_over(link: Link, before: str) -> str:
    """The head that `link` makes of the one before it."""
    return _sha256({"position": link.position, "previous": before, "row": link.row_sha256})


def _sha256(document: Mapping[str, Any]) -> str:
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()
