"""What the continued-support evaluation says of a year's continuing schools, read only."""

from collections import defaultdict
from datetime import date

from chassis.transaction import ReadTransaction
from evaluation.domain import figures
from evaluation.domain.continuing import ContinuedSupport, sourced
from evaluation.domain.figures import Outcome
from evaluation.domain.vocabulary import Kind, SchoolId, Stage, Year
from evaluation.handlers import rubrics
from evaluation.handlers.figures import counting
from evaluation.store import figures as store
from evaluation.store import intake, reviews


async def evaluated(
    tx: ReadTransaction, year: Year, *, school: SchoolId | None = None
) -> list[ContinuedSupport]:
    """How every continuing school stands, or one; a school learns its total with the preliminary result.

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
    told = school is None or programme.stage in {Stage.PRELIMINARY, Stage.FINAL}
    decided = told and programme.stage is not Stage.REVIEWING
    totals = {each.party.application: each for each in await reviews.scored(tx, year)} if decided else {}
    return [
        ContinuedSupport(
            counted,
            rubric,
            sourced(rubric, year, counted.school, scores, revisions),
            totals.get(counted.application),
            programme.policy.cut_line,
        )
        for counted, scores in await counting(tx, programme, named)
        if counted.kind == Kind.CONTINUING and school in {None, counted.school}
    ]
