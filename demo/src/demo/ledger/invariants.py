"""The seven invariants, each as a comparison of what users were told with what is there.

1. Every ok has exactly one effect in its database and, where the contract announces that step, exactly the
   events it announces; every fail has neither.
2. No state and no event without a cause in the ledger.
3. Each consumer did each event once: published = applied + ignored + parked + discarded.
4. Per stream, sequences run 1, 2, 3, … on the topic, and every consumer's mark stands at the last.
5. Never more selected than the quota, at every committed state.
6. Never more than one active placement a student, never more than an opening's places.
7. Only legal transitions, and rows in the state that the events lead to.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from aiokafka.partitioner import murmur2

from contracts.catalogue import EVENTS
from contracts.topics import TOPICS
from demo.ledger.draining import read_by
from demo.ledger.evidence import Database, Evidence, Told
from demo.ledger.machines import ROWS, replay
from demo.ledger.state import TABLES
from demo.ledger.steps import STEPS, Row
from demo.report.story import Check, Label

SYSTEM: Final = frozenset({"evaluation", "placement", "notifications"})
"""Pseudonyms under which services themselves let time pass: what expires, what was delivered."""
OF_TIME: Final = frozenset({"offer-expired", "student-offer-expired", "scoring-closing"})
"""What may be told because a moment has passed, and for no request."""


@dataclass(slots=True)
class _Findings:
    compared: list[Label] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)

    def count(self, ko: str, en: str) -> None:
        self.compared.append(Label(ko, en))

    def differ(self, *differences: str) -> None:
        self.differences.extend(differences)

    def check(self, number: int, ko: str, en: str) -> Check:
        return Check(number, Label(ko, en), tuple(self.compared), tuple(self.differences))


def check(evidence: Evidence) -> tuple[Check, ...]:
    """All seven, in order."""
    return (
        every_answer_has_its_effect(evidence),
        nothing_without_a_cause(evidence),
        each_event_once(evidence),
        streams_are_dense(evidence),
        never_above_quota(evidence),
        one_placement_a_student(evidence),
        only_legal_transitions(evidence),
    )


def every_answer_has_its_effect(evidence: Evidence) -> Check:
    """Invariant 1."""
    found = _Findings()
    _records_of_requests(evidence, found)
    _events_of_requests(evidence, found)
    _rows_of_requests(evidence, found)
    return found.check(
        1,
        "들은 답마다 효과가 꼭 하나, 거절에는 없음",
        "Every ok has exactly one effect and its events, every refusal has none",
    )


def _records_of_requests(evidence: Evidence, found: _Findings) -> None:
    """The services' own records of what they did, against what users were told, byte by byte."""
    kept = [(service, row) for service, database in evidence.databases.items() for row in database.kept]
    by_key = defaultdict(list)
    for service, row in kept:
        by_key[row.key].append((service, row))
    for entry in evidence.entries:
        intent, answer = entry.intent, entry.answer
        expected = [
            (service, row.actor, row.operation, row.status, row.digest) for service, row in by_key[intent.id]
        ]
        told = (intent.service, intent.actor, intent.operation, answer.status, answer.digest)
        if entry.ok and expected != [told]:
            found.differ(
                f"{intent.operation} {intent.id}: told ok, the databases have {len(expected)} like it"
            )
        if answer.outcome == "fail" and expected:
            found.differ(f"{intent.operation} {intent.id}: told no, yet it was done")
        if answer.outcome == "unknown" and len(expected) > 1:
            found.differ(f"{intent.operation} {intent.id}: no answer, done {len(expected)} times")
    counts = Counter(entry.answer.outcome for entry in evidence.entries)
    found.count(
        f"답 {len(evidence.entries):,}건(승낙 {counts['ok']:,}, 거절 {counts['fail']:,}, "
        f"모름 {counts['unknown']:,})과 네 데이터베이스의 요청 기록 {len(kept):,}건을 바이트까지",
        f"{len(evidence.entries):,} answers ({counts['ok']:,} ok, {counts['fail']:,} refused, "
        f"{counts['unknown']:,} unknown) with {len(kept):,} records of requests, byte by byte",
    )


def _events_of_requests(evidence: Evidence, found: _Findings) -> None:
    direct = _direct(evidence.told)
    expected_in_all = 0
    for entry in evidence.entries:
        intent = entry.intent
        if entry.answer.outcome == "unknown":
            continue
        counts = Counter(event.name for event in direct.get(intent.id, {}).values())
        expected: Counter[str] = Counter()
        optional: frozenset[str] = frozenset()
        if entry.ok:
            step = STEPS.get((intent.service, intent.operation))
            if step is None:
                found.differ(f"{intent.operation}: the ledger knows no such operation of {intent.service}")
                continue
            expected, optional = Counter(step.tells(entry)), step.may_tell
        expected_in_all += expected.total()
        if +expected != Counter({name: n for name, n in counts.items() if name not in optional}):
            found.differ(
                f"{intent.operation} {intent.id}: announced {dict(+expected)}, on the topics {dict(counts)}"
            )
    found.count(
        f"예고된 이벤트 {expected_in_all:,}건과 주제 위의 이벤트",
        f"{expected_in_all:,} announced events with those on the topics",
    )


def _direct(told: Iterable[Told]) -> dict[str, dict[str, Told]]:
    """Events that answer a request itself, by the request and by their own id."""
    ids = {event.id for event in told}
    direct: dict[str, dict[str, Told]] = defaultdict(dict)
    for event in told:
        if event.envelope.causationid not in ids:
            direct[event.envelope.correlationid][event.id] = event
    return direct


def _rows_of_requests(evidence: Evidence, found: _Findings) -> None:
    made, rows = _made(evidence), _rows(evidence)
    for service, row in sorted(made - rows, key=str):
        found.differ(f"{service}: {row[0]} {row[1]} was promised and is not there")
    for service, row in sorted(_twice(evidence), key=str):
        found.differ(f"{service}: {row[0]} {row[1]} was made twice")
    found.count(
        f"승낙된 요청이 만든 행 {len(made):,}개와 있는 행",
        f"{len(made):,} rows that accepted requests made with those that are there",
    )


def _made(evidence: Evidence) -> set[tuple[str, Row]]:
    """The rows that accepted requests, and events that were told, have made."""
    made = {
        (entry.intent.service, row)
        for entry in evidence.entries
        if entry.ok and (step := STEPS.get((entry.intent.service, entry.intent.operation)))
        for row in step.makes(entry)
    }
    by_name: dict[str, list[Told]] = defaultdict(list)
    for event in evidence.told:
        by_name[event.name].append(event)
    for service, tables in TABLES.items():
        for name, table in tables.items():
            for event_name, fields in (table.made_by or {}).items():
                for event in by_name[event_name]:
                    made.add((service, (name, tuple(event.data[each] for each in fields))))
    return made


_MADE_TOGETHER: Final = {"notice", "delivery", "quota"}
"""Rows that come in any number of each event; who may have made them is checked by the events' ids."""


def _rows(evidence: Evidence) -> set[tuple[str, Row]]:
    return {
        (service, (name, tuple(row[column] for column in TABLES[service][name].key)))
        for service, database in evidence.databases.items()
        for name, rows in database.state.items()
        if name not in _MADE_TOGETHER
        for row in rows
    }


def _twice(evidence: Evidence) -> Iterator[tuple[str, Row]]:
    """Rows that differ in nothing that tells them apart."""
    for service, database in evidence.databases.items():
        for name, rows in database.state.items():
            keys = Counter(tuple(row[column] for column in TABLES[service][name].key) for row in rows)
            yield from ((service, (name, key)) for key, count in keys.items() if count > 1)


def nothing_without_a_cause(evidence: Evidence) -> Check:
    """Invariant 2."""
    found = _Findings()
    _causes_of_events(evidence, found)
    rows, made = _rows(evidence), _made(evidence)
    for service, row in sorted(rows - made, key=str):
        found.differ(f"{service}: {row[0]} {row[1]} is there, and nothing in the ledger made it")
    found.count(f"행 {len(rows):,}개의 원인", f"the causes of {len(rows):,} rows")
    _causes_of_messages(evidence, found)
    intents = {entry.intent.id for entry in evidence.entries}
    for service, database in evidence.databases.items():
        for kept in database.kept:
            if kept.key not in intents:
                found.differ(f"{service}: {kept.operation} {kept.key} was done, and nobody asked for it")
    return found.check(
        2, "장부에 원인이 없는 상태나 이벤트 없음", "No state and no event without a cause in the ledger"
    )


def _causes_of_events(evidence: Evidence, found: _Findings) -> None:
    """Every chain of causes ends at an accepted request of the same correlation, or at the passing of time."""
    by_id = {event.id: event for event in evidence.told}
    accepted = {entry.intent.id for entry in evidence.entries if entry.answer.outcome != "fail"}
    actors = {entry.intent.id: entry.intent.actor for entry in evidence.entries}
    for event in by_id.values():
        root = _root(event, by_id)
        if root is None:
            found.differ(f"{event.name} {event.id}: its causes go round in a circle")
            continue
        envelope = root.envelope
        of_time = root.name in OF_TIME and envelope.actor in SYSTEM
        if event.envelope.correlationid != envelope.correlationid:
            found.differ(f"{event.name} {event.id}: its correlation is not that of its cause {root.id}")
        if not of_time and envelope.correlationid not in accepted:
            found.differ(f"{event.name} {event.id}: no accepted request {envelope.correlationid}")
        elif not of_time and envelope.actor != actors[envelope.correlationid]:
            found.differ(f"{event.name} {event.id}: told by {envelope.actor}, who did not ask for it")
    found.count(f"이벤트 {len(by_id):,}건의 원인 사슬", f"the chains of causes of {len(by_id):,} events")


def _root(event: Told, by_id: Mapping[str, Told]) -> Told | None:
    """The first event of the chain; None where there is no first."""
    for _ in range(len(by_id)):
        cause = by_id.get(event.envelope.causationid)
        if cause is None:
            return event
        event = cause
    return None


def _causes_of_messages(evidence: Evidence, found: _Findings) -> None:
    """Every message was about an event that was told, and what was told of its delivery agrees."""
    ids = {event.id for event in evidence.told}
    state = evidence.databases["notifications"].state
    for row in (*state["notice"], *state["delivery"]):
        if row["event_id"] not in ids:
            found.differ(f"notifications: a message about {row['event_id']}, which was never told")
    told = Counter((event.data["delivery"], event.name) for event in evidence.told if event.name in _DELIVERY)
    settled = Counter(
        (row["delivery"], f"notification-{row['state']}")
        for row in state["delivery"]
        if row["channel"] == "mail" and row["state"] in {"delivered", "failed"}
    )
    for delivery, name in (told - settled) + (settled - told):
        found.differ(f"notifications: {delivery} {name} is told or kept, not both")
    found.count(
        f"알림 {len(state['delivery']):,}건과 도달을 알린 이벤트 {told.total():,}건",
        f"{len(state['delivery']):,} messages and {told.total():,} events about their delivery",
    )


_DELIVERY: Final = frozenset({"notification-delivered", "notification-failed"})


def each_event_once(evidence: Evidence) -> Check:
    """Invariant 3."""
    found = _Findings()
    for service, database in evidence.databases.items():
        topics = {topic.name for topic in read_by(service)}
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


def _once_at(service: str, database: Database, published: Mapping[str, Told], found: _Findings) -> None:
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
    found = _Findings()
    last = _sequences(evidence, found)
    emitted = {topic.name: topic.emitted_by for topic in TOPICS}
    for stream, sequence in last.items():
        known = evidence.databases[emitted[stream[0]]].streams.get(stream)
        if known != sequence:
            found.differ(f"{'/'.join(stream)}: {sequence} on the topic, {known} where it was told")
    for service, database in evidence.databases.items():
        for stream in database.streams.keys() - last.keys():
            found.differ(f"{'/'.join(stream)}: {service} told it, nothing of it is on the topic")
    marks = 0
    for service, database in evidence.databases.items():
        topics = {topic.name for topic in read_by(service)}
        for stream, sequence in last.items():
            if stream[0] not in topics:
                continue
            marks += 1
            mark = database.marks.get(stream)
            if mark is None or mark.sequence != sequence or mark.parked:
                found.differ(f"{service}: {'/'.join(stream)} stands at {mark}, the topic at {sequence}")
    found.count(
        f"스트림 {len(last):,}개의 순번(이벤트 {len(evidence.told):,}건)",
        f"sequences of {len(last):,} streams ({len(evidence.told):,} records)",
    )
    found.count(f"소비자의 읽은 자리 {marks:,}개", f"{marks:,} marks of consumers")
    return found.check(
        4, "스트림마다 1, 2, 3, … 빠짐없이", "Per stream 1, 2, 3, … on the topic and at each consumer"
    )


def _sequences(evidence: Evidence, found: _Findings) -> dict[tuple[str, str], int]:
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


@dataclass(slots=True)
class _Held:
    """Designations by school, and how often a limit was looked at."""

    designations: dict[str, tuple[str, ...]] = field(default_factory=dict)
    states: int = 0
    most: int = 0


def never_above_quota(evidence: Evidence) -> Check:
    """Invariant 5: the events of selection, in the order of their commits, never lead above a limit."""
    found = _Findings()
    opened = [event for event in evidence.told if event.name == "programme-year-opened"]
    limits = _limits(opened[0].data["policy"]) if opened else {}
    held = _Held()
    for at_once in _commits(evidence.told):
        for event in at_once:
            _hold(held, event)
        held.states += 1
        held.most = max(held.most, len(held.designations))
        found.differ(*_above(limits, held.designations, at_once[0]))
    _quota_rows(evidence, limits, held, found)
    found.count(
        f"선정이 바뀐 {held.states:,}개 상태, 가장 많을 때 {held.most:,}교",
        f"{held.states:,} states in which selection changed, {held.most:,} schools at most",
    )
    return found.check(
        5, "어느 순간에도 정원을 넘지 않음", "Selected never above the quota, at every committed state"
    )


def _limits(policy: Mapping[str, Any]) -> dict[str, tuple[frozenset[str] | None, int]]:
    """Tracks and limit of each quota group; all places under `*`."""
    groups = {quota["name"]: (frozenset(quota["tracks"]), quota["at_most"]) for quota in policy["quotas"]}
    return {"*": (None, policy["seats"]), **groups}


_SELECTION: Final = frozenset({"school-selected", "school-promoted", "school-relinquished", "school-revoked"})


def _commits(told: Iterable[Told]) -> list[list[Told]]:
    """Events that change who is selected, those of one transaction together, by the clock of the commit."""
    commits: dict[tuple[Any, str], dict[str, Told]] = defaultdict(dict)
    for event in told:
        if event.name in _SELECTION and event.data.get("origin") != "imported":
            commits[event.envelope.time, event.envelope.causationid][event.id] = event
    return [list(commits[moment].values()) for moment in sorted(commits)]


def _hold(held: _Held, event: Told) -> None:
    school = event.data["school"]
    if event.name in {"school-selected", "school-promoted"}:
        held.designations[school] = tuple(event.data["designations"])
    else:
        held.designations.pop(school, None)


def _above(
    limits: Mapping[str, tuple[frozenset[str] | None, int]],
    held: Mapping[str, tuple[str, ...]],
    event: Told,
) -> Iterator[str]:
    for name, (tracks, at_most) in limits.items():
        count = _count(tracks, held)
        if count > at_most:
            yield f"{name}: {count} of {at_most} after {event.name} at {event.envelope.time.isoformat()}"


def _count(tracks: frozenset[str] | None, held: Mapping[str, tuple[str, ...]]) -> int:
    if tracks is None:
        return len(held)
    return sum(track in tracks for designations in held.values() for track in designations)


def _quota_rows(
    evidence: Evidence,
    limits: Mapping[str, tuple[frozenset[str] | None, int]],
    held: _Held,
    found: _Findings,
) -> None:
    """The database counts the same, and guards its limits itself."""
    database = evidence.databases["evaluation"]
    selected = {row["school"] for row in database.state["standing"] if row["state"] == "selected"}
    if selected != held.designations.keys():
        found.differ(f"events select {len(held.designations)} schools, the database {len(selected)}")
    for row in database.state["quota"]:
        if row["name"] not in limits:
            found.differ(f"quota {row['name']}: the policy has none")
            continue
        tracks, at_most = limits[row["name"]]
        count = _count(tracks, held.designations)
        if (row["held"], row["at_most"]) != (count, at_most):
            found.differ(f"quota {row['name']}: {row['held']} of {row['at_most']}, not {count} of {at_most}")
    for guard in ("never_above_the_limit", "standing_is_counted", "offer_is_counted"):
        if guard not in database.guards:
            found.differ(f"evaluation: the guard {guard} is not in force")
    found.count(
        f"정원 행 {len(database.state['quota'])}개와 그 제약",
        f"{len(database.state['quota'])} quota rows and their constraint",
    )


def one_placement_a_student(evidence: Evidence) -> Check:
    """Invariant 6."""
    found = _Findings()
    placed = {event.id: event for event in evidence.told if event.name == "student-placed"}
    places = {
        event.data["opening"]: event.data["places"]
        for event in evidence.told
        if event.name == "opening-published"
    }
    students = Counter(event.data["student"] for event in placed.values())
    found.differ(*(f"{student} was placed {n} times" for student, n in students.items() if n > 1))
    openings = Counter(event.data["opening"] for event in placed.values())
    for opening, count in openings.items():
        if count > places.get(opening, 0):
            found.differ(f"{opening}: {count} placed on {places.get(opening, 0)} places")
    _placement_rows(evidence.databases["placement"], students, openings, found)
    found.count(
        f"취업 {len(placed):,}건, 구인 {len(places):,}건",
        f"{len(placed):,} placements and {len(places):,} openings",
    )
    return found.check(
        6,
        "학생마다 취업 하나, 자리보다 많은 취업 없음",
        "At most one active placement a student, never above an opening's places",
    )


def _placement_rows(
    database: Database, students: Counter[str], openings: Counter[str], found: _Findings
) -> None:
    active = [row for row in database.state["placement"] if row["state"] == "active"]
    by_student = Counter(row["student"] for row in active)
    if by_student != students:
        found.differ(f"{len(students)} students were told of work, the database has {len(by_student)}")
    found.differ(*(f"{student} has {n} active placements" for student, n in by_student.items() if n > 1))
    by_opening = Counter(row["opening"] for row in active)
    for row in database.state["opening"]:
        taken = by_opening[row["id"]]
        if not taken == row["active"] <= row["held"] <= row["places"] or taken != openings[row["id"]]:
            found.differ(f"{row['id']}: {taken} placed, counted as {row['active']} of {row['places']}")
    for guard in ("one_active_placement", "never_above_capacity"):
        if guard not in database.guards:
            found.differ(f"placement: the guard {guard} is not in force")
    found.count(
        f"데이터베이스의 취업 {len(active):,}행과 제약 2개",
        f"{len(active):,} rows in the database and its two guards",
    )


def only_legal_transitions(evidence: Evidence) -> Check:
    """Invariant 7."""
    found = _Findings()
    lives = replay(evidence.told)
    found.differ(*lives.illegal)
    rows = 0
    for name, (service, table) in ROWS.items():
        states = {row["id"]: row["state"] for row in evidence.databases[service].state[table]}
        for (identity, *_), state in lives.states[name].items():
            rows += 1
            if states.get(identity) != state:
                found.differ(f"{name} {identity}: events lead to {state}, the row is {states.get(identity)}")
    things = sum(len(states) for states in lives.states.values())
    found.count(
        f"{things:,}가지의 전이 {lives.steps:,}번", f"{lives.steps:,} transitions of {things:,} things"
    )
    found.count(f"마지막 상태와 행 {rows:,}개", f"the last states with {rows:,} rows")
    return found.check(7, "허용된 상태 전이만", "Only legal transitions")
