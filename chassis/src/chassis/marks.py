"""Marks: how far each stream was read, and whether an event is the next one, a past one, or out of order."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import Enum
from typing import Final

import structlog

from chassis import telemetry
from chassis.incoming import Incoming
from chassis.transaction import ReadTransaction, Transaction

log = structlog.get_logger()

Stream = tuple[str, str]
"""A topic's name and a key."""


class Verdict(Enum):
    """What is to be done with a record."""

    NEXT = "next"
    PAST = "past"
    PARK = "park"


@dataclass(slots=True)
class Mark:
    """How far one stream was read; a parked one waits for a person."""

    generation: int = 0
    sequence: int = 0
    parked: bool = False

    def follows(self, generation: int, sequence: int) -> bool:
        """Whether that is what may come next.

        A new generation counts again from somewhere up to the last known + 1: its database came back from
        a backup.
        """
        if self.generation in (0, generation):
            return sequence == self.sequence + 1
        return generation > self.generation and sequence <= self.sequence + 1

    def passed(self, generation: int, sequence: int) -> bool:
        """Whether that was read before."""
        return (generation, sequence) <= (self.generation, self.sequence)

    def copy(self) -> "Mark":
        return Mark(self.generation, self.sequence, self.parked)

    def move(self, generation: int, sequence: int) -> None:
        """Stand at that event, as if it had been read."""
        self.generation, self.sequence = generation, sequence


BEHIND: Final = "behind_parked"
GAP: Final = "gap"


class Marks:
    """The marks of a batch's streams, locked for the time of its transaction."""

    def __init__(self) -> None:
        self._marks: dict[Stream, Mark] = {}
        self._read: dict[Stream, Mark] = {}
        self._handled: dict[Stream, int] = {}
        self._holed: set[tuple[str, int]] = set()

    async def lock(self, tx: Transaction, batch: Sequence[Incoming]) -> None:
        """Lock and read the mark of every stream in `batch`, in one order for everybody."""
        await self.lock_streams(tx, {(i.topic, i.lane) for i in batch if i.lane is not None})
        await self.look_for_holes(tx, batch)

    async def lock_streams(self, tx: Transaction, wanted: AbstractSet[Stream]) -> None:
        """The same for streams; whoever else reads or decides about them waits for the end of `tx`."""
        streams = sorted(wanted - self._marks.keys())
        if not streams:
            return
        names = [topic for topic, _ in streams], [key for _, key in streams]
        await tx.execute(
            """
            insert into messaging.mark (topic, key)
            select * from unnest($1::text[], $2::text[]) on conflict do nothing
            """,
            *names,
        )
        rows = await tx.fetch(
            """
            select m.* from messaging.mark m
            join unnest($1::text[], $2::text[]) as s (topic, key) using (topic, key)
            order by m.topic, m.key for update of m
            """,
            *names,
        )
        for row in rows:
            stream = (row["topic"], row["key"])
            self._marks[stream] = Mark(row["generation"], row["sequence"], row["parked"])
            self._read[stream] = self._marks[stream].copy()

    async def look_for_holes(self, tx: Transaction, batch: Iterable[Incoming]) -> None:
        """Learn in which partitions records expired unread, if a stream in `batch` seems to begin late."""
        topics = {
            i.topic
            for i in batch
            if i.lane is not None
            and i.envelope is not None
            and i.envelope.sequence > 1
            and not self._marks[i.topic, i.lane].sequence
        }
        if topics:
            query = (
                "select topic, partition from messaging.position where topic = any($1) and expired_below > 0"
            )
            self._holed |= {(row["topic"], row["partition"]) for row in await tx.fetch(query, list(topics))}

    def judge(self, incoming: Incoming) -> tuple[Verdict, str]:
        """What is to be done with a record, and why it is parked where it is; moves the mark along."""
        if incoming.lane is None:
            return Verdict.PARK, incoming.broken or "key_missing"
        mark = self._marks[incoming.topic, incoming.lane]
        envelope = incoming.envelope
        if envelope is not None and mark.passed(envelope.generation, envelope.sequence):
            return Verdict.PAST, ""
        if mark.parked:
            return Verdict.PARK, incoming.broken or BEHIND
        if envelope is None or incoming.broken is not None:
            mark.parked = True
            return Verdict.PARK, incoming.broken or "undecodable"
        if not mark.follows(envelope.generation, envelope.sequence) and not self._begins_late(incoming, mark):
            mark.parked = True
            return Verdict.PARK, f"{GAP}:{mark.sequence + 1}"
        mark.move(envelope.generation, envelope.sequence)
        return Verdict.NEXT, ""

    def _begins_late(self, incoming: Incoming, mark: Mark) -> bool:
        """Whether a stream may begin with `incoming`, since what came before it may have expired unread.

        Where it was really lost, nothing tells that; so each is counted.
        """
        if mark.sequence or (incoming.topic, incoming.partition) not in self._holed:
            return False
        log.warning(
            "stream begins late", topic=incoming.topic, partition=incoming.partition, offset=incoming.offset
        )
        telemetry.streams_begun_late.add(1, {"messaging.destination.name": incoming.topic})
        return True

    def park(self, incoming: Incoming) -> None:
        """Let the stream of `incoming` wait at the last event before it, though it could have been next."""
        if incoming.lane is not None:
            read = self._read[incoming.topic, incoming.lane]
            self._marks[incoming.topic, incoming.lane] = Mark(read.generation, read.sequence, parked=True)

    def __getitem__(self, stream: Stream) -> Mark:
        """The mark of a stream that is locked; whoever decides about it may change it and then `save`."""
        return self._marks[stream]

    def reached(self, incoming: Incoming) -> None:
        """Note that `incoming` is being handled: from here on its stream counts as read that far."""
        if incoming.lane is not None and incoming.envelope is not None:
            self._handled[incoming.topic, incoming.lane] = incoming.envelope.sequence

    def handled_of(self, topic: str) -> dict[str, int]:
        """How far this transaction has read the streams of `topic`."""
        return {key: sequence for (of, key), sequence in self._handled.items() if of == topic}

    async def save(self, tx: Transaction) -> None:
        """Write back the marks that have moved."""
        streams = sorted(stream for stream, mark in self._marks.items() if mark != self._read[stream])
        if not streams:
            return
        await tx.execute(
            """
            update messaging.mark m
            set generation = n.generation, sequence = n.sequence, parked = n.parked
            from unnest($1::text[], $2::text[], $3::integer[], $4::bigint[], $5::boolean[])
              as n (topic, key, generation, sequence, parked)
            where m.topic = n.topic and m.key = n.key
            """,
            [topic for topic, _ in streams],
            [key for _, key in streams],
            [self._marks[stream].generation for stream in streams],
            [self._marks[stream].sequence for stream in streams],
            [self._marks[stream].parked for stream in streams],
        )
        self._read |= {stream: self._marks[stream].copy() for stream in streams}


async def read_offsets(read: ReadTransaction, topics: Iterable[str]) -> dict[tuple[str, int], int]:
    """The next offset of each partition, as this database knows it."""
    rows = await read.fetch("select * from messaging.position where topic = any($1)", list(topics))
    return {(row["topic"], row["partition"]): row["next_offset"] for row in rows}


async def begin_beyond(tx: Transaction, offsets: Mapping[tuple[str, int], int]) -> None:
    """Go on at these offsets, as what came before them in their partitions expired unread."""
    places = sorted(offsets)
    await tx.execute(
        """
        insert into messaging.position as p (topic, partition, next_offset, expired_below)
        select topic, partition, first, first
        from unnest($1::text[], $2::integer[], $3::bigint[]) as n (topic, partition, first)
        on conflict (topic, partition) do update
        set next_offset = excluded.next_offset, expired_below = excluded.expired_below
        where p.next_offset < excluded.next_offset
        """,
        [topic for topic, _ in places],
        [partition for _, partition in places],
        [offsets[place] for place in places],
    )
