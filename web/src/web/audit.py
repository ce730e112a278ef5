"""The audit log as auditors read it, alike in every service."""

import json
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from chassis.sealing import head
from web.identity import Principal, Role, require
from web.routing import Read, Router

router = Router(prefix="/audit", tags=["audit"])

Auditor = Annotated[Principal, Depends(require(Role.AUDITOR))]
_Word = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class AuditRow(_View):
    """Who did what to what; `position` and `head` once it is sealed."""

    id: int
    at: datetime = Field(description="By the machine's clock")
    programme_at: datetime = Field(description="By the programme's clock")
    actor: str = Field(description="Pseudonym of the person, or the name of the service")
    action: str = Field(examples=["run_approved"])
    subject: str = Field(examples=["run_0194f0c5c1de7c3ab8d2f1a0b3c4d5e6"])
    reason: str | None
    detail: dict[str, Any]
    position: int | None = Field(description="Its place in the chain")
    row_sha256: str | None
    head: str | None = Field(description="Hash over it and all rows before it in the chain")


class HeadView(_View):
    position: int = Field(description="Rows sealed")
    head: str


class KeptHead(_View):
    """A head that was told; `audit verify --heads` takes a list of these."""

    service: str
    position: int
    head: str
    told_at: datetime
    kept_at: datetime


@router.get("")
async def list_rows(
    _: Auditor,
    read: Read,
    actor: _Word = None,
    action: _Word = None,
    subject: _Word = None,
    after: Annotated[int, Query(ge=0, le=2**63 - 1, description="Id of the last row already read")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> list[AuditRow]:
    """Rows of the log in the order they were written, as many as asked for and not more than 1,000."""
    rows = await read.fetch(
        """
        select a.id, a.at, a.programme_at, a.actor, a.action, a.subject, a.reason, a.detail::text as detail,
          s.position, s.row_sha256, s.head
        from messaging.audit a left join messaging.audit_seal s on s.audit = a.id
        where a.id > $4 and ($1::text is null or a.actor = $1) and ($2::text is null or a.action = $2)
          and ($3::text is null or a.subject = $3)
        order by a.id limit $5
        """,
        actor,
        action,
        subject,
        after,
        limit,
    )
    return [AuditRow(**{**row, "detail": json.loads(row["detail"])}) for row in rows]


@router.get("/head")
async def show_head(_: Auditor, read: Read) -> HeadView | None:
    """Where the chain stands; null before its first row is sealed."""
    at = await head(read)
    return None if at is None else HeadView(position=at.position, head=at.head)


@router.get("/heads")
async def list_heads(
    _: Auditor,
    read: Read,
    of: _Word = None,
    limit: Annotated[int, Query(ge=1, le=5000)] = 1000,
) -> list[KeptHead]:
    """Heads that are kept here, of this service's log and of others', the latest first."""
    rows = await read.fetch(
        """
        select service, position, head, told_at, kept_at from messaging.audit_head
        where $1::text is null or service = $1 order by kept_at desc, service limit $2
        """,
        of,
        limit,
    )
    return [KeptHead(**row) for row in rows]
