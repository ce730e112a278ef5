"""Seals the audit log: its rows become a chain of hashes, whose head others come to hold.

Rows are sealed after their transactions, in the order in which a worker sees them; each seal hashes its row
and the head before it. Once a day of the programme's clock the head goes out as an event, and the services
that read it keep it: whoever rewrites the log here would have to rewrite it there.
"""

import asyncio
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import structlog

from chassis import outbox
from chassis.heartbeat import beat
from chassis.inbox import Inbox
from chassis.interruptions import INTERRUPTIONS, pause
from chassis.transaction import Command, Pool, ReadTransaction, Transaction, begin, repeated
from contracts.audit import SEALED, AuditSealed

log = structlog.get_logger()

BEFORE_ALL: Final = "0" * 64
"""What stands for the head before the first seal."""
AT_ONCE: Final = 2000
"""Rows sealed in one transaction."""
SETTLED: Final = timedelta(minutes=10)
"""A transaction that writes an audit row commits within this time; `audit verify` looks at all rows."""
_PURPOSE: Final = "audit chain"
_KST: Final = ZoneInfo("Asia/Seoul")

COLUMNS: Final = "id, at, programme_at, actor, action, subject, reason, detail::text as detail"


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain stands: so many rows, and the hash over all of them."""

    position: int
    head: str


def row_sha256(row: Mapping[str, Any]) -> str:
    """The hash of an audit row (columns as in `COLUMNS`), as lower-case hexadecimal.

    Over JSON in UTF-8 with sorted names and without spaces; moments in UTC with microseconds.
    """
    document = {
        "id": row["id"],
        "at": _text(row["at"]),
        "programme_at": _text(row["programme_at"]),
        "actor": row["actor"],
        "action": row["action"],
        "subject": row["subject"],
        "reason": row["reason"],
        # Numbers as they are written, so that no float stands between the row and its hash.
        "detail": json.loads(row["detail"], parse_float=str),
    }
    return _sha256(document)


def head_after(position: int, row: str, before: str) -> str:
    """The head that a row's hash makes at `position`, after the head `before`."""
    return _sha256({"position": position, "previous": before, "row": row})


def _sha256(document: Mapping[str, Any]) -> str:
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


async def head(tx: ReadTransaction) -> Head | None:
    """Where the chain of this database stands; None before its first seal."""
    row = await tx.fetchrow("select position, head from messaging.audit_seal order by position desc limit 1")
    return None if row is None else Head(**row)


@dataclass(slots=True)
class Sealer:
    """Seals what is written; `settled` is the id up to which nothing unsealed can appear any more."""

    pool: Pool
    service: str
    told_as: type[AuditSealed] | None = None
    settled: int = 0

    async def run(self, stopping: asyncio.Event, seconds: float) -> None:
        """Seal every so many seconds until `stopping` is set."""
        while not stopping.is_set():
            beat()
            try:
                while await self.seal() == AT_ONCE:
                    beat()
            except INTERRUPTIONS as error:
                log.warning("audit rows not sealed", error=type(error).__name__)
            await pause(stopping, seconds)

    async def seal(self) -> int:
        """Seal the next rows, and tell the head where a day has passed; answers how many rows."""
        return await repeated(self._seal)

    async def _seal(self) -> int:
        async with begin(self.pool, Command(actor=self.service)) as tx:
            # Several workers may run; positions are dense.
            await tx.alone(_PURPOSE)
            rows = await tx.fetch(_UNSEALED, self.settled, AT_ONCE)
            at = await _add(tx, rows)
            settled = await tx.fetchval(_SETTLED, self.settled, SETTLED) if len(rows) < AT_ONCE else None
            if at is not None and self.told_as is not None:
                await _tell(tx, self.service, self.told_as, at)
        self.settled = settled or self.settled
        return len(rows)


_UNSEALED: Final = f"""
select {COLUMNS} from messaging.audit a
where a.id > $1 and not exists (select from messaging.audit_seal s where s.audit = a.id)
order by a.id limit $2
"""
_SETTLED: Final = """
select max(id) from messaging.audit where id > $1 and at < clock_timestamp() - $2::interval
"""


async def _add(tx: Transaction, rows: list[Any]) -> Head | None:
    """Chain these rows; answers where the chain stands then."""
    at = await head(tx)
    position, last = (0, BEFORE_ALL) if at is None else (at.position, at.head)
    seals = []
    for row in rows:
        hashed = row_sha256(row)
        position += 1
        last = head_after(position, hashed, last)
        seals.append((position, row["id"], hashed, last))
    if not seals:
        return at
    await tx.execute(
        """
        insert into messaging.audit_seal (position, audit, row_sha256, head)
        select * from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[])
        """,
        *(list(column) for column in zip(*seals, strict=True)),
    )
    return Head(position, last)


async def _tell(tx: Transaction, service: str, told_as: type[AuditSealed], at: Head) -> None:
    """Tell the head, once a day in Korea by the programme's clock."""
    last = await tx.fetchval(
        "select told_at from messaging.audit_head where service = $1 order by kept_at desc limit 1", service
    )
    now = await tx.now()
    today = now.astimezone(_KST).date()
    if last is not None and last.astimezone(_KST).date() == today:
        return
    event = told_as(
        programme_year=today.year, service=service, position=at.position, head=at.head, told_at=now
    )
    await keep(tx, event)
    outbox.add(tx, event)


async def keep(tx: Transaction, event: AuditSealed) -> None:
    """Remember a head that was told."""
    await tx.execute(
        """
        insert into messaging.audit_head (service, position, head, told_at) values ($1, $2, $3, $4)
        on conflict do nothing
        """,
        event.service,
        event.position,
        event.head,
        event.told_at,
    )


def keep_heads(inbox: Inbox) -> None:
    """Let a service keep the heads of the audit topics that its inbox listens to."""
    for kind in SEALED:
        if kind.topic in inbox.topics:
            inbox.on(kind)(keep)
