"""The relay: outbox rows to Kafka, in the order of each stream, deleted once Kafka has acknowledged them.

A lane is the buckets with `bucket % lanes = lane`. Whoever holds a lane's advisory lock serves it; the lock
belongs to a session, so it is free the moment the process dies. A relay that holds no lane says so with a
shared lock of its own, and one that holds several gives one up to it.
"""

import asyncio
import contextlib
import json
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import asyncpg
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from chassis import producer, telemetry
from chassis.faults import reach
from chassis.producer import Message
from chassis.transaction import DATABASE_TROUBLE, Pool
from contracts.topics import BUCKETS, TOPICS, Topic

if TYPE_CHECKING:
    Session = asyncpg.Connection[asyncpg.Record]

log = structlog.get_logger()

LANES: Final = 0x1E00
"""First key of the lanes' advisory locks; the second is the lane."""
SPARE: Final = 0x1E01
"""First key of the shared lock by which a relay without a lane makes itself known."""
CHANNEL: Final = "ieum_outbox"
ROWS_A_BUCKET: Final = 128
SAFETY_POLL: Final = 1.0
"""Seconds after which the table is read although nobody rang."""
LOOK_AROUND: Final = 0.25
"""Seconds between looks at who serves which lane."""

# A lateral read bucket by bucket walks the primary key; `bucket = any(…) order by seq` sorts the backlog.
_READ = """
select o.bucket, o.seq, o.topic, o.key, o.headers, o.value, o.written_at
from unnest($1::smallint[]) as b (bucket)
cross join lateral (select * from messaging.outbox where bucket = b.bucket order by seq limit $2) o
"""
_DELETE = """
delete from messaging.outbox o
using unnest($1::smallint[], $2::bigint[]) as d (bucket, seq)
where o.bucket = d.bucket and o.seq = d.seq
"""
_SOMEONE_SPARE = """
select exists (
  select from pg_locks l join pg_database d on d.oid = l.database
  where d.datname = current_database() and l.locktype = 'advisory' and l.classid = $1 and l.granted)
"""

INTERRUPTIONS: Final = (*DATABASE_TROUBLE, KafkaError, TimeoutError)
"""What a broker or database that goes away raises; the relay starts over."""


class PublishFailed(Exception):  # noqa: N818 - not an error of the program: the rows are still there
    """Kafka did not acknowledge a batch; this producer must not be used again."""


@dataclass(slots=True)
class Progress:
    """What `/livez` and the metrics know of a relay."""

    lanes: set[int] = field(default_factory=set)
    looked_at: float = field(default_factory=time.monotonic)
    published: int = 0


class Relay:
    """Serves lanes of one database's outbox.

    Args:
        database_url: the database whose outbox it is; each lane gets a session of its own.
        bootstrap: Kafka's bootstrap servers.
        lanes: how many relays can share the work; divides every topic's partition count.
        topics: what may stand in the outbox.

    Raises:
        ValueError: if `lanes` does not divide a topic's partition count.
    """

    def __init__(
        self,
        database_url: str,
        bootstrap: str,
        *,
        lanes: int = 1,
        topics: Sequence[Topic] = TOPICS,
    ) -> None:
        self.database_url = database_url
        self.bootstrap = bootstrap
        self.lanes = lanes
        self.partitions = {topic.name: topic.partitions for topic in topics}
        self.progress = Progress()
        for name, count in self.partitions.items():
            if count % lanes:
                message = f"relay_lanes: {lanes} does not divide the {count} partitions of {name}"
                raise ValueError(message)

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop`; comes back by itself when the broker or the database was away."""
        async with asyncio.TaskGroup() as group:
            for lane in range(self.lanes):
                group.create_task(self._attend(lane, stop))

    async def _attend(self, lane: int, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await _Lane(self, lane, stop).serve()
            except (*INTERRUPTIONS, PublishFailed) as error:
                log.warning("relay interrupted", lane=lane, error=type(error).__name__)
                await pause(stop, LOOK_AROUND)


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait for `seconds`, or less when `stop` is set."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


class _Lane:
    """One lane, from waiting for its lock to giving it up."""

    def __init__(self, relay: Relay, lane: int, stop: asyncio.Event) -> None:
        self.relay = relay
        self.lane = lane
        self.stop = stop
        self.progress = relay.progress
        self.buckets = [bucket for bucket in range(BUCKETS) if bucket % relay.lanes == lane]
        self.bell = asyncio.Event()

    async def serve(self) -> None:
        """Take the lane when it is free; drain it until `stop`, a failure, or a relay with nothing to do."""
        # Deletes need not survive a crash: rows that come back are sent again, and the inbox absorbs them.
        session = await asyncpg.connect(
            self.relay.database_url,
            server_settings={"application_name": f"relay {self.lane}", "synchronous_commit": "off"},
        )
        try:
            if await self._take(session):
                log.info("relay lane taken", lane=self.lane)
                await self._publish_until_told(session)
        finally:
            self.progress.lanes.discard(self.lane)
            with contextlib.suppress(*INTERRUPTIONS):
                await session.close(timeout=2)

    async def _take(self, session: "Session") -> bool:
        looks, spare = 0, False
        while not self.stop.is_set():
            self.progress.looked_at = time.monotonic()
            # Who serves lanes already looks a little longer, so that one who serves none comes first.
            if looks >= len(self.progress.lanes) and await session.fetchval(
                "select pg_try_advisory_lock($1, $2)", LANES, self.lane
            ):
                self.progress.lanes.add(self.lane)
                if spare:
                    await session.execute("select pg_advisory_unlock_shared($1, 0)", SPARE)
                return True
            looks += 1
            if spare is bool(self.progress.lanes):
                spare = not spare
                verb = "pg_advisory_lock_shared" if spare else "pg_advisory_unlock_shared"
                await session.execute(f"select {verb}($1, 0)", SPARE)
            await pause(self.stop, LOOK_AROUND)
        return False

    async def _publish_until_told(self, session: "Session") -> None:
        await session.add_listener(CHANNEL, lambda *_: self.bell.set())
        kafka = await producer.start(self.relay.bootstrap)
        try:
            while not self.stop.is_set() and not await self._wanted_elsewhere(session):
                self.bell.clear()
                if not await self._publish(session, kafka):
                    await self._listen()
        finally:
            await producer.retire(kafka)

    async def _publish(self, session: "Session", kafka: AIOKafkaProducer) -> int:
        """Send what stands in the lane's buckets, a batch a partition; answers how many rows that were."""
        rows = await session.fetch(_READ, self.buckets, ROWS_A_BUCKET)
        self.progress.looked_at = time.monotonic()
        if not rows:
            return 0
        reach("relay.before_publish")
        batches = defaultdict(list)
        for row in rows:
            batches[row["topic"], row["bucket"] % self.relay.partitions[row["topic"]]].append(row)
        # One batch a partition: were there two and the first failed, the second would leave a gap.
        results = await asyncio.gather(
            *(
                producer.send(kafka, topic, partition, [_message(row) for row in batch])
                for (topic, partition), batch in batches.items()
            ),
            return_exceptions=True,
        )
        reach("relay.published")
        sent = [
            row
            for batch, result in zip(batches.values(), results, strict=True)
            if isinstance(result, int)
            for row in batch[:result]
        ]
        await session.execute(_DELETE, [row["bucket"] for row in sent], [row["seq"] for row in sent])
        reach("relay.deleted")
        self.progress.published += len(sent)
        telemetry.published(sent)
        for result in results:
            if isinstance(result, BaseException):
                raise PublishFailed(type(result).__name__) from result
        return len(sent)

    async def _wanted_elsewhere(self, session: "Session") -> bool:
        if len(self.progress.lanes) < 2:  # noqa: PLR2004 - a relay keeps its last lane
            return False
        wanted = bool(await session.fetchval(_SOMEONE_SPARE, SPARE))
        if wanted and len(self.progress.lanes) > 1:
            log.info("relay lane handed over", lane=self.lane)
            self.progress.lanes.discard(self.lane)
            return True
        return False

    async def _listen(self) -> None:
        waits = [asyncio.create_task(self.bell.wait()), asyncio.create_task(self.stop.wait())]
        limit = LOOK_AROUND if len(self.progress.lanes) > 1 else SAFETY_POLL
        try:
            await asyncio.wait(waits, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


def _message(row: asyncpg.Record) -> Message:
    headers = [(name, value.encode()) for name, value in json.loads(row["headers"]).items()]
    return Message(row["key"].encode(), row["value"], headers)


async def notify(pool: Pool, stop: asyncio.Event) -> None:
    """Ring the relays of this database, wherever they run, once for all that was committed meanwhile.

    A NOTIFY inside each transaction would take a lock that all commits share.
    """
    stopping = asyncio.create_task(stop.wait())
    while not stop.is_set():
        told = asyncio.create_task(pool.told.wait())
        await asyncio.wait({told, stopping}, return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        pool.told.clear()
        with contextlib.suppress(*INTERRUPTIONS):
            async with pool.acquire() as connection:
                await connection.execute(f"notify {CHANNEL}")
        await pause(stop, 0.002)
    stopping.cancel()
