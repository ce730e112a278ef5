"""The relay: outbox rows to Kafka, in the order of each stream, deleted once Kafka has acknowledged them.

A lane is the buckets with `bucket % lanes = lane`. Whoever holds a lane's advisory lock serves it; the lock
belongs to a session, so it is free the moment the process dies. A relay that holds no lane says so with a
shared lock of its own, and one that holds several gives one up to it.
"""

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import asyncpg
import structlog
from aiokafka import AIOKafkaProducer
from pydantic_core import from_json

from chassis import cluster, producer, telemetry
from chassis.bell import CHANNEL
from chassis.faults import reach
from chassis.interruptions import INTERRUPTIONS, first, pause
from chassis.producer import Message
from contracts.topics import BUCKETS, TOPICS, Topic

if TYPE_CHECKING:
    Session = asyncpg.Connection[asyncpg.Record]

log = structlog.get_logger()

LANES: Final = 0x1E00
"""First key of the lanes' advisory locks; the second is the lane."""
SPARE: Final = 0x1E01
"""First key of the shared lock by which a relay without a lane makes itself known."""
ROWS_A_BUCKET: Final = 128
CONNECT_TIMEOUT: Final = 10.0
"""Seconds for a database to let a session in."""
SAFETY_POLL: Final = 1.0
"""Seconds after which the table is read although nobody rang."""
LOOK_AROUND: Final = 0.25
"""Seconds between looks at who serves which lane."""
LOOK_FOR_TOPICS: Final = 2.0
"""Seconds between looks whether Kafka has a topic by now that it had not."""
IDLE_AFTER: Final = 60
"""Seconds without a word after which PostgreSQL ends a session, and with it the lane of a stopped process.

Longer than Kafka is given to acknowledge a batch, for so long a relay that is well has nothing to say.
"""
SESSION: Final = {
    # Deletes need not survive a crash: rows that come back are sent again, and the inbox absorbs them.
    "synchronous_commit": "off",
    # The statistics of a queue are always of another moment, mostly of one when it was empty.
    "enable_seqscan": "off",
}
"""How a lane's session differs from others."""
LAST_ROUNDS: Final = 10
"""How often a relay that is to stop still looks for rows, so that what was told last goes out with it."""

# A lateral read bucket by bucket walks the primary key; `bucket = any(…) order by seq` sorts the backlog.
_READ = """
select o.bucket, o.seq, o.topic, o.key, o.headers, o.value, o.written_at
from unnest($1::smallint[]) as b (bucket)
cross join lateral (
  select * from messaging.outbox where bucket = b.bucket and topic = any($3) order by seq limit $2
) o
"""
# Row by row through the primary key, whatever the planner believes: a plain join is planned once for a queue
# of no rows, and then walks all of the backlog for each row of a batch.
_DELETE = """
delete from messaging.outbox where ctid = any(array(
  select o.ctid from unnest($1::smallint[], $2::bigint[]) as d (bucket, seq)
  cross join lateral (
    select ctid from messaging.outbox where bucket = d.bucket and seq = d.seq offset 0
  ) o
))
"""
_UNKNOWN = "select distinct topic from messaging.outbox where topic <> all($1)"
_SOMEONE_SPARE = """
select exists (
  select from pg_locks l join pg_database d on d.oid = l.database
  where d.datname = current_database() and l.locktype = 'advisory' and l.classid = $1 and l.granted)
"""


class PublishFailed(Exception):  # noqa: N818 - not an error of the program: the rows are still there
    """Kafka did not acknowledge a batch; this producer must not be used again."""


@dataclass(slots=True)
class Progress:
    """What `/livez` and the metrics know of a relay.

    Attributes:
        lanes: those it serves.
        looked_at: when each lane last came round, by the monotonic clock.
        published: rows that Kafka acknowledged.
    """

    lanes: set[int] = field(default_factory=set)
    looked_at: dict[int, float] = field(default_factory=dict)
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
            self.progress.looked_at[lane] = time.monotonic()
            try:
                await _Lane(self, lane, stop).serve()
            except (*INTERRUPTIONS, PublishFailed) as error:
                cause = error.__cause__ or error
                log.warning("relay interrupted", lane=lane, error=type(cause).__name__)
                await pause(stop, LOOK_AROUND)


class _Lane:
    """One lane, from waiting for its lock to giving it up."""

    def __init__(self, relay: Relay, lane: int, stop: asyncio.Event) -> None:
        self.relay = relay
        self.lane = lane
        self.stop = stop
        self.progress = relay.progress
        self.buckets = [bucket for bucket in range(BUCKETS) if bucket % relay.lanes == lane]
        self.bell = asyncio.Event()
        self.topics: list[str] = []
        self.topics_at = 0.0

    async def serve(self) -> None:
        """Take the lane when it is free; drain it until `stop`, a failure, or a relay with nothing to do."""
        session = await asyncpg.connect(
            self.relay.database_url,
            timeout=CONNECT_TIMEOUT,
            server_settings={
                **SESSION,
                "application_name": f"relay {self.lane}",
                "idle_session_timeout": f"{IDLE_AFTER}s",
            },
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
            self.progress.looked_at[self.lane] = time.monotonic()
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
            await self._tell_of_unknown_topics(session)
            while not self.stop.is_set() and not await self._wanted_elsewhere(session):
                self.bell.clear()
                if not await self._publish(session, kafka):
                    await self._listen()
            for _ in range(LAST_ROUNDS if self.stop.is_set() else 0):
                if not await self._publish(session, kafka):
                    break
        finally:
            await producer.retire(kafka)

    async def _tell_of_unknown_topics(self, session: "Session") -> None:
        """Such rows wait, for a version that knows their topic; metrics show their age."""
        unknown = await session.fetch(_UNKNOWN, list(self.relay.partitions))
        if unknown:
            log.error("the outbox holds events for unknown topics", topics=[row["topic"] for row in unknown])

    async def _look_for_topics(self) -> None:
        """Serve only the topics that Kafka has: a batch for another would hold up all the others."""
        known = self.relay.partitions.keys()
        if len(self.topics) == len(known) or time.monotonic() - self.topics_at < LOOK_FOR_TOPICS:
            return
        before, there = self.topics, await cluster.topics(self.relay.bootstrap)
        self.topics, self.topics_at = sorted(known & there), time.monotonic()
        if known - there and before != self.topics:
            log.error("Kafka does not have all topics", missing=sorted(known - there))

    async def _publish(self, session: "Session", kafka: AIOKafkaProducer) -> int:
        """Send what stands in the lane's buckets, a batch a partition; answers how many rows that were."""
        await self._look_for_topics()
        rows = await session.fetch(_READ, self.buckets, ROWS_A_BUCKET, self.topics)
        self.progress.looked_at[self.lane] = time.monotonic()
        if not rows:
            return 0
        reach("relay.before_publish")
        batches = defaultdict(list)
        for row in rows:
            batches[row["topic"], row["bucket"] % self.relay.partitions[row["topic"]]].append(row)
        # One batch a partition: were there two and the first failed, the second would leave a gap.
        results = await asyncio.gather(
            *(
                producer.send(kafka, topic, partition, map(_message, batch))
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
        several = len(self.progress.lanes) > 1
        await first(self.bell, self.stop, within=LOOK_AROUND if several else SAFETY_POLL)


def _message(row: asyncpg.Record) -> Message:
    headers = [(name, value.encode()) for name, value in from_json(row["headers"]).items()]
    return Message(row["key"].encode(), row["value"], headers)
