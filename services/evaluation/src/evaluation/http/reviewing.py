"""Routes of reviewers' work: what they have in hand, drafts, sheets, recusals."""

from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from evaluation.handlers import assigning, pool
from evaluation.handlers import scoring as handlers
from evaluation.handlers.exports import read_scores
from evaluation.http.bodies import ApplicationPath, YearPath
from evaluation.http.identity import OwnReviews, OwnSchool
from evaluation.http.reviewing_bodies import ConflictsBody, RecusalBody, ScoresBody, SheetsBody
from evaluation.views import reviews as views
from evaluation.views.reviewing_shapes import CommentView, ReviewView
from web import Read, Recorded, Router, Tx

router = Router(tags=["review"])

_ONE: Final = ["sheets.0"]


class SubmittedView(BaseModel):
    model_config = ConfigDict(frozen=True)

    submitted: int


class RecusedView(BaseModel):
    model_config = ConfigDict(frozen=True)

    recused: int = Field(description="Work that was taken away for it")


@router.get("/reviews")
async def list_reviews(reviewer: OwnReviews, tx: Recorded) -> list[ReviewView]:
    """What the caller reviews, with their own sheets; those of others once the stage is closed.

    That others' sheets were read is on record.
    """
    shown = await views.reviews(tx, reviewer)
    if any(each.others for each in shown):
        await read_scores(tx, reviewer, sheets="of_others")
    return shown


@router.put("/reviews/{application}/draft")
async def save_draft(
    application: ApplicationPath, body: ScoresBody, reviewer: OwnReviews, tx: Tx
) -> ReviewView:
    """Keep a sheet as far as it has come; nobody else sees it."""
    await handlers.save_draft(tx, reviewer, body.filled(application, reviewer))
    return await views.review(tx, reviewer, application)


@router.post("/reviews/scores", status_code=201)
async def submit_sheets(body: SheetsBody, reviewer: OwnReviews, tx: Tx) -> SubmittedView:
    """Submit many sheets at once: all of them, or none. What is submitted is final."""
    await handlers.submit_sheets(tx, reviewer, body.all(reviewer), body.named())
    return SubmittedView(submitted=len(body.sheets))


@router.post("/reviews/{application}/scores", status_code=201)
async def submit_sheet(
    application: ApplicationPath, body: ScoresBody, reviewer: OwnReviews, tx: Tx
) -> SubmittedView:
    """Submit the scores of one application. What is submitted is final."""
    await handlers.submit_sheets(tx, reviewer, [body.filled(application, reviewer)], _ONE)
    return SubmittedView(submitted=1)


@router.post("/reviews/conflicts", status_code=201)
async def declare_conflicts(body: ConflictsBody, reviewer: OwnReviews, tx: Tx) -> RecusedView:
    """Declare an interest in schools: none of their applications is given to the caller, now or later."""
    return RecusedView(recused=await pool.declare_conflicts(tx, reviewer, body.all(), body.reason))


@router.post("/reviews/{application}/recusal", status_code=201)
async def recuse_oneself(
    application: ApplicationPath, body: RecusalBody, reviewer: OwnReviews, tx: Tx
) -> RecusedView:
    """Step back from an application for an interest in its school; what was scored does not count."""
    await assigning.recuse_from(tx, reviewer, application, body.reason)
    return RecusedView(recused=1)


@router.get("/programme-years/{year}/comments")
async def list_comments(year: YearPath, school: OwnSchool, read: Read) -> list[CommentView]:
    """What reviewers want the caller's school to know, once a result is published; never the rest."""
    return await views.comments(read, year, school)
