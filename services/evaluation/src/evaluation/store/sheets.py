"""Statements about reviewers' sheets."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from chassis.refusals import NotFound
from chassis.transaction import ReadTransaction, Transaction
from evaluation.domain.scoring import Sheet
from evaluation.domain.vocabulary import ApplicationId, ReviewerId, ReviewStage, Year


@dataclass(frozen=True, slots=True)
class Filled:
    """A sheet as a reviewer fills it in; the comments are what the school reads, and what it never does.

    `stage` is needed only by who reviews an application at several stages at once, on the panel of an appeal.
    """

    sheet: Sheet
    stage: ReviewStage | None = None
    comment_to_school: str | None = None
    comment_internal: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """A sheet that counts: of the first reviewers, or of the panel of an appeal that was upheld."""

    stage: ReviewStage
    sheet: Sheet


async def save(
    tx: Transaction, sheets: Sequence[tuple[int, Filled]], now: datetime, *, submitted: bool
) -> set[int]:
    """Keep sheets by assignment; those that took them, which one that was submitted before does not."""
    rows = await tx.fetch(
        """
        insert into sheet (assignment, state, scores, comment_to_school, comment_internal, saved_at,
          submitted_at)
        select u.assignment, $5::text, u.scores, u.to_school, u.internal, $6::timestamptz,
          case when $5 = 'submitted' then $6 end
        from unnest($1::bigint[], $2::jsonb[], $3::text[], $4::text[])
          as u (assignment, scores, to_school, internal)
        on conflict (assignment) do update
        set state = excluded.state, scores = excluded.scores, comment_to_school = excluded.comment_to_school,
            comment_internal = excluded.comment_internal, saved_at = excluded.saved_at,
            submitted_at = excluded.submitted_at
        where sheet.state = 'draft'
        returning assignment
        """,
        [assignment for assignment, _ in sheets],
        [json.dumps({n: f"{score:f}" for n, score in filled.sheet.scores.items()}) for _, filled in sheets],
        [filled.comment_to_school for _, filled in sheets],
        [filled.comment_internal for _, filled in sheets],
        "submitted" if submitted else "draft",
        now,
    )
    return {row["assignment"] for row in rows}


async def reopen(tx: Transaction, assignment: int, reason: str, now: datetime) -> None:
    """Make a submitted sheet a draft again; what it said is kept under its version.

    Raises:
        NotFound: rule `sheet_not_found`, nothing was submitted.
    """
    kept = await tx.fetchval(
        """
        insert into sheet_reopening (assignment, version, scores, comment_to_school, comment_internal,
          submitted_at, reopened_at, reopened_by, reason)
        select assignment, version, scores, comment_to_school, comment_internal, submitted_at, $2, $3, $4
        from sheet where assignment = $1 and state = 'submitted'
        returning version
        """,
        assignment,
        now,
        tx.actor,
        reason,
    )
    if kept is None:
        raise NotFound("sheet_not_found", "There is no submitted sheet to reopen: reviewer", "reviewer")
    await tx.execute(
        """
        update sheet set state = 'draft', version = version + 1, submitted_at = null, saved_at = $2
        where assignment = $1
        """,
        assignment,
        now,
    )


async def put_due(tx: Transaction, assignment: int, due_at: datetime) -> None:
    await tx.execute("update assignment set due_at = $2 where id = $1", assignment, due_at)


async def standing(tx: ReadTransaction, year: Year, kind: str | None = None) -> list[Standing]:
    """Every sheet that counts, of eligible applications that stand, of one kind of school or of all.

    The first reviewers' count until an appeal is upheld, which sets them aside for those of its panel.
    """
    rows = await tx.fetch(
        """
        select s.application, s.reviewer, s.stage, s.appeal, t.scores
        from assignment s join application a on a.id = s.application
        join sheet t on t.assignment = s.id and t.state = 'submitted'
        where a.year = $1 and a.eligible and a.withdrawn_at is null
          and (s.state = 'closed' or s.state = 'open' and s.appeal is null)
          and ($2::text is null or a.kind = $2)
        order by s.application, s.stage, s.reviewer
        """,
        year,
        kind,
    )
    return [
        Standing(
            ReviewStage(row["stage"]),
            Sheet(
                ApplicationId(row["application"]),
                ReviewerId(row["reviewer"]),
                {name: Decimal(score) for name, score in json.loads(row["scores"]).items()},
                panel=row["appeal"] is not None,
            ),
        )
        for row in rows
    ]


async def settle_panel(tx: Transaction, appeal: str, now: datetime, *, upheld: bool) -> None:
    """End the work of an appeal's panel: where it is upheld its sheets take the place of the ones before.

    What the panel reviewed at a stage, it reviewed in place of whoever's sheets counted there.
    """
    if upheld:
        await tx.execute(
            """
            update assignment s set state = 'superseded' from assignment p
            where p.appeal = $1 and p.state = 'open' and s.application = p.application and s.stage = p.stage
              and s.state = 'closed'
            """,
            appeal,
        )
    await tx.execute(
        "update assignment set state = $2, ended_at = $3 where appeal = $1 and state = 'open'",
        appeal,
        "closed" if upheld else "superseded",
        now,
    )
