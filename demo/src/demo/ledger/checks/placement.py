"""Invariant 6: one active placement a student, no more than an opening has places."""

from collections import Counter
from collections.abc import Mapping

from demo.ledger.checks.findings import Findings
from demo.ledger.evidence import Database, Evidence, Told
from demo.report.story import Check


def one_placement_a_student(evidence: Evidence) -> Check:
    """Invariant 6."""
    found = Findings()
    placed = {event.id: event for event in evidence.told if event.name == "student-placed"}
    places = {
        event.data["opening"]: event.data["places"]
        for event in evidence.told
        if event.name == "opening-published"
    }
    resumed = {event.id: event for event in evidence.told if event.name == "placement-resumed"}
    ended = {event.id: event for event in evidence.told if event.name == "placement-ended"}
    students = _left({**placed, **resumed}, ended, "student")
    found.differ(*(f"{student} has {n} placements at once" for student, n in students.items() if n > 1))
    openings = _left({**placed, **resumed}, ended, "opening")
    for opening, count in openings.items():
        if count > places.get(opening, 0):
            found.differ(f"{opening}: {count} placed on {places.get(opening, 0)} places")
    _placement_rows(evidence.databases["placement"], students, openings, found)
    found.count(
        f"취업 {len(placed):,}건(종료 {len(ended):,}건), 구인 {len(places):,}건",
        f"{len(placed):,} placements ({len(ended):,} ended) and {len(places):,} openings",
    )
    return found.check(
        6,
        "학생마다 취업 하나, 자리보다 많은 취업 없음",
        "At most one active placement a student, never above an opening's places",
    )


def _left(placed: Mapping[str, Told], ended: Mapping[str, Told], by: str) -> Counter[str]:
    """Placements that were told of and not ended, by student or by opening."""
    left = Counter(event.data[by] for event in placed.values())
    left.subtract(event.data[by] for event in ended.values())
    return +left


def _placement_rows(
    database: Database, students: Counter[str], openings: Counter[str], found: Findings
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
