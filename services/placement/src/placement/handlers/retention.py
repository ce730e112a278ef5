"""Use cases of retention: checks come due, are answered; placements are ended by who knows of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from chassis.refusals import Conflict, Invalid, NotFound, Refusal
from chassis.transaction import Transaction
from placement.domain.agreements import day_of
from placement.domain.placements import Exit, Placement, Source
from placement.domain.retention import Check
from placement.domain.rules import about, at_row, refuse
from placement.domain.vocabulary import EndReason, PlacementId, PlacementState
from placement.handlers import ends
from placement.store import placements as store
from placement.store import retention


@dataclass(frozen=True, slots=True)
class Teller:
    """Who says something: a school or a company of its own placements, an officer of all (`party` None)."""

    source: Source
    party: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody says of a check; `ended_on` and `reason` where the student is no longer there."""

    placement: PlacementId
    months: int
    retained: bool
    ended_on: date | None
    reason: EndReason | None

    def exit(self, of: Check, source: Source) -> Exit | None:
        """The end that the answer tells, None where the student was still there.

        Raises:
            Invalid: Last day or reason are missing, or stand there without need, or the day contradicts it.
        """
        if self.retained:
            if self.ended_on is not None or self.reason is not None:
                raise Invalid("still_there", "Who is still there has no last day and no reason", "ended_on")
            return None
        if self.ended_on is None or self.reason is None:
            raise Invalid("last_day_and_reason", "Say the last day at work and why it ended", "ended_on")
        if self.ended_on >= of.due_on:
            was = f"On {of.due_on.isoformat()} the student was still there: say so, then end the placement"
            raise Invalid("was_still_there", was, "ended_on")
        return Exit(self.ended_on, self.reason, source)


async def end(
    tx: Transaction, placement: PlacementId, by: Teller, reason: EndReason, ended_on: date | None
) -> None:
    """The school or the company of a placement, or an officer, says that it is over."""
    present = await _own(tx, placement, by)
    left = Exit(ended_on or day_of(await tx.now()), reason, by.source)
    await ends.end_placement(tx, present, left)


async def correct(
    tx: Transaction, placement: PlacementId, by: Teller, reason: EndReason, ended_on: date
) -> None:
    present = await _own(tx, placement, by)
    await ends.correct_end(tx, present, Exit(ended_on, reason, by.source))


async def answer(tx: Transaction, answers: Sequence[Answer], by: Teller) -> None:
    """Answer checks, all or none; each refusal names its row."""
    named = [(each.placement, each.months) for each in answers]
    if len(set(named)) < len(named):
        raise Invalid("distinct", "A check is answered twice", "answers")
    present = await store.for_update(tx, [each.placement for each in answers])
    known = await retention.of_placements(tx, list(present))
    now = await tx.now()
    confirmed: list[Check] = []
    exits: dict[PlacementId, Exit] = {}
    broken: list[Refusal] = []
    for at, each in enumerate(answers):
        try:
            check = _asked(each, present, known, by)
            done = check.confirm(by.source, day_of(now), now)
            left = each.exit(check, by.source)
            if left is None:
                _require_there(present[each.placement], check)
                confirmed.append(done)
            elif exits.setdefault(each.placement, left) != left:
                raise Conflict("one_end", "Another answer tells another end of this work", "ended_on")
        except Refusal as refusal:
            broken.append(at_row(refusal, f"answers.{at}"))
    refuse(broken)
    refuse(
        Conflict("one_end", f"{each.placement} was there, or left before: not both", "answers")
        for each in confirmed
        if each.placement in exits and exits[each.placement].ended_on < each.due_on
    )
    await ends.save_checks(tx, confirmed, present)
    leaving = [present[placement] for placement in sorted(exits)]
    going_on = [placement for placement in leaving if placement.state is PlacementState.ACTIVE]
    await ends.end_placements(tx, going_on, exits)
    await _correct(tx, [each for each in leaving if each.state is PlacementState.ENDED], exits, answers)


async def _correct(
    tx: Transaction,
    ended: Sequence[Placement],
    exits: Mapping[PlacementId, Exit],
    answers: Sequence[Answer],
) -> None:
    at = {each.placement: f"answers.{place}" for place, each in enumerate(answers)}
    for placement in ended:
        with about(at[placement.id]):
            await ends.correct_end(tx, placement, exits[placement.id])


async def checks_come(tx: Transaction, at_most: int) -> int:
    """Checks whose day has come are asked, or answered where an exit was recorded; answers how many."""
    now = await tx.now()
    today = day_of(now)
    found = await retention.come(tx, today, at_most)
    placements = {placement.id: placement for _, placement in found}
    await ends.save_checks(tx, [check.come(of, today, now) for check, of in found], placements)
    return len(found)


def _asked(
    answer: Answer,
    present: Mapping[PlacementId, Placement],
    known: Mapping[PlacementId, Sequence[Check]],
    by: Teller,
) -> Check:
    _require_own(present[answer.placement], by)
    for check in known[answer.placement]:
        if check.months == answer.months:
            return check
    raise Conflict("no_such_check", "A placement is checked after 6 and after 12 months", "months")


def _require_there(placement: Placement, check: Check) -> None:
    """Refuse to confirm a day that was the student's last no more, also before the worker has looked."""
    if not placement.lasted_until(check.due_on):
        raise Conflict(
            "left_before",
            f"By what is recorded the work ended on {placement.ended_on}; correct that end if it did not",
            "retained",
        )


async def _own(tx: Transaction, placement: PlacementId, by: Teller) -> Placement:
    present = (await store.for_update(tx, [placement]))[placement]
    _require_own(present, by)
    return present


def _require_own(placement: Placement, by: Teller) -> None:
    if by.party is not None and by.party not in (placement.parties.school, placement.parties.company):
        raise NotFound("placement_not_found", f"There is no such placement: {placement.id}", "placement")
