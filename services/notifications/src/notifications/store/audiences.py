"""Groups of parties that events let grow, and what they are told."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from chassis.transaction import Transaction
from notifications.domain.concerns import Audience, Membership
from notifications.store.rows import columns

_AUDIENCES: Final = (0x6E6F7469, 1)
"""Key of the advisory lock by which a joining member and a notice to its audience cannot miss each other."""


@dataclass(frozen=True, slots=True)
class OpenNotice:
    """A notice that an audience is still to be told."""

    audience: Audience
    event_id: UUID
    template: str
    not_after: datetime


async def lock(tx: Transaction, *, to_address: bool) -> None:
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
        *columns(notices),
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
