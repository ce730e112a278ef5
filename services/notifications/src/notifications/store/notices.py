"""Notices, and the deliveries that bring them."""

from collections.abc import Sequence
from datetime import datetime

from chassis.transaction import Transaction
from notifications.domain.deliveries import Delivery, DeliveryId, Notice, Party
from notifications.store.rows import columns


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
        *columns(rows),
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
        *columns(rows),
        now,
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


async def forget_deliveries(tx: Transaction, before: datetime, at_most: int) -> int:
    """Delete settled deliveries that it was too late for at `before`; answers how many."""
    done = await tx.execute(
        """
        delete from delivery where delivery = any(array(
          select delivery from delivery where not_after <= $1 and state not in ('waiting', 'due')
          limit $2 for update skip locked))
        """,
        before,
        at_most,
    )
    return int(done.rpartition(" ")[2])


async def forget_notices(tx: Transaction, before: datetime, at_most: int) -> int:
    """Delete notices without a delivery that it was too late for at `before`; answers how many."""
    gone: int = await tx.fetchval(
        """
        with old as (
          select event_id, template from notice n
          where not_after <= $1
            and not exists (select from delivery d where (d.event_id, d.template) = (n.event_id, n.template))
          limit $2 for update skip locked
        ), meant as (
          delete from addressed a using old where (a.event_id, a.template) = (old.event_id, old.template)
        ), gone as (
          delete from notice n using old where (n.event_id, n.template) = (old.event_id, old.template)
          returning 1
        )
        select count(*) from gone
        """,
        before,
        at_most,
    )
    return gone
