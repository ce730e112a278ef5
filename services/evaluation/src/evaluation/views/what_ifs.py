"""What-ifs, and runs beside each other."""

import json
from datetime import datetime
from typing import Any, Final

import asyncpg
from pydantic import Field

from chassis.refusals import NotFound
from chassis.transaction import ReadTransaction
from evaluation.domain.vocabulary import AppealId, RunId, WhatIfId, Year
from evaluation.views.comparing import ComparisonView, comparison
from evaluation.views.shapes import View, found


class WhatIfView(View):
    id: str = Field(examples=["wif_0194f0c5c1de7c3ab8d2f1a0b3c4d5e6"])
    year: int
    appeal: str | None = Field(description="The upheld appeal that changed scores; null for changed policies")
    changes: dict[str, Any] = Field(examples=[{"seats": 175}])
    base_snapshot_sha256: str
    base_result_sha256: str
    snapshot_sha256: str
    result_sha256: str
    rule: str = Field(examples=["selection-1"])
    code: str
    made_by: str
    made_at: datetime


_WHAT_IF: Final = """
    select id, year, appeal, changes, base_snapshot_sha256, base_result_sha256, snapshot_sha256,
      result_sha256, rule, code, made_by, made_at
    from what_if
"""
_DOCUMENTS: Final = "select year, base_snapshot, base_result, snapshot, result from what_if"


async def what_ifs(tx: ReadTransaction, year: Year) -> list[WhatIfView]:
    rows = await tx.fetch(f"{_WHAT_IF} where year = $1 order by made_at, id", year)
    return [_shown(row) for row in rows]


async def what_if(tx: ReadTransaction, of: WhatIfId) -> WhatIfView:
    return _shown(found(await tx.fetchrow(f"{_WHAT_IF} where id = $1", of), "what_if"))


async def document(tx: ReadTransaction, of: WhatIfId, which: str) -> bytes:
    """The `snapshot` or the `result` as it was hashed."""
    row = await tx.fetchrow("select snapshot, result from what_if where id = $1", of)
    written: bytes = found(row, "what_if")[which]
    return written


async def compared(tx: ReadTransaction, of: WhatIfId) -> ComparisonView:
    """What selection came to when the what-if was made, beside what it would have."""
    row = found(await tx.fetchrow(f"{_DOCUMENTS} where id = $1", of), "what_if")
    return await _compared(tx, row)


async def compared_by_appeal(tx: ReadTransaction, appeal: AppealId) -> ComparisonView:
    """Before and after an appeal was upheld."""
    row = found(await tx.fetchrow(f"{_DOCUMENTS} where appeal = $1", appeal), "comparison")
    return await _compared(tx, row)


async def runs_compared(tx: ReadTransaction, before: RunId, after: RunId) -> ComparisonView:
    rows = [
        await tx.fetchrow("select year, snapshot, result from run where id = $1", run)
        for run in (before, after)
    ]
    first, second = (found(row, "run") for row in rows)
    if first["year"] != second["year"]:
        raise NotFound("run_not_found", "There is no such run in the same year: before", "before")
    return await comparison(
        tx,
        Year(second["year"]),
        (first["snapshot"], first["result"]),
        (second["snapshot"], second["result"]),
        (before, after),
    )


async def _compared(tx: ReadTransaction, row: asyncpg.Record) -> ComparisonView:
    return await comparison(
        tx,
        Year(row["year"]),
        (row["base_snapshot"], row["base_result"]),
        (row["snapshot"], row["result"]),
    )


def _shown(row: asyncpg.Record) -> WhatIfView:
    return WhatIfView(**{**row, "changes": json.loads(row["changes"])})
