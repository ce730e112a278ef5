"""What an export of a year takes away."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chassis.transaction import ReadTransaction
from evaluation.domain.vocabulary import RunId, Year


@dataclass(frozen=True, slots=True)
class ArchivedRun:
    """A run with its documents, and who decided on it."""

    id: RunId
    version: int
    stage: str
    state: str
    proposed_by: str
    proposed_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    published_at: datetime | None
    snapshot: bytes
    result: bytes


@dataclass(frozen=True, slots=True)
class ArchivedScoring:
    """What totals were worked out from, and the totals."""

    version: int
    snapshot: bytes
    result: bytes


async def runs(tx: ReadTransaction, year: Year) -> list[ArchivedRun]:
    """The runs of a year but those that were set aside."""
    rows = await tx.fetch(
        """
        select id, version, stage, state, proposed_by, proposed_at, approved_by, approved_at, published_at,
          snapshot, result
        from run where year = $1 and state <> 'superseded' order by version
        """,
        year,
    )
    return [ArchivedRun(**row) for row in rows]


async def scorings(tx: ReadTransaction, year: Year) -> list[ArchivedScoring]:
    rows = await tx.fetch(
        "select version, snapshot, result from scoring where year = $1 order by version", year
    )
    return [ArchivedScoring(**row) for row in rows]


async def explanations(tx: ReadTransaction, runs: Sequence[RunId]) -> dict[RunId, list[dict[str, Any]]]:
    """What each run says to each school: facts, and the same in Korean and English."""
    rows = await tx.fetch(
        """
        select run, school, reasons, facts, explanation_ko, explanation_en from outcome
        where run = any($1) order by run, school
        """,
        list(runs),
    )
    found: dict[RunId, list[dict[str, Any]]] = {run: [] for run in runs}
    for row in rows:
        told = {**row, "facts": json.loads(row["facts"])}
        found[RunId(told.pop("run"))].append(told)
    return found


async def known(tx: ReadTransaction, year: Year) -> bool:
    there: bool = await tx.fetchval("select exists (select from programme_year where year = $1)", year)
    return there
