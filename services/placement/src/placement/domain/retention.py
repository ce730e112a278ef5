"""Retention checks (유지취업 확인): is a student still at work after six and after twelve months?

check    scheduled ── its day ──▶ due ── an answer, or a recorded exit ──▶ answered ── corrected ──▶ answered
         scheduled | due | answered ── the work never began ──▶ void

A check is answered by who knows, or follows from a recorded exit; so what is recorded of a placement's end
and what its checks say never contradict each other.
"""

import calendar
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from chassis.refusals import Conflict
from placement.domain.placements import Placement, Source
from placement.domain.vocabulary import KST, PlacementId

MONTHS: Final = (6, 12)
"""Calendar months after the first day at work, as the statistics of vocational high schools ask."""

ANSWER_DAYS: Final = 14
"""Whole days in Korea to answer before a check stands on the overdue list; a default of this software."""


class CheckState(StrEnum):
    """`void` is a check of work that never began."""

    SCHEDULED = "scheduled"
    DUE = "due"
    ANSWERED = "answered"
    VOID = "void"


def months_after(day: date, months: int) -> date:
    """The same day so many calendar months later, or the last of that month where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def answer_until(due_on: date) -> datetime:
    """First moment at which an answer is late: the midnight in Korea after `ANSWER_DAYS` days."""
    return datetime.combine(due_on + timedelta(days=ANSWER_DAYS + 1), time(), KST).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Check:
    """Whether a placement lasts until `due_on`; `revision` counts what was ever said of it."""

    placement: PlacementId
    months: int
    due_on: date
    state: CheckState = CheckState.SCHEDULED
    revision: int = 0
    retained: bool | None = None
    source: Source | None = None
    answered_at: datetime | None = None

    def come(self, of: Placement, today: date, now: datetime) -> "Check":
        """Its day has come: it is asked, or answered where an exit was recorded before."""
        if self.state is not CheckState.SCHEDULED or today < self.due_on:
            raise Conflict("retention_not_due", f"The check is due on {self.due_on.isoformat()}", "months")
        if of.lasted_until(self.due_on):
            return replace(self, state=CheckState.DUE)
        return self.follow(of, Source.EXIT, today, now)

    def confirm(self, source: Source, today: date, now: datetime) -> "Check":
        """Somebody who knows says that the student was still at work.

        Raises:
            Conflict: Its day has not come, it is answered already, or the work never began.
        """
        if self.state is CheckState.VOID:
            raise Conflict("work_never_began", "The work never began, there is nothing to check", "months")
        if today < self.due_on:
            raise Conflict("retention_not_due", f"The check is due on {self.due_on.isoformat()}", "months")
        if self.state is CheckState.ANSWERED:
            raise Conflict("answered_already", f"It was answered by {self.source}", "months")
        return self._answered(source, now, retained=True)

    def follow(self, of: Placement, source: Source, today: date, now: datetime) -> "Check":
        """What follows for this check from the end that is recorded of its placement.

        Before its day nothing is said of it. An answer that stays the same stays with who gave it; one of
        work that turns out never to have begun is none, though it is kept that it was given. That an
        agreement came to its last day says nothing of whether the student was there till then.
        """
        if self.state is CheckState.VOID:
            # Only a corrected end brings it back; its day decides what is said then.
            return self if of.never_began else self._from_void(of, source, today, now)
        if of.never_began:
            return replace(self, state=CheckState.VOID, retained=None, source=None, answered_at=None)
        retained = of.lasted_until(self.due_on)
        if today < self.due_on or retained == self.retained or (retained and source is Source.AGREEMENT):
            return self
        return self._answered(source if retained else Source.EXIT, now, retained=retained)

    def _from_void(self, of: Placement, source: Source, today: date, now: datetime) -> "Check":
        return replace(self, state=CheckState.SCHEDULED).follow(of, source, today, now)

    def _answered(self, source: Source, now: datetime, *, retained: bool) -> "Check":
        return replace(
            self,
            state=CheckState.ANSWERED,
            revision=self.revision + 1,
            retained=retained,
            source=source,
            answered_at=now,
        )


def checks_of(placement: Placement) -> list[Check]:
    """The checks that a placement which begins will have to pass."""
    return [Check(placement.id, months, months_after(placement.starts_on, months)) for months in MONTHS]


def changed(before: Sequence[Check], after: Sequence[Check]) -> list[Check]:
    """The checks of which something else is said now."""
    return [now for was, now in zip(before, after, strict=True) if now != was]
