"""Keeps what totals are worked out from, so that anybody can work them out again."""

import hashlib
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from chassis.transaction import Transaction
from decisions.canonical import HASH_FIELD, canonical, sealed
from evaluation.domain.policy import ProgrammeYear
from evaluation.domain.rubric import Rubrics
from evaluation.domain.scoring import Scores, Sheet, Total
from evaluation.domain.vocabulary import ReviewerId, ReviewStage
from evaluation.snapshots import scoring
from evaluation.snapshots.scoring import Scored, ScoringSnapshot, StagedSheet
from evaluation.store import scorings as store
from evaluation.store.scorings import Kept

_DIGITS = 12


async def keep(
    tx: Transaction,
    programme: ProgrammeYear,
    named: Rubrics,
    scores: Mapping[str, Scores],
    totals: Sequence[Total],
) -> None:
    """Keep raw scores (by kind) and what they came to, unless the newest that is kept is the same."""
    salt = await store.salt(tx, programme.year, secrets.token_hex(16))
    snapshot = await _snapshot(tx, programme, named, scores, salt)
    document = canonical(scoring.document(snapshot))
    hashed = hashlib.sha256(document).hexdigest()
    schools = {each.id: each.school for each in snapshot.applications}
    result = sealed({**scoring.result_document(totals, schools), "snapshot_sha256": hashed})
    kept = Kept(
        document,
        hashed,
        canonical(result),
        result[HASH_FIELD],
        scoring.RULE,
        result["code"],
    )
    await store.add(tx, programme.year, kept, await tx.now())


async def _snapshot(
    tx: Transaction, programme: ProgrammeYear, named: Rubrics, scores: Mapping[str, Scores], salt: str
) -> ScoringSnapshot:
    standing = await store.schools_scored(tx, programme.year)
    rules = programme.policy.scoring
    pseudonyms: dict[ReviewerId, ReviewerId] = {}

    def hidden(reviewer: ReviewerId) -> ReviewerId:
        if reviewer not in pseudonyms:
            pseudonyms[reviewer] = pseudonym(salt, reviewer)
        return pseudonyms[reviewer]

    return ScoringSnapshot(
        programme_year=programme.year,
        aggregation=rules.aggregation,
        normalisation=rules.normalisation,
        rubric=named,
        applications=tuple(
            Scored(application, standing[application][0], kind, of.cut.get(application), beside)
            for kind, of in sorted(scores.items())
            for application, beside in sorted(of.beside.items())
        ),
        sheets=tuple(
            each
            for _, of in sorted(scores.items())
            for stage, sheets in sorted(of.sheets.items())
            for each in _unnamed(stage, [sheet for sheet in sheets if sheet.application in of.beside], hidden)
        ),
    )


def _unnamed(
    stage: ReviewStage, sheets: Iterable[Sheet], hidden: Callable[[ReviewerId], ReviewerId]
) -> list[StagedSheet]:
    """Sheets of a stage under pseudonyms, in their order: that of the names would say which is whose."""
    unnamed = [StagedSheet(stage, replace(sheet, reviewer=hidden(sheet.reviewer))) for sheet in sheets]
    return sorted(unnamed, key=lambda each: (each.sheet.application, each.sheet.reviewer))


def pseudonym(salt: str, reviewer: ReviewerId) -> ReviewerId:
    """What a reviewer is called in what is given away; the same within a year, unlike in any other."""
    return ReviewerId(f"r_{hashlib.sha256(f'{salt}:{reviewer}'.encode()).hexdigest()[:_DIGITS]}")
