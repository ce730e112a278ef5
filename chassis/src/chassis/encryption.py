"""Sealed columns in the database: writing with a key that is in use, sealing anew, retiring a key."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

import asyncpg

from chassis import audit
from chassis.keyring import KeyId, Keyring, Place, Sealer
from chassis.refusals import Conflict
from chassis.transaction import Command, Pool, ReadTransaction, Transaction, Unavailable, begin, repeated

BATCH: Final = 500
"""Rows sealed anew in one transaction."""


class Columns(Protocol):
    """A row of a database, or a mapping: values by column."""

    def __getitem__(self, column: str, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class SealedTable:
    """A table of `public` with sealed columns, all of a row under one key; `row` is its primary key.

    Columns that may be null are null all together.
    """

    table: str
    row: str
    columns: tuple[str, ...]

    def seal(self, sealer: Sealer, row: str, values: Mapping[str, bytes]) -> dict[str, bytes]:
        """A row's values by column."""
        return {
            column: sealer.seal(values[column], Place(self.table, column, row)) for column in self.columns
        }

    def open(self, keyring: Keyring, row: str, sealed: Columns) -> dict[str, bytes]:
        """A row's values by column.

        Raises:
            Unreadable: a key is missing, or a value was changed or moved.
        """
        return {
            column: keyring.open(sealed[column], Place(self.table, column, row)) for column in self.columns
        }

    @property
    def key_sql(self) -> str:
        """The key id of a row, as `encode(…, 'hex')` shows it; see `chassis.keyring` for the form."""
        return f"encode(substring({self.columns[0]} from 2 for 8), 'hex')"


@dataclass(frozen=True, slots=True)
class KeyUse:
    """How many rows a key seals in this database, and when it was first used and retired."""

    key: KeyId
    rows: int
    first_used_at: datetime | None
    retired_at: datetime | None


async def sealer(tx: Transaction, keyring: Keyring) -> Sealer:
    """What seals new values; until the commit nobody retires its key.

    Raises:
        Unavailable: the key was retired a moment ago and this process does not know its successor yet.
    """
    primary = keyring.primary()
    await tx.execute(
        "insert into messaging.encryption_key (id) values ($1) on conflict do nothing", primary.key
    )
    retired = await tx.fetchval(
        "select retired_at is not null from messaging.encryption_key where id = $1 for share", primary.key
    )
    if retired:
        raise Unavailable("KeyRetired")
    return primary


async def uses(tx: ReadTransaction, tables: Iterable[SealedTable]) -> list[KeyUse]:
    """Every key that this database has known or that a row is sealed with."""
    known = await tx.fetch("select id, first_used_at, retired_at from messaging.encryption_key order by 2")
    rows: dict[str, int] = {}
    for table in tables:
        for found in await tx.fetch(
            f"""
            select {table.key_sql} as key, count(*) from {table.table}
            where {table.columns[0]} is not null group by 1
            """
        ):
            rows[found["key"]] = rows.get(found["key"], 0) + found["count"]
    moments = {each["id"]: (each["first_used_at"], each["retired_at"]) for each in known}
    every = [*moments, *(key for key in rows if key not in moments)]
    return [KeyUse(KeyId(key), rows.get(key, 0), *moments.get(key, (None, None))) for key in every]


async def seal_anew(
    pool: Pool,
    keyring: Keyring,
    table: SealedTable,
    actor: str,
    progress: Callable[[int, int], None],
    batch: int = BATCH,
) -> int:
    """Seal every row of `table` with the primary key; answers how many had another one.

    Each batch is a transaction of its own: what a crash leaves is gone on with by calling this again.
    `progress` is told (rows done, rows there were) after each one.

    Raises:
        Unreadable: a row's key is missing, or its value was changed; its batch is left as it is.
    """
    total = done = 0

    async def some() -> int:
        async with begin(pool, Command(actor=actor)) as tx:
            return await _seal_some(tx, keyring, table, batch)

    async with begin(pool, Command(actor=actor)) as tx:
        total = await _left(tx, keyring.keys.primary, table)
    progress(0, total)
    while step := await repeated(some):
        done += step
        progress(done, max(done, total))
    return done


async def _seal_some(tx: Transaction, keyring: Keyring, table: SealedTable, batch: int) -> int:
    with_key = await sealer(tx, keyring)
    columns = ", ".join(table.columns)
    rows = await tx.fetch(
        f"""
        select {table.row} as row, {columns} from {table.table} where {table.key_sql} <> $1
        order by {table.row} limit $2 for update
        """,
        with_key.key,
        batch,
    )
    if rows:
        await _save(tx, table, [_sealed_anew(row, keyring, with_key, table) for row in rows])
    return len(rows)


def _sealed_anew(
    row: asyncpg.Record, keyring: Keyring, with_key: Sealer, table: SealedTable
) -> tuple[str, dict[str, bytes]]:
    plain = table.open(keyring, row["row"], row)
    return row["row"], table.seal(with_key, row["row"], plain)


async def _save(tx: Transaction, table: SealedTable, rows: list[tuple[str, dict[str, bytes]]]) -> None:
    sets = ", ".join(f"{column} = u.{column}" for column in table.columns)
    types = ", ".join(f"${at}::bytea[]" for at in range(2, len(table.columns) + 2))
    names = ", ".join(table.columns)
    await tx.execute(
        f"""
        update {table.table} t set {sets}
        from unnest($1::text[], {types}) as u (row_, {names}) where t.{table.row} = u.row_
        """,
        [row for row, _ in rows],
        *([sealed[column] for _, sealed in rows] for column in table.columns),
    )


async def _left(tx: ReadTransaction, primary: KeyId, table: SealedTable) -> int:
    left: int = await tx.fetchval(f"select count(*) from {table.table} where {table.key_sql} <> $1", primary)
    return left


async def retire(
    tx: Transaction, keyring: Keyring, tables: Iterable[SealedTable], key: KeyId, reason: str
) -> None:
    """Mark a key as one that nothing here is sealed with any more; afterwards it may leave the file.

    Raises:
        Conflict: `key_in_use`: it is the primary one, or rows are sealed with it.
    """
    if key == keyring.keys.primary:
        raise Conflict("key_in_use", f"{key} is the key for new values; make another one first", "key")
    await tx.execute("insert into messaging.encryption_key (id) values ($1) on conflict do nothing", key)
    await tx.execute("select from messaging.encryption_key where id = $1 for update", key)
    for table in tables:
        rows = await tx.fetchval(f"select count(*) from {table.table} where {table.key_sql} = $1", key)
        if rows:
            raise Conflict("key_in_use", f"{rows} rows of {table.table} are sealed with {key}", "key")
    await tx.execute("update messaging.encryption_key set retired_at = clock_timestamp() where id = $1", key)
    await audit.record(tx, action="key_retired", subject=key, reason=reason)
