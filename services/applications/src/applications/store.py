"""All that this service writes, and what it reads to decide; one statement a function."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

import asyncpg
from pydantic import TypeAdapter

from applications.domain.answers import Answers
from applications.domain.applications import Application, Withdrawal
from applications.domain.calls import Call, Extension, Terms, Window
from applications.domain.documents import Document
from applications.domain.outcomes import Eligibility, Offer, Publication, Reviewing, Schedule, Standing
from applications.domain.policy import Policy, ProgrammeYear
from applications.domain.schools import School, SchoolFacts
from applications.domain.vocabulary import (
    ApplicationId,
    ApplicationState,
    CallId,
    CallState,
    DocumentId,
    Kind,
    SchoolId,
    SchoolState,
    Track,
    Year,
)
from chassis.refusals import NotFound
from chassis.transaction import Transaction

_POLICY: Final = TypeAdapter(Policy)


async def schools_known(tx: Transaction, facts: Sequence[SchoolFacts]) -> list[SchoolFacts]:
    """What the register has that may be one of these schools: by code, and by name within the province."""
    rows = await tx.fetch(
        """
        select * from school
        where neis_code = any($1)
           or (province, name_ko) in (select * from unnest($2::text[], $3::text[]))
        order by id
        """,
        [row.neis_code for row in facts if row.neis_code],
        [row.province for row in facts],
        [row.name_ko for row in facts],
    )
    return [_school(row).facts for row in rows]


async def add_schools(tx: Transaction, schools: Sequence[School], now: datetime) -> None:
    facts = [school.facts for school in schools]
    await tx.execute(
        """
        insert into school
          (id, neis_code, name_ko, name_en, province, stream, founder, school_type, registered_at)
        select u.*, $9 from unnest(
          $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[]) as u
        """,
        [school.id for school in schools],
        [f.neis_code for f in facts],
        [f.name_ko for f in facts],
        [f.name_en for f in facts],
        [f.province for f in facts],
        [f.stream for f in facts],
        [f.founder for f in facts],
        [f.school_type for f in facts],
        now,
    )


async def lock_register(tx: Transaction) -> None:
    """Let one list be taken in, or one name change, at a time, so that two cannot miss each other."""
    await tx.execute("lock table school in share row exclusive mode")


async def school_for_update(tx: Transaction, school: SchoolId) -> School:
    row = await tx.fetchrow("select * from school where id = $1 for update", school)
    return _school(_found(row, "school", "id"))


async def school(tx: Transaction, school: SchoolId) -> School:
    """The school as it is; it cannot close before this transaction ends."""
    row = await tx.fetchrow("select * from school where id = $1 for share", school)
    return _school(_found(row, "school", "school"))


async def is_known_by_name(tx: Transaction, school: School) -> bool:
    """Whether a school without a code would be taken for another one of its province."""
    known: bool = await tx.fetchval(
        """
        select $2::text is null and exists (
          select from school where id <> $1 and neis_code is null and province = $3 and name_ko = $4
        )
        """,
        school.id,
        school.facts.neis_code,
        school.facts.province,
        school.facts.name_ko,
    )
    return known


async def save_school(tx: Transaction, school: School) -> None:
    await tx.execute(
        "update school set name_ko = $2, name_en = $3, state = $4, closed_at = $5 where id = $1",
        school.id,
        school.facts.name_ko,
        school.facts.name_en,
        school.state,
        school.closed_at,
    )


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
    row = _found(
        await tx.fetchrow("select * from programme_year where year = $1", year), "programme_year", "year"
    )
    return ProgrammeYear(Year(row["year"]), _POLICY.validate_json(row["policy"]), row["opened_at"])


async def add_call(tx: Transaction, call: Call) -> None:
    await tx.execute(
        """
        insert into call_for_applications (id, year, kinds, tracks, opens_at, deadline, state, version)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        call.id,
        call.year,
        call.terms.kinds,
        call.terms.tracks,
        call.terms.opens_at,
        call.terms.deadline,
        call.state,
        call.version,
    )


async def call_for_update(tx: Transaction, call: CallId) -> Call:
    """The call, waited for until no submission is under way, and kept from new ones."""
    row = await tx.fetchrow("select * from call_for_applications where id = $1 for update", call)
    return _call(_found(row, "call", "id"))


async def call_for_share(tx: Transaction, call: CallId) -> Call:
    """The call, kept from closing until this transaction ends."""
    row = await tx.fetchrow("select * from call_for_applications where id = $1 for share", call)
    return _call(_found(row, "call", "call"))


async def save_call(tx: Transaction, call: Call) -> None:
    await tx.execute(
        """
        update call_for_applications
        set kinds = $2, tracks = $3, opens_at = $4, deadline = $5, state = $6, version = $7, closed_at = $8
        where id = $1
        """,
        call.id,
        call.terms.kinds,
        call.terms.tracks,
        call.terms.opens_at,
        call.terms.deadline,
        call.state,
        call.version,
        call.closed_at,
    )


async def extended_until(tx: Transaction, call: CallId, school: SchoolId) -> datetime | None:
    until: datetime | None = await tx.fetchval(
        "select until from extension where call = $1 and school = $2", call, school
    )
    return until


async def last_extension(tx: Transaction, call: CallId) -> datetime | None:
    until: datetime | None = await tx.fetchval("select max(until) from extension where call = $1", call)
    return until


async def save_extension(tx: Transaction, call: CallId, extension: Extension, now: datetime) -> None:
    await tx.execute(
        """
        insert into extension (call, school, until, reason, granted_at) values ($1, $2, $3, $4, $5)
        on conflict (call, school) do update
        set until = excluded.until, reason = excluded.reason, granted_at = excluded.granted_at
        """,
        call,
        extension.school,
        extension.until,
        extension.reason,
        now,
    )


async def window(tx: Transaction, call: CallId, school: SchoolId) -> tuple[Call, Window, datetime]:
    """A school's window and the moment it stands in, decided in this order.

    First the share lock, which closing waits for; then the extension on record; and the clock last, in a
    statement of its own: read together with the lock it would be read before the wait for it.
    """
    announced = await call_for_share(tx, call)
    until = await extended_until(tx, call, school)
    return announced, announced.window(until), await tx.now()


async def add_application(tx: Transaction, application: Application, now: datetime) -> bool:
    """Keep a new draft; False where the school has an application to this call already."""
    added = await tx.fetchval(
        """
        insert into application
          (id, school, year, call, kind, state, tracks, accepts_general, figures, version,
           drafted_at, saved_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb, $10, $11, $11)
        on conflict (school, year, call) where state <> 'withdrawn' do nothing
        returning id
        """,
        application.id,
        application.school,
        application.year,
        application.call,
        application.kind,
        application.state,
        application.answers.tracks,
        application.answers.accepts_general,
        _figures(application.answers.figures),
        application.version,
        now,
    )
    return added is not None


async def application_for_update(
    tx: Transaction, application: ApplicationId, school: SchoolId
) -> Application:
    """The application of this school, with the documents attached to it now."""
    row = await tx.fetchrow(
        "select * from application where id = $1 and school = $2 for update", application, school
    )
    return _application(_found(row, "application", "id"), await documents(tx, application))


async def documents(tx: Transaction, application: ApplicationId) -> tuple[Document, ...]:
    rows = await tx.fetch(
        """
        select id, name, media_type, size, digest, attached_at from document
        where application = $1 and detached_at is null order by id
        """,
        application,
    )
    return tuple(Document(**{**row, "id": DocumentId(row["id"])}) for row in rows)


async def save_application(tx: Transaction, application: Application, now: datetime) -> None:
    withdrawal = application.withdrawal
    await tx.execute(
        """
        update application
        set state = $2, tracks = $3, accepts_general = $4, figures = $5::jsonb, version = $6, receipt = $7,
            accepted_at = $8, withdrawn_at = $9, withdrawal_reason = $10, withdrawn_after_deadline = $11,
            saved_at = $12
        where id = $1
        """,
        application.id,
        application.state,
        application.answers.tracks,
        application.answers.accepts_general,
        _figures(application.answers.figures),
        application.version,
        application.receipt,
        application.accepted_at,
        withdrawal and withdrawal.at,
        withdrawal and withdrawal.reason,
        withdrawal and withdrawal.after_deadline,
        now,
    )


async def add_submission(tx: Transaction, application: Application) -> None:
    """Keep the accepted version as it is."""
    await tx.execute(
        """
        insert into submission
          (application, version, accepted_at, tracks, accepts_general, figures, documents)
        values ($1, $2, $3, $4, $5, $6::jsonb, $7)
        """,
        application.id,
        application.version,
        application.accepted_at,
        application.answers.tracks,
        application.answers.accepts_general,
        _figures(application.answers.figures),
        [document.id for document in application.documents],
    )


async def standing_applications(tx: Transaction, call: CallId) -> list[ApplicationId]:
    rows = await tx.fetch(
        "select id from application where call = $1 and state = 'submitted' order by id", call
    )
    return [ApplicationId(row["id"]) for row in rows]


async def documents_ever(tx: Transaction, application: ApplicationId) -> int:
    count: int = await tx.fetchval("select count(*) from document where application = $1", application)
    return count


async def add_document(
    tx: Transaction, application: ApplicationId, document: Document, content: bytes
) -> None:
    await tx.execute(
        """
        insert into document (id, application, name, media_type, size, digest, content, attached_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        document.id,
        application,
        document.name,
        document.media_type,
        document.size,
        document.digest,
        content,
        document.attached_at,
    )


async def detach_document(tx: Transaction, application: ApplicationId, name: str, now: datetime) -> None:
    await tx.execute(
        """
        update document set detached_at = $3
        where application = $1 and name = $2 and detached_at is null
        """,
        application,
        name,
        now,
    )


async def save_standing(tx: Transaction, standing: Standing) -> None:
    """Keep a school's standing in place of what was told before; an open offer ends with it."""
    await tx.execute(
        """
        insert into standing (school, year, status, designations, rank, reserve, reasons, since)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict (school, year) do update
        set status = excluded.status, designations = excluded.designations, rank = excluded.rank,
            reserve = excluded.reserve, reasons = excluded.reasons, since = excluded.since,
            offer = null, offered_designations = null, offer_expires_at = null
        """,
        standing.school,
        standing.year,
        standing.status,
        standing.designations,
        standing.rank,
        standing.reserve,
        standing.reasons,
        standing.since,
    )


async def save_offer(tx: Transaction, school: SchoolId, year: Year, offer: Offer | None) -> None:
    await tx.execute(
        """
        update standing set offer = $3, offered_designations = $4, offer_expires_at = $5
        where school = $1 and year = $2
        """,
        school,
        year,
        offer and offer.id,
        offer and offer.designations,
        offer and offer.expires_at,
    )


async def save_eligibility(tx: Transaction, eligibility: Eligibility) -> None:
    await tx.execute(
        """
        insert into review (application, eligible, reasons) values ($1, $2, $3)
        on conflict (application) do update set eligible = excluded.eligible, reasons = excluded.reasons
        """,
        eligibility.application,
        eligibility.eligible,
        eligibility.reasons,
    )


async def save_schedule(tx: Transaction, schedule: Schedule) -> None:
    await tx.execute(
        """
        insert into review (application, stage, starts_at, ends_at) values ($1, $2, $3, $4)
        on conflict (application) do update
        set stage = excluded.stage, starts_at = excluded.starts_at, ends_at = excluded.ends_at
        """,
        schedule.application,
        schedule.stage,
        schedule.starts_at,
        schedule.ends_at,
    )


async def save_reviewing(tx: Transaction, reviewing: Reviewing) -> None:
    await tx.execute(
        """
        insert into reviewer_access (reviewer, application, stage, since) values ($1, $2, $3, $4)
        on conflict (reviewer, application, stage) do update set since = excluded.since
        """,
        reviewing.reviewer,
        reviewing.application,
        reviewing.stage,
        reviewing.since,
    )


async def drop_reviewing(tx: Transaction, reviewing: Reviewing) -> None:
    await tx.execute(
        "delete from reviewer_access where reviewer = $1 and application = $2 and stage = $3",
        reviewing.reviewer,
        reviewing.application,
        reviewing.stage,
    )


async def save_publication(tx: Transaction, publication: Publication) -> None:
    await tx.execute(
        """
        insert into publication (year, stage, published_at, appeals_until) values ($1, $2, $3, $4)
        on conflict (year, stage) do update
        set published_at = excluded.published_at, appeals_until = excluded.appeals_until
        """,
        publication.year,
        publication.stage,
        publication.published_at,
        publication.appeals_until,
    )


def _found(row: asyncpg.Record | None, what: str, field: str) -> asyncpg.Record:
    if row is None:
        raise NotFound(f"{what}_not_found", f"There is no such {what.replace('_', ' ')}", field)
    return row


def _school(row: asyncpg.Record) -> School:
    facts = SchoolFacts(**{name: row[name] for name in SchoolFacts.__dataclass_fields__})
    return School(SchoolId(row["id"]), facts, SchoolState(row["state"]), row["closed_at"])


def _call(row: asyncpg.Record) -> Call:
    terms = Terms(
        kinds=tuple(map(Kind, row["kinds"])),
        tracks=tuple(map(Track, row["tracks"])),
        opens_at=row["opens_at"],
        deadline=row["deadline"],
    )
    state = CallState(row["state"])
    return Call(CallId(row["id"]), Year(row["year"]), terms, state, row["version"], row["closed_at"])


def _application(row: asyncpg.Record, attached: tuple[Document, ...]) -> Application:
    withdrawal = None
    if row["withdrawn_at"] is not None:
        withdrawal = Withdrawal(
            row["withdrawn_at"], row["withdrawal_reason"], row["withdrawn_after_deadline"]
        )
    figures = {name: Decimal(figure) for name, figure in json.loads(row["figures"]).items()}
    return Application(
        id=ApplicationId(row["id"]),
        school=SchoolId(row["school"]),
        year=Year(row["year"]),
        call=CallId(row["call"]),
        kind=Kind(row["kind"]),
        state=ApplicationState(row["state"]),
        answers=Answers(tuple(map(Track, row["tracks"])), row["accepts_general"], figures),
        documents=attached,
        version=row["version"],
        receipt=row["receipt"],
        accepted_at=row["accepted_at"],
        withdrawal=withdrawal,
    )


def _figures(figures: Mapping[str, Decimal]) -> str:
    return json.dumps({name: f"{figure:f}" for name, figure in figures.items()})
