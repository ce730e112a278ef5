"""Statements about what-ifs; they are added and read, never changed."""

from dataclasses import dataclass
from datetime import datetime

from chassis.transaction import Transaction
from evaluation.domain.vocabulary import AppealId, WhatIfId, Year


@dataclass(frozen=True, slots=True)
class Computed:
    """A snapshot and its result, canonical JSON with the SHA-256 of each."""

    snapshot: bytes
    snapshot_sha256: str
    result: bytes
    result_sha256: str


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What selection comes to now (`base`), and what it would (`otherwise`); `changes` as JSON."""

    id: WhatIfId
    year: Year
    appeal: AppealId | None
    changes: str
    base: Computed
    otherwise: Computed
    rule: str
    code: str
    made_by: str
    made_at: datetime


async def add(tx: Transaction, made: WhatIf) -> None:
    await tx.execute(
        """
        insert into what_if (id, year, appeal, changes, base_snapshot, base_snapshot_sha256, base_result,
          base_result_sha256, snapshot, snapshot_sha256, result, result_sha256, rule, code, made_by, made_at)
        values ($1, $2, $3, $4::jsonb, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
        """,
        made.id,
        made.year,
        made.appeal,
        made.changes,
        made.base.snapshot,
        made.base.snapshot_sha256,
        made.base.result,
        made.base.result_sha256,
        made.otherwise.snapshot,
        made.otherwise.snapshot_sha256,
        made.otherwise.result,
        made.otherwise.result_sha256,
        made.rule,
        made.code,
        made.made_by,
        made.made_at,
    )
