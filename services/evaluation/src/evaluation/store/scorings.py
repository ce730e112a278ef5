"""Statements about what totals were worked out from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from chassis.transaction import Transaction
from evaluation.domain.vocabulary import ApplicationId, SchoolId, Year


@dataclass(frozen=True, slots=True)
class Kept:
    """A scoring snapshot and its result, as canonical bytes, with what made the result."""

    snapshot: bytes
    snapshot_sha256: str
    result: bytes
    result_sha256: str
    rule: str
    code: str


async def salt(tx: Transaction, year: Year, fresh: str) -> str:
    """The secret that reviewers' pseudonyms of a year are made with; `fresh` where there is none yet."""
    await tx.execute("insert into scoring_salt values ($1, $2) on conflict do nothing", year, fresh)
    kept: str = await tx.fetchval("select salt from scoring_salt where year = $1", year)
    return kept


async def add(tx: Transaction, year: Year, kept: Kept, now: datetime) -> bool:
    """Keep a scoring as the next version; False where the newest is the same one."""
    version: int | None = await tx.fetchval(
        """
        insert into scoring
        select $1, coalesce(max(version), 0) + 1, $2, $3, $4, $5, $6, $7, $8 from scoring where year = $1
        having coalesce((array_agg(snapshot_sha256 order by version desc))[1], '') <> $3
        returning version
        """,
        year,
        kept.snapshot,
        kept.snapshot_sha256,
        kept.result,
        kept.result_sha256,
        kept.rule,
        kept.code,
        now,
    )
    return version is not None


async def schools_scored(tx: Transaction, year: Year) -> Mapping[ApplicationId, tuple[SchoolId, str]]:
    """School and kind of every eligible application that stands."""
    rows = await tx.fetch(
        "select id, school, kind from application where year = $1 and eligible and withdrawn_at is null", year
    )
    return {ApplicationId(row["id"]): (SchoolId(row["school"]), row["kind"]) for row in rows}
