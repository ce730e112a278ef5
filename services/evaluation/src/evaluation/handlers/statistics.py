"""What officers see of reviewers before they close a stage."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from chassis.refusals import NotFound
from chassis.transaction import ReadTransaction
from evaluation import agreement
from evaluation.domain import statistics
from evaluation.domain.rubric import Rubric
from evaluation.domain.scoring import Points, Sheet
from evaluation.domain.statistics import Figures
from evaluation.domain.vocabulary import Kind, ReviewStage, Year
from evaluation.handlers import rubrics
from evaluation.store import intake, sheets


@dataclass(frozen=True, slots=True)
class Statistics:
    """Reviewers' figures at a stage, and Krippendorff's alpha of all points and by part."""

    figures: Figures
    alpha: Decimal | None
    alpha_by_part: Mapping[str, Decimal | None]


async def of_stage(tx: ReadTransaction, year: Year, kind: Kind, stage: ReviewStage) -> Statistics:
    """What the sheets that are in say about reviewers.

    Raises:
        NotFound: rules `programme_year_not_found`, `stage_not_found`.
    """
    programme = await intake.year(tx, year)
    rubric = (await rubrics.of_year(tx, programme)).kinds.get(kind)
    if rubric is None or stage not in {rule.stage for rule in rubric.stages}:
        raise NotFound(
            "stage_not_found", f"The rubric has no stage {stage} for {kind} schools: stage", "stage"
        )
    found = [each.sheet for each in await sheets.standing(tx, year, kind) if each.stage is stage]
    # At thousands of sheets this takes seconds, in which others are answered too.
    return await asyncio.to_thread(_statistics, found, rubric, stage)


def _statistics(found: Sequence[Sheet], rubric: Rubric, stage: ReviewStage) -> Statistics:
    parts = dict.fromkeys(criterion.part for criterion in rubric.reviewed(stage))
    by_part: dict[str, Points] = {
        part: {(sheet.application, sheet.reviewer): rubric.points(sheet.scores)[part] for sheet in found}
        for part in parts
    }
    points = statistics.points_of(found, rubric)
    return Statistics(
        statistics.figures(points),
        agreement.alpha(points),
        {part: agreement.alpha(of) for part, of in by_part.items()},
    )
