"""Imported files, as those who gave them and officers see them."""

from datetime import datetime

from pydantic import Field

from chassis.transaction import ReadTransaction
from placement.domain.imports import ImportKind, ImportState
from placement.views.shapes import View, document, found


class RowErrorView(View):
    row: int | None = Field(description="As the sheet shows it, its header being row 1", examples=[17])
    field: str | None = Field(examples=["reference"])
    rule: str = Field(examples=["enrolled_already"])
    message: str


class ImportView(View):
    id: str = Field(examples=["imp_0194f0c5c1de7c3ab8d2f1a0b3c4d5e6"])
    kind: ImportKind
    programme_year: int = Field(examples=[2025])
    party: str | None
    state: ImportState
    submitted_at: datetime
    decided_at: datetime | None
    phase: str | None = Field(
        description="What is being done, `put_off` between two tries; null before and after",
        examples=["enrolling", "put_off"],
    )
    faults: int = Field(
        description="How often it could not be taken in through no fault of the file; it is tried again"
    )
    rows_done: int | None
    rows_total: int | None
    imported: int | None = Field(description="Rows taken in, all of the file's")
    errors: list[RowErrorView] = Field(description="Why a file was refused; nothing of it was taken in")


async def show(tx: ReadTransaction, job: str, party: str | None) -> ImportView:
    """One import; where `party` is given, only if it is that party's."""
    row = found(
        await tx.fetchrow(
            """
            select j.id, j.kind, j.programme_year, j.party, j.state, j.submitted_at, j.decided_at, j.errors,
              j.imported, case when j.state = 'received' then p.phase end as phase, p.rows_done, p.rows_total,
              coalesce(p.faults, 0) as faults
            from import_job j left join import_progress p on p.job = j.id
            where j.id = $1 and ($2::text is null or j.party = $2)
            """,
            job,
            party,
        ),
        "import",
    )
    return ImportView(**row | {"errors": document(row["errors"])})
