"""Who read whose personal data: a row for each person, in the transaction that reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from chassis.transaction import ReadTransaction, Transaction

MOST: Final = 1000
"""Rows that one question is answered with."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: the account (a pseudonym), in which role and for which party, and from where."""

    account: str
    role: str
    party: str | None
    origin: str
    correlation: str | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """One read of one person's data; `at` is the machine's time, `programme_at` the programme's."""

    id: int
    at: datetime
    programme_at: datetime
    account: str
    role: str
    party: str | None
    origin: str
    person: str
    action: str
    reason: str | None


async def record(
    tx: Transaction, reader: Reader, action: str, persons: Sequence[str], reason: str | None = None
) -> None:
    """Write that `reader` reads the data of `persons`; `action` and `reason` are codes."""
    await tx.execute(
        """
        insert into messaging.access (account, role, party, origin, person, action, reason, correlation)
        select $1, $2, $3, $4, person, $6, $7, $8 from unnest($5::text[]) as person
        """,
        reader.account,
        reader.role,
        reader.party,
        reader.origin,
        list(persons),
        action,
        reason,
        reader.correlation,
    )


async def accesses(
    tx: ReadTransaction,
    *,
    person: str | None = None,
    account: str | None = None,
    before: int | None = None,
    limit: int = 200,
) -> list[Access]:
    """What was read, the latest first: of one person, by one account, or both."""
    rows = await tx.fetch(
        """
        select id, at, programme_at, account, role, party, origin, person, action, reason
        from messaging.access
        where ($1::text is null or person = $1) and ($2::text is null or account = $2)
          and ($3::bigint is null or id < $3)
        order by id desc limit $4
        """,
        person,
        account,
        before,
        min(limit, MOST),
    )
    return [Access(**row) for row in rows]
