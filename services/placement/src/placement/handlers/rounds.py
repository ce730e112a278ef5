"""Use cases of a matching round up to its closing: open, list, rank, close."""

from collections.abc import Sequence
from datetime import datetime

from chassis import audit, identifiers, outbox
from chassis.refusals import Conflict
from chassis.transaction import Transaction
from placement import announce
from placement.domain.agreements import day_of
from placement.domain.rounds import (
    Ranking,
    Round,
    Terms,
    check_preferences,
    check_rankings,
    open_round,
)
from placement.domain.vocabulary import CompanyId, OpeningId, RoundId, StudentId, Year
from placement.store import classes, openings, programme
from placement.store import rounds as store


async def open_matching_round(tx: Transaction, year: Year, terms: Terms) -> Round:
    """Open the next round of a year and tell every student who may take part."""
    rules = await programme.rules(tx, year)
    last = await store.last_for_update(tx, year)
    now = await tx.now()
    opened = open_round(RoundId(identifiers.new("mat")), rules, last, terms, now)
    await store.add(tx, opened)
    invited = await _invite(tx, opened, now)
    detail = {"number": opened.number, "students": invited}
    await audit.record(tx, action="round_opened", subject=opened.id, detail=detail)
    return opened


async def invite_free(tx: Transaction, students: Sequence[StudentId], now: datetime) -> None:
    """Let students who have just become free into the round that takes lists, if there is one."""
    for present in await store.taking_lists(tx, now):
        await _invite(tx, present, now, students)


async def list_preferences(
    tx: Transaction, round_id: RoundId, student: StudentId, listed: Sequence[OpeningId]
) -> Round:
    """Keep a student's list, the opening liked best first; the last one in time counts."""
    present, now = await store.shared(tx, round_id)
    present.admit_preferences(now)
    rules = await programme.rules(tx, present.year)
    if not await store.may_take_part(tx, present.year, student):
        raise Conflict(
            "not_taking_part", "The student is in no class of the year, or has work or an offer", "student"
        )
    possible = await openings.possible(tx, student, present.year, listed, day_of(now))
    check_preferences(listed, possible, rules.preferences_at_most)
    await store.save_preferences(tx, round_id, student, listed, now)
    return present


async def rank_students(
    tx: Transaction, round_id: RoundId, company: CompanyId, rankings: Sequence[Ranking]
) -> Round:
    """Keep a company's rankings for its openings, all or none; the last ones in time count."""
    present, now = await store.shared(tx, round_id)
    present.admit_rankings(now)
    own = await openings.own(tx, company, present.year)
    check_rankings(rankings, own, await store.participants(tx, round_id))
    await store.save_rankings(tx, round_id, rankings, now)
    return present


async def close_matching_round(tx: Transaction, round_id: RoundId) -> Round:
    """Take nothing more; all that was accepted in time is committed by now."""
    present = await store.for_update(tx, round_id)
    now = await tx.now()
    closed = present.close(now)
    await store.close(tx, closed, now)
    await audit.record(tx, action="round_closed", subject=closed.id)
    return closed


async def _invite(
    tx: Transaction, present: Round, now: datetime, students: Sequence[StudentId] | None = None
) -> int:
    invited = await store.invite(tx, present, day_of(now), students)
    enrolled = await classes.enrolled(tx, list(invited))
    for student, count in invited.items():
        outbox.add(tx, announce.preferences_opened(present, enrolled[student], count))
    return len(invited)
