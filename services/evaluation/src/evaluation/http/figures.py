"""Routes of what counts beside reviewers' sheets: figures, bonuses, and continued support."""

from typing import Annotated

from fastapi import Path

from evaluation.handlers import continuing, counting, figures
from evaluation.handlers.exports import read_scores
from evaluation.http.bodies import ApplicationPath, ReasonBody, YearPath
from evaluation.http.identity import Confined, Officer, Overseer
from evaluation.views import continuing as views
from evaluation.views.continuing import ContinuedSupportView, MissingFigureView
from web import Read, Recorded, Router, Tx

router = Router(tags=["figures and continued support"])

BonusPath = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,63}$")]


@router.get("/programme-years/{year}/continued-support")
async def list_continued_support(
    year: YearPath, school: Confined, tx: Recorded
) -> list[ContinuedSupportView]:
    """Continuing schools with their figures, where these come from, and who is confirmed or dropped.

    A school sees its own figures; once a result is published, figures, total and decision as that says them.
    That others read them is on record.
    """
    if school is None:
        await read_scores(tx, str(year), figures="continued_support")
    return [views.continued(each) for each in await continuing.evaluated(tx, year, school=school)]


@router.get("/programme-years/{year}/missing-figures")
async def list_missing_figures(year: YearPath, _: Overseer, read: Read) -> list[MissingFigureView]:
    """Figures that nobody told yet, by application and criterion."""
    return views.missing(await figures.of_year(read, year))


@router.post("/applications/{application}/missing-figures", status_code=201)
async def waive_missing_figures(
    application: ApplicationPath, body: ReasonBody, _: Officer, tx: Tx
) -> list[MissingFigureView]:
    """Let what is missing of an application count as nothing; what is told yet counts."""
    year = await counting.waive(tx, application, body.reason)
    missing = views.missing(await figures.of_year(tx, year))
    return [each for each in missing if each.application == application]


@router.put("/applications/{application}/bonus/{bonus}", status_code=201)
async def record_bonus(
    application: ApplicationPath, bonus: BonusPath, body: ReasonBody, _: Officer, tx: Tx
) -> ReasonBody:
    """Put on record that an application earns a bonus of the rubric, and why."""
    await counting.record_bonus(tx, application, bonus, body.reason)
    return body


@router.post("/applications/{application}/bonus/{bonus}/withdrawal", status_code=201)
async def withdraw_bonus(
    application: ApplicationPath, bonus: BonusPath, body: ReasonBody, _: Officer, tx: Tx
) -> ReasonBody:
    """Take a bonus off an application's record."""
    await counting.withdraw_bonus(tx, application, bonus, body.reason)
    return body
