"""Applications, as their schools and officers see them."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from pydantic import Field

from applications.domain.vocabulary import ApplicationState, Kind, Track
from applications.views.documents import DocumentView, documents_of
from applications.views.shapes import (
    ApplicationRef,
    CallRef,
    Limit,
    OfferRef,
    Page,
    SchoolRef,
    View,
    found,
    page,
)
from chassis.refusals import NotFound
from chassis.transaction import ReadTransaction


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
    offer: OfferRef | None
    offered_designations: list[str] | None
    offer_expires_at: datetime | None
    since: datetime


class ApplicationRow(View):
    id: str = Field(examples=["app_0194f0c5c1de7c3ab8d2f1a0b3c4d5e6"])
    school: SchoolRef
    school_name_ko: str
    school_name_en: str | None
    province: str
    year: int
    call: CallRef
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
    application: ApplicationRef
    school: SchoolRef
    school_name_ko: str
    school_name_en: str | None
    kind: Kind


_ROW: Final = """
  select a.id, a.school, s.name_ko as school_name_ko, s.name_en as school_name_en, s.province, a.year, a.call,
    a.kind, a.state, a.version, a.receipt, a.accepted_at, t.status
  from application a
  join school s on s.id = a.school
  left join standing t on t.school = a.school and t.year = a.year"""


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
    return page(ApplicationRow, [dict(row) for row in rows], wanted.limit)


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
    described = found(row, "application")
    documents = await documents_of(tx, application)
    accepted = await _accepted(tx, application, described["receipt"], documents)
    attached = [document for document in documents if not document["detached"]]
    answers = AnswersView(**_answers(described))
    return ApplicationView(
        **{**described, "documents": attached},
        answers=answers,
        accepted=accepted,
        changed_since_accepted=accepted is not None and _differs(accepted, answers, attached),
        withdrawal=_withdrawal(described),
        review=await _review(tx, application),
        standing=await _standing(tx, described["school"], described["year"]),
    )


async def receipt(tx: ReadTransaction, application: str, school: str | None) -> ReceiptView:
    """The receipt of what stands, or stood until it was withdrawn."""
    shown = await _receipted(tx, application, school)
    documents = await documents_of(tx, application)
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
    return found(row, "application")


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
