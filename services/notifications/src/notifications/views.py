"""What GETs show: a party's own contact and inbox, and figures about deliveries without any contents."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from chassis import access
from chassis.transaction import ReadTransaction
from notifications.domain.contacts import Written
from notifications.domain.deliveries import DEFAULT_LANGUAGE, Language, Party

Limit = Annotated[int, Field(ge=1, le=200)]
Cursor = Annotated[str, Field(max_length=64, description="`next` of the page before")]


class View(BaseModel):
    model_config = ConfigDict(frozen=True)


class ContactView(View):
    """A party's own contact."""

    party: str = Field(examples=["sch_0194f0c5c1de7c3ab8d2f1a0b3c4d5e6"])
    name: str = Field(examples=["Admissions office (simulated)"])
    address: str = Field(examples=["office@school.example"])
    language: Language
    written_at: datetime

    @classmethod
    def of(cls, written: Written) -> Self:
        contact = written.contact
        return cls(
            party=contact.party,
            name=contact.name,
            address=contact.address,
            language=contact.language,
            written_at=written.at,
        )


class AccessView(View):
    """One read of a party's own contact."""

    at: datetime
    account: str = Field(description="Who read it, under a pseudonym", examples=["person-1"])
    role: str = Field(examples=["school"])
    party: str | None
    action: str = Field(examples=["own_contact"])


class AccessesView(View):
    items: list[AccessView]
    next: int | None = Field(description="`before` of the next page; null on the last")


class AccessFilter(View):
    before: int | None = Field(default=None, ge=1)
    limit: Limit = 50


class MessageView(View):
    """A message of a party's own inbox."""

    message: str = Field(examples=["dlv_0194f0c5c1de7c3ab8d2f1a0b3c4d5e6"])
    programme_year: int = Field(examples=[2025])
    template: str = Field(examples=["application_submitted"])
    occurred_at: datetime = Field(description="When what it tells happened, by the programme's clock")
    subject: str = Field(examples=["Your application was accepted (receipt 2025-000123)"])
    body: str
    read_at: datetime | None = Field(description="Null while unread")


class InboxView(View):
    """A page of an inbox, newest first."""

    items: list[MessageView]
    unread: int = Field(description="Unread messages of the whole inbox", examples=[3])
    next: str | None = Field(description="`after` of the next page; null on the last")


class InboxFilter(View):
    unread: bool = Field(default=False, description="Only what was not read yet")
    programme_year: int | None = None
    language: Language | None = Field(
        default=None, description="That of the contact where left out, Korean where there is none"
    )
    after: Cursor | None = None
    limit: Limit = 50


class CountView(View):
    """How many deliveries of a template are in a state."""

    programme_year: int = Field(examples=[2025])
    template: str = Field(examples=["application_submitted"])
    channel: Literal["inbox", "mail"]
    state: Literal["waiting", "due", "delivered", "failed", "lapsed"]
    deliveries: int = Field(examples=[254])


class FailureView(View):
    """A delivery that was given up: who has to be told in another way."""

    delivery: str = Field(examples=["dlv_0194f0c5c1de7c3ab8d2f1a0b3c4d5e6"])
    recipient: str = Field(examples=["sch_0194f0c5c1de7c3ab8d2f1a0b3c4d5e6"])
    programme_year: int = Field(examples=[2025])
    template: str = Field(examples=["offer_made"])
    channel: Literal["inbox", "mail"]
    attempt: int = Field(examples=[8])
    reason: str = Field(description="A code", examples=["smtp_550"])
    failed_at: datetime
    read_at: datetime | None = Field(description="When the same message was read in the inbox, if it was")


class FailuresView(View):
    items: list[FailureView]
    next: str | None = Field(description="`after` of the next page; null on the last")


class FailureFilter(View):
    programme_year: int | None = None
    after: Cursor | None = None
    limit: Limit = 50


async def accesses(tx: ReadTransaction, party: Party, wanted: AccessFilter) -> AccessesView:
    found = await access.accesses(tx, person=party, before=wanted.before, limit=wanted.limit + 1)
    items = [
        AccessView(at=each.at, account=each.account, role=each.role, party=each.party, action=each.action)
        for each in found[: wanted.limit]
    ]
    return AccessesView(items=items, next=found[wanted.limit - 1].id if len(found) > wanted.limit else None)


async def inbox(tx: ReadTransaction, reader: Party, wanted: InboxFilter) -> InboxView:
    language = wanted.language or await _language(tx, reader)
    rows = await tx.fetch(
        f"""
        {_MESSAGE}
        where d.recipient = $1 and d.channel = 'inbox' and d.state = 'delivered'
          and (not $3 or d.read_at is null) and ($4::integer is null or d.programme_year = $4)
          and ($5::text is null or (d.occurred_at, d.delivery) <
            (select occurred_at, delivery from delivery where delivery = $5 and recipient = $1))
        order by d.occurred_at desc, d.delivery desc limit $6
        """,
        reader,
        language,
        wanted.unread,
        wanted.programme_year,
        wanted.after,
        wanted.limit + 1,
    )
    items = [MessageView(**row) for row in rows[: wanted.limit]]
    return InboxView(
        items=items,
        unread=await _unread(tx, reader),
        next=items[-1].message if len(rows) > wanted.limit else None,
    )


_MESSAGE = """
select d.delivery as message, d.programme_year, d.template, d.occurred_at, d.read_at,
  case $2::text when 'en' then n.subject_en else n.subject_ko end as subject,
  case $2::text when 'en' then n.body_en else n.body_ko end as body
from delivery d join notice n using (event_id, template)
"""


async def _language(tx: ReadTransaction, party: Party) -> Language:
    language: Language | None = await tx.fetchval("select language from contact where party = $1", party)
    return language or DEFAULT_LANGUAGE


async def _unread(tx: ReadTransaction, reader: Party) -> int:
    unread: int = await tx.fetchval(
        """
        select count(*) from delivery
        where recipient = $1 and channel = 'inbox' and state = 'delivered' and read_at is null
        """,
        reader,
    )
    return unread


async def statistics(tx: ReadTransaction, programme_year: int | None) -> list[CountView]:
    rows = await tx.fetch(
        """
        select programme_year, template, channel, state, count(*) as deliveries from delivery
        where $1::integer is null or programme_year = $1
        group by programme_year, template, channel, state
        order by programme_year, template, channel, state
        """,
        programme_year,
    )
    return [CountView(**row) for row in rows]


async def failures(tx: ReadTransaction, wanted: FailureFilter) -> FailuresView:
    """Deliveries that were given up, the latest first."""
    rows = await tx.fetch(
        """
        select d.delivery, d.recipient, d.programme_year, d.template, d.channel, d.attempt, d.reason,
          d.settled_at as failed_at, i.read_at
        from delivery d
        left join delivery i on i.event_id = d.event_id and i.recipient = d.recipient
          and i.template = d.template and i.channel = 'inbox'
        where d.state = 'failed' and ($1::integer is null or d.programme_year = $1)
          and ($2::text is null or (d.settled_at, d.delivery) <
            (select settled_at, delivery from delivery where delivery = $2))
        order by d.settled_at desc, d.delivery desc limit $3
        """,
        wanted.programme_year,
        wanted.after,
        wanted.limit + 1,
    )
    items = [FailureView(**row) for row in rows[: wanted.limit]]
    return FailuresView(items=items, next=items[-1].delivery if len(rows) > wanted.limit else None)
