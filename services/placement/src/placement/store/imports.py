"""Files to be taken in, sealed, and how far they are."""

import json
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Final

import asyncpg

from chassis.encryption import SealedTable
from chassis.keyring import Keyring, Sealer
from chassis.transaction import ReadTransaction, Transaction
from placement.domain.imports import Import, ImportId, ImportKind, ImportState
from placement.domain.vocabulary import Year

FILES: Final = SealedTable("import_job", "id", ("file",))


async def add(tx: Transaction, sealer: Sealer, received: Import, file: bytes) -> None:
    await tx.execute(
        """
        insert into import_job (id, kind, programme_year, party, file, state, submitted_by, submitted_at,
          correlation)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        received.id,
        received.kind,
        received.year,
        received.party,
        FILES.seal(sealer, received.id, {"file": file})["file"],
        received.state,
        received.submitted_by,
        received.submitted_at,
        received.correlation,
    )


async def waiting(tx: ReadTransaction) -> list[Import]:
    """What is to be taken in now, the oldest first."""
    rows = await tx.fetch(
        """
        select j.* from import_job j left join import_progress p on p.job = j.id
        where j.state = 'received' and (p.let_alone_until is null or p.let_alone_until <= clock_timestamp())
        order by j.submitted_at, j.id
        """
    )
    return [_import(row) for row in rows]


async def add_fault(tx: Transaction, job: ImportId) -> int:
    """Count a fault that was not the file's; answers how many there were."""
    faults: int = await tx.fetchval(
        """
        insert into import_progress as p (job, phase, rows_done, rows_total, faults)
        values ($1, 'put_off', 0, 0, 1)
        on conflict (job) do update
        set phase = 'put_off', rows_done = 0, rows_total = 0, faults = p.faults + 1
        returning faults
        """,
        job,
    )
    return faults


async def let_alone(tx: Transaction, job: ImportId, pause: timedelta) -> None:
    """Keep workers from a file for a while, by the machine's clock: the programme's may stand still."""
    await tx.execute(
        "update import_progress set let_alone_until = clock_timestamp() + $2 where job = $1", job, pause
    )


async def file(tx: ReadTransaction, keyring: Keyring, job: ImportId) -> bytes | None:
    """The file of one that is not decided yet."""
    row = await tx.fetchrow("select id, file from import_job where id = $1 and state = 'received'", job)
    return None if row is None else FILES.open(keyring, row["id"], row)["file"]


async def take(tx: Transaction, job: ImportId) -> bool:
    """Keep others from one that is to be taken in; False where another has it at hand, or has done it."""
    row = await tx.fetchrow(
        "select from import_job where id = $1 and state = 'received' for no key update skip locked", job
    )
    return row is not None


async def decide(tx: Transaction, decided: Import, now: datetime) -> None:
    """Keep what became of a file, and the file no longer."""
    await tx.execute(
        """
        update import_job set state = $2, decided_at = $3, errors = $4::jsonb, imported = $5, file = null
        where id = $1
        """,
        decided.id,
        decided.state,
        now,
        json.dumps([asdict(error) for error in decided.errors]),
        decided.imported,
    )


async def progress(tx: Transaction, job: ImportId, phase: str, done: int, total: int) -> None:
    await tx.execute(
        """
        insert into import_progress values ($1, $2, $3, $4)
        on conflict (job) do update set phase = $2, rows_done = $3, rows_total = $4
        """,
        job,
        phase,
        done,
        total,
    )


def _import(row: asyncpg.Record) -> Import:
    return Import(
        id=ImportId(row["id"]),
        kind=ImportKind(row["kind"]),
        year=Year(row["programme_year"]),
        party=row["party"],
        submitted_by=row["submitted_by"],
        correlation=row["correlation"],
        submitted_at=row["submitted_at"],
        state=ImportState(row["state"]),
    )
