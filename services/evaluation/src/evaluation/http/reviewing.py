"""Routes of reviewers, their assignments and their scores."""

from pydantic import BaseModel, ConfigDict

from evaluation.handlers import reviewing as handlers
from evaluation.http.bodies import ApplicationPath, ReviewersBody, ScoresBody, SheetsBody, YearPath
from evaluation.http.identity import Officer, Overseer, OwnReviews
from evaluation.views import reviews as views
from evaluation.views.shapes import AssignmentView, ReviewerView
from web import Read, Router, Tx

router = Router(tags=["review"])


class RegisteredView(BaseModel):
    model_config = ConfigDict(frozen=True)

    registered: int


class AssignedView(BaseModel):
    model_config = ConfigDict(frozen=True)

    assigned: int


class SubmittedView(BaseModel):
    model_config = ConfigDict(frozen=True)

    submitted: int


class ScoredView(BaseModel):
    model_config = ConfigDict(frozen=True)

    scored: int


@router.post("/reviewers", status_code=201)
async def register(body: ReviewersBody, _: Officer, tx: Tx) -> RegisteredView:
    """Register reviewers with their affiliations; their tokens carry the id given here as party."""
    reviewers = body.all()
    await handlers.register_reviewers(tx, reviewers)
    return RegisteredView(registered=len(reviewers))


@router.get("/reviewers")
async def list_reviewers(_: Overseer, read: Read) -> list[ReviewerView]:
    return await views.reviewers(read)


@router.post("/programme-years/{year}/assignments", status_code=201)
async def assign(year: YearPath, _: Officer, tx: Tx) -> AssignedView:
    """Give each eligible application as many reviewers as the policy says, evenly and without conflict."""
    return AssignedView(assigned=await handlers.assign_reviewers(tx, year))


@router.get("/reviews")
async def list_reviews(reviewer: OwnReviews, read: Read) -> list[AssignmentView]:
    """The applications that the caller scores, with their own scores alone."""
    return await views.assignments(read, reviewer)


@router.post("/reviews/scores", status_code=201)
async def submit_all(body: SheetsBody, reviewer: OwnReviews, tx: Tx) -> SubmittedView:
    """Submit many sheets at once: all of them, or none. What is submitted is final."""
    await handlers.submit_sheets(tx, reviewer, body.all(reviewer))
    return SubmittedView(submitted=len(body.sheets))


@router.post("/reviews/{application}/scores", status_code=201)
async def submit(
    application: ApplicationPath, body: ScoresBody, reviewer: OwnReviews, tx: Tx
) -> SubmittedView:
    """Submit the scores of one application. What is submitted is final."""
    await handlers.submit_sheets(tx, reviewer, [body.sheet(application, reviewer)])
    return SubmittedView(submitted=1)


@router.post("/programme-years/{year}/scoring-closure", status_code=201)
async def close_scoring(year: YearPath, _: Officer, tx: Tx) -> ScoredView:
    """Close scoring once every sheet is in, and work out the totals."""
    return ScoredView(scored=await handlers.close_scoring(tx, year))
