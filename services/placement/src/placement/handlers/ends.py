"""Use cases of ends: a placement is over, its place free; what was said is corrected or taken back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from chassis import audit, outbox
from chassis.refusals import Conflict, NotFound
from chassis.transaction import Transaction
from placement import announce
from placement.domain.agreements import day_of
from placement.domain.placements import Exit, Placement, Source
from placement.domain.retention import Check, CheckState, changed
from placement.domain.vocabulary import OpeningState, OverBy, PlacementId
from placement.handlers import rounds
from placement.handlers.endings import Why, end_agreements
from placement.store import classes, offers, openings, persons, retention, tripartite
from placement.store import placements as store

_OVER_BY: Final = {
    Source.SCHOOL: OverBy.SCHOOL,
    Source.COMPANY: OverBy.COMPANY,
    Source.OFFICER: OverBy.OFFICER,
    Source.INSURANCE: OverBy.OFFICER,
    Source.AGREEMENT: OverBy.DEADLINE,
    Source.EXIT: OverBy.OFFICER,
}
"""Whose word an agreement ends by; insurance records are brought in by an officer."""


async def end_placement(tx: Transaction, present: Placement, left: Exit) -> Placement:
    """One that is locked ends: exactly one place is free again."""
    return (await end_placements(tx, [present], {present.id: left}))[0]


async def end_placements(
    tx: Transaction, present: Sequence[Placement], exits: Mapping[PlacementId, Exit]
) -> list[Placement]:
    """Placements that are locked end; each frees exactly one place, and its checks follow."""
    if not present:
        return []
    now = await tx.now()
    ended = [placement.end(exits[placement.id], now) for placement in present]
    await store.save_ends(tx, ended, [exits[placement.id] for placement in ended])
    await end_agreements(
        tx,
        {each.agreement: Why(_OVER_BY[exits[each.id].source], exits[each.id].reason, now) for each in ended},
    )
    await _free(tx, ended)
    whose = await store.told(tx, [placement.id for placement in ended])
    for placement in ended:
        outbox.add(tx, announce.placement_ended(placement, whose[placement.id]))
        left = exits[placement.id]
        detail = {"ended_on": left.ended_on.isoformat(), "source": left.source}
        reason = left.reason
        await audit.record(tx, action="placement_ended", subject=placement.id, reason=reason, detail=detail)
    await _follow(tx, ended, {each: exits[each].source for each in exits}, now)
    await rounds.invite_free(tx, [placement.parties.student for placement in ended], now)
    return ended


async def correct_end(tx: Transaction, present: Placement, left: Exit) -> Placement:
    """Last day or reason of one that is locked were wrong; what was said before is kept."""
    now = await tx.now()
    corrected = present.correct_end(left, now)
    following = await store.following(tx, corrected)
    if following is not None and left.ended_on >= following:
        raise Conflict(
            "next_placement", f"The student's next work began on {following.isoformat()}", "ended_on"
        )
    await store.save_ends(tx, [corrected], [left])
    whose = (await store.told(tx, [corrected.id]))[corrected.id]
    outbox.add(tx, announce.placement_end_corrected(corrected, whose))
    detail = {
        "revision": corrected.end_revision,
        "ended_on": left.ended_on.isoformat(),
        "source": left.source,
    }
    await audit.record(
        tx, action="placement_end_corrected", subject=corrected.id, reason=left.reason, detail=detail
    )
    await _follow(tx, [corrected], {corrected.id: left.source}, now)
    return corrected


async def resume_placement(tx: Transaction, placement: PlacementId, reason: str) -> None:
    """The student never left: the placement goes on in its own place, where nobody has taken it."""
    known = (await store.told(tx, [placement])).get(placement)
    if known is None:
        raise NotFound("placement_not_found", f"There is no such placement: {placement}", "placement")
    await classes.lock_students(tx, [known.student.student])
    present = (await store.for_update(tx, [placement]))[placement]
    resumed, now = present.resume(), await tx.now()
    (await persons.standing(tx, resumed.parties.student)).require_known()
    await offers.require_free(tx, resumed.parties.student)
    following = await store.following(tx, present)
    if following is not None:
        raise Conflict("next_placement", f"The student's next work began on {following}", "placement")
    [agreement] = await tripartite.several_for_update(tx, [resumed.agreement])
    await tripartite.save(tx, [agreement.resume()])
    opening = (await openings.for_update(tx, [resumed.parties.opening]))[resumed.parties.opening].retake()
    await openings.save(tx, [opening])
    await store.save_resumed(tx, resumed, reason, now)
    outbox.add(tx, announce.placement_resumed(resumed, known, reason, now))
    if opening.state is OpeningState.FILLED:
        outbox.add(tx, announce.opening_filled(opening, known.work, now))
    detail = {"revision": resumed.end_revision}
    await audit.record(tx, action="placement_resumed", subject=placement, reason=reason, detail=detail)
    await _follow(tx, [resumed], {placement: Source.OFFICER}, now)


async def save_checks(tx: Transaction, checks: Sequence[Check], of: Mapping[PlacementId, Placement]) -> None:
    """Keep what is now said of checks and tell it."""
    if not checks:
        return
    await retention.save(tx, checks)
    whose = await store.told(tx, [check.placement for check in checks])
    for check in checks:
        placement = of[check.placement]
        match check.state:
            case CheckState.DUE:
                outbox.add(tx, announce.retention_due(check, placement, whose[placement.id]))
            case CheckState.ANSWERED:
                outbox.add(tx, announce.retention_checked(check, placement, whose[placement.id]))
            case CheckState.VOID | CheckState.SCHEDULED:
                pass


async def _follow(
    tx: Transaction, ended: Sequence[Placement], sources: Mapping[PlacementId, Source], now: datetime
) -> None:
    checks = await retention.of_placements(tx, [placement.id for placement in ended])
    today = day_of(now)
    different: list[Check] = []
    for placement in ended:
        source, before = sources[placement.id], checks[placement.id]
        different += changed(before, [check.follow(placement, source, today, now) for check in before])
    await save_checks(tx, different, {placement.id: placement for placement in ended})


async def _free(tx: Transaction, ended: Sequence[Placement]) -> None:
    held = await openings.for_update(tx, [placement.parties.opening for placement in ended])
    for placement in ended:
        held[placement.parties.opening] = held[placement.parties.opening].vacate()
    await openings.save(tx, list(held.values()))
