"""What the continued-support evaluation says of a year's continuing schools, read only."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date

from chassis.transaction import ReadTransaction
from evaluation.domain import figures
from evaluation.domain.continuing import ContinuedSupport, sourced
from evaluation.domain.figures import Outcome
from evaluation.domain.intake import Scored
from evaluation.domain.policy import ProgrammeYear
from evaluation.domain.vocabulary import ApplicationId, Kind, SchoolId, Stage, Year
from evaluation.handlers import rubrics
from evaluation.handlers.figures import counting
from evaluation.store import figures as store
from evaluation.store import intake, reviews, runs


async def evaluated(
    tx: ReadTransaction, year: Year, *, school: SchoolId | None = None
) -> list[ContinuedSupport]:
    """How every continuing school stands now; or one, as the newest published result says it.

    Raises:
        NotFound: rule `programme_year_not_found`.
        Conflict: rule `rubric_missing`.
    """
    programme = await intake.year(tx, year)
    named = await rubrics.of_year(tx, programme)
    rubric = named.kinds.get(Kind.CONTINUING)
    if rubric is None:
        return []
    revisions: dict[tuple[SchoolId, int, date], list[Outcome]] = defaultdict(list)
    for each in await store.outcomes(tx, year, figures.wanted(rubric, year)):
        revisions[each.school, each.cohort, each.as_of].append(each)
    totals = await _totals(tx, programme, school)
    return [
        ContinuedSupport(
            counted,
            rubric,
            sourced(rubric, year, counted.school, scores, revisions),
            totals.get(counted.application),
            programme.policy.cut_line,
        )
        for counted, scores in await counting(tx, programme, named, as_published=school is not None)
        if counted.kind == Kind.CONTINUING and school in {None, counted.school}
    ]


async def _totals(
    tx: ReadTransaction, programme: ProgrammeYear, school: SchoolId | None
) -> Mapping[ApplicationId, Scored]:
    if school is not None:
        published = await runs.published_total(tx, programme.year, school)
        return {} if published is None else {published.party.application: published}
    if programme.stage is Stage.REVIEWING:
        return {}
    return {each.party.application: each for each in await reviews.scored(tx, programme.year)}
