"""What GETs show: read-only SQL straight into the shapes that are answered; nothing is decided from these."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Generic, TypeVar

import asyncpg
from pydantic import BaseModel, ConfigDict, Field

from applications.domain.vocabulary import ApplicationState, CallState, Kind, SchoolState, Track
from chassis.refusals import NotFound
from chassis.transaction import ReadTransaction
from contracts.applications import Policy

Row = TypeVar("Row", bound="View")


class View(BaseModel):
    model_config = ConfigDict(frozen=True)


class Page(View, Generic[Row]):
    items: list[Row]
    next: str | None = Field(description="Give it as `after` for what follows; null at the end")


class SchoolView(View):
    id: str = Field(examples=["sch_0194f0c5c1de7c3ab8d2f1a0b3c4d5e6"])
    neis_code: str | None = Field(examples=["7010271"])
    name_ko: str = Field(examples=["한빛공업고등학교"])
    name_en: str | None = Field(examples=["Hanbit Technical High School"])
    province: str = Field(examples=["seoul"])
    stream: str = Field(examples=["industrial"])
    founder: str = Field(examples=["public"])
    school_type: str = Field(examples=["specialised"])
    state: SchoolState
    registered_at: datetime
    closed_at: datetime | None


class PublicationView(View):
    stage: str = Field(examples=["preliminary"])
    published_at: datetime
    appeals_until: datetime | None = Field(description="First moment too late for an appeal")


class YearView(View):
    year: int = Field(examples=[2025])
    policy: Policy
    opened_at: datetime
    results: list[PublicationView]


class CallView(View):
    id: str = Field(examples=["cal_0194f0c5c1de7c3ab8d2f1a0b3c4d5e6"])
    year: int = Field(examples=[2025])
    kinds: list[Kind]
    tracks: list[Track]
    opens_at: datetime
    deadline: datetime = Field(description="First moment that is late")
    extended_until: datetime | None = Field(description="First moment that is late for the school that asks")
    state: CallState
    closed_at: datetime | None


class ExtensionView(View):
    school: str
    until: datetime
    reason: str = Field(examples=["system_outage"])
    granted_at: datetime


class DocumentView(View):
    id: str
    name: str = Field(examples=["operation_plan"])
    media_type: str = Field(examples=["application/pdf"])
    size: int
    digest: str = Field(description="SHA-256 of the bytes as they were taken in")
    attached_at: datetime


class AnswersView(View):
    tracks: list[Track]
    accepts_general: bool | None
    figures: dict[str, str]


class AcceptedView(AnswersView):
    """The version that stands: what counts, whatever was saved since."""

    version: int
    receipt: str = Field(examples=["2025-0001"])
    accepted_at: datetime
    documents: list[DocumentView]


class WithdrawalView(View):
    at: datetime
    reason: str
    after_deadline: bool


class ReviewView(View):
    """How far evaluation has come with the application."""

    eligible: bool | None
    reasons: list[str]
    stage: str | None
    starts_at: datetime | None
    ends_at: datetime | None


class StandingView(View):
    """What evaluation told of the school in the year, last."""

    status: str = Field(examples=["selected"])
    designations: list[str]
    rank: int | None
    reserve: int | None
    reasons: list[str]
    offer: str | None
    offered_designations: list[str] | None
    offer_expires_at: datetime | None
    since: datetime


class ApplicationRow(View):
    id: str = Field(examples=["app_0194f0c5c1de7c3ab8d2f1a0b3c4d5e6"])
    school: str
    school_name_ko: str
    school_name_en: str | None
    province: str
    year: int
    call: str
    kind: Kind
    state: ApplicationState
    version: int
    receipt: str | None
    accepted_at: datetime | None
    status: str | None = Field(description="Status of the school in evaluation")


class ApplicationView(ApplicationRow):
    answers: AnswersView = Field(description="The working copy")
    documents: list[DocumentView] = Field(description="Of the working copy")
    accepted: AcceptedView | None
    changed_since_accepted: bool = Field(description="The working copy differs from what was accepted")
    closes_at: datetime = Field(description="First moment that is late for this school")
    withdrawal: WithdrawalView | None
    review: ReviewView | None
    standing: StandingView | None


class ReceiptView(AcceptedView):
    application: str
    school: str
    school_name_ko: str
    school_name_en: str | None
    kind: Kind


Limit = Annotated[int, Field(ge=1, le=200)]

_SCHOOL: Final = """
  select id, neis_code, name_ko, name_en, province, stream, founder, school_type, state, registered_at,
    closed_at
  from school"""
_YEAR: Final = """
  select year, policy, opened_at, (
    select coalesce(json_agg(json_build_object(
      'stage', stage, 'published_at', published_at, 'appeals_until', appeals_until
    ) order by published_at), '[]')
    from publication p where p.year = y.year) as results
  from programme_year y"""
_CALL: Final = """
  select c.id, c.year, c.kinds, c.tracks, c.opens_at, c.deadline, e.until as extended_until, c.state,
    c.closed_at
  from call_for_applications c left join extension e on e.call = c.id and e.school = $1"""
_ROW: Final = """
  select a.id, a.school, s.name_ko as school_name_ko, s.name_en as school_name_en, s.province, a.year, a.call,
    a.kind, a.state, a.version, a.receipt, a.accepted_at, t.status
  from application a
  join school s on s.id = a.school
  left join standing t on t.school = a.school and t.year = a.year"""


class SchoolFilter(View):
    province: str | None = None
    stream: str | None = None
    state: SchoolState | None = None
    name: str | None = Field(default=None, min_length=1, max_length=120, description="Part of a name")
    after: str | None = None
    limit: Limit = 50


async def schools(tx: ReadTransaction, wanted: SchoolFilter) -> Page[SchoolView]:
    rows = await tx.fetch(
        f"""{_SCHOOL}
        where ($1::text is null or province = $1) and ($2::text is null or stream = $2)
          and ($3::text is null or state = $3) and ($4::text is null or id > $4)
          and ($5::text is null or strpos(name_ko, $5) > 0 or strpos(lower(name_en), lower($5)) > 0)
        order by id limit $6
        """,
        wanted.province,
        wanted.stream,
        wanted.state,
        wanted.after,
        wanted.name,
        wanted.limit + 1,
    )
    return _page(SchoolView, [dict(row) for row in rows], wanted.limit)


async def schools_of(tx: ReadTransaction, ids: Sequence[str]) -> list[SchoolView]:
    return [SchoolView(**row) for row in await tx.fetch(f"{_SCHOOL} where id = any($1) order by id", ids)]


async def school(tx: ReadTransaction, school: str) -> SchoolView:
    return SchoolView(**_found(await tx.fetchrow(f"{_SCHOOL} where id = $1", school), "school"))


async def years(tx: ReadTransaction) -> list[YearView]:
    return [_year(dict(row)) for row in await tx.fetch(f"{_YEAR} order by year")]


async def year(tx: ReadTransaction, year: int) -> YearView:
    return _year(_found(await tx.fetchrow(f"{_YEAR} where year = $1", year), "programme_year"))


async def calls(tx: ReadTransaction, year: int | None, asking: str | None) -> list[CallView]:
    rows = await tx.fetch(f"{_CALL} where $2::integer is null or c.year = $2 order by c.id", asking, year)
    return [CallView(**row) for row in rows]


async def call(tx: ReadTransaction, call: str, asking: str | None) -> CallView:
    """The call, with the extension of the school that asks, if one does."""
    return CallView(**_found(await tx.fetchrow(f"{_CALL} where c.id = $2", asking, call), "call"))


async def extensions(tx: ReadTransaction, call: str) -> list[ExtensionView]:
    rows = await tx.fetch(
        "select school, until, reason, granted_at from extension where call = $1 order by school", call
    )
    return [ExtensionView(**row) for row in rows]


class ApplicationFilter(View):
    year: int | None = None
    call: str | None = None
    kind: Kind | None = None
    state: ApplicationState | None = None
    province: str | None = None
    status: str | None = Field(default=None, description="Status of the school in evaluation")
    after: str | None = None
    limit: Limit = 50


async def applications(
    tx: ReadTransaction, wanted: ApplicationFilter, school: str | None
) -> Page[ApplicationRow]:
    """A page of applications: those of `school`, or of all schools where it is None."""
    rows = await tx.fetch(
        f"""{_ROW}
        where ($1::text is null or a.school = $1) and ($2::integer is null or a.year = $2)
          and ($3::text is null or a.call = $3) and ($4::text is null or a.kind = $4)
          and ($5::text is null or a.state = $5) and ($6::text is null or s.province = $6)
          and ($7::text is null or t.status = $7) and ($8::text is null or a.id > $8)
        order by a.id limit $9
        """,
        school,
        wanted.year,
        wanted.call,
        wanted.kind,
        wanted.state,
        wanted.province,
        wanted.status,
        wanted.after,
        wanted.limit + 1,
    )
    return _page(ApplicationRow, [dict(row) for row in rows], wanted.limit)


async def application(tx: ReadTransaction, application: str, school: str | None) -> ApplicationView:
    """One application, whole; where `school` is given, only if it is that school's."""
    row = await tx.fetchrow(
        f"""
        select r.*, a.tracks, a.accepts_general, a.figures, a.withdrawn_at, a.withdrawal_reason,
          a.withdrawn_after_deadline, greatest(c.deadline, e.until) as closes_at
        from ({_ROW} where a.id = $1 and ($2::text is null or a.school = $2)) r
        join application a on a.id = r.id
        join call_for_applications c on c.id = r.call
        left join extension e on e.call = r.call and e.school = r.school
        """,
        application,
        school,
    )
    found = _found(row, "application")
    documents = await _documents(tx, application)
    accepted = await _accepted(tx, application, found["receipt"], documents)
    attached = [document for document in documents if not document["detached"]]
    answers = AnswersView(**_answers(found))
    return ApplicationView(
        **{**found, "documents": attached},
        answers=answers,
        accepted=accepted,
        changed_since_accepted=accepted is not None and _differs(accepted, answers, attached),
        withdrawal=_withdrawal(found),
        review=await _review(tx, application),
        standing=await _standing(tx, found["school"], found["year"]),
    )


async def receipt(tx: ReadTransaction, application: str, school: str | None) -> ReceiptView:
    """The receipt of what stands, or stood until it was withdrawn."""
    shown = await _receipted(tx, application, school)
    documents = await _documents(tx, application)
    accepted = await _accepted(tx, application, shown["receipt"], documents)
    if accepted is None:
        raise NotFound("receipt_not_found", "The application was not submitted", "application")
    return ReceiptView(**shown | accepted.model_dump() | {"application": application})


async def _receipted(tx: ReadTransaction, application: str, school: str | None) -> dict[str, Any]:
    row = await tx.fetchrow(
        """
        select a.receipt, a.school, a.kind, s.name_ko as school_name_ko, s.name_en as school_name_en
        from application a join school s on s.id = a.school
        where a.id = $1 and ($2::text is null or a.school = $2)
        """,
        application,
        school,
    )
    return _found(row, "application")


async def content(
    tx: ReadTransaction, application: str, document: str, school: str | None
) -> tuple[str, str, bytes]:
    """Name, media type and bytes of a document, attached now or part of what was accepted."""
    row = await tx.fetchrow(
        """
        select d.name, d.media_type, d.content from document d join application a on a.id = d.application
        where d.id = $1 and a.id = $2 and ($3::text is null or a.school = $3)
        """,
        document,
        application,
        school,
    )
    found = _found(row, "document")
    return found["name"], found["media_type"], found["content"]


_REVIEWED: Final = """
    from application a join reviewer_access r on r.application = a.id and r.reviewer = $2
    join submission s on s.application = a.id and s.version = a.version
    join document d on d.application = a.id and d.id = any (s.documents)
    where a.id = $1 and a.state = 'submitted'
"""


async def reviewed_documents(tx: ReadTransaction, application: str, reviewer: str) -> list[DocumentView]:
    """What stands submitted, for who reviews it; nothing for anybody else."""
    rows = await tx.fetch(
        f"""
        select distinct d.id, d.name, d.media_type, d.size, d.digest, d.attached_at {_REVIEWED}
        order by d.name
        """,
        application,
        reviewer,
    )
    return [DocumentView(**row) for row in rows]


async def reviewed_content(
    tx: ReadTransaction, application: str, document: str, reviewer: str
) -> tuple[str, str, bytes]:
    """Name, media type and bytes of a document that stands submitted, for who reviews it."""
    row = await tx.fetchrow(
        f"select d.name, d.media_type, d.content {_REVIEWED} and d.id = $3 limit 1",
        application,
        reviewer,
        document,
    )
    found = _found(row, "document")
    return found["name"], found["media_type"], found["content"]


async def _documents(tx: ReadTransaction, application: str) -> list[dict[str, Any]]:
    rows = await tx.fetch(
        """
        select id, name, media_type, size, digest, attached_at, detached_at is not null as detached
        from document where application = $1 order by id
        """,
        application,
    )
    return [dict(row) for row in rows]


async def _accepted(
    tx: ReadTransaction, application: str, receipt: str | None, documents: Sequence[dict[str, Any]]
) -> AcceptedView | None:
    row = await tx.fetchrow(
        """
        select version, accepted_at, tracks, accepts_general, figures, documents from submission
        where application = $1 order by version desc limit 1
        """,
        application,
    )
    if row is None or receipt is None:
        return None
    return AcceptedView(
        **_answers(dict(row)),
        version=row["version"],
        receipt=receipt,
        accepted_at=row["accepted_at"],
        documents=[DocumentView(**document) for document in documents if document["id"] in row["documents"]],
    )


async def _review(tx: ReadTransaction, application: str) -> ReviewView | None:
    row = await tx.fetchrow(
        "select eligible, reasons, stage, starts_at, ends_at from review where application = $1", application
    )
    return ReviewView(**row) if row else None


async def _standing(tx: ReadTransaction, school: str, year: int) -> StandingView | None:
    row = await tx.fetchrow(
        """
        select status, designations, rank, reserve, reasons, offer, offered_designations,
          offer_expires_at, since
        from standing where school = $1 and year = $2
        """,
        school,
        year,
    )
    return StandingView(**row) if row else None


def _page(view: type[Row], rows: list[dict[str, Any]], limit: int) -> Page[Row]:
    items = [view(**row) for row in rows[:limit]]
    return Page(items=items, next=rows[limit - 1]["id"] if len(rows) > limit else None)


def _found(row: asyncpg.Record | None, what: str) -> dict[str, Any]:
    if row is None:
        raise NotFound(f"{what}_not_found", f"There is no such {what.replace('_', ' ')}", what)
    return dict(row)


def _year(row: Mapping[str, Any]) -> YearView:
    decoded = {name: json.loads(row[name]) for name in ("policy", "results")}
    return YearView.model_validate({**row, **decoded})


def _answers(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "tracks": row["tracks"],
        "accepts_general": row["accepts_general"],
        "figures": json.loads(row["figures"]),
    }


def _withdrawal(row: Mapping[str, Any]) -> WithdrawalView | None:
    if row["withdrawn_at"] is None:
        return None
    return WithdrawalView(
        at=row["withdrawn_at"],
        reason=row["withdrawal_reason"],
        after_deadline=row["withdrawn_after_deadline"],
    )


def _differs(accepted: AcceptedView, answers: AnswersView, attached: Sequence[dict[str, Any]]) -> bool:
    same_answers = all(getattr(accepted, name) == getattr(answers, name) for name in AnswersView.model_fields)
    return not same_answers or [d.id for d in accepted.documents] != [d["id"] for d in attached]
