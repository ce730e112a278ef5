"""Statements about reviewers, assignments, sheets and totals."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from chassis.transaction import Transaction
from evaluation.domain.intake import Scored
from evaluation.domain.reviewing import Assignment, Reviewed, Reviewer
from evaluation.domain.scoring import Sheet, Total
from evaluation.domain.vocabulary import ApplicationId, ReviewerId, SchoolId, Year
from evaluation.store.intake import party_of


async def add_reviewers(tx: Transaction, reviewers: Sequence[Reviewer], now: datetime) -> set[ReviewerId]:
    """Keep reviewers; those that were not known before."""
    rows = await tx.fetch(
        """
        insert into reviewer (id, school, province, registered_at)
        select u.*, $4 from unnest($1::text[], $2::text[], $3::text[]) as u
        on conflict do nothing returning id
        """,
        [reviewer.id for reviewer in reviewers],
        [reviewer.school for reviewer in reviewers],
        [reviewer.province for reviewer in reviewers],
        now,
    )
    return {ReviewerId(row["id"]) for row in rows}


async def reviewers(tx: Transaction) -> list[Reviewer]:
    rows = await tx.fetch("select id, school, province from reviewer order by id")
    return [
        Reviewer(
            ReviewerId(row["id"]), None if row["school"] is None else SchoolId(row["school"]), row["province"]
        )
        for row in rows
    ]


async def reviewed(tx: Transaction, year: Year) -> list[Reviewed]:
    """The eligible applications of a year that stand, and who reviews them."""
    rows = await tx.fetch(
        """
        select a.id, a.school, a.province,
          array(select reviewer from assignment s where s.application = a.id) as reviewers
        from application a where a.year = $1 and a.eligible and a.withdrawn_at is null order by a.id
        """,
        year,
    )
    return [
        Reviewed(
            ApplicationId(row["id"]),
            SchoolId(row["school"]),
            row["province"],
            frozenset(ReviewerId(reviewer) for reviewer in row["reviewers"]),
        )
        for row in rows
    ]


async def loads(tx: Transaction, year: Year) -> dict[ReviewerId, int]:
    """How many standing applications of the year each reviewer has."""
    rows = await tx.fetch(
        """
        select s.reviewer, count(*) as load from assignment s join application a on a.id = s.application
        where a.year = $1 and a.withdrawn_at is null group by s.reviewer
        """,
        year,
    )
    return {ReviewerId(row["reviewer"]): row["load"] for row in rows}


async def add_assignments(tx: Transaction, assignments: Sequence[Assignment], now: datetime) -> None:
    await tx.execute(
        """
        insert into assignment (application, reviewer, assigned_at)
        select u.*, $3 from unnest($1::text[], $2::text[]) as u
        """,
        [each.application for each in assignments],
        [each.reviewer for each in assignments],
        now,
    )


async def assigned_kinds(
    tx: Transaction, reviewer: ReviewerId, applications: Iterable[ApplicationId]
) -> dict[ApplicationId, tuple[Year, str]]:
    """Year and kind of those of the applications that the reviewer is to score and that stand."""
    rows = await tx.fetch(
        """
        select a.id, a.year, a.kind from assignment s join application a on a.id = s.application
        where s.reviewer = $1 and a.id = any($2) and a.withdrawn_at is null
        """,
        reviewer,
        list(applications),
    )
    return {ApplicationId(row["id"]): (Year(row["year"]), row["kind"]) for row in rows}


async def add_sheets(tx: Transaction, sheets: Sequence[Sheet], now: datetime) -> set[ApplicationId]:
    """Keep a reviewer's sheets; the applications that had none of this reviewer before."""
    rows = await tx.fetch(
        """
        insert into sheet (application, reviewer, scores, submitted_at)
        select u.*, $4 from unnest($1::text[], $2::text[], $3::jsonb[]) as u
        on conflict do nothing returning application
        """,
        [sheet.application for sheet in sheets],
        [sheet.reviewer for sheet in sheets],
        [json.dumps({name: f"{score:f}" for name, score in sheet.scores.items()}) for sheet in sheets],
        now,
    )
    return {ApplicationId(row["application"]) for row in rows}


async def unscored(tx: Transaction, year: Year) -> list[Assignment]:
    """Assignments of standing applications without a sheet."""
    rows = await tx.fetch(
        """
        select s.application, s.reviewer from assignment s join application a on a.id = s.application
        where a.year = $1 and a.withdrawn_at is null and not exists (
          select from sheet t where t.application = s.application and t.reviewer = s.reviewer
        )
        order by 1, 2
        """,
        year,
    )
    return [Assignment(ApplicationId(row["application"]), ReviewerId(row["reviewer"])) for row in rows]


async def sheets(tx: Transaction, year: Year) -> dict[str, list[Sheet]]:
    """The sheets of eligible applications that stand, by kind of school."""
    rows = await tx.fetch(
        """
        select t.application, t.reviewer, t.scores, a.kind
        from sheet t join application a on a.id = t.application
        where a.year = $1 and a.eligible and a.withdrawn_at is null order by 1, 2
        """,
        year,
    )
    found: dict[str, list[Sheet]] = {}
    for row in rows:
        scores = {name: Decimal(score) for name, score in json.loads(row["scores"]).items()}
        sheet = Sheet(ApplicationId(row["application"]), ReviewerId(row["reviewer"]), scores)
        found.setdefault(row["kind"], []).append(sheet)
    return found


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


async def scored(tx: Transaction, year: Year) -> list[Scored]:
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
