"""What flows while messaging is measured: one type of event, and handlers that keep a total of each thing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Self

from chassis import outbox
from chassis.inbox import Inbox, Received
from chassis.transaction import Command, Pool, Transaction, begin
from contracts.event import Event
from contracts.topics import Topic

BODY_BYTES: Final = 598
"""Of an event's data: about what an application's answers come to."""
EVENTS_A_TRANSACTION: Final = 1000

TOPIC: Final = Topic(
    name="benchmark.things",
    area="benchmark",
    emitted_by="applications",
    partitions=8,
    retention_ms=None,
    keys=("thing",),
)
TABLES: Final = """
create table effect (thing text primary key, total bigint not null, events bigint not null);
create table kept (like messaging.outbox including identity);
"""


class Thing(Event):
    key_field: ClassVar[str] = "thing"
    read_by: ClassVar = ("applications",)
    why: ClassVar[str] = "to be measured"

    programme_year: int = 2025
    thing: str


class Happened(Thing):
    amount: int = 1
    note: str = ""


class Counted(Thing):
    total: int


@dataclass(frozen=True, slots=True)
class Kinds:
    """The types of events, bound to a topic."""

    happened: type[Happened]
    counted: type[Counted]

    @classmethod
    def on(cls, place: Topic) -> Self:
        class ThingHappened(Happened):
            topic: ClassVar[Topic] = place

        class ThingCounted(Counted):
            topic: ClassVar[Topic] = place

        return cls(ThingHappened, ThingCounted)

    def known(self) -> dict[str, type[Event]]:
        return {event.type: event for event in (self.happened, self.counted)}

    def register_single(self, inbox: Inbox, *, answering: bool) -> None:
        """Let `inbox` handle event by event: an upsert and, if `answering`, an event told, each time."""

        async def count(tx: Transaction, event: Happened) -> None:
            total = await tx.fetchval(
                """
                insert into effect (thing, total, events) values ($1, $2, 1)
                on conflict (thing) do update
                set total = effect.total + excluded.total, events = effect.events + 1
                returning total
                """,
                event.thing,
                event.amount,
            )
            if answering:
                outbox.add(tx, self.counted(thing=event.thing, total=total))

        inbox.on(self.happened)(count)

    def register_sets(self, inbox: Inbox, *, answering: bool) -> None:
        """Let `inbox` handle a batch's events at once: the same totals, the same events told."""

        def answer(tx: Transaction, received: Sequence[Received[Happened]], totals: dict[str, int]) -> None:
            for each in received:
                totals[each.event.thing] -= each.event.amount
            for each in received:
                totals[each.event.thing] += each.event.amount
                told = self.counted(thing=each.event.thing, total=totals[each.event.thing])
                outbox.add(tx, told, cause=each.envelope)

        async def count_all(tx: Transaction, received: Sequence[Received[Happened]]) -> None:
            rows = await tx.fetch(
                """
                insert into effect (thing, total, events)
                select thing, sum(amount), count(*)
                from unnest($1::text[], $2::bigint[]) as u (thing, amount) group by thing order by thing
                on conflict (thing) do update
                set total = effect.total + excluded.total, events = effect.events + excluded.events
                returning thing, total
                """,
                [each.event.thing for each in received],
                [each.event.amount for each in received],
            )
            if answering:
                answer(tx, received, {row["thing"]: row["total"] for row in rows})

        inbox.on_all(self.happened)(count_all)


def events(kinds: Kinds, count: int, keys: int) -> Iterator[Happened]:
    """That many events over that many keys in turn, each `BODY_BYTES` long."""
    for number in range(count):
        thing = f"thing-{number % keys:08}"
        bare = len(kinds.happened(thing=thing).write())
        yield kinds.happened(thing=thing, note="x" * (BODY_BYTES - bare))


async def tell(pool: Pool, kinds: Kinds, count: int, keys: int) -> None:
    """Put events into the outbox, as handlers do."""
    waiting = list(events(kinds, count, keys))
    for start in range(0, count, EVENTS_A_TRANSACTION):
        async with begin(pool, Command(actor="benchmark")) as tx:
            for event in waiting[start : start + EVENTS_A_TRANSACTION]:
                outbox.add(tx, event)
