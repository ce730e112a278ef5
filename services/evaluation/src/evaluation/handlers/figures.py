"""Use cases of what counts beside reviewers' sheets: outcomes, answers, bonuses.

Until the final result what is told counts, late or corrected as it may be; afterwards it is kept and changes
nothing.
"""

from collections.abc import Iterable
from decimal import localcontext
from typing import Final

from chassis.inbox import Inbox
from chassis.refusals import Conflict
from chassis.transaction import ReadTransaction, Transaction
from contracts import topics
from evaluation.domain import figures
from evaluation.domain.figures import Counted, FigureScore
from evaluation.domain.policy import ProgrammeYear
from evaluation.domain.reviewing import NAMED_AT_MOST
from evaluation.domain.rubric import Rubrics
from evaluation.domain.scoring import ARITHMETIC, Beside
from evaluation.domain.vocabulary import ApplicationId, ReviewStage, Stage, Year
from evaluation.handlers import rubrics
from evaluation.store import figures as store
from evaluation.store import intake

READING: Final = Inbox(topics.PLACEMENT)
"""Asked only how far the streams of the placement service were read."""


async def scored(tx: ReadTransaction, year: Year, named: Rubrics) -> list[tuple[Counted, list[FigureScore]]]:
    """What figures score each eligible application that stands, as of what is known now."""
    counted = [each for each in await store.counted(tx, year) if each.kind in named.kinds]
    wanted = {pair for rubric in named.kinds.values() for pair in figures.wanted(rubric, year)}
    outcomes = figures.newest(await store.outcomes(tx, year, wanted))
    with localcontext(ARITHMETIC):
        return [
            (each, list(figures.scores(named.kinds[each.kind], each, outcomes, year))) for each in counted
        ]


async def of_year(tx: ReadTransaction, year: Year) -> list[tuple[Counted, list[FigureScore]]]:
    """What figures score the applications of a year.

    Raises:
        NotFound: rule `programme_year_not_found`.
        Conflict: rule `rubric_missing`.
    """
    programme = await intake.year(tx, year)
    return await counting(tx, programme, await rubrics.of_year(tx, programme))


async def counting(
    tx: ReadTransaction, programme: ProgrammeYear, named: Rubrics, *, as_published: bool = False
) -> list[tuple[Counted, list[FigureScore]]]:
    """What figures score each eligible application that stands: now, or as they did for the final result.

    With `as_published` as they did for the preliminary one, while that is the newest.
    """
    if programme.stage is Stage.FINAL:
        kept = await store.kept_scores(tx, programme.year)
    elif programme.stage is Stage.PRELIMINARY and as_published:
        kept = await store.published_scores(tx, programme.year)
    else:
        return await scored(tx, programme.year, named)
    return [(each, kept.get(each.application, [])) for each in await store.counted(tx, programme.year)]


async def beside(
    tx: Transaction, programme: ProgrammeYear, named: Rubrics
) -> dict[str, dict[ApplicationId, Beside]]:
    """By kind and application what counts beside sheets; kept, so that it can be shown where it came from."""
    found: dict[str, dict[ApplicationId, Beside]] = {kind: {} for kind in named.kinds}
    kept: list[FigureScore] = []
    for counted, scores in await counting(tx, programme, named):
        kept += scores
        found[counted.kind][counted.application] = Beside(
            {each.criterion: each.score for each in scores},
            figures.bonuses(named.kinds[counted.kind], counted),
        )
    if programme.stage is not Stage.FINAL:
        await store.put_scores(tx, kept, await tx.now())
    return found


async def known(
    tx: Transaction, programme: ProgrammeYear, named: Rubrics, kind: str, stage: ReviewStage
) -> None:
    """Refuse to close a stage before its figures are known, or an officer lets them count as nothing.

    Raises:
        Conflict: rules `outcomes_on_their_way`, `figures_missing`, by application and criterion.
    """
    rubric = named.kinds[kind]
    manifest = await store.manifest(tx, programme.year, figures.wanted(rubric, programme.year))
    behind = sorted(await READING.missing(tx, topics.PLACEMENT, manifest))
    if behind:
        named_schools = ", ".join(behind[:NAMED_AT_MOST])
        detail = f"Outcomes of {len(behind)} schools were told and not read yet: {named_schools}"
        raise Conflict("outcomes_on_their_way", detail, "figures")
    at_stage = {criterion.name for criterion, _ in rubric.figures(stage)}
    if at_stage:
        lacking = await _lacking(tx, programme, named)
        _refuse(each for of, each in lacking if of.kind == kind and each.criterion in at_stage)


async def told(tx: Transaction, programme: ProgrammeYear, named: Rubrics, application: ApplicationId) -> None:
    """Refuse to rank an application before its figures are known, or an officer lets them count as nothing.

    Raises:
        Conflict: rule `figures_missing`, by criterion.
    """
    lacking = await _lacking(tx, programme, named)
    _refuse(each for of, each in lacking if of.application == application)


async def _lacking(
    tx: ReadTransaction, programme: ProgrammeYear, named: Rubrics
) -> list[tuple[Counted, FigureScore]]:
    """Figures without a value that no officer lets count as nothing."""
    found = await scored(tx, programme.year, named)
    return [(of, each) for of, scores in found for each in scores if each.lack and not of.waived]


def _refuse(lacking: Iterable[FigureScore]) -> None:
    listed = [f"{each.application} {each.criterion} ({each.lack})" for each in lacking]
    if listed:
        detail = f"{len(listed)} figures are missing: {', '.join(listed[:NAMED_AT_MOST])}"
        raise Conflict("figures_missing", detail, "figures")
