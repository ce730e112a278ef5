"""Invariant 1: what users were told was done is done, once; what they were refused is not."""

from collections import Counter, defaultdict
from collections.abc import Iterable

from demo.ledger.checks import rows
from demo.ledger.checks.findings import Findings
from demo.ledger.evidence import Evidence, Told
from demo.ledger.steps import STEPS
from demo.report.story import Check


def every_answer_has_its_effect(evidence: Evidence) -> Check:
    """Invariant 1."""
    found = Findings()
    _records_of_requests(evidence, found)
    _events_of_requests(evidence, found)
    _rows_of_requests(evidence, found)
    return found.check(
        1,
        "들은 답마다 효과가 꼭 하나, 거절에는 없음",
        "Every ok has exactly one effect and its events, every refusal has none",
    )


def _records_of_requests(evidence: Evidence, found: Findings) -> None:
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


def _events_of_requests(evidence: Evidence, found: Findings) -> None:
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


def _rows_of_requests(evidence: Evidence, found: Findings) -> None:
    made, present = rows.made(evidence), rows.rows(evidence)
    for service, row in sorted(made - present, key=str):
        found.differ(f"{service}: {row[0]} {row[1]} was promised and is not there")
    for service, row in sorted(rows.twice(evidence), key=str):
        found.differ(f"{service}: {row[0]} {row[1]} was made twice")
    found.count(
        f"승낙된 요청이 만든 행 {len(made):,}개와 있는 행",
        f"{len(made):,} rows that accepted requests made with those that are there",
    )
