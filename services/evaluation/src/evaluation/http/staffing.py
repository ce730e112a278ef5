"""Routes by which officers keep the pool, give work to reviewers, take it away, and close stages."""

from decimal import Decimal
from typing import Annotated

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from evaluation.domain.assigning import Shortage
from evaluation.handlers import assigning, pool, reviewing, statistics
from evaluation.handlers import scoring as sheets
from evaluation.handlers.assigning import Assigned, Plans
from evaluation.handlers.exports import read_scores
from evaluation.handlers.reviewing import Closed
from evaluation.handlers.statistics import Statistics
from evaluation.http.bodies import ApplicationPath, YearPath
from evaluation.http.identity import Officer, Overseer
from evaluation.http.reviewing import RecusedView
from evaluation.http.reviewing_bodies import (
    AssignmentBody,
    ConflictsBody,
    CorporationsBody,
    KindPath,
    ProfileBody,
    RecusalBody,
    ReleaseBody,
    ReopeningBody,
    ReviewerPath,
    ReviewersBody,
    StagePath,
)
from evaluation.views import pool as views
from evaluation.views import reviews
from evaluation.views.reviewing_shapes import (
    ClosureView,
    OutlierView,
    ReviewerFiguresView,
    ReviewerView,
    SheetView,
    StatisticsView,
)
from web import Read, Recorded, Router, Tx

router = Router(tags=["reviewers and stages"])


async def plans_of(request: Request) -> Plans:
    """What was solved for this request, through every time it is tried."""
    if not hasattr(request.state, "plans"):
        request.state.plans = Plans()
    plans: Plans = request.state.plans
    return plans


class RegisteredView(BaseModel):
    model_config = ConfigDict(frozen=True)

    registered: int


class ShortageView(BaseModel):
    model_config = ConfigDict(frozen=True)

    application: str
    lacking: int
    grounds: dict[str, int] = Field(
        description="Why nobody else in the pool can have it, and how many there are of each",
        examples=[{"same_province": 3, "at_capacity": 2}],
    )

    @classmethod
    def of(cls, shortage: Shortage) -> "ShortageView":
        return cls(application=shortage.application, lacking=shortage.lacking, grounds=dict(shortage.grounds))


class AssignedView(BaseModel):
    model_config = ConfigDict(frozen=True)

    assigned: int
    short: list[ShortageView] = Field(description="Applications that lack reviewers; only where `partial`")

    @classmethod
    def of(cls, assigned: Assigned) -> "AssignedView":
        short = [ShortageView.of(each) for each in assigned.shortages]
        return cls(assigned=assigned.assignments, short=short)


class ReleasedView(BaseModel):
    model_config = ConfigDict(frozen=True)

    released: int


class ReopenedView(BaseModel):
    model_config = ConfigDict(frozen=True)

    reopened: int


class ClosedView(BaseModel):
    model_config = ConfigDict(frozen=True)

    closures: list[ClosureView]
    scored: int | None = Field(description="Applications with a total, once the last stage is closed")

    @classmethod
    def of(cls, closed: Closed) -> "ClosedView":
        closures = [
            ClosureView(
                kind=each.kind,
                stage=each.stage,
                line=_text(each.line),
                passed=each.passed,
                cut=each.cut,
            )
            for each in closed.closures
        ]
        return cls(closures=closures, scored=closed.scored)


def _statistics(found: Statistics) -> StatisticsView:
    figures = found.figures
    return StatisticsView(
        sheets=figures.sheets,
        mean=_text(figures.mean),
        alpha=_text(found.alpha),
        alpha_by_part={part: _text(alpha) for part, alpha in found.alpha_by_part.items()},
        reviewers=[
            ReviewerFiguresView(
                reviewer=each.reviewer,
                sheets=each.sheets,
                mean=f"{each.mean:f}",
                severity=_text(each.severity),
                spread=f"{each.spread:f}",
                outlier=each.outlier,
            )
            for each in figures.reviewers
        ],
        outliers=[
            OutlierView(
                application=each.application,
                reviewer=each.reviewer,
                points=f"{each.points:f}",
                apart=f"{each.apart:f}",
                deviations=f"{each.deviations:f}",
            )
            for each in figures.outliers
        ],
    )


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"


@router.post("/reviewers", status_code=201)
async def register_reviewers(body: ReviewersBody, _: Officer, tx: Tx) -> RegisteredView:
    """Register reviewers with their affiliations; their tokens carry the id given here as party."""
    reviewers = body.all()
    await pool.register_reviewers(tx, reviewers)
    return RegisteredView(registered=len(reviewers))


@router.get("/reviewers")
async def list_reviewers(_: Overseer, read: Read) -> list[ReviewerView]:
    """The pool, with declared conflicts and how much each reviewer has in hand."""
    return await views.reviewers(read)


@router.put("/reviewers/{reviewer}")
async def change_reviewer(reviewer: ReviewerPath, body: ProfileBody, _: Officer, tx: Tx) -> RecusedView:
    """Replace a reviewer's entry; what they have in hand and may not have by it is taken away."""
    return RecusedView(recused=await pool.change_reviewer(tx, body.reviewer(reviewer)))


@router.post("/reviewers/{reviewer}/conflicts", status_code=201)
async def record_conflicts(reviewer: ReviewerPath, body: ConflictsBody, _: Officer, tx: Tx) -> RecusedView:
    """Put a reviewer's interest in schools on record."""
    return RecusedView(recused=await pool.declare_conflicts(tx, reviewer, body.all(), body.reason))


@router.put("/school-corporations")
async def record_corporations(body: CorporationsBody, _: Officer, tx: Tx) -> RecusedView:
    """Put on record which corporations run schools; what reviewers may not have by it is taken away."""
    return RecusedView(recused=await pool.record_corporations(tx, body.all()))


@router.post("/programme-years/{year}/assignments", status_code=201)
async def assign_reviewers(
    year: YearPath,
    _: Officer,
    tx: Tx,
    plans: Annotated[Plans, Depends(plans_of)],
    body: AssignmentBody | None = None,
) -> AssignedView:
    """Give what is reviewed at an open stage as many reviewers as the policy says.

    Nobody with a conflict, nobody above their capacity, loads as even as that allows, then the best
    expertise. What stands stays.
    """
    wish = (body or AssignmentBody()).wish()
    return AssignedView.of(await assigning.assign_reviewers(tx, year, wish, plans))


@router.post("/programme-years/{year}/reviewers/{reviewer}/releases", status_code=201)
async def release_reviews(
    year: YearPath, reviewer: ReviewerPath, body: ReleaseBody, _: Officer, tx: Tx
) -> ReleasedView:
    """Take unfinished work away from a reviewer; what is finished stays. Others get it by an assignment."""
    released = await assigning.release(tx, year, reviewer, body.all(), body.reason)
    return ReleasedView(released=released)


@router.post("/reviewers/{reviewer}/reviews/{application}/recusal", status_code=201)
async def recuse_reviewer(
    reviewer: ReviewerPath, application: ApplicationPath, body: RecusalBody, _: Officer, tx: Tx
) -> RecusedView:
    """Exclude a reviewer from an application and its school; what was scored does not count."""
    await assigning.recuse_from(tx, reviewer, application, body.reason)
    return RecusedView(recused=1)


@router.post("/reviewers/{reviewer}/reviews/{application}/reopening", status_code=201)
async def reopen_sheet(
    reviewer: ReviewerPath, application: ApplicationPath, body: ReopeningBody, _: Officer, tx: Tx
) -> ReopenedView:
    """Let a reviewer change a sheet that is in; what it said is kept with the reason and the officer."""
    reopened = await sheets.reopen_sheet(tx, application, reviewer, body.reason, body.due_at)
    return ReopenedView(reopened=reopened)


@router.get("/applications/{application}/sheets")
async def list_sheets(application: ApplicationPath, _: Overseer, tx: Recorded) -> list[SheetView]:
    """Who reviewed an application and what they gave it, with both comments. Reading it is on record."""
    await read_scores(tx, application, sheets="all")
    return await reviews.sheets(tx, application)


@router.get("/programme-years/{year}/stages/{kind}/{stage}/statistics")
async def show_stage_statistics(
    year: YearPath, kind: KindPath, stage: StagePath, _: Overseer, tx: Recorded
) -> StatisticsView:
    """Each reviewer's severity and spread, how far reviewers agree, and sheets that stand apart.

    That they were read is on record.
    """
    told = await statistics.of_stage(tx, year, kind, stage)
    await read_scores(tx, str(year), statistics=f"{kind}/{stage}")
    return _statistics(told)


@router.post("/programme-years/{year}/stages/{kind}/{stage}/closure", status_code=201)
async def close_stage(year: YearPath, kind: KindPath, stage: StagePath, _: Officer, tx: Tx) -> ClosedView:
    """Close a stage once every sheet is in; those below its line do not go on."""
    return ClosedView.of(await reviewing.close_stage(tx, year, kind, stage))


@router.post("/programme-years/{year}/scoring-closure", status_code=201)
async def close_scoring(year: YearPath, _: Officer, tx: Tx) -> ClosedView:
    """Close every stage that is left, in order, and work out the totals."""
    return ClosedView.of(await reviewing.close_scoring(tx, year))
