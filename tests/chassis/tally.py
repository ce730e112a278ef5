"""A service as small as one can be: it counts things, and tells each time how many there are.

Run as a program it has every role and command of a service; its topics come from the environment, so that
each test has topics of its own. A thing called `poison` cannot be counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Self

from pydantic_settings import BaseSettings

from chassis import outbox
from chassis.cli import cli
from chassis.inbox import Inbox, Received
from chassis.runtime import Runtime
from chassis.service import Service
from chassis.settings import ServiceSettings
from chassis.transaction import Transaction
from contracts.event import Event
from contracts.topics import Topic

TABLE: Final = """
create table tally (thing text primary key, total integer not null, events integer not null);
grant select, insert, update on tally to applications;
"""

THINGS: Final = Topic(
    name="test.things",
    area="test",
    emitted_by="applications",
    partitions=8,
    retention_ms=None,
    keys=("thing",),
)
COUNTS: Final = Topic(
    name="test.counts",
    area="test",
    emitted_by="applications",
    partitions=4,
    retention_ms=None,
    keys=("thing",),
)


class Thing(Event):
    """What the events below have in common."""

    key_field: ClassVar[str] = "thing"
    read_by: ClassVar = ("applications",)
    why: ClassVar[str] = "to be counted"

    programme_year: int = 2025
    thing: str


class Happened(Thing):
    amount: int = 1


class Ignored(Thing):
    pass


class Counted(Thing):
    total: int


@dataclass(frozen=True)
class Tally:
    """The service's events on topics of its own, and its inbox."""

    happened: type[Happened]
    ignored: type[Ignored]
    counted: type[Counted]
    inbox: Inbox

    @classmethod
    def on(cls, things: Topic, counts: Topic, *, in_sets: bool = False) -> Self:
        class ThingHappened(Happened):
            topic: ClassVar[Topic] = things

        class ThingIgnored(Ignored):
            topic: ClassVar[Topic] = things

        class ThingCounted(Counted):
            topic: ClassVar[Topic] = counts

        known: dict[str, type[Event]] = {e.type: e for e in (ThingHappened, ThingIgnored, ThingCounted)}
        inbox = Inbox(things, known=known)
        tally = cls(ThingHappened, ThingIgnored, ThingCounted, inbox)
        if in_sets:
            inbox.on_all(ThingHappened)(tally.count_all)
        else:
            inbox.on(ThingHappened)(tally.count)
        return tally

    async def count(self, tx: Transaction, event: Happened) -> None:
        if event.thing.startswith("poison"):
            raise ValueError(event.thing)
        total = await tx.fetchval(
            """
            insert into tally (thing, total, events) values ($1, $2, 1)
            on conflict (thing) do update
            set total = tally.total + excluded.total, events = tally.events + 1
            returning total
            """,
            event.thing,
            event.amount,
        )
        outbox.add(tx, self.counted(thing=event.thing, total=total))

    async def count_all(self, tx: Transaction, received: Sequence[Received[Happened]]) -> None:
        if any(r.event.thing.startswith("poison") for r in received):
            raise ValueError
        rows = await tx.fetch(
            """
            insert into tally (thing, total, events)
            select thing, sum(amount), count(*)
            from unnest($1::text[], $2::integer[]) as u (thing, amount) group by thing order by thing
            on conflict (thing) do update
            set total = tally.total + excluded.total, events = tally.events + excluded.events
            returning thing, total
            """,
            [r.event.thing for r in received],
            [r.event.amount for r in received],
        )
        so_far = {row["thing"]: row["total"] for row in rows}
        for r in received:
            so_far[r.event.thing] -= r.event.amount
        for r in received:
            so_far[r.event.thing] += r.event.amount
            outbox.add(tx, self.counted(thing=r.event.thing, total=so_far[r.event.thing]), cause=r.envelope)


class Names(BaseSettings):
    """What the program is told of its topics."""

    things: str
    counts: str
    in_sets: bool = False
    breaks: bool = False


async def breaks(_: Runtime) -> None:
    """A worker with a fault."""
    raise ZeroDivisionError


def main() -> None:
    names = Names()
    things, counts = _named(THINGS, names.things), _named(COUNTS, names.counts)
    tally = Tally.on(things, counts, in_sets=names.in_sets)
    workers = (breaks,) if names.breaks else ()
    cli(
        Service("applications", ServiceSettings, inbox=tally.inbox, workers=workers, topics=(things, counts))
    )()


def _named(topic: Topic, name: str) -> Topic:
    return Topic(name, topic.area, topic.emitted_by, topic.partitions, topic.retention_ms, topic.keys)


if __name__ == "__main__":
    main()
