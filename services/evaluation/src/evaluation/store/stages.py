"""Statements about stages of review: what was closed, who went on, and what an application comes to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from chassis.transaction import ReadTransaction, Transaction
from evaluation.domain.vocabulary import ApplicationId, Kind, ReviewStage, Year


@dataclass(frozen=True, slots=True)
class Closure:
    """A stage that was closed: its line, how many went on, how many did not."""

    kind: Kind
    stage: ReviewStage
    line: Decimal | None
    passed: int
    cut: int


async def closed(tx: ReadTransaction, year: Year) -> set[tuple[str, str]]:
    """Kind and stage of what is closed."""
    rows = await tx.fetch("select kind, stage from stage_closure where year = $1", year)
    return {(row["kind"], row["stage"]) for row in rows}


async def close(tx: Transaction, year: Year, closure: Closure, now: datetime) -> None:
    await tx.execute(
        """
        insert into stage_closure (year, kind, stage, closed_at, closed_by, line, passed, cut)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        year,
        closure.kind,
        closure.stage,
        now,
        tx.actor,
        closure.line,
        closure.passed,
        closure.cut,
    )


async def put_results(
    tx: Transaction, stage: ReviewStage, results: Sequence[tuple[ApplicationId, Decimal, bool]]
) -> None:
    """Keep how far applications came by the end of a stage: points reached, and whether they go on."""
    await tx.execute(
        """
        insert into stage_result (application, stage, reached, passed)
        select u.application, $2, u.reached, u.passed
        from unnest($1::text[], $3::numeric[], $4::boolean[]) as u (application, reached, passed)
        on conflict (application, stage) do update set reached = excluded.reached, passed = excluded.passed
        """,
        [application for application, _, _ in results],
        stage,
        [reached for _, reached, _ in results],
        [passed for _, _, passed in results],
    )


async def judged(
    tx: ReadTransaction, year: Year, kind: Kind, stage: ReviewStage
) -> dict[ApplicationId, bool]:
    """Whether those went on whom this stage's line was held against before, of a kind."""
    rows = await tx.fetch(
        """
        select r.application, r.passed from stage_result r join application a on a.id = r.application
        where a.year = $1 and a.kind = $2 and r.stage = $3 and a.eligible and a.withdrawn_at is null
        """,
        year,
        kind,
        stage,
    )
    return {ApplicationId(row["application"]): row["passed"] for row in rows}


async def cut(tx: ReadTransaction, year: Year) -> dict[ApplicationId, ReviewStage]:
    """The first stage that cut an application, for those that one did."""
    rows = await tx.fetch(
        """
        select distinct on (r.application) r.application, r.stage
        from stage_result r join application a on a.id = r.application
        left join stage_closure c on c.year = a.year and c.kind = a.kind and c.stage = r.stage
        where a.year = $1 and not r.passed order by r.application, c.closed_at, r.stage
        """,
        year,
    )
    return {ApplicationId(row["application"]): ReviewStage(row["stage"]) for row in rows}


async def reopen(tx: Transaction, year: Year) -> list[tuple[str, str]]:
    """Open stages again that an eligible application has not been through, since it came later.

    What was reviewed stands. Kind and stage of those opened.
    """
    rows = await tx.fetch(
        """
        delete from stage_closure c where c.year = $1 and exists (
          select from application a
          where a.year = c.year and a.kind = c.kind and a.eligible and a.withdrawn_at is null
            and not exists (
              select from stage_result r
              where r.application = a.id and (r.stage = c.stage or not r.passed)
            )
        )
        returning kind, stage
        """,
        year,
    )
    return [(row["kind"], row["stage"]) for row in rows]


async def lines(tx: ReadTransaction, year: Year) -> Mapping[tuple[str, str], Decimal | None]:
    """The line of each stage that was closed, by kind and stage."""
    rows = await tx.fetch("select kind, stage, line from stage_closure where year = $1", year)
    return {(row["kind"], row["stage"]): row["line"] for row in rows}


async def missed_lines(tx: ReadTransaction, year: Year) -> dict[ApplicationId, tuple[str, Decimal, Decimal]]:
    """For those that a stage cut: the first that did, its line, and how many points lacked."""
    rows = await tx.fetch(
        """
        select distinct on (r.application) r.application, r.stage, c.line, c.line - r.reached as lacking
        from stage_result r join application a on a.id = r.application
        join stage_closure c on c.year = a.year and c.kind = a.kind and c.stage = r.stage
        where a.year = $1 and not r.passed and c.line > r.reached order by r.application, c.closed_at, r.stage
        """,
        year,
    )
    return {ApplicationId(row["application"]): (row["stage"], row["line"], row["lacking"]) for row in rows}
