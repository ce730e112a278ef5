"""All that this service writes, and what it reads to decide; one statement a function."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg

from chassis.transaction import Transaction
from notifications.domain.concerns import Audience, Membership
from notifications.domain.contacts import Contact
from notifications.domain.deliveries import Claimed, Delivery, DeliveryId, Notice, Party, Receipt, Text

_AUDIENCES: Final = (0x6E6F7469, 1)
"""Key of the advisory lock by which a joining member and a notice to its audience cannot miss each other."""


@dataclass(frozen=True, slots=True)
class OpenNotice:
    """A notice that an audience is still to be told."""

    audience: Audience
    event_id: UUID
    template: str
    not_after: datetime


# Contacts


async def contact_for_update(tx: Transaction, party: Party) -> Contact | None:
    row = await tx.fetchrow(
        "select party, name, address, language from contact where party = $1 for update", party
    )
    return Contact(**row) if row else None


async def save_contact(tx: Transaction, contact: Contact, now: datetime) -> None:
    await tx.execute(
        """
        insert into contact (party, name, address, language, written_at) values ($1, $2, $3, $4, $5)
        on conflict (party) do update
        set name = excluded.name, address = excluded.address, language = excluded.language,
          written_at = excluded.written_at
        """,
        contact.party,
        contact.name,
        contact.address,
        contact.language,
        now,
    )


async def delete_contact(tx: Transaction, party: Party) -> bool:
    return await tx.fetchval("delete from contact where party = $1 returning true", party) or False


async def reachable(tx: Transaction, parties: Iterable[Party]) -> set[Party]:
    """Those of the parties that have a contact."""
    rows = await tx.fetch("select party from contact where party = any($1)", list(parties))
    return {row["party"] for row in rows}


# Audiences


async def lock_audiences(tx: Transaction, *, to_address: bool) -> None:
    """Let those who join run beside each other, and one who addresses an audience alone."""
    mode = "pg_advisory_xact_lock" if to_address else "pg_advisory_xact_lock_shared"
    await tx.execute(f"select {mode}($1, $2)", *_AUDIENCES)


async def join(tx: Transaction, members: Sequence[Membership]) -> None:
    await tx.execute(
        """
        insert into member (audience, party) select * from unnest($1::text[], $2::text[])
        on conflict do nothing
        """,
        [member.audience for member in members],
        [member.party for member in members],
    )


async def leave(tx: Transaction, members: Sequence[Membership]) -> None:
    await tx.execute(
        "delete from member where (audience, party) in (select * from unnest($1::text[], $2::text[]))",
        [member.audience for member in members],
        [member.party for member in members],
    )


async def members(tx: Transaction, audiences: Iterable[Audience]) -> list[Membership]:
    rows = await tx.fetch("select audience, party from member where audience = any($1)", list(audiences))
    return [Membership(**row) for row in rows]


async def address(tx: Transaction, notices: Sequence[tuple[Audience, UUID, str]]) -> None:
    """Note for which audiences notices (by event and template) are meant."""
    await tx.execute(
        """
        insert into addressed (audience, event_id, template)
        select * from unnest($1::text[], $2::uuid[], $3::text[]) on conflict do nothing
        """,
        *_columns(notices),
    )


async def open_notices(tx: Transaction, audiences: Iterable[Audience], now: datetime) -> list[OpenNotice]:
    """The notices to these audiences that it is not yet too late to tell."""
    rows = await tx.fetch(
        """
        select a.audience, a.event_id, a.template, n.not_after
        from addressed a join notice n using (event_id, template)
        where a.audience = any($1) and n.not_after > $2
        """,
        list(audiences),
        now,
    )
    return [OpenNotice(**row) for row in rows]


# Notices and deliveries


async def add_notices(tx: Transaction, notices: Sequence[Notice]) -> None:
    """Keep notices; one that is there already stays as it was told."""
    rows = [
        (
            n.event_id,
            n.template,
            n.event_type,
            n.programme_year,
            n.occurred_at,
            n.not_after,
            n.texts["ko"].subject,
            n.texts["ko"].body,
            n.texts["en"].subject,
            n.texts["en"].body,
            n.correlation,
            n.traceparent,
            n.tracestate,
        )
        for n in notices
    ]
    await tx.execute(
        """
        insert into notice (event_id, template, event_type, programme_year, occurred_at, not_after,
          subject_ko, body_ko, subject_en, body_en, correlation, traceparent, tracestate)
        select * from unnest($1::uuid[], $2::text[], $3::text[], $4::integer[], $5::timestamptz[],
          $6::timestamptz[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[],
          $13::text[])
        on conflict do nothing
        """,
        *_columns(rows),
    )


async def add_deliveries(tx: Transaction, deliveries: Sequence[Delivery], now: datetime) -> None:
    """Write down deliveries of notices that are kept already; what was written before stays as it is."""
    rows = [(d.id, d.event_id, d.template, d.recipient, d.channel, d.state) for d in deliveries]
    await tx.execute(
        """
        insert into delivery (delivery, event_id, template, recipient, channel, state,
          programme_year, occurred_at, not_after, settled_at)
        select u.*, n.programme_year, n.occurred_at, n.not_after,
          case when u.state not in ('waiting', 'due') then $7::timestamptz end
        from unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[])
          as u (delivery, event_id, template, recipient, channel, state)
        join notice n using (event_id, template)
        on conflict do nothing
        """,
        *_columns(rows),
        now,
    )


async def wake_mail_of(tx: Transaction, party: Party, now: datetime, *, failed_too: bool) -> None:
    """Let the mail that waited for this party's contact go out, from the first attempt on."""
    await tx.execute(
        """
        update delivery
        set state = 'due', attempt = 0, due_at = clock_timestamp(), settled_at = null, reason = null
        where recipient = $1 and channel = 'mail' and not_after > $2
          and (state = 'waiting' or ($3 and state = 'failed'))
        """,
        party,
        now,
        failed_too,
    )


async def hold_mail_of(tx: Transaction, party: Party) -> None:
    """Let the mail of a party without a contact wait."""
    await tx.execute(
        "update delivery set state = 'waiting' where recipient = $1 and channel = 'mail' and state = 'due'",
        party,
    )


async def reconcile(tx: Transaction, now: datetime) -> None:
    """Set right what a contact and a delivery written at the same moment could not see of each other."""
    await tx.execute(
        """
        with woken as (
          update delivery d set state = 'due', due_at = clock_timestamp()
          from contact c where d.state = 'waiting' and c.party = d.recipient and d.not_after > $1
        )
        update delivery d set state = 'waiting'
        where d.state = 'due' and d.due_at <= clock_timestamp()
          and not exists (select from contact c where c.party = d.recipient)
        """,
        now,
    )


async def lapse_waiting(tx: Transaction, now: datetime, limit: int) -> None:
    """End mail that waited for a contact until it was too late; the inbox has told its reader."""
    await tx.execute(
        """
        update delivery set state = 'lapsed', settled_at = $1
        where delivery in (
          select delivery from delivery where state = 'waiting' and not_after <= $1
          order by not_after limit $2 for update skip locked)
        """,
        now,
        limit,
    )


async def lapse_due(tx: Transaction, now: datetime, limit: int) -> list[Receipt]:
    """End mail that could not be sent in time. What another worker has in hand is left to it."""
    rows = await tx.fetch(
        f"""
        with late as (
          select delivery, coalesce(c.language, 'ko') as language
          from delivery left join contact c on c.party = recipient
          where state = 'due' and not_after <= $1 and due_at <= clock_timestamp()
          order by not_after limit $2 for update of delivery skip locked)
        update delivery d set state = 'lapsed', settled_at = $1
        from late, notice n
        where d.delivery = late.delivery and n.event_id = d.event_id and n.template = d.template
        returning {_RECEIPT}, late.language
        """,
        now,
        limit,
    )
    return [_receipt(row) for row in rows]


async def claim(tx: Transaction, now: datetime, lease: timedelta, limit: int) -> list[Claimed]:
    """Take due mail into hand: for the length of `lease` no other worker sees it.

    The inner statement asks for nothing but what the index on what is due can answer in order, so that a
    backlog need not be sorted. What is late, or has lost its contact, is passed over and ends elsewhere.
    """
    rows = await tx.fetch(
        f"""
        with due as (
          select delivery from delivery where state = 'due' and due_at <= now()
          order by due_at limit $3 for update skip locked)
        update delivery d set attempt = d.attempt + 1, due_at = clock_timestamp() + $2
        from due, notice n, contact c
        where d.delivery = due.delivery and d.not_after > $1 and c.party = d.recipient
          and n.event_id = d.event_id and n.template = d.template
        returning {_RECEIPT}, c.language, c.name, c.address,
          case c.language when 'en' then n.subject_en else n.subject_ko end as subject,
          case c.language when 'en' then n.body_en else n.body_ko end as body
        """,
        now,
        lease,
        limit,
    )
    return [
        Claimed(_receipt(row), row["name"], row["address"], Text(row["subject"], row["body"]), now)
        for row in rows
    ]


async def settle_delivered(tx: Transaction, claims: Sequence[Receipt], now: datetime) -> set[DeliveryId]:
    """Record receipts; answers those that nobody recorded before."""
    rows = await tx.fetch(
        """
        update delivery set state = 'delivered', settled_at = $2
        where delivery = any($1) and state in ('waiting', 'due') returning delivery
        """,
        [claim.delivery for claim in claims],
        now,
    )
    return {row["delivery"] for row in rows}


async def settle_failed(
    tx: Transaction, failures: Sequence[tuple[Receipt, str]], now: datetime
) -> set[DeliveryId]:
    """Give up, with a reason; answers those that were still in this worker's hand."""
    rows = await tx.fetch(
        """
        update delivery d set state = 'failed', settled_at = $4, reason = u.reason
        from unnest($1::text[], $2::smallint[], $3::text[]) as u (delivery, attempt, reason)
        where d.delivery = u.delivery and d.attempt = u.attempt and d.state = 'due'
        returning d.delivery
        """,
        *_columns([(claim.delivery, claim.attempt, reason) for claim, reason in failures]),
        now,
    )
    return {row["delivery"] for row in rows}


async def postpone(tx: Transaction, pauses: Sequence[tuple[Receipt, timedelta]]) -> None:
    """Let what is still in this worker's hand rest until its next attempt."""
    await tx.execute(
        """
        update delivery d set due_at = clock_timestamp() + u.pause
        from unnest($1::text[], $2::smallint[], $3::interval[]) as u (delivery, attempt, pause)
        where d.delivery = u.delivery and d.attempt = u.attempt and d.state = 'due'
        """,
        *_columns([(claim.delivery, claim.attempt, pause) for claim, pause in pauses]),
    )


async def release(tx: Transaction, claims: Sequence[Receipt]) -> None:
    """Give back what was not tried, without counting an attempt."""
    await tx.execute(
        """
        update delivery d set due_at = clock_timestamp(), attempt = d.attempt - 1
        from unnest($1::text[], $2::smallint[]) as u (delivery, attempt)
        where d.delivery = u.delivery and d.attempt = u.attempt and d.state = 'due'
        """,
        *_columns([(claim.delivery, claim.attempt) for claim in claims]),
    )


async def mark_read(tx: Transaction, message: DeliveryId, reader: Party, now: datetime) -> bool:
    """Note when a message was first read; False where the reader has no such message."""
    return (
        await tx.fetchval(
            """
            update delivery set read_at = coalesce(read_at, $3)
            where delivery = $1 and recipient = $2 and channel = 'inbox' and state = 'delivered'
            returning true
            """,
            message,
            reader,
            now,
        )
        or False
    )


_RECEIPT: Final = """d.delivery, d.recipient, d.template, d.programme_year, d.attempt, d.event_id,
  n.event_type, n.correlation, n.traceparent, n.tracestate, clock_timestamp() as taken_at"""


def _receipt(row: asyncpg.Record) -> Receipt:
    return Receipt(**{field: row[field] for field in Receipt.__slots__})


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
