"""Applications with their documents and submissions."""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

import asyncpg

from applications.domain.answers import Answers
from applications.domain.applications import Application, Withdrawal
from applications.domain.documents import Document
from applications.domain.vocabulary import (
    ApplicationId,
    ApplicationState,
    CallId,
    DocumentId,
    Kind,
    SchoolId,
    Track,
    Year,
)
from applications.store.rows import found
from chassis.transaction import Transaction


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
    return _application(found(row, "application", "id"), await documents(tx, application))


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
