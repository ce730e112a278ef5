"""Documents of applications: for their schools and officers, and for the reviewers who read them."""

from datetime import datetime
from typing import Any, Final

from pydantic import Field

from applications.views.shapes import View, found
from chassis.transaction import ReadTransaction


class DocumentView(View):
    id: str
    name: str = Field(examples=["operation_plan"])
    media_type: str = Field(examples=["application/pdf"])
    size: int
    digest: str = Field(description="SHA-256 of the bytes as they were taken in")
    attached_at: datetime


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
    described = found(row, "document")
    return described["name"], described["media_type"], described["content"]


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
    described = found(row, "document")
    return described["name"], described["media_type"], described["content"]


async def documents_of(tx: ReadTransaction, application: str) -> list[dict[str, Any]]:
    rows = await tx.fetch(
        """
        select id, name, media_type, size, digest, attached_at, detached_at is not null as detached
        from document where application = $1 order by id
        """,
        application,
    )
    return [dict(row) for row in rows]
