"""Positions: where to go on in each partition, as the database knows it."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from chassis import cluster
from chassis.interruptions import pause
from chassis.marks import begin_beyond, read_offsets
from chassis.settling import NOBODY
from chassis.transaction import Pool, begin, read
from contracts.topics import Topic

log = structlog.get_logger()


class Positions:
    """Where one consumer stands in the partitions that are assigned to it."""

    def __init__(self, pool: Pool, topics: Iterable[Topic], stop: asyncio.Event) -> None:
        self._pool = pool
        self._topics = {topic.name: topic for topic in topics}
        self._stop = stop
        self._following: dict[TopicPartition, int] = {}
        self._placing: asyncio.Task[None] | None = None
        self._steps = 0
        self._in_place = False

    def assigned(self, client: AIOKafkaConsumer, places: Iterable[TopicPartition]) -> None:
        """Take nothing from partitions until it is known where the database stands.

        aiokafka would begin at Kafka's committed offset meanwhile. Nothing is waited for here: no heartbeat
        is sent until the listener returns, and the database may be away for longer than the session.
        """
        client.pause(*places)
        self.forget()
        self._placing = asyncio.create_task(self._place(client, list(places)))

    def forget(self) -> None:
        """What was assigned is no more; with this a step towards the next partitions begins."""
        self._steps += 1
        self._in_place = False
        if self._placing is not None:
            self._placing.cancel()

    async def _place(self, client: AIOKafkaConsumer, places: Sequence[TopicPartition]) -> None:
        """Go on from where the database stands, whatever Kafka remembers."""
        while not self._stop.is_set():
            self._steps += 1
            try:
                offsets = await self._offsets(client, places)
            except Exception as error:  # noqa: BLE001 - whatever it is, nothing may be read before it is over
                log.warning("where to go on is not known yet", error=type(error).__name__)
                await pause(self._stop, 0.2)
                continue
            for place in client.assignment().intersection(places):
                self._following[place] = offsets.get((place.topic, place.partition), 0)
                client.seek(place, self._following[place])
                client.resume(place)
            self._in_place = True
            return

    async def _offsets(
        self, client: AIOKafkaConsumer, places: Sequence[TopicPartition]
    ) -> Mapping[tuple[str, int], int]:
        """Where the database stands; where Kafka has less than what follows, it is brought to what is left.

        Only on topics that forget: whatever is missing on the others is for a person to look at.
        """
        async with read(self._pool) as view:
            offsets = await read_offsets(view, self._topics)
        forgetful = [place for place in places if self._topics[place.topic].retention_ms is not None]
        if not forgetful:
            return offsets
        async with asyncio.timeout(cluster.ANSWER_TIMEOUT):
            begins: Mapping[TopicPartition, int] = await client.beginning_offsets(forgetful)
        beyond = {
            (topic, partition): first
            for (topic, partition), first in begins.items()
            if first > offsets.get((topic, partition), 0)
        }
        if beyond:
            log.warning("records expired before they were read here", partitions=sorted(beyond))
            async with begin(self._pool, NOBODY) as tx:
                await begin_beyond(tx, beyond)
        return offsets | beyond

    def settled(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Note the next offsets after a batch."""
        self._following |= offsets

    def lag(self, client: AIOKafkaConsumer) -> dict[tuple[str, int], int]:
        """How many records of each assigned partition are not yet settled here."""
        return {
            (place.topic, place.partition): max(high - self._following[place], 0)
            for place in client.assignment()
            if place in self._following and (high := client.highwater(place)) is not None
        }

    def signs_of_life(self, client: AIOKafkaConsumer) -> dict[str, object]:
        """The position and last poll of each partition: in one that is well, either changes all the time.

        A fetcher that hangs learns of no high water either, so that the lag alone would not show it.
        """
        if not self._in_place:
            return {}
        return {
            f"{place.topic}/{place.partition}": (
                self._following.get(place),
                client.last_poll_timestamp(place),
            )
            for place in client.assignment()
        }

    def signs_of_joining(self) -> dict[str, object]:
        """The step that is being done on the way to the partitions; none when that is over."""
        return {} if self._in_place else {"on the way to its partitions": self._steps}
