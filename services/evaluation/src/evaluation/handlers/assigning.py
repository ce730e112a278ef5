"""Use cases of assignment: who reviews what at the stage that is open, and work that is taken away."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import ClassVar

from chassis import audit, outbox
from chassis.refusals import Conflict, NotFound, Several
from chassis.transaction import Outside, Transaction
from evaluation import announce, solver
from evaluation.domain import assigning, staging
from evaluation.domain.assigning import Assignment, Shortage, Task, Wanting
from evaluation.domain.policy import ProgrammeYear
from evaluation.domain.reviewers import Conflicts
from evaluation.domain.rubric import Rubrics
from evaluation.domain.vocabulary import KST, ApplicationId, ReviewerId, Stage, Year
from evaluation.handlers import rubrics
from evaluation.handlers.pool import declare_conflicts
from evaluation.solver import Given
from evaluation.store import assignments as store
from evaluation.store import intake, pool, stages
from evaluation.store.assignments import Review


class Plans:
    """What was solved for one request; it is solved outside any transaction, and used while it still fits."""

    def __init__(self) -> None:
        self._task: Task | None = None
        self._given: Given = {}

    def of(self, task: Task) -> Given:
        """The answer to a task.

        Raises:
            Outside: it has to be solved first.
        """
        if task != self._task:
            raise Outside(partial(self._solve, task))
        return self._given

    async def _solve(self, task: Task) -> None:
        self._given = await asyncio.to_thread(solver.solve, task)
        self._task = task


@dataclass(frozen=True, slots=True)
class Wish:
    """What an officer wants of an assignment.

    `due_at` is until when reviewers have, by default the policy's. With `partial` applications that cannot
    have all their reviewers get those they can; without, nobody gets anything then.
    """

    due_at: datetime | None = None
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Assigned:
    assignments: int
    shortages: tuple[Shortage, ...]


class ReviewersMissing(Several):
    """Applications cannot have the reviewers they need; each is named, with why."""

    status: ClassVar[int] = 409


async def assign_reviewers(tx: Transaction, year: Year, wish: Wish, plans: Plans) -> Assigned:
    """Give what is reviewed at an open stage its reviewers; what stands stays.

    Raises:
        ReviewersMissing: rule `reviewers_missing`, by application.
        Conflict: rules `wrong_stage`, `due_in_past`, and those of the rubric.
        Outside: it has to be solved first, without this transaction.
    """
    programme, now = await intake.year_for_update(tx, year), await tx.now()
    programme.must_be(Stage.REVIEWING)
    due_at = _due(programme, wish, now)
    named = await rubrics.usable(tx, programme)
    wanting = await _wanting(tx, programme, named)
    reviewers = await pool.everyone(tx)
    grounds = programme.policy.scoring.conflict_grounds
    day, last = now.astimezone(KST).date(), due_at.astimezone(KST).date()
    conflicts = Conflicts(reviewers, await pool.declared(tx), grounds, day, last)
    given = plans.of(assigning.task(wanting, reviewers, await store.loads(tx), conflicts))
    short = assigning.shortages(wanting, given, reviewers, conflicts)
    if short and not wish.partial:
        raise missing(short)
    made = tuple(assigning.assignments(wanting, given))
    reached = {each.applying.application for each in wanting if not each.kept}
    await _keep(tx, made, now, due_at, reached)
    detail = {"assigned": len(made), "short": [each.application for each in short]}
    await audit.record(tx, "reviewers_assigned", str(year), detail=detail)
    return Assigned(len(made), short)


def missing(short: Sequence[Shortage]) -> ReviewersMissing:
    """The refusal that names applications without enough reviewers."""
    return ReviewersMissing(
        [
            Conflict("reviewers_missing", str(each), f"applications.{each.application}")
            for each in short[: assigning.NAMED_AT_MOST]
        ]
    )


def _due(programme: ProgrammeYear, wish: Wish, now: datetime) -> datetime:
    due_at = wish.due_at or programme.policy.scoring.scoring_until
    if due_at <= now:
        raise Conflict(
            "due_in_past", f"Reviewers would have until {due_at.isoformat()}, which is past: due_at", "due_at"
        )
    return due_at


async def _wanting(tx: Transaction, programme: ProgrammeYear, named: Rubrics) -> list[Wanting]:
    """What is reviewed at the stage that is open for its kind, and how many reviewers it lacks."""
    closed = await stages.closed(tx, programme.year)
    kept, gone = await store.reviewers(tx, programme.year)
    wanted = programme.policy.scoring.reviewers_per_application
    found = []
    for each in await store.contenders(tx, programme.year):
        rubric = named.kinds[each.kind]
        stage = staging.open_stage(rubric, {stage for kind, stage in closed if kind == each.kind})
        if stage is not None and rubric.reviewed(stage):
            has = kept.get((each.applying.application, stage), set())
            lost = gone.get((each.applying.application, stage), set())
            lacking = max(0, wanted - len(has))
            found.append(Wanting(each.applying, stage, lacking, frozenset(has), frozenset(lost)))
    return found


async def _keep(
    tx: Transaction,
    made: Sequence[Assignment],
    now: datetime,
    due_at: datetime,
    reached: Collection[ApplicationId],
) -> None:
    """Keep assignments and tell them; what has reached another stage is told when it is reviewed there."""
    await store.add(tx, made, now, due_at)
    parties = await intake.parties(tx, {each.application for each in made})
    stages_of = {each.application: each.stage for each in made if each.application in reached}
    untold = await intake.schedule(tx, stages_of)
    for application, stage in stages_of.items():
        if application in untold:
            outbox.add(tx, announce.evaluation_scheduled(parties[application], stage, now, due_at))
    for each in made:
        outbox.add(tx, announce.reviewer_assigned(parties[each.application], each, now, due_at))


async def recuse_from(tx: Transaction, reviewer: ReviewerId, application: ApplicationId, reason: str) -> None:
    """A reviewer may not review an application: it is taken away, and the conflict with its school is kept.

    Raises:
        NotFound: rule `review_not_found`, they do not have it in hand.
    """
    await intake.lock_years_under_way(tx)
    review, *_ = await in_hand(tx, reviewer, application)
    await declare_conflicts(tx, reviewer, [review.school], reason)


async def release(
    tx: Transaction,
    year: Year,
    reviewer: ReviewerId,
    applications: Sequence[ApplicationId] | None,
    reason: str,
) -> int:
    """Take away what a reviewer has not finished, some of it or all; what is finished stays and counts.

    Raises:
        NotFound: rule `review_not_found`, by the place in the list.
        Conflict: rule `already_scored`, likewise.
    """
    await intake.year_for_update(tx, year)
    mine = [each for each in await store.in_hand(tx, reviewer) if each.year == year]
    unfinished = [each for each in mine if not each.submitted]
    if applications is not None:
        _refuse(mine, unfinished, applications)
        unfinished = [each for each in unfinished if each.application in applications]
    now = await tx.now()
    await store.end(tx, [each.id for each in unfinished], "released", reason, now)
    parties = await intake.parties(tx, {each.application for each in unfinished})
    for each in unfinished:
        outbox.add(
            tx, announce.reviewer_released(parties[each.application], each.reviewer, each.stage, reason, now)
        )
    detail = {"year": year, "applications": [each.application for each in unfinished]}
    await audit.record(tx, "reviewer_released", reviewer, reason=reason, detail=detail)
    return len(unfinished)


def _refuse(
    mine: Sequence[Review], unfinished: Sequence[Review], applications: Sequence[ApplicationId]
) -> None:
    for place, application in enumerate(applications):
        field = f"applications.{place}"
        if application not in {each.application for each in mine}:
            raise NotFound("review_not_found", "The reviewer does not have this application in hand", field)
        if application not in {each.application for each in unfinished}:
            raise Conflict("already_scored", "The scores are in: finished work stays", field)


async def in_hand(tx: Transaction, reviewer: ReviewerId, application: ApplicationId) -> list[Review]:
    """What a reviewer has in hand of an application; for the panel of an appeal that may be several stages.

    Raises:
        NotFound: rule `review_not_found`.
    """
    found = await store.in_hand(tx, reviewer, [application])
    if not found:
        raise NotFound(
            "review_not_found",
            "The reviewer does not have this application in hand: application",
            "application",
        )
    return found
