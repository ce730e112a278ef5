"""Programme years with their policy, and the receipt numbers of a year."""

from typing import Final

from pydantic import TypeAdapter

from applications.domain.policy import Policy, ProgrammeYear
from applications.domain.vocabulary import (
    Year,
)
from applications.store.rows import found
from chassis.transaction import Transaction

_POLICY: Final = TypeAdapter(Policy)


async def add_year(tx: Transaction, year: ProgrammeYear) -> bool:
    """Keep a year; False where it is open already."""
    added = await tx.fetchval(
        """
        insert into programme_year (year, policy, opened_at) values ($1, $2::jsonb, $3)
        on conflict do nothing returning year
        """,
        year.year,
        _POLICY.dump_json(year.policy).decode(),
        year.opened_at,
    )
    return added is not None


async def open_receipts(tx: Transaction, year: Year) -> None:
    await tx.execute("select open_receipts($1)", year)


async def next_receipt(tx: Transaction, year: Year) -> str:
    """A receipt number of the year, such as `2025-0001`; one that is drawn and not used leaves a hole."""
    return f"{year}-{await tx.fetchval('select next_receipt($1)', year):04d}"


async def year(tx: Transaction, year: Year) -> ProgrammeYear:
    row = found(
        await tx.fetchrow("select * from programme_year where year = $1", year), "programme_year", "year"
    )
    return ProgrammeYear(Year(row["year"]), _POLICY.validate_json(row["policy"]), row["opened_at"])
