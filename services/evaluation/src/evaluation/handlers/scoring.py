"""Use cases of scoring: drafts, sheets handed in, and sheets that an officer reopens."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from chassis import audit
from chassis.refusals import Conflict, Invalid, NotAllowed, NotFound, Refusal, Several
from chassis.transaction import Transaction
from evaluation.domain.rubric import Rubrics
from evaluation.domain.vocabulary import ApplicationId, ReviewerId, Year
from evaluation.handlers import assigning, rubrics
from evaluation.store import assignments, intake
from evaluation.store import sheets as store
from evaluation.store.assignments import Review
from evaluation.store.sheets import Filled


@dataclass(frozen=True, slots=True)
class Work:
    """A sheet, the work it is for, and how refusals name it."""

    filled: Filled
    review: Review
    field: str


async def save_draft(tx: Transaction, reviewer: ReviewerId, filled: Filled) -> None:
    """Keep what a reviewer has so far; scores may be missing, none may be wrong.

    Raises:
        As `submit_sheets`, but for `score_missing`.
    """
    await _take(tx, reviewer, [filled], ["sheet"], submitted=False)


async def submit_sheets(
    tx: Transaction, reviewer: ReviewerId, sheets: Sequence[Filled], fields: Sequence[str]
) -> None:
    """Take in a reviewer's sheets, all of them or none; a sheet is final. `fields` name them in refusals.

    Raises:
        NotAllowed: rule `not_assigned`.
        Invalid: rule `application_duplicate`, and those of `Rubric.refuse`.
        Conflict: rules `already_scored`, `scoring_over`.
    """
    if len({filled.sheet.application for filled in sheets}) < len(sheets):
        raise Invalid("application_duplicate", "An application stands there twice: sheets", "sheets")
    years = await _take(tx, reviewer, sheets, fields, submitted=True)
    for year, named in years.items():
        # Nobody saves another version meanwhile: that waits for the year's row, which is shared here.
        await rubrics.freeze(tx, await intake.year(tx, year), named)
    await audit.record(tx, "scores_submitted", reviewer, detail={"sheets": len(sheets)})


async def _take(
    tx: Transaction, reviewer: ReviewerId, sheets: Sequence[Filled], fields: Sequence[str], *, submitted: bool
) -> Mapping[Year, Rubrics]:
    """Check and keep sheets; the rubric of each of their years."""
    applications = [filled.sheet.application for filled in sheets]
    years = await assignments.years_of(tx, reviewer, applications)
    named = {year: await _rubric(tx, year) for year in years}
    in_hand = await assignments.in_hand(tx, reviewer, applications)
    work = [
        Work(each, await _review(tx, reviewer, in_hand, each, field), field)
        for each, field in zip(sheets, fields, strict=True)
    ]
    _whole(work, named, draft=not submitted)
    now = await tx.now()
    for each in work:
        _in_time(each.review, now, each.field)
    taken = await store.save(tx, [(each.review.id, each.filled) for each in work], now, submitted=submitted)
    for each in work:
        if each.review.id not in taken:
            detail = "Your scores of this application are in: application"
            raise Conflict("already_scored", detail, f"{each.field}.application")
    return named


async def _rubric(tx: Transaction, year: Year) -> Rubrics:
    """The year's rubric, whose stages stay as they are while scores come in."""
    programme = await intake.year_for_share(tx, year)
    return await rubrics.of_year(tx, programme)


async def _review(
    tx: Transaction, reviewer: ReviewerId, in_hand: Sequence[Review], filled: Filled, field: str
) -> Review:
    """The work that a sheet is for."""
    found = [each for each in in_hand if each.application == filled.sheet.application]
    if not found:
        raise await _not_in_hand(tx, reviewer, filled.sheet.application, f"{field}.application")
    chosen = [each for each in found if filled.stage in {None, each.stage}]
    if len(chosen) != 1:
        stages = ", ".join(sorted(each.stage for each in found))
        raise Invalid("stage_ambiguous", f"You review this application at {stages}: stage", f"{field}.stage")
    return chosen[0]


async def _not_in_hand(
    tx: Transaction, reviewer: ReviewerId, application: ApplicationId, field: str
) -> Refusal:
    """Why a reviewer cannot score an application now."""
    match await assignments.ended(tx, reviewer, application):
        case ("closed" | "superseded", _):
            return Conflict("stage_closed", "The stage that you scored this application at is closed", field)
        case ("recused", reason):
            return NotAllowed("recused", f"You may not score this application: {reason}", field)
        case ("released", _):
            return NotAllowed("released", "This application was given to somebody else", field)
        case _:
            return NotAllowed("not_assigned", "The application is not one that you score", field)


def _whole(work: Sequence[Work], named: Mapping[Year, Rubrics], *, draft: bool) -> None:
    refusals: list[Refusal] = []
    for each in work:
        rubric, scores = named[each.review.year].kinds[each.review.kind], each.filled.sheet.scores
        try:
            rubric.refuse(scores, f"{each.field}.scores", stage=each.review.stage, draft=draft)
        except Several as several:
            refusals += several.refusals
    if refusals:
        raise Several(refusals)


def _in_time(review: Review, now: datetime, field: str) -> None:
    if now >= review.due_at:
        raise Conflict(
            "scoring_over", f"Scores were due until {review.due_at.isoformat()}: due_at", f"{field}.due_at"
        )


async def reopen_sheet(
    tx: Transaction,
    application: ApplicationId,
    reviewer: ReviewerId,
    reason: str,
    due_at: datetime | None,
) -> int:
    """Let a reviewer change a sheet that is in; what it said is kept with the reason and the officer.

    The number of sheets reopened, which for the panel of an appeal may be several.

    Raises:
        NotFound: rules `review_not_found`, `sheet_not_found`.
        Conflict: rule `due_in_past`.
    """
    for year in await assignments.years_of(tx, reviewer, [application]):
        await intake.year_for_update(tx, year)
    now = await tx.now()
    submitted = [each for each in await assigning.in_hand(tx, reviewer, application) if each.submitted]
    if not submitted:
        raise NotFound("sheet_not_found", "There is no submitted sheet to reopen: reviewer", "reviewer")
    for review in submitted:
        until = due_at or review.due_at
        if until <= now:
            raise Conflict("due_in_past", f"They would have until {until.isoformat()}: due_at", "due_at")
        await store.reopen(tx, review.id, reason, now)
        await store.put_due(tx, review.id, until)
        subject, detail = f"{application}/{reviewer}", {"stage": review.stage}
        await audit.record(tx, "sheet_reopened", subject, reason=reason, detail=detail)
    return len(submitted)
