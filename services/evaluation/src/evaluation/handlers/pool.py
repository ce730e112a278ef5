"""Use cases of the pool: who reviews, where they belong, and conflicts that are declared."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date

from chassis import audit, outbox
from chassis.refusals import Conflict, Refusal, Several
from chassis.transaction import Transaction
from evaluation import announce
from evaluation.domain.policy import ProgrammeYear
from evaluation.domain.reviewers import Conflicts, Reviewer
from evaluation.domain.vocabulary import KST, ReviewerId, SchoolId, Year
from evaluation.store import assignments, intake
from evaluation.store import pool as store
from evaluation.store.assignments import Review


async def register_reviewers(tx: Transaction, reviewers: Sequence[Reviewer]) -> None:
    """Register reviewers, all of them or none.

    Raises:
        Several: rules of `Reviewer.refuse`, by the place in the list.
        Conflict: rule `reviewer_exists`, likewise.
    """
    _refuse([(each, f"reviewers.{place}") for place, each in enumerate(reviewers)])
    added = await store.add(tx, reviewers, await tx.now())
    for place, reviewer in enumerate(reviewers):
        if reviewer.id not in added or reviewer.id in {each.id for each in reviewers[:place]}:
            raise Conflict("reviewer_exists", "There is such a reviewer: id", f"reviewers.{place}.id")
    await audit.record(tx, "reviewers_registered", "reviewers", detail={"registered": len(reviewers)})


async def change_reviewer(tx: Transaction, reviewer: Reviewer) -> int:
    """Keep what an entry says now; work it shows to be conflicted is taken away, the number of it.

    Raises:
        Several: rules of `Reviewer.refuse`.
        NotFound: rule `reviewer_not_found`.
    """
    _refuse([(reviewer, "reviewer")])
    years = await intake.lock_years(tx)
    await store.lock(tx, reviewer.id)
    await store.replace(tx, reviewer)
    await audit.record(tx, "reviewer_changed", reviewer.id)
    return sum([await recuse_conflicted(tx, year, reviewer.id) for year in years])


async def declare_conflicts(
    tx: Transaction, reviewer: ReviewerId, schools: Collection[SchoolId], reason: str
) -> int:
    """Keep that a reviewer has a conflict with these schools; the number of works taken away for it.

    Raises:
        NotFound: rule `reviewer_not_found`.
    """
    # Nobody assigns meanwhile: what is declared here and what is given there would miss each other.
    await intake.lock_years_under_way(tx)
    await store.lock(tx, reviewer)
    await store.declare(tx, reviewer, schools, reason, await tx.now())
    detail = {"schools": sorted(schools)}
    await audit.record(tx, "conflicts_declared", reviewer, reason=reason, detail=detail)
    mine = [each for each in await assignments.in_hand(tx, reviewer) if each.school in schools]
    await recuse(tx, mine, reason)
    finished = [each for each in await assignments.done(tx, reviewer) if each.school in schools]
    await _end_reading(tx, finished, reason)
    return len(mine)


async def record_corporations(tx: Transaction, corporations: Mapping[SchoolId, str]) -> int:
    """Put on record which corporations run schools; the number of works taken away for it."""
    years = await intake.lock_years(tx)
    await store.put_corporations(tx, corporations, await tx.now())
    await audit.record(tx, "corporations_recorded", "schools", detail={"recorded": len(corporations)})
    return sum([await recuse_conflicted(tx, year) for year in years])


async def recuse_conflicted(tx: Transaction, year: Year, only: ReviewerId | None = None) -> int:
    """Take away what reviewers, or one of them, have in hand and may not have by the policy of the year.

    What they have done and might not have now is read by them no longer, also for a conflict that is to come.
    """
    programme, now = await intake.year_for_update(tx, year), await tx.now()
    in_hand, done = await assignments.in_hand_of_year(tx, year), await assignments.done(tx, only, year)
    day = now.astimezone(KST).date()
    last = max((each.due_at.astimezone(KST).date() for each in in_hand), default=day)
    mine = [each for each in in_hand if only in {None, each.reviewer}]
    taken = await _conflicted(tx, programme, mine, day, last)
    for ground, reviews in taken.items():
        await recuse(tx, reviews, ground)
    for ground, reviews in (await _conflicted(tx, programme, done, day, date.max)).items():
        await _end_reading(tx, reviews, ground)
    return sum(len(reviews) for reviews in taken.values())


async def _conflicted(
    tx: Transaction, programme: ProgrammeYear, reviews: Sequence[Review], day: date, last: date
) -> Mapping[str, Sequence[Review]]:
    """Those of the reviews that their reviewer may not have on a day from `day` to `last`, by ground."""
    if not reviews:
        return {}
    grounds = programme.policy.scoring.conflict_grounds
    conflicts = Conflicts(await store.everyone(tx), await store.declared(tx), grounds, day, last)
    applying = await assignments.applying(tx, programme.year)
    found: dict[str, list[Review]] = defaultdict(list)
    for each in reviews:
        ground = conflicts.of(applying[each.application]).get(each.reviewer)
        if ground is not None:
            found[ground].append(each)
    return found


async def recuse(tx: Transaction, reviews: Sequence[Review], reason: str) -> None:
    """Take work away for a conflict; what was scored is kept and does not count."""
    if not reviews:
        return
    now = await tx.now()
    await assignments.end(tx, [each.id for each in reviews], "recused", reason, now)
    await _tell(tx, reviews, reason, "reviewer_recused")


async def _end_reading(tx: Transaction, reviews: Sequence[Review], reason: str) -> None:
    """Let a reviewer read no longer what they have done, for a conflict; what was scored counts as it did."""
    if not reviews:
        return
    await assignments.end_reading(tx, [each.id for each in reviews], reason)
    await _tell(tx, reviews, reason, "reading_ended")


async def _tell(tx: Transaction, reviews: Sequence[Review], reason: str, action: str) -> None:
    now = await tx.now()
    parties = await intake.parties(tx, {each.application for each in reviews})
    for each in reviews:
        outbox.add(
            tx, announce.reviewer_recused(parties[each.application], each.reviewer, each.stage, reason, now)
        )
        subject = f"{each.application}/{each.reviewer}"
        detail = {"stage": each.stage, "scored": each.submitted}
        await audit.record(tx, action, subject, reason=reason, detail=detail)


def _refuse(reviewers: Sequence[tuple[Reviewer, str]]) -> None:
    refusals: list[Refusal] = [refusal for reviewer, field in reviewers for refusal in reviewer.refuse(field)]
    if refusals:
        raise Several(refusals)
