"""Statements about appeals, their panels, and the totals they replaced."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast

import asyncpg

from chassis.refusals import NotFound
from chassis.transaction import ReadTransaction, Transaction
from evaluation.domain.appeals import Appeal, Ground, Hearing, Panel, Subject
from evaluation.domain.intake import Scored
from evaluation.domain.vocabulary import (
    Against,
    AppealId,
    AppealState,
    ApplicationId,
    ReviewerId,
    ReviewStage,
    RunId,
    SchoolId,
    Year,
)


async def add(tx: Transaction, appeal: Appeal) -> bool:
    """Keep a new appeal; False where the application has one."""
    added = await tx.fetchval(
        """
        insert into appeal (id, year, school, application, run, against, grounds, statement, state, filed_by,
          filed_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        on conflict (application) do nothing returning id
        """,
        appeal.id,
        appeal.year,
        appeal.school,
        appeal.application,
        appeal.run,
        appeal.against,
        list(appeal.grounds),
        appeal.statement,
        appeal.state,
        appeal.filed_by,
        appeal.filed_at,
    )
    return added is not None


async def year_of(tx: ReadTransaction, appeal: AppealId) -> Year:
    """The year of an appeal, so that the year can be locked before it."""
    year: int | None = await tx.fetchval("select year from appeal where id = $1", appeal)
    if year is None:
        raise NotFound("appeal_not_found", "There is no such appeal: appeal", "appeal")
    return Year(year)


async def for_update(tx: Transaction, appeal: AppealId) -> Appeal:
    row = await tx.fetchrow("select * from appeal where id = $1 for update", appeal)
    if row is None:
        raise NotFound("appeal_not_found", "There is no such appeal: appeal", "appeal")
    return _appeal(row)


async def save(tx: Transaction, appeal: Appeal) -> None:
    await tx.execute(
        """
        update appeal set state = $2, reasons = $3, answer = $4, decided_by = $5, decided_at = $6
        where id = $1
        """,
        appeal.id,
        appeal.state,
        list(appeal.reasons),
        appeal.answer,
        appeal.decided_by,
        appeal.decided_at,
    )


async def undecided(tx: ReadTransaction, year: Year) -> list[AppealId]:
    """Appeals of applications that stand."""
    rows = await tx.fetch(
        """
        select p.id from appeal p join application a on a.id = p.application
        where p.year = $1 and p.state in ('received', 'reviewing') and a.withdrawn_at is null order by p.id
        """,
        year,
    )
    return [AppealId(row["id"]) for row in rows]


async def may_let_in(tx: ReadTransaction, application: ApplicationId) -> bool:
    """Whether an appeal against its being left out waits for a decision."""
    waits: bool = await tx.fetchval(
        """
        select exists (
          select from appeal
          where application = $1 and against = 'eligibility' and state in ('received', 'reviewing')
        )
        """,
        application,
    )
    return waits


async def panel(tx: ReadTransaction, appeal: AppealId) -> Panel:
    """Who reviews the application for the appeal now, and at which stages somebody ever did."""
    rows = await tx.fetch(
        """
        select s.stage, s.reviewer, s.state, coalesce(t.state = 'submitted', false) as submitted
        from assignment s left join sheet t on t.assignment = s.id
        where s.appeal = $1 order by 1, 2
        """,
        appeal,
    )
    members = [
        Hearing(ReviewStage(row["stage"]), ReviewerId(row["reviewer"]), row["submitted"])
        for row in rows
        if row["state"] == "open"
    ]
    return Panel(frozenset(ReviewStage(row["stage"]) for row in rows), tuple(members))


async def reviewed_before(tx: ReadTransaction, application: ApplicationId) -> set[ReviewerId]:
    """Everybody who has ever been given the application, at any stage."""
    rows = await tx.fetch("select distinct reviewer from assignment where application = $1", application)
    return {ReviewerId(row["reviewer"]) for row in rows}


async def reviewed_at(tx: ReadTransaction, application: ApplicationId, wanted: int) -> set[ReviewStage]:
    """Stages at which as many first reviewers as wanted handed in sheets that would count."""
    rows = await tx.fetch(
        """
        select s.stage from assignment s join sheet t on t.assignment = s.id and t.state = 'submitted'
        where s.application = $1 and s.appeal is null and s.state = 'closed'
        group by s.stage having count(*) >= $2
        """,
        application,
        wanted,
    )
    return {ReviewStage(row["stage"]) for row in rows}


async def subjects(tx: ReadTransaction, year: Year, school: SchoolId) -> list[Subject]:
    """What a school may appeal against: the published preliminary result that names an application of it.

    Where none is named, its applications that were left out, by the time they were accepted.
    """
    rows = await tx.fetch(
        """
        select r.id as run, a.id as application, a.eligible
        from application a join run r on r.year = a.year
        left join outcome o on o.run = r.id and o.application = a.id
        where a.year = $1 and a.school = $2 and a.withdrawn_at is null
          and r.stage = 'preliminary' and r.state = 'published'
          and case when a.eligible then o.run is not null else not a.eligible end
        order by a.accepted_at, a.id
        """,
        year,
        school,
    )
    named = [row for row in rows if row["eligible"]]
    return [
        Subject(
            RunId(row["run"]),
            ApplicationId(row["application"]),
            Against.RESULT if row["eligible"] else Against.ELIGIBILITY,
        )
        for row in named or rows
    ]


async def archive(
    tx: Transaction,
    appeal: AppealId,
    before: Sequence[Scored],
    after: Mapping[ApplicationId, Scored],
    now: datetime,
) -> int:
    """Keep the totals that were replaced by others; how many there are."""
    replaced = [
        each
        for each in before
        if (new := after.get(each.party.application)) is not None
        and (new.total, new.parts, new.barred) != (each.total, each.parts, each.barred)
    ]
    await tx.execute(
        """
        insert into replaced_total (application, version, total, parts, barred, appeal, replaced_at)
        select u.application,
          1 + (select count(*) from replaced_total r where r.application = u.application),
          u.total, u.parts, array(select jsonb_array_elements_text(u.barred)), $5, $6
        from unnest($1::text[], $2::numeric[], $3::jsonb[], $4::jsonb[])
          as u (application, total, parts, barred)
        """,
        [each.party.application for each in replaced],
        [each.total for each in replaced],
        [json.dumps({part: f"{points:f}" for part, points in each.parts.items()}) for each in replaced],
        [json.dumps(each.barred) for each in replaced],
        appeal,
        now,
    )
    return len(replaced)


def _appeal(row: asyncpg.Record) -> Appeal:
    return Appeal(
        id=AppealId(row["id"]),
        year=Year(row["year"]),
        school=SchoolId(row["school"]),
        application=ApplicationId(row["application"]),
        run=RunId(row["run"]),
        against=Against(row["against"]),
        grounds=cast("tuple[Ground, ...]", tuple(row["grounds"])),
        statement=row["statement"],
        state=AppealState(row["state"]),
        filed_by=row["filed_by"],
        filed_at=row["filed_at"],
        reasons=tuple(row["reasons"]),
        answer=row["answer"],
        decided_by=row["decided_by"],
        decided_at=row["decided_at"],
    )
