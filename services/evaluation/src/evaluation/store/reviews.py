"""Statements about totals."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal

from chassis.transaction import ReadTransaction, Transaction
from evaluation.domain.intake import Scored
from evaluation.domain.scoring import Total
from evaluation.domain.vocabulary import ApplicationId, Year
from evaluation.store.intake import party_of


async def put_totals(tx: Transaction, totals: Sequence[Total]) -> None:
    """Keep totals; where scoring was closed before, those of now."""
    await tx.execute(
        """
        insert into total (application, total, parts, barred)
        select application, total, parts, array(select jsonb_array_elements_text(barred))
        from unnest($1::text[], $2::numeric[], $3::jsonb[], $4::jsonb[])
          as u (application, total, parts, barred)
        on conflict (application) do update
        set total = excluded.total, parts = excluded.parts, barred = excluded.barred
        """,
        [total.application for total in totals],
        [total.total for total in totals],
        [json.dumps(_texts(total.parts)) for total in totals],
        [json.dumps(total.barred) for total in totals],
    )


async def without_total(tx: Transaction, year: Year) -> list[ApplicationId]:
    """Eligible applications that stand and were not scored, as their call closed after scoring had."""
    rows = await tx.fetch(
        """
        select a.id from application a left join total t on t.application = a.id
        where a.year = $1 and a.eligible and a.withdrawn_at is null and t.application is null order by a.id
        """,
        year,
    )
    return [ApplicationId(row["id"]) for row in rows]


async def scored(tx: ReadTransaction, year: Year) -> list[Scored]:
    """What selection starts from: eligible applications that stand, with their totals, by school."""
    rows = await tx.fetch(
        """
        select a.*, t.total, t.parts, t.barred from application a join total t on t.application = a.id
        where a.year = $1 and a.eligible and a.withdrawn_at is null order by a.school
        """,
        year,
    )
    return [
        Scored(
            party_of(row),
            tuple(row["tracks"]),
            row["accepts_general"],
            row["total"],
            {part: Decimal(points) for part, points in json.loads(row["parts"]).items()},
            tuple(row["barred"]),
        )
        for row in rows
    ]


def _texts(values: Mapping[str, Decimal]) -> dict[str, str]:
    return {name: f"{value:f}" for name, value in values.items()}
