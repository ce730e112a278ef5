"""The matching decision as documents: a snapshot is read strictly, a result is written, both canonical.

This is all that `placement recompute` needs: no database, no broker, no settings.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from hashlib import sha256
from importlib import metadata
from typing import Any, Final

from decisions import canonical, lot, strict
from decisions.recompute import recompute_command
from decisions.strict import Broken, Fields
from placement.domain import matching
from placement.domain.explaining import Explanations, OpeningExplanation, StudentExplanation, explain
from placement.domain.matching import Market, Matching, Opening, OpeningId, Student, StudentId
from placement.domain.running import Gathered, Offered, Proof

COMPILED_FROM: Final = 1_000_000
"""Preferences from which importing numba and compiling cost less than they save."""

_ABSENT: Final = object()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a matching round decides over; `round` counts from 1."""

    round: int
    market: Market


def parse(document: Any) -> Snapshot:
    """Read a snapshot document; raises `Broken`, naming field and rule."""
    fields = Fields(document)
    fields.constant("kind", "matching")
    number = strict.integer(*fields.take("round"), at_least=1)
    students = tuple(_student(Fields(*each)) for each in strict.items(*fields.take("students")))
    strict.distinct(tuple(student.id for student in students), "students")
    seed, at = fields.take_or("lot_seed", _ABSENT)
    lots = None if seed is _ABSENT else _Lots(strict.text(seed, at))
    openings = tuple(_opening(Fields(*each), lots) for each in strict.items(*fields.take("openings")))
    strict.distinct(tuple(opening.id for opening in openings), "openings")
    fields.end()
    return Snapshot(number, Market(students, openings))


def compute(snapshot: Snapshot) -> dict[str, Any]:
    """The result document without hashes."""
    return result_of(solve(snapshot.market))


def solve(market: Market) -> Matching:
    """Match by the rule, in whichever way is quicker for a market of this size."""
    if sum(len(student.preferences) for student in market.students) < COMPILED_FROM:
        return matching.match(market)
    from placement import kernel  # noqa: PLC0415 - numba takes half a second that small markets need not spend

    return kernel.match(market)


def result_of(result: Matching) -> dict[str, Any]:
    """The result document without hashes."""
    return {
        "kind": "matching-result",
        "rule": matching.RULE,
        "code": code_version(),
        "pairs": [{"student": student, "opening": opening} for student, opening in result.pairs.items()],
        "unmatched": list(result.unmatched),
    }


@cache
def code_version() -> str:
    """The software that made a result."""
    return f"ieum-placement/{metadata.version('ieum-placement')}"


recompute = recompute_command(parse, compute)


@dataclass(frozen=True, slots=True)
class Decision:
    """A run's result with its proof, and what each side is told; struck openings are not in it."""

    proof: Proof
    told: Explanations


def decide(document: Any) -> Decision:
    """Decide over a snapshot document exactly as `recompute` would, and explain."""
    snapshot = parse(document)
    result = solve(snapshot.market)
    kept = canonical.canonical(document)
    sealed = canonical.sealed({**result_of(result), "snapshot_sha256": sha256(kept).hexdigest()})
    proof = Proof(
        rule=matching.RULE,
        code=code_version(),
        snapshot=kept,
        snapshot_sha256=sealed["snapshot_sha256"],
        result=canonical.canonical(sealed),
        result_sha256=sealed[canonical.HASH_FIELD],
    )
    return Decision(proof, explain(snapshot.market, result))


def document_of(number: int, gathered: Gathered, lot_seed: str | None) -> dict[str, Any]:
    """The snapshot document of a round; openings that cannot be had are left off the students' lists."""
    struck = gathered.struck
    document: dict[str, Any] = {
        "kind": "matching",
        "round": number,
        "students": [
            {
                "id": each.student,
                "preferences": [
                    opening for opening in each.openings if opening not in struck.get(each.student, ())
                ],
            }
            for each in gathered.students
        ],
        "openings": [_offered_document(each) for each in gathered.openings],
    }
    return document if lot_seed is None else {**document, "lot_seed": lot_seed}


def told_documents(told: Explanations) -> dict[str, Any]:
    """What is told, as JSON, by the id of the student or the opening."""
    documents: dict[str, Any] = {each.student: _told_student(each) for each in told.students}
    documents.update((each.opening, _told_company(each)) for each in told.openings)
    return documents


def _told_student(told: StudentExplanation) -> dict[str, Any]:
    missed = [
        {
            "opening": each.opening,
            "reason": each.reason,
            "places": each.places,
            "own_rank": each.own_rank,
            "last_rank": each.last_rank,
            "by_lot": each.by_lot,
        }
        for each in told.missed
    ]
    return {"student": told.student, "opening": told.opening, "choice": told.choice, "missed": missed}


def _told_company(told: OpeningExplanation) -> dict[str, Any]:
    return {"opening": told.opening, "capacity": told.capacity, "standings": told.standings}


def _offered_document(offered: Offered) -> dict[str, Any]:
    ranking = offered.ranking
    document: dict[str, Any] = {"id": offered.opening, "capacity": offered.free}
    if ranking is None or ranking.scores is None:
        return {**document, "ranking": [] if ranking is None else list(ranking.students or ())}
    return {**document, "scores": {student: format(score, "f") for student, score in ranking.scores.items()}}


def _student(fields: Fields) -> Student:
    name = StudentId(strict.text(*fields.take("id")))
    preferences = strict.texts(*fields.take("preferences"))
    fields.end()
    return Student(name, tuple(OpeningId(wish) for wish in preferences))


class _Lots(dict[StudentId, str]):
    """Each student's lot, drawn once however many openings ask."""

    def __init__(self, seed: str) -> None:
        super().__init__()
        self._seed = seed

    def __missing__(self, student: StudentId) -> str:
        drawn = self[student] = lot.position(self._seed, student)
        return drawn


def _opening(fields: Fields, lots: _Lots | None) -> Opening:
    name = OpeningId(strict.text(*fields.take("id")))
    capacity = strict.integer(*fields.take("capacity"))
    ranking, at = fields.take_or("ranking", _ABSENT)
    scores, scores_at = fields.take_or("scores", _ABSENT)
    fields.end()
    if (ranking is _ABSENT) == (scores is _ABSENT):
        raise Broken(fields.path, "ranking_or_scores", "must have either `ranking` or `scores`")
    if scores is _ABSENT:
        return Opening(name, capacity, tuple(StudentId(each) for each in strict.texts(ranking, at)))
    return _scored(name, capacity, strict.decimals(scores, scores_at), lots)


def _scored(name: OpeningId, capacity: int, scores: Mapping[str, Decimal], lots: _Lots | None) -> Opening:
    if lots is None:
        raise Broken("lot_seed", "field_missing", "is missing, and an opening has scores that may be equal")
    by_student = {StudentId(student): score for student, score in scores.items()}
    return Opening(name, capacity, matching.by_scores(by_student, lots), by_student)
