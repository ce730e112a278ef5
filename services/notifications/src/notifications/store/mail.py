"""Mail on its way: woken, claimed, settled, put off."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import asyncpg

from chassis.keyring import KeyMissing, Keyring, Unreadable
from chassis.transaction import Transaction
from notifications.domain.deliveries import Claimed, DeliveryId, Party, Receipt, Text
from notifications.store.contacts import CONTACTS
from notifications.store.rows import columns


async def wake(tx: Transaction, party: Party, now: datetime, *, failed_too: bool) -> None:
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


async def hold(tx: Transaction, parties: Sequence[Party]) -> None:
    """Let the mail of parties without a contact wait."""
    await tx.execute(
        """
        update delivery set state = 'waiting'
        where recipient = any($1) and channel = 'mail' and state = 'due'
        """,
        parties,
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


async def claim(
    tx: Transaction, keyring: Keyring, now: datetime, lease: timedelta, limit: int
) -> tuple[list[Claimed], list[Receipt]]:
    """Take due mail into hand: for the length of `lease` no other worker sees it.

    Answers that, and beside it the mail whose contact was changed behind the keys' back and does not open.

    The inner statement asks for nothing but what the index on what is due can answer in order, so that a
    backlog need not be sorted. What is late, or has lost its contact, is passed over and ends elsewhere.

    Raises:
        KeyMissing: a contact's key is not in the file; nothing is taken then.
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
    claimed, unreadable = [], []
    for row in rows:
        receipt = _receipt(row)
        try:
            claimed.append(_opened(keyring, receipt, row, now))
        except KeyMissing:
            raise
        except Unreadable:
            unreadable.append(receipt)
    return claimed, unreadable


def _opened(keyring: Keyring, receipt: Receipt, row: asyncpg.Record, now: datetime) -> Claimed:
    plain = CONTACTS.open(keyring, receipt.recipient, row)
    text = Text(row["subject"], row["body"])
    return Claimed(receipt, plain["name"].decode(), plain["address"].decode(), text, now)


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
        *columns([(claim.delivery, claim.attempt, reason) for claim, reason in failures]),
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
        *columns([(claim.delivery, claim.attempt, pause) for claim, pause in pauses]),
    )


async def release(tx: Transaction, claims: Sequence[Receipt]) -> None:
    """Give back what was not tried, without counting an attempt."""
    await tx.execute(
        """
        update delivery d set due_at = clock_timestamp(), attempt = d.attempt - 1
        from unnest($1::text[], $2::smallint[]) as u (delivery, attempt)
        where d.delivery = u.delivery and d.attempt = u.attempt and d.state = 'due'
        """,
        *columns([(claim.delivery, claim.attempt) for claim in claims]),
    )


_RECEIPT: Final = """d.delivery, d.recipient, d.template, d.programme_year, d.attempt, d.event_id,
  n.event_type, n.correlation, n.traceparent, n.tracestate, clock_timestamp() as taken_at"""


def _receipt(row: asyncpg.Record) -> Receipt:
    return Receipt(**{field: row[field] for field in Receipt.__slots__})
