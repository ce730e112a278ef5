"""The service on a database of its own: events are handed to it, parties ask it over HTTP, mail leaves it."""

import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx2
from tests.asking import Caller
from tests.chassis.records import Record

from chassis import transaction
from chassis.identifiers import event_id
from chassis.keyring import Keyring
from chassis.transaction import Command, Pool, begin
from contracts.envelope import Envelope
from contracts.event import Event
from embedded.databases import Database
from embedded.issuer import Issuer
from notifications import events
from notifications.carriers.mail import Sender
from notifications.carriers.maildir import MaildirCarrier
from notifications.carriers.port import Carrier
from notifications.domain.deliveries import Retries
from notifications.worker import Courier

NOW: Final = datetime(2025, 2, 1, 3, tzinfo=UTC)
"""Before the deadlines of the contracts' examples."""

TRACE: Final = "4bf92f3577b34da6a3ce929d0e0e4736"
NAME: Final = "가상 담당자 (simulated)"
ADDRESS: Final = "simulated.person@school.example"


@dataclass
class Desk:
    database: Database
    pool: Pool
    client: httpx2.AsyncClient
    issuer: Issuer
    stop_clock: Callable[[Database, datetime], Awaitable[None]]
    folder: Path
    keys: Keyring
    read_so_far: Counter[tuple[str, str]] = field(default_factory=Counter)
    callers: int = 0

    async def at(self, moment: datetime) -> None:
        """Stop the programme clock at `moment`."""
        await self.stop_clock(self.database, moment)

    def told(self, event: Event, *, identity: UUID | None = None, time: datetime = NOW) -> Record:
        """`event` as the next record of its stream."""
        stream = (event.topic.name, event.key())
        self.read_so_far[stream] += 1
        envelope = Envelope(
            id=identity or event_id(),
            source=f"/ieum/{event.topic.emitted_by}",
            type=event.type,
            subject=event.key(),
            time=time,
            dataschema=event.dataschema,
            sequence=self.read_so_far[stream],
            generation=1,
            causationid="cause",
            correlationid="correlation-1",
            actor="actor",
            programmeyear=event.programme_year,
            traceparent=f"00-{TRACE}-00f067aa0ba902b7-01",
        )
        return Record(event.topic.name, event.key().encode(), event.write(), list(envelope.headers()))

    async def receive(self, *records: Record) -> None:
        """Hand records to the inbox as one batch."""
        async with begin(self.pool, Command(actor="test")) as tx:
            await events.inbox.apply(tx, events.inbox.understand(records))

    async def arrive(self, *events: Event, time: datetime = NOW) -> list[Record]:
        """Events come in one batch, each as the next of its stream."""
        records = [self.told(event, time=time) for event in events]
        await self.receive(*records)
        return records

    async def rebuild(self) -> None:
        """Forget how far every stream was read, as a consumer does that is built anew from the topics."""
        async with begin(self.pool, Command(actor="test")) as tx:
            for table in ("mark", "inbox", "position"):
                await tx.execute(f"delete from messaging.{table}")

    def caller(self, *roles: str, party: str | None = None, sub: str | None = None) -> Caller:
        self.callers += 1
        name = sub or f"person-{self.callers}"
        return Caller(self.client, self.issuer.token(name, roles, party), name)

    async def has_contact(
        self, party: str, *, language: str = "ko", name: str = NAME, address: str = ADDRESS
    ) -> None:
        answer = await self.caller("school", party=party).put(
            "/contacts/me", {"name": name, "address": address, "language": language}
        )
        assert answer.status_code == 204, answer.text

    async def rows(self, query: str, *args: Any) -> list[dict[str, Any]]:
        async with transaction.read(self.pool) as read:
            return [dict(found) for found in await read.fetch(query, *args)]

    async def change(self, statement: str, *args: Any) -> None:
        async with begin(self.pool, Command(actor="test")) as tx:
            await tx.execute(statement, *args)

    async def deliveries(self, channel: str = "mail") -> list[tuple[str, str, str]]:
        """Recipient, template and state of each delivery, in order."""
        rows = await self.rows(
            "select recipient, template, state from delivery where channel = $1 order by 1, 2, 3", channel
        )
        return [(row["recipient"], row["template"], row["state"]) for row in rows]

    async def emitted(self) -> list[tuple[str, dict[str, Any], dict[str, str]]]:
        """What stands in the outbox: last part of the type, data and headers, in order."""
        rows = await self.rows("select headers, value from messaging.outbox order by bucket, seq")
        found = []
        for row in rows:
            headers = json.loads(row["headers"])
            found.append((headers["ce_type"].split(".")[2], json.loads(row["value"]), headers))
        return found

    def courier(self, carrier: Carrier | None = None, **settings: Any) -> Courier:
        """A worker in this process; by default it writes to the folder."""
        return Courier(
            pool=self.pool,
            keys=self.keys,
            carrier=carrier or MaildirCarrier(self.folder),
            sender=Sender("no-reply@ieum.example"),
            retries=settings.get("retries", Retries()),
            lease=settings.get("lease", timedelta(seconds=60)),
            poll=0.05,
        )

    async def wait_over(self) -> None:
        """Let every pause and lease be over: they are the machine's time, which no test can stop."""
        await self.change("update delivery set due_at = clock_timestamp() where state = 'due'")
