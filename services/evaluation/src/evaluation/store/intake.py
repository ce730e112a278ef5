"""Statements about what other services tell: years, calls, applications."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

import asyncpg
from pydantic import TypeAdapter

from chassis.refusals import NotFound
from chassis.transaction import ReadTransaction, Transaction
from evaluation.domain.intake import Application, Call, Party
from evaluation.domain.policy import ProgrammeYear, YearPolicy
from evaluation.domain.vocabulary import ApplicationId, CallId, SchoolId, Stage, Year

_POLICY: Final = TypeAdapter(YearPolicy)
SEATS: Final = "*"


async def put_year(tx: Transaction, year: Year, policy: str, opened_at: datetime) -> None:
    """Keep a year with its whole policy as it was told, JSON."""
    await tx.execute(
        """
        insert into programme_year (year, policy, opened_at) values ($1, $2::jsonb, $3)
        on conflict (year) do nothing
        """,
        year,
        policy,
        opened_at,
    )


async def put_quotas(tx: Transaction, year: Year, policy: YearPolicy) -> None:
    """Set the limits that hold at every committed state."""
    await tx.execute(
        """
        insert into quota (year, name, tracks, at_most)
        select $1, name, array(select jsonb_array_elements_text(tracks)), at_most
        from unnest($2::text[], $3::jsonb[], $4::integer[]) as u (name, tracks, at_most)
        on conflict (year, name) do nothing
        """,
        year,
        [SEATS, *(quota.name for quota in policy.quotas)],
        ["[]", *(json.dumps(quota.tracks) for quota in policy.quotas)],
        [policy.seats, *(quota.at_most for quota in policy.quotas)],
    )


async def year_for_update(tx: Transaction, year: Year) -> ProgrammeYear:
    """The year; nobody else decides anything in it before this transaction ends."""
    row = await tx.fetchrow("select * from programme_year where year = $1 for update", year)
    return year_of_row(_found(row, "programme_year", "year"))


async def lock_if_known(tx: Transaction, year: Year) -> ProgrammeYear | None:
    """As `year_for_update`, None where the year was not told of yet."""
    row = await tx.fetchrow("select * from programme_year where year = $1 for update", year)
    return None if row is None else year_of_row(row)


async def year_for_share(tx: Transaction, year: Year) -> ProgrammeYear:
    """The year; its stage cannot change before this transaction ends."""
    row = await tx.fetchrow("select * from programme_year where year = $1 for share", year)
    return year_of_row(_found(row, "programme_year", "year"))


async def years(tx: ReadTransaction) -> list[Year]:
    """The years told of, in their order."""
    return [Year(row["year"]) for row in await tx.fetch("select year from programme_year order by year")]


async def year(tx: ReadTransaction, year: Year) -> ProgrammeYear:
    row = await tx.fetchrow("select * from programme_year where year = $1", year)
    return year_of_row(_found(row, "programme_year", "year"))


async def lock_years_under_way(tx: Transaction) -> list[Year]:
    """The years that have no final result yet; nobody else decides anything in them meanwhile."""
    rows = await tx.fetch("select year from programme_year where stage <> 'final' order by year for update")
    return [Year(row["year"]) for row in rows]


async def lock_years(tx: Transaction) -> list[Year]:
    """Every year told of; nobody else decides anything in them meanwhile."""
    rows = await tx.fetch("select year from programme_year order by year for update")
    return [Year(row["year"]) for row in rows]


async def known_year(tx: ReadTransaction, year: Year) -> ProgrammeYear | None:
    row = await tx.fetchrow("select * from programme_year where year = $1", year)
    return None if row is None else year_of_row(row)


async def save_stage(
    tx: Transaction, year: Year, stage: Stage, appeals_until: datetime | None = None
) -> None:
    await tx.execute(
        "update programme_year set stage = $2, appeals_until = coalesce($3, appeals_until) where year = $1",
        year,
        stage,
        appeals_until,
    )


async def save_lot(tx: Transaction, year: Year, seed: str, officer: str) -> None:
    await tx.execute(
        "update programme_year set lot_seed = $2, lot_entered_by = $3 where year = $1", year, seed, officer
    )


async def put_call(tx: Transaction, call: CallId, year: Year, kinds: Sequence[str]) -> None:
    await tx.execute(
        """
        insert into call_for_applications (id, year, kinds) values ($1, $2, $3)
        on conflict (id) do update set kinds = excluded.kinds
        """,
        call,
        year,
        list(kinds),
    )


async def close_call(tx: Transaction, call: CallId, closed_at: datetime, manifest: Mapping[str, int]) -> None:
    await tx.execute(
        "update call_for_applications set closed_at = $2, manifest = $3::jsonb where id = $1",
        call,
        closed_at,
        json.dumps(manifest),
    )


async def schedule(tx: Transaction, stages: Mapping[ApplicationId, str]) -> set[ApplicationId]:
    """Keep at which stage applications are reviewed; those whose schools were told of another, or of none."""
    rows = await tx.fetch(
        """
        update application a set scheduled = u.stage from unnest($1::text[], $2::text[]) as u (id, stage)
        where a.id = u.id and a.scheduled is distinct from u.stage returning a.id
        """,
        list(stages),
        list(stages.values()),
    )
    return {ApplicationId(row["id"]) for row in rows}


async def waiting_calls(tx: Transaction) -> list[Call]:
    """Closed calls whose evaluation has not started, locked, oldest year first."""
    rows = await tx.fetch(
        """
        select * from call_for_applications where closed_at is not null and started_at is null
        order by year, id for update
        """
    )
    return [_call(row) for row in rows]


async def unfinished_calls(tx: ReadTransaction, year: Year) -> list[CallId]:
    """Calls of the year whose evaluation has not started."""
    rows = await tx.fetch(
        "select id from call_for_applications where year = $1 and started_at is null order by id", year
    )
    return [CallId(row["id"]) for row in rows]


async def lock_calls(tx: Transaction, year: Year) -> None:
    """Let no call of the year close or start before this transaction ends.

    What a call waits for and its closing would miss each other if both came at once.
    """
    await tx.execute("select from call_for_applications where year = $1 order by year, id for update", year)


async def started_calls(tx: ReadTransaction, year: Year) -> bool:
    """Whether evaluation of any call of the year has started."""
    started: bool = await tx.fetchval(
        "select exists (select from call_for_applications where year = $1 and started_at is not null)", year
    )
    return started


async def start_call(tx: Transaction, call: CallId, now: datetime) -> None:
    await tx.execute("update call_for_applications set started_at = $2 where id = $1", call, now)


async def put_applications(tx: Transaction, applications: Sequence[Application]) -> None:
    """Keep the newest submission of each application; one that was withdrawn stays withdrawn."""
    newest = {application.id: application for application in applications}
    await tx.execute(
        """
        insert into application (id, year, call, school, name_ko, name_en, province, kind, receipt,
          tracks, accepts_general, answers, documents, accepted_at)
        select id, year, call, school, name_ko, name_en, province, kind, receipt,
          array(select jsonb_array_elements_text(tracks)), accepts_general, answers,
          array(select jsonb_array_elements_text(documents)), accepted_at
        from unnest($1::text[], $2::integer[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
          $8::text[], $9::text[], $10::jsonb[], $11::boolean[], $12::jsonb[], $13::jsonb[],
          $14::timestamptz[])
          as u (id, year, call, school, name_ko, name_en, province, kind, receipt,
            tracks, accepts_general, answers, documents, accepted_at)
        on conflict (id) do update
        set tracks = excluded.tracks, accepts_general = excluded.accepts_general, answers = excluded.answers,
            documents = excluded.documents, accepted_at = excluded.accepted_at, receipt = excluded.receipt
        """,
        *_columns(list(newest.values())),
    )


def _columns(applications: Sequence[Application]) -> list[list[object]]:
    return [
        [a.id for a in applications],
        [a.year for a in applications],
        [a.call for a in applications],
        [a.school for a in applications],
        [a.name_ko for a in applications],
        [a.name_en for a in applications],
        [a.province for a in applications],
        [a.kind for a in applications],
        [a.receipt for a in applications],
        [json.dumps(a.tracks) for a in applications],
        [a.accepts_general for a in applications],
        [json.dumps(dict(a.answers)) for a in applications],
        [json.dumps(a.documents) for a in applications],
        [a.accepted_at for a in applications],
    ]


async def withdraw(tx: Transaction, application: ApplicationId, withdrawn_at: datetime) -> None:
    await tx.execute(
        "update application set withdrawn_at = $2 where id = $1 and withdrawn_at is null",
        application,
        withdrawn_at,
    )


async def parties(tx: Transaction, applications: Iterable[ApplicationId]) -> dict[ApplicationId, Party]:
    rows = await tx.fetch("select * from application where id = any($1)", list(applications))
    return {ApplicationId(row["id"]): party_of(row) for row in rows}


async def applications_of(tx: Transaction, year: Year) -> dict[SchoolId, ApplicationId]:
    """The one eligible application of each school in a year, or the last one that it withdrew."""
    rows = await tx.fetch(
        """
        select distinct on (school) id, school from application where year = $1 and eligible
        order by school, withdrawn_at desc nulls first
        """,
        year,
    )
    return {SchoolId(row["school"]): ApplicationId(row["id"]) for row in rows}


def party_of(row: asyncpg.Record) -> Party:
    return Party(
        ApplicationId(row["id"]),
        Year(row["year"]),
        SchoolId(row["school"]),
        row["name_ko"],
        row["name_en"],
        row["province"],
        row["kind"],
    )


def year_of_row(row: asyncpg.Record) -> ProgrammeYear:
    return ProgrammeYear(
        Year(row["year"]),
        _POLICY.validate_json(row["policy"]),
        Stage(row["stage"]),
        row["lot_seed"],
        row["lot_entered_by"],
        row["appeals_until"],
    )


def _call(row: asyncpg.Record) -> Call:
    manifest = json.loads(row["manifest"] or "{}")
    return Call(
        CallId(row["id"]),
        Year(row["year"]),
        row["closed_at"],
        manifest,
        started=row["started_at"] is not None,
    )


def _found(row: asyncpg.Record | None, what: str, field: str) -> asyncpg.Record:
    if row is None:
        raise NotFound(f"{what}_not_found", f"There is no such {what.replace('_', ' ')}: {field}", field)
    return row
