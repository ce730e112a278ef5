"""Statements about who may be evaluated: candidates, words on them, sanctions."""

import json
from collections.abc import Sequence
from datetime import date, datetime

import asyncpg

from chassis.refusals import NotFound
from chassis.transaction import ReadTransaction, Transaction
from evaluation.domain.eligibility import Candidate, Decided, Eligibility, Sanction
from evaluation.domain.intake import Call
from evaluation.domain.vocabulary import ApplicationId, SchoolId, Year


async def candidates(tx: Transaction, call: Call, day: date) -> list[Candidate]:
    """Those of a call's manifest that still stand, by the time they were accepted; sanctions as of `day`.

    Not all that were submitted: one that was withdrawn before the deadline stands in no manifest, and its
    withdrawal may still be on its way.
    """
    rows = await tx.fetch(
        """
        select a.id, a.school, a.kind, a.documents, s.school_type, s.state = 'closed' as closed,
          exists (select from participant p where p.year = a.year - 1 and p.school = a.school)
          or exists (
            select from standing h where h.year = a.year - 1 and h.school = a.school and h.state = 'selected'
          ) as took_part,
          array(
            select c.id from sanction c where c.school = a.school and c.lifted_at is null
              and c.since <= $2 and (c.until is null or c.until >= $2) order by c.id
          ) as sanctions,
          (
            select o.kind from application o where o.school = a.school and o.year = a.year and o.id <> a.id
              and o.eligible and o.withdrawn_at is null
          ) as other
        from application a join school s on s.id = a.school
        where a.id = any($1) and a.withdrawn_at is null
        order by a.accepted_at, a.id
        """,
        list(call.manifest),
        day,
    )
    return [_candidate(row) for row in rows]


async def save(tx: Transaction, decided: Sequence[Eligibility], now: datetime, officer: str | None) -> None:
    """Let these words count and keep them beside the earlier ones; `officer` is None for the rule's."""
    await tx.execute(
        """
        with word as (
          select id, eligible, array(select jsonb_array_elements_text(reasons)) as reasons, findings, ground
          from unnest($1::text[], $2::boolean[], $3::jsonb[], $4::jsonb[], $5::text[])
            as u (id, eligible, reasons, findings, ground)
        ), counting as (
          update application a set eligible = w.eligible, reasons = w.reasons, decided_at = $6
          from word w where a.id = w.id
        )
        insert into eligibility_decision
          (application, number, eligible, reasons, findings, decided_by, ground, decided_at)
        select w.id, 1 + (select count(*) from eligibility_decision d where d.application = w.id),
          w.eligible, w.reasons, w.findings, $7, w.ground, $6
        from word w
        """,
        [each.application for each in decided],
        [each.eligible for each in decided],
        [json.dumps(each.reasons) for each in decided],
        [json.dumps(each.findings) for each in decided],
        [each.ground for each in decided],
        now,
        officer,
    )


async def year_of(tx: ReadTransaction, application: ApplicationId) -> Year:
    year = await tx.fetchval("select year from application where id = $1", application)
    if year is None:
        raise NotFound("application_not_found", "There is no such application: application", "application")
    return Year(year)


async def for_update(tx: Transaction, application: ApplicationId) -> Decided:
    """How the eligibility of an application stands; it changes in this transaction alone."""
    row = await tx.fetchrow(
        """
        select a.*, (
          select o.id from application o where o.school = a.school and o.year = a.year and o.id <> a.id
            and o.eligible and o.withdrawn_at is null
        ) as rival
        from application a where a.id = $1 for update of a
        """,
        application,
    )
    if row is None:
        raise NotFound("application_not_found", "There is no such application: application", "application")
    return Decided(
        ApplicationId(row["id"]),
        Year(row["year"]),
        SchoolId(row["school"]),
        row["eligible"],
        withdrawn=row["withdrawn_at"] is not None,
        rival=None if row["rival"] is None else ApplicationId(row["rival"]),
    )


async def add_sanction(tx: Transaction, sanction: Sanction, now: datetime) -> None:
    await tx.execute(
        """
        insert into sanction (id, school, reason, since, until, recorded_by, recorded_at)
        values ($1, $2, $3, $4, $5, $6, $7)
        """,
        sanction.id,
        sanction.school,
        sanction.reason,
        sanction.since,
        sanction.until,
        tx.actor,
        now,
    )


async def sanction_for_update(tx: Transaction, sanction: str) -> Sanction:
    row = await tx.fetchrow("select * from sanction where id = $1 for update", sanction)
    if row is None:
        raise NotFound("sanction_not_found", "There is no such sanction: sanction", "sanction")
    return Sanction(
        row["id"], SchoolId(row["school"]), row["reason"], row["since"], row["until"], row["lifted_at"]
    )


async def lift_sanction(tx: Transaction, lifted: Sanction, reason: str) -> None:
    await tx.execute(
        "update sanction set lifted_at = $2, lifted_by = $3, lifting_reason = $4 where id = $1",
        lifted.id,
        lifted.lifted_at,
        tx.actor,
        reason,
    )


def _candidate(row: asyncpg.Record) -> Candidate:
    return Candidate(
        ApplicationId(row["id"]),
        SchoolId(row["school"]),
        row["kind"],
        tuple(row["documents"]),
        row["school_type"],
        closed=row["closed"],
        took_part=row["took_part"],
        sanctions=tuple(row["sanctions"]),
        other=row["other"],
    )
