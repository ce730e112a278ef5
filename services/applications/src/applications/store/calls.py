"""Calls and their windows: the lock that keeps one open, the moment that counts, extensions."""

from datetime import datetime

import asyncpg

from applications.domain.calls import Call, Extension, Terms, Window
from applications.domain.vocabulary import (
    CallId,
    CallState,
    Kind,
    SchoolId,
    Track,
    Year,
)
from applications.store.rows import found
from chassis.transaction import Transaction


async def add_call(tx: Transaction, call: Call) -> None:
    await tx.execute(
        """
        insert into call_for_applications (id, year, kinds, tracks, opens_at, deadline, state, version)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        call.id,
        call.year,
        call.terms.kinds,
        call.terms.tracks,
        call.terms.opens_at,
        call.terms.deadline,
        call.state,
        call.version,
    )


async def call_for_update(tx: Transaction, call: CallId) -> Call:
    """The call, waited for until no submission is under way, and kept from new ones."""
    row = await tx.fetchrow("select * from call_for_applications where id = $1 for update", call)
    return _call(found(row, "call", "id"))


async def call_for_share(tx: Transaction, call: CallId) -> Call:
    """The call, kept from closing until this transaction ends."""
    row = await tx.fetchrow("select * from call_for_applications where id = $1 for share", call)
    return _call(found(row, "call", "call"))


async def save_call(tx: Transaction, call: Call) -> None:
    await tx.execute(
        """
        update call_for_applications
        set kinds = $2, tracks = $3, opens_at = $4, deadline = $5, state = $6, version = $7, closed_at = $8
        where id = $1
        """,
        call.id,
        call.terms.kinds,
        call.terms.tracks,
        call.terms.opens_at,
        call.terms.deadline,
        call.state,
        call.version,
        call.closed_at,
    )


async def extended_until(tx: Transaction, call: CallId, school: SchoolId) -> datetime | None:
    until: datetime | None = await tx.fetchval(
        "select until from extension where call = $1 and school = $2", call, school
    )
    return until


async def last_extension(tx: Transaction, call: CallId) -> datetime | None:
    until: datetime | None = await tx.fetchval("select max(until) from extension where call = $1", call)
    return until


async def save_extension(tx: Transaction, call: CallId, extension: Extension, now: datetime) -> None:
    await tx.execute(
        """
        insert into extension (call, school, until, reason, granted_at) values ($1, $2, $3, $4, $5)
        on conflict (call, school) do update
        set until = excluded.until, reason = excluded.reason, granted_at = excluded.granted_at
        """,
        call,
        extension.school,
        extension.until,
        extension.reason,
        now,
    )


async def window(tx: Transaction, call: CallId, school: SchoolId) -> tuple[Call, Window, datetime]:
    """A school's window and the moment it stands in, decided in this order.

    First the share lock, which closing waits for; then the extension on record; and the clock last, in a
    statement of its own: read together with the lock it would be read before the wait for it.
    """
    announced = await call_for_share(tx, call)
    until = await extended_until(tx, call, school)
    return announced, announced.window(until), await tx.now()


def _call(row: asyncpg.Record) -> Call:
    terms = Terms(
        kinds=tuple(map(Kind, row["kinds"])),
        tracks=tuple(map(Track, row["tracks"])),
        opens_at=row["opens_at"],
        deadline=row["deadline"],
    )
    state = CallState(row["state"])
    return Call(CallId(row["id"]), Year(row["year"]), terms, state, row["version"], row["closed_at"])
