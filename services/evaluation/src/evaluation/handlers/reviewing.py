"""Use cases of review: reviewers, assignment, sheets, and closing."""

from collections.abc import Mapping, Sequence

from chassis import audit, outbox
from chassis.refusals import Conflict, Invalid, NotAllowed, Refusal, Several
from chassis.transaction import Transaction
from evaluation import announce
from evaluation.domain import reviewing, scoring
from evaluation.domain.policy import ProgrammeYear
from evaluation.domain.reviewing import Reviewer, naming
from evaluation.domain.rubric import Rubric, Rubrics
from evaluation.domain.scoring import Sheet
from evaluation.domain.vocabulary import ApplicationId, ReviewerId, Stage, Year
from evaluation.handlers import rubrics
from evaluation.store import intake
from evaluation.store import reviews as store


async def register_reviewers(tx: Transaction, reviewers: Sequence[Reviewer]) -> None:
    """Register reviewers, all of them or none.

    Raises:
        Conflict: rule `reviewer_exists`, by the place in the list.
    """
    added = await store.add_reviewers(tx, reviewers, await tx.now())
    for place, reviewer in enumerate(reviewers):
        if reviewer.id not in added:
            raise Conflict("reviewer_exists", "There is such a reviewer: id", f"reviewers.{place}.id")
    await audit.record(tx, "reviewers_registered", "reviewers", detail={"registered": len(reviewers)})


async def assign_reviewers(tx: Transaction, year: Year) -> int:
    """Give every eligible application of the year its reviewers; the number of assignments made."""
    programme, now = await intake.year_for_update(tx, year), await tx.now()
    programme.must_be(Stage.REVIEWING)
    await rubrics.usable(tx, programme)
    rules = programme.policy.scoring
    made = reviewing.assign(
        await store.reviewed(tx, year),
        await store.reviewers(tx),
        await store.loads(tx, year),
        rules.reviewers_per_application,
        rules.conflict_grounds,
    )
    await store.add_assignments(tx, made, now)
    parties = await intake.parties(tx, {each.application for each in made})
    for each in made:
        party = parties[each.application]
        outbox.add(tx, announce.reviewer_assigned(party, each.reviewer, now, rules.scoring_until))
    await audit.record(tx, "reviewers_assigned", str(year), detail={"assigned": len(made)})
    return len(made)


async def submit_sheets(tx: Transaction, reviewer: ReviewerId, sheets: Sequence[Sheet]) -> None:
    """Take in a reviewer's sheets, all of them or none; a sheet is final.

    Raises:
        NotAllowed: rule `not_assigned`.
        Invalid: rules of `Rubric.refuse`, by the place of the sheet.
        Conflict: rules `already_scored`, `scoring_over`, `wrong_stage`.
    """
    _distinct(sheets)
    assigned = await store.assigned_kinds(tx, reviewer, [sheet.application for sheet in sheets])
    for place, sheet in enumerate(sheets):
        if sheet.application not in assigned:
            raise NotAllowed(
                "not_assigned", "The application is not one that you score", f"sheets.{place}.application"
            )
    by_year = {year: await _open_for_scores(tx, year) for year in sorted({y for y, _ in assigned.values()})}
    used = {application: by_year[year][1].kinds[kind] for application, (year, kind) in assigned.items()}
    _refuse(sheets, used)
    for programme, named in by_year.values():
        await rubrics.freeze(tx, programme, named)
    added = await store.add_sheets(tx, sheets, await tx.now())
    for place, sheet in enumerate(sheets):
        if sheet.application not in added:
            raise Conflict(
                "already_scored", "Your scores of this application are in", f"sheets.{place}.application"
            )
    await audit.record(tx, "scores_submitted", reviewer, detail={"sheets": len(sheets)})


def _refuse(sheets: Sequence[Sheet], used: Mapping[ApplicationId, Rubric]) -> None:
    refusals: list[Refusal] = []
    for place, sheet in enumerate(sheets):
        try:
            used[sheet.application].refuse(sheet.scores, f"sheets.{place}.scores")
        except Several as several:
            refusals += several.refusals
    if refusals:
        raise Several(refusals)


def _distinct(sheets: Sequence[Sheet]) -> None:
    if len({sheet.application for sheet in sheets}) < len(sheets):
        raise Invalid("application_duplicate", "An application stands there twice: sheets", "sheets")


async def _open_for_scores(tx: Transaction, year: Year) -> tuple[ProgrammeYear, Rubrics]:
    """The year and its rubric, while scores may come in."""
    programme, now = await intake.year_for_share(tx, year), await tx.now()
    programme.must_be(Stage.REVIEWING)
    until = programme.policy.scoring.scoring_until
    if now >= until:
        raise Conflict("scoring_over", f"Scores were due until {until.isoformat()}", "scoring_until")
    return programme, await rubrics.usable(tx, programme)


async def close_scoring(tx: Transaction, year: Year) -> int:
    """Close scoring and work out the totals; the number of applications scored.

    Raises:
        Conflict: rules `wrong_stage`, `calls_open`, `reviewers_missing`, `scores_missing`.
    """
    programme = await intake.year_for_update(tx, year)
    programme.must_be(Stage.REVIEWING)
    await _all_scored(tx, programme)
    rules = programme.policy.scoring
    named = await rubrics.usable(tx, programme)
    totals = [
        total
        for kind, sheets in sorted((await store.sheets(tx, year)).items())
        for total in scoring.totals(sheets, named.kinds[kind], rules.normalisation, rules.aggregation)
    ]
    await store.put_totals(tx, totals)
    await intake.save_stage(tx, year, Stage.SCORED)
    detail = {"scored": len(totals), "rubric": named.name}
    await audit.record(tx, "scoring_closed", str(year), detail=detail)
    return len(totals)


async def _all_scored(tx: Transaction, programme: ProgrammeYear) -> None:
    waiting = await intake.unfinished_calls(tx, programme.year)
    if waiting or not await intake.started_calls(tx, programme.year):
        raise Conflict(
            "calls_open", f"Evaluation has not started for {len(waiting)} calls of the year", "calls"
        )
    wanted = programme.policy.scoring.reviewers_per_application
    few = [
        each.application for each in await store.reviewed(tx, programme.year) if len(each.reviewers) < wanted
    ]
    if few:
        raise Conflict("reviewers_missing", naming(few, f"have fewer than {wanted} reviewers"), "assignments")
    unscored = {each.application for each in await store.unscored(tx, programme.year)}
    if unscored:
        raise Conflict("scores_missing", naming(sorted(unscored), "lack scores"), "sheets")
