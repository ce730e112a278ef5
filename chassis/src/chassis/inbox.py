"""The inbox: events applied once, in the order of their streams, in the transaction of their effects.

A service names its handlers with `on` (one event a call) or `on_all` (a batch's events of one type at once);
`apply` does a batch of records in the caller's transaction.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar, cast
from uuid import UUID

from chassis import parking, telemetry
from chassis.incoming import Incoming, Record, understand
from chassis.marks import Marks, Stream, Verdict
from chassis.transaction import Transaction
from contracts.catalogue import EVENTS
from contracts.envelope import Envelope
from contracts.event import Event
from contracts.topics import Topic

Told = TypeVar("Told", bound=Event)
Told_co = TypeVar("Told_co", bound=Event, covariant=True)

HANDLER_FAILED: Final = "handler_failed"


@dataclass(frozen=True, slots=True)
class Received(Generic[Told_co]):
    """An event with the envelope it came in."""

    event: Told_co
    envelope: Envelope


Handler = Callable[[Transaction, Told], Awaitable[None]]
SetHandler = Callable[[Transaction, Sequence[Received[Told]]], Awaitable[None]]


class Inbox:
    """What a service does with the events of the topics it listens to."""

    def __init__(self, *topics: Topic, known: Mapping[str, type[Event]] = EVENTS) -> None:
        self.topics: Final = topics
        self._known = known
        self._single: dict[str, Handler[Any]] = {}
        self._sets: dict[str, SetHandler[Any]] = {}

    def on(self, event: type[Told]) -> Callable[[Handler[Told]], Handler[Told]]:
        """Let the decorated function handle each `event`."""

        def register(handler: Handler[Told]) -> Handler[Told]:
            self._must_be_free(event)
            self._single[event.type] = handler
            return handler

        return register

    def on_all(self, event: type[Told]) -> Callable[[SetHandler[Told]], SetHandler[Told]]:
        """Let the decorated function handle all of a batch's `event`s at once, in order."""

        def register(handler: SetHandler[Told]) -> SetHandler[Told]:
            self._must_be_free(event)
            self._sets[event.type] = handler
            return handler

        return register

    def _must_be_free(self, event: type[Event]) -> None:
        if event.topic not in self.topics or event.type in self.handled:
            message = f"{event.type} has a handler already, or is told on a topic that is not listened to"
            raise ValueError(message)

    @property
    def handled(self) -> frozenset[str]:
        """The types that have a handler; the others only move the marks."""
        return frozenset(self._single) | frozenset(self._sets)

    def understand(self, records: Iterable[Record]) -> list[Incoming]:
        """Read records as far as this service needs them."""
        handled = self.handled
        return [understand(record, self._known, handled) for record in records]

    async def apply(self, tx: Transaction, batch: Sequence[Incoming]) -> None:
        """Do a batch: what is next in its stream is handled, what is past is passed over, the rest parked.

        Whatever a handler raises comes out; the caller's transaction is then to be rolled back.
        """
        marks = tx.belonging(Marks)
        await marks.lock(tx, batch)
        given_up = await parking.given_up(tx, batch)
        upcoming, parked = [], []
        for incoming in batch:
            if incoming.place in given_up:
                continue
            verdict, reason = marks.judge(incoming)
            match verdict:
                case Verdict.NEXT:
                    upcoming.append(incoming)
                case Verdict.PARK:
                    parked.append((incoming, reason))
                case Verdict.PAST:
                    pass
        await self.handle(tx, upcoming)
        await parking.park(tx, parked)
        await marks.save(tx)
        await _advance(tx, batch)

    async def set_aside(self, tx: Transaction, incoming: Incoming, rule: str) -> None:
        """Park a record whose handler keeps failing, and its stream behind it."""
        marks = tx.belonging(Marks)
        await marks.lock(tx, [incoming])
        verdict, _ = marks.judge(incoming)
        if verdict is not Verdict.PAST:
            marks.park(incoming)
            await parking.park(tx, [(incoming, HANDLER_FAILED)], rule)
        await marks.save(tx)
        await _advance(tx, [incoming])

    async def handle(self, tx: Transaction, upcoming: Sequence[Incoming]) -> None:
        """Claim events that are next in their streams and call their handlers."""
        cause = tx.cause
        marks, fresh = tx.belonging(Marks), await _claim(tx, upcoming, self.handled)
        collected: dict[str, list[Incoming]] = {}
        collected_as: dict[Stream, str] = {}
        for incoming in upcoming:
            envelope, stream = (
                cast("Envelope", incoming.envelope),
                (incoming.topic, cast("str", incoming.lane)),
            )
            if incoming.event is None or envelope.id not in fresh:
                marks.reached(incoming)
                continue
            # A service that was restored tells again under the same id, in a new generation.
            fresh.discard(envelope.id)
            if collected_as.get(stream, envelope.type) != envelope.type:
                # An event of the same stream waits in a set: that comes first.
                await self._handle_sets(tx, collected)
                collected_as.clear()
            if envelope.type in self._sets:
                collected.setdefault(envelope.type, []).append(incoming)
                collected_as[stream] = envelope.type
                continue
            marks.reached(incoming)
            tx.cause = envelope
            with telemetry.handling(envelope):
                await self._single[envelope.type](tx, incoming.event)
        await self._handle_sets(tx, collected)
        tx.cause = cause

    async def _handle_sets(self, tx: Transaction, collected: dict[str, list[Incoming]]) -> None:
        for kind, set_of in collected.items():
            for incoming in set_of:
                tx.belonging(Marks).reached(incoming)
            received = [
                Received(cast("Event", incoming.event), cast("Envelope", incoming.envelope))
                for incoming in set_of
            ]
            tx.cause = received[-1].envelope
            with telemetry.handling_all(tx, [r.envelope for r in received]):
                await self._sets[kind](tx, received)
        collected.clear()

    async def missing(self, tx: Transaction, topic: Topic, manifest: Mapping[str, int]) -> dict[str, int]:
        """The streams of a manifest (key to sequence) that were not yet read that far; empty when all were.

        What the batch being handled has reached so far counts as read.
        """
        rows = await tx.fetch(
            "select key, sequence from messaging.mark where topic = $1 and key = any($2)",
            topic.name,
            list(manifest),
        )
        read = {row["key"]: row["sequence"] for row in rows} | tx.belonging(Marks).handled_of(topic.name)
        return {key: sequence for key, sequence in manifest.items() if read.get(key, 0) < sequence}


async def _claim(tx: Transaction, upcoming: Sequence[Incoming], handled: frozenset[str]) -> set[UUID]:
    """Record what becomes of each event; answers the ids that were not known before."""
    known = [
        (envelope.id, incoming.topic, envelope.type, "applied" if envelope.type in handled else "ignored")
        for incoming in upcoming
        if (envelope := incoming.envelope) is not None
    ]
    # In one order for everybody; by its number, since UUIDs compare in Python.
    known.sort(key=lambda row: row[0].int)
    if not known:
        return set()
    rows = await tx.fetch(
        """
        insert into messaging.inbox (event, topic, type, outcome)
        select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[])
        on conflict do nothing returning event
        """,
        *(list(column) for column in zip(*known, strict=True)),
    )
    return {row["event"] for row in rows}


async def _advance(tx: Transaction, batch: Sequence[Incoming]) -> None:
    following: dict[tuple[str, int], int] = {}
    for incoming in batch:
        place = (incoming.topic, incoming.partition)
        following[place] = max(following.get(place, 0), incoming.offset + 1)
    places = sorted(following)
    await tx.execute(
        """
        insert into messaging.position as p (topic, partition, next_offset)
        select * from unnest($1::text[], $2::integer[], $3::bigint[])
        on conflict (topic, partition) do update
        set next_offset = greatest(p.next_offset, excluded.next_offset)
        """,
        [topic for topic, _ in places],
        [partition for _, partition in places],
        [following[place] for place in places],
    )
