"""Use cases of the stages of review: closing them, who goes on, and what applications come to."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from chassis import audit
from chassis.refusals import Conflict
from chassis.transaction import ReadTransaction, Transaction
from evaluation.domain import scoring, staging
from evaluation.domain.intake import Scored
from evaluation.domain.policy import ProgrammeYear
from evaluation.domain.reviewing import naming
from evaluation.domain.rubric import Rubric, Rubrics
from evaluation.domain.scoring import Beside, Scores, Sheet, Total
from evaluation.domain.vocabulary import ApplicationId, Kind, ReviewStage, Stage, Year
from evaluation.handlers import figures, rubrics, scorings
from evaluation.store import assignments, intake, reviews, sheets
from evaluation.store import stages as store
from evaluation.store.stages import Closure


@dataclass(frozen=True, slots=True)
class Closed:
    """What closing came to: the stages closed, and how many applications have a total, once all have."""

    closures: tuple[Closure, ...]
    scored: int | None


async def close_stage(tx: Transaction, year: Year, kind: Kind, stage: ReviewStage) -> Closed:
    """Close a stage of a kind; with the last one of all kinds the totals are worked out.

    Raises:
        NotFound: rule `stage_not_found`.
        Conflict: rules `wrong_stage`, `calls_open`, `stage_closed`, `stage_before_open`, `reviewers_missing`,
            `scores_missing`, and those of the rubric and of figures.
    """
    programme, named = await _under_review(tx, year)
    closure = await _close(tx, programme, named, kind, stage)
    return Closed((closure,), await _finish(tx, programme, named))


async def close_scoring(tx: Transaction, year: Year) -> Closed:
    """Close every stage that is left, in order, and work out the totals.

    Raises:
        Conflict: as `close_stage`.
    """
    programme, named = await _under_review(tx, year)
    left = list(staging.left(named, programme.policy.kinds, await store.closed(tx, year)))
    closures = [await _close(tx, programme, named, Kind(kind), stage) for kind, stage in left]
    return Closed(tuple(closures), await _finish(tx, programme, named))


async def score(tx: Transaction, programme: ProgrammeYear) -> int:
    """Work out all totals from the sheets that count now, for a year whose stages are closed; how many."""
    worked_out = await _work_out(tx, programme)
    await reviews.put_totals(tx, worked_out.totals)
    await scorings.keep(tx, programme, worked_out.rubric, worked_out.scores, worked_out.totals)
    return len(worked_out.totals)


async def scored_by(tx: Transaction, programme: ProgrammeYear) -> list[Scored]:
    """What selection would start from if the year had this policy; nothing is kept."""
    totals = {each.application: each for each in (await _work_out(tx, programme)).totals}
    return [
        replace(scored, total=total.total, parts=total.parts, barred=total.barred)
        for scored in await reviews.scored(tx, programme.year)
        for total in [totals[scored.party.application]]
    ]


@dataclass(frozen=True, slots=True)
class _WorkedOut:
    """Totals with what they come from: the rubric, and by kind all that its applications are scored by."""

    rubric: Rubrics
    scores: Mapping[str, Scores]
    totals: list[Total]


async def _work_out(tx: Transaction, programme: ProgrammeYear) -> _WorkedOut:
    named = await rubrics.usable(tx, programme)
    beside = await figures.beside(tx, programme, named)
    rules = programme.policy.scoring
    scores: dict[str, Scores] = {}
    totals: list[Total] = []
    # All kinds of the rubric: pools that leave one out are refused by the rule, by name.
    for kind in sorted(named.kinds):
        scores[kind] = await scores_of(tx, programme, kind, beside[kind])
        totals += scoring.totals(scores[kind], named.kinds[kind], rules.normalisation, rules.aggregation)
    return _WorkedOut(named, scores, totals)


async def scores_of(
    tx: ReadTransaction, programme: ProgrammeYear, kind: str, beside: Mapping[ApplicationId, Beside]
) -> Scores:
    """All that the standing applications of a kind are scored by, those that a stage cut included."""
    by_stage: dict[ReviewStage, list[Sheet]] = {}
    for each in await sheets.standing(tx, programme.year, kind):
        by_stage.setdefault(each.stage, []).append(each.sheet)
    return Scores(by_stage, beside, await store.cut(tx, programme.year))


async def _under_review(tx: Transaction, year: Year) -> tuple[ProgrammeYear, Rubrics]:
    programme = await intake.year_for_update(tx, year)
    programme.must_be(Stage.REVIEWING)
    waiting = await intake.unfinished_calls(tx, year)
    if waiting or not await intake.started_calls(tx, year):
        raise Conflict(
            "calls_open", f"Evaluation has not started for {len(waiting)} calls of the year", "calls"
        )
    return programme, await rubrics.usable(tx, programme)


async def _close(
    tx: Transaction, programme: ProgrammeYear, named: Rubrics, kind: Kind, stage: ReviewStage
) -> Closure:
    rule = staging.may_close(named, kind, stage, await store.closed(tx, programme.year))
    # Where figures alone score it nobody submitted anything by the rubric yet, and cuts are made by it now.
    await rubrics.freeze(tx, programme, named)
    contenders = {
        each.applying.application
        for each in await assignments.contenders(tx, programme.year)
        if each.kind == kind
    }
    await _all_scored(tx, programme, named.kinds[kind], stage, contenders)
    await figures.known(tx, programme, named, kind, stage)
    reached = await _reached(tx, programme, named, kind, stage)
    # Who was held against the line before it was opened again for somebody else stays where that put them.
    before = await store.judged(tx, programme.year, kind, stage)
    still = {application: reached[application] for application in contenders if application not in before}
    results = staging.going_on(still, rule.line)
    went_on = [*before.values(), *(goes_on for _, _, goes_on in results)]
    closure = Closure(kind, stage, rule.line, went_on.count(True), went_on.count(False))
    now = await tx.now()
    await store.put_results(tx, stage, results)
    await store.close(tx, programme.year, closure, now)
    await assignments.close_stage(tx, programme.year, kind, stage, now)
    detail = {"kind": kind, "stage": stage, "passed": closure.passed, "cut": closure.cut}
    await audit.record(tx, "stage_closed", str(programme.year), detail=detail)
    return closure


async def _reached(
    tx: Transaction, programme: ProgrammeYear, named: Rubrics, kind: str, stage: ReviewStage
) -> Mapping[ApplicationId, Decimal]:
    beside = await figures.beside(tx, programme, named)
    scores, rules = await scores_of(tx, programme, kind, beside[kind]), programme.policy.scoring
    return scoring.reached(scores, named.kinds[kind], stage, rules.normalisation, rules.aggregation)


async def _all_scored(
    tx: ReadTransaction,
    programme: ProgrammeYear,
    rubric: Rubric,
    stage: ReviewStage,
    contenders: Collection[ApplicationId],
) -> None:
    """Refuse to close a stage at which somebody still has to be given work, or to finish it."""
    if not rubric.reviewed(stage):
        return
    wanted = programme.policy.scoring.reviewers_per_application
    work = await assignments.finished(tx, programme.year, stage)
    few = sorted(each for each in contenders if len(work.get(each, ())) < wanted)
    if few:
        raise Conflict("reviewers_missing", naming(few, f"have fewer than {wanted} reviewers"), "assignments")
    unscored = sorted(each for each in contenders if not all(work[each]))
    if unscored:
        raise Conflict("scores_missing", naming(unscored, "lack scores"), "sheets")


async def _finish(tx: Transaction, programme: ProgrammeYear, named: Rubrics) -> int | None:
    """Work out the totals once nothing is left to close."""
    closed = await store.closed(tx, programme.year)
    if any(staging.left(named, programme.policy.kinds, closed)):
        return None
    scored = await score(tx, programme)
    await intake.save_stage(tx, programme.year, Stage.SCORED)
    detail = {"scored": scored, "rubric": named.name, "version": named.version}
    await audit.record(tx, "scoring_closed", str(programme.year), detail=detail)
    return scored
