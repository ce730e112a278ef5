"""The inbox against one message a transaction: an effect for each event, without or with an answer told.

Handed over: real records, read from Kafka beforehand, are given to the chassis's consumer; both sides run the
same code and differ in the batch alone. From Kafka: the whole way, from a group's first poll to the last
commit; the other side is a plain FastStream subscriber with a transaction and a commit for each message.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from benchmarks import things
from benchmarks.measure import Comparison, Side, Target, Work
from benchmarks.plain import Plain
from benchmarks.relay import drain
from benchmarks.sizes import Sizes
from benchmarks.stand import PATIENCE, Ground, Stand
from benchmarks.things import TABLES, TOPIC, Kinds
from chassis.consumer import Consumer
from chassis.inbox import Inbox
from chassis.incoming import Incoming, Record
from chassis.relay import Relay
from chassis.transaction import Pool, Transaction, open_pool
from contracts.topics import Topic

BATCH: Final = 500
SINGLE_TARGET: Final = Target(times_faster=4)
SETS_TARGET: Final = Target(times_faster=30)

_RESET: Final = """
truncate messaging.mark, messaging.inbox, messaging.position, messaging.outbox, messaging.stream, effect
"""


@dataclass(frozen=True, slots=True)
class Way:
    """How events are handled: a batch's at once or one by one, with an event told in answer or without."""

    in_sets: bool
    answering: bool

    @property
    def target(self) -> Target | None:
        """What is asked of effects; an answer costs both sides the same."""
        if self.answering:
            return None
        return SETS_TARGET if self.in_sets else SINGLE_TARGET

    def events(self, sizes: Sizes) -> int:
        return sizes.inbox_set_events if self.in_sets else sizes.inbox_events

    def __str__(self) -> str:
        handlers = "set-based handlers" if self.in_sets else "event by event"
        return f"{handlers}, {'an upsert and an event told' if self.answering else 'an upsert'}"


WAYS: Final = tuple(Way(in_sets, answering) for answering in (False, True) for in_sets in (False, True))


@asynccontextmanager
async def compared(stand: Stand, sizes: Sizes) -> AsyncIterator[Sequence[Comparison]]:
    """One topic, filled once by outbox and relay, read from its start in each run."""
    async with stand.ground(TABLES) as ground, stand.topic(TOPIC) as topic:
        pool = await open_pool(ground.database.url)
        try:
            total = max(sizes.inbox_events, sizes.inbox_set_events, sizes.inbox_peer_events)
            await things.tell(pool, Kinds.on(topic), total, sizes.inbox_keys)
            await drain(Relay(ground.database.url, stand.bootstrap, topics=[topic]), total)
            bench = _Bench(stand, ground, pool, topic, await stand.records(topic))
            yield [
                *(_handed_over(bench, sizes, way) for way in WAYS),
                *(_from_kafka(bench, sizes, way) for way in WAYS if not way.answering),
            ]
        finally:
            await pool.close()


def _handed_over(bench: "_Bench", sizes: Sizes, way: Way) -> Comparison:
    count, peers = way.events(sizes), sizes.inbox_peer_events
    alone = Way(in_sets=False, answering=way.answering)
    return Comparison(
        row="inbox",
        what=f"records handed over: {way}",
        unit="events",
        ours=Side(f"the inbox, batches of {BATCH}", count, bench.handed(count, way, batch=BATCH)),
        other=Side("the inbox, one message a transaction", peers, bench.handed(peers, alone, batch=1)),
        sense="times_faster",
        target=way.target,
    )


def _from_kafka(bench: "_Bench", sizes: Sizes, way: Way) -> Comparison:
    count, peers = way.events(sizes), sizes.inbox_peer_events
    return Comparison(
        row="inbox",
        what=f"from Kafka to the last commit: {way}",
        unit="events",
        ours=Side(f"the consumer, batches of {BATCH}", count, bench.consumed(count, way)),
        other=Side("FastStream, one message a transaction", peers, bench.plain(peers)),
        sense="times_faster",
        target=way.target,
    )


class _Watched(Inbox):
    """Says when it was given the first record, and when it was given as many as expected."""

    def __init__(self, topic: Topic, kinds: Kinds, expected: int) -> None:
        super().__init__(topic, known=kinds.known())
        self.begun = 0.0
        self.done = asyncio.Event()
        self._left = expected

    def understand(self, records: Any) -> list[Incoming]:
        self.begun = self.begun or time.perf_counter()
        return super().understand(records)

    async def apply(self, tx: Transaction, batch: Sequence[Incoming]) -> None:
        await super().apply(tx, batch)
        self._left -= len(batch)
        if self._left <= 0:
            self.done.set()


@dataclass(frozen=True, slots=True)
class _Bench:
    stand: Stand
    ground: Ground
    pool: Pool
    topic: Topic
    records: Sequence[Record]

    def handed(self, count: int, way: Way, *, batch: int) -> Work:
        """Records in the order Kafka gave them, so many at a time."""

        async def work() -> float:
            await self._reset()
            consumer = Consumer("benchmark", self._inbox(way, count), self.pool, self.stand.bootstrap)
            begun = time.perf_counter()
            for start in range(0, count, batch):
                await consumer.settle(self.records[start : min(start + batch, count)])
            taken = time.perf_counter() - begun
            await self._check(count, way, exactly=True)
            return taken

        return work

    def consumed(self, count: int, way: Way) -> Work:
        """A new group's consumer, from its first batch until the commit of that which reaches `count`."""

        async def work() -> float:
            await self._reset()
            inbox, stop = self._inbox(way, count), asyncio.Event()
            group = f"benchmark.{secrets.token_hex(4)}"
            consumer = Consumer(group, inbox, self.pool, self.stand.bootstrap, batch=BATCH)
            running = asyncio.create_task(consumer.run(stop))
            async with asyncio.timeout(PATIENCE):
                await inbox.done.wait()
            await consumer.drained()
            taken = time.perf_counter() - inbox.begun
            stop.set()
            await running
            await self._check(count, way, exactly=False)
            return taken

        return work

    def plain(self, count: int) -> Work:
        """A new group's plain subscriber, which answers nothing."""

        async def work() -> float:
            await self._reset()
            taken = await Plain(self.pool, Kinds.on(self.topic), count).run(self.stand.bootstrap, self.topic)
            await self._check(count, Way(in_sets=False, answering=False), exactly=True)
            return taken

        return work

    def _inbox(self, way: Way, expected: int) -> _Watched:
        kinds = Kinds.on(self.topic)
        inbox = _Watched(self.topic, kinds, expected)
        if way.in_sets:
            kinds.register_sets(inbox, answering=way.answering)
        else:
            kinds.register_single(inbox, answering=way.answering)
        return inbox

    async def _reset(self) -> None:
        await self.ground.owner.execute(_RESET)
        await self.ground.settled()

    async def _check(self, expected: int, way: Way, *, exactly: bool) -> None:
        effects, claimed, told = await self.ground.owner.fetchrow(
            """
            select (select sum(events) from effect)::bigint, (select count(*) from messaging.inbox),
              (select count(*) from messaging.outbox)
            """
        ) or (0, 0, 0)
        enough = effects == expected if exactly else effects >= expected
        if not enough or claimed != effects or told != (effects if way.answering else 0):
            raise AssertionError(f"{expected} events: {effects} effects, {claimed} claimed, {told} told")
