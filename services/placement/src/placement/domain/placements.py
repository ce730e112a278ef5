"""Placements (취업): begun with the third signature, ended with a reason, their end corrected.

placement    active ── end ──▶ ended ── what was said of the end is corrected ──▶ ended
             ended ── the end is taken back, the student never left ──▶ active
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from chassis.refusals import Conflict, Invalid
from placement.domain.agreements import Parties, Tripartite, day_of
from placement.domain.classes import Enrolled
from placement.domain.openings import Work
from placement.domain.vocabulary import AgreementId, EndReason, PlacementId, PlacementState


class Source(StrEnum):
    """Who says what became of a placement; `exit` follows from an end that was recorded.

    `agreement` is the last day that school, company and student agreed on.
    """

    SCHOOL = "school"
    COMPANY = "company"
    OFFICER = "officer"
    INSURANCE = "insurance"
    AGREEMENT = "agreement"
    EXIT = "exit"


@dataclass(frozen=True, slots=True)
class Exit:
    """The end of work: `ended_on` is the last day at work."""

    ended_on: date
    reason: EndReason
    source: Source


@dataclass(frozen=True, slots=True)
class Placement:
    """A student at work under a tripartite agreement that all three have signed.

    `starts_on` is the first day at work; `end_revision` counts what was said of the end.
    """

    id: PlacementId
    parties: Parties
    agreement: AgreementId
    placed_at: datetime
    starts_on: date
    state: PlacementState = PlacementState.ACTIVE
    ended_at: datetime | None = None
    ended_on: date | None = None
    ended_reason: EndReason | None = None
    end_revision: int = 0

    def end(self, left: Exit, now: datetime) -> "Placement":
        """The work is over, today or since a day that is past.

        Raises:
            Conflict: It ended before.
            Invalid: The last day is to come, or before the placement was made.
        """
        if self.state is not PlacementState.ACTIVE:
            raise Conflict("placement_ended", f"The placement ended already ({self.ended_reason})", "state")
        return self._ended(left, now)

    def correct_end(self, left: Exit, now: datetime) -> "Placement":
        """Something else is now said of the end; what was said before is kept beside it."""
        if self.state is not PlacementState.ENDED:
            raise Conflict("placement_active", "The placement has not ended", "state")
        if (left.ended_on, left.reason) == (self.ended_on, self.ended_reason):
            raise Conflict("nothing_changes", "Last day and reason are recorded like this already", "reason")
        return self._ended(left, now)

    def resume(self) -> "Placement":
        """The student never left: what was said of an end is taken back, and kept beside it."""
        if self.state is not PlacementState.ENDED:
            raise Conflict("placement_active", "The placement has not ended", "state")
        return replace(
            self,
            state=PlacementState.ACTIVE,
            ended_at=None,
            ended_on=None,
            ended_reason=None,
            end_revision=self.end_revision + 1,
        )

    def lasted_until(self, day: date) -> bool:
        """Whether, by all that is recorded, the student was still at work on a day after the first."""
        return self.ended_on is None or self.ended_on >= day

    @property
    def never_began(self) -> bool:
        return self.ended_on is not None and self.ended_on < self.starts_on

    def _ended(self, left: Exit, now: datetime) -> "Placement":
        today, made_on = day_of(now), day_of(self.placed_at)
        if left.ended_on > today:
            raise Invalid("day_to_come", f"Today is {today.isoformat()} in Korea", "ended_on")
        if left.ended_on < made_on:
            made = f"The placement was made on {made_on.isoformat()}"
            raise Invalid("before_placement", made, "ended_on")
        return replace(
            self,
            state=PlacementState.ENDED,
            ended_at=now,
            ended_on=left.ended_on,
            ended_reason=left.reason,
            end_revision=self.end_revision + 1,
        )


def begin(placement: PlacementId, agreement: Tripartite, starts_on: date, now: datetime) -> Placement:
    """A placement by the third signature; work begins on the opening's first day, not before it is signed."""
    first = max(starts_on, day_of(now))
    return Placement(placement, agreement.parties, agreement.id, now, first)


@dataclass(frozen=True, slots=True)
class Told:
    """What others are told of a placement: who is at work, and where."""

    placement: PlacementId
    student: Enrolled
    work: Work
