"""Invariants 3 and 4: every event once at each consumer, every stream without a gap."""

from collections import Counter
from collections.abc import Mapping

from aiokafka.partitioner import murmur2

from contracts.catalogue import EVENTS
from contracts.topics import TOPICS
from demo.ledger.checks.findings import Findings
from demo.ledger.draining import LISTENS
from demo.ledger.evidence import Database, Evidence, Stream, Told
from demo.report.story import Check


def each_event_once(evidence: Evidence) -> Check:
    """Invariant 3."""
    found = Findings()
    for service, database in evidence.databases.items():
        topics = {topic.name for topic in LISTENS[service]}
        published = {event.id: event for event in evidence.told if event.topic in topics}
        _once_at(service, database, published, found)
        for place, end in evidence.ends.items():
            if place[0] in topics and database.positions.get(place, 0) != end:
                at = f"{place[0]}/{place[1]}"
                found.differ(f"{service}: {at} read to {database.positions.get(place, 0)} of {end}")
        if database.waiting:
            found.differ(f"{service}: {database.waiting} events were never published")
    return found.check(
        3,
        "소비자마다 이벤트 하나에 처리 하나",
        "Each consumer did each event once: published = applied + ignored + parked + discarded",
    )


def _once_at(service: str, database: Database, published: Mapping[str, Told], found: Findings) -> None:
    outcomes = Counter(row.outcome for row in database.inbox)
    done = Counter(row.event for row in database.inbox) + Counter(database.parked)
    for event, count in done.items():
        if count > 1:
            found.differ(f"{service}: {event} was done {count} times")
        if event not in published:
            found.differ(f"{service}: {event} was done and never published")
    for event in published.keys() - done.keys():
        found.differ(f"{service}: {published[event].name} {event} was published and never done")
    for row in database.inbox:
        read = service in EVENTS[row.type].read_by
        if (row.outcome == "ignored") == read and row.outcome != "discarded":
            found.differ(f"{service}: {row.type} was {row.outcome}, its contract says otherwise")
    found.count(
        f"{service}: 발행 {len(published):,} = 적용 {outcomes['applied']:,} + 무시 {outcomes['ignored']:,} + "
        f"보류 {len(database.parked):,} + 폐기 {outcomes['discarded']:,}",
        f"{service}: {len(published):,} published = {outcomes['applied']:,} applied + "
        f"{outcomes['ignored']:,} ignored + {len(database.parked):,} parked + "
        f"{outcomes['discarded']:,} discarded",
    )


def streams_are_dense(evidence: Evidence) -> Check:
    """Invariant 4."""
    found = Findings()
    last = _sequences(evidence, found)
    emitted = {topic.name: topic.emitted_by for topic in TOPICS}
    for stream, sequence in last.items():
        known = evidence.databases[emitted[stream[0]]].streams.get(stream)
        if known != sequence:
            found.differ(f"{'/'.join(stream)}: {sequence} on the topic, {known} where it was told")
    for service, database in evidence.databases.items():
        for stream in database.streams.keys() - last.keys():
            found.differ(f"{'/'.join(stream)}: {service} told it, nothing of it is on the topic")
    found.count(
        f"스트림 {len(last):,}개의 순번(이벤트 {len(evidence.told):,}건)",
        f"sequences of {len(last):,} streams ({len(evidence.told):,} records)",
    )
    marks = sum(_marks(service, database, last, found) for service, database in evidence.databases.items())
    found.count(f"소비자의 읽은 자리 {marks:,}개", f"{marks:,} marks of consumers")
    return found.check(
        4, "스트림마다 1, 2, 3, … 빠짐없이", "Per stream 1, 2, 3, … on the topic and at each consumer"
    )


def _marks(service: str, database: Database, last: Mapping[Stream, int], found: Findings) -> int:
    """A consumer's marks against the topics it listens to; answers how many that were."""
    topics = {topic.name for topic in LISTENS[service]}
    read = {stream: sequence for stream, sequence in last.items() if stream[0] in topics}
    for stream, sequence in read.items():
        mark = database.marks.get(stream)
        if mark is None or mark.sequence != sequence or mark.parked:
            found.differ(f"{service}: {'/'.join(stream)} stands at {mark}, the topic at {sequence}")
    return len(read)


def _sequences(evidence: Evidence, found: Findings) -> dict[tuple[str, str], int]:
    """The last sequence of each stream; a record that comes again must be the same one."""
    partitions = {topic.name: topic.partitions for topic in TOPICS}
    last: dict[tuple[str, str], int] = {}
    known: dict[tuple[tuple[str, str], int], str] = {}
    for event in evidence.told:
        sequence = event.envelope.sequence
        expected = last.get(event.stream, 0) + 1
        if known.get((event.stream, sequence)) == event.id:
            continue
        if sequence != expected:
            found.differ(f"{'/'.join(event.stream)}: {sequence} where {expected} should come")
        last[event.stream] = sequence
        known[event.stream, sequence] = event.id
        place = (murmur2(event.key.encode()) & 0x7FFFFFFF) % partitions[event.topic]
        if place != event.partition:
            found.differ(f"{'/'.join(event.stream)}: in partition {event.partition}, not {place}")
    return last
