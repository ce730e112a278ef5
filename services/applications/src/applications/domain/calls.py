"""A call for applications (모집공고), its half-open window, and extensions for named schools."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from applications.domain.policy import Policy, ProgrammeYear
from applications.domain.rules import distinct, refuse
from applications.domain.vocabulary import CallId, CallState, Kind, SchoolId, Track, Year
from chassis.refusals import Conflict, Invalid


@dataclass(frozen=True, slots=True)
class Window:
    """When one school may act: from `opens_at` on, and before `closes_at`.

    Half-open, so that a deadline belongs to the past: at `closes_at` itself it is too late. The window of a
    closed call admits nobody, whatever the clock says.
    """

    opens_at: datetime
    closes_at: datetime
    shut: bool = False

    def admits(self, now: datetime) -> bool:
        return not self.shut and self.opens_at <= now < self.closes_at

    def admit(self, now: datetime) -> None:
        """Raise Conflict unless the window admits `now`."""
        if now < self.opens_at:
            raise Conflict("call_not_open_yet", f"The call opens at {self.opens_at.isoformat()}", "opens_at")
        if now >= self.closes_at:
            raise Conflict("deadline_passed", f"The deadline was {self.closes_at.isoformat()}", "deadline")
        if self.shut:
            raise Conflict("call_closed", "The call is closed", "state")


@dataclass(frozen=True, slots=True)
class Terms:
    """What a call announces and may be amended in."""

    kinds: tuple[Kind, ...]
    tracks: tuple[Track, ...]
    opens_at: datetime
    deadline: datetime

    def broken(self, policy: Policy) -> Iterator[Invalid]:
        yield from distinct("kinds", self.kinds)
        yield from distinct("tracks", self.tracks)
        for number, kind in enumerate(self.kinds):
            if kind not in policy.kinds:
                yield Invalid(
                    "kind_of_the_year", f"The year's pools have no {kind} schools", f"kinds.{number}"
                )
        for number, track in enumerate(self.tracks):
            if track not in policy.tracks:
                yield Invalid("track_of_the_year", f"The year's quotas have no {track}", f"tracks.{number}")
        if self.deadline <= self.opens_at:
            yield Invalid("after_opening", "The deadline lies after the opening", "deadline")
        yield from _beyond("deadline", self.deadline, policy)


@dataclass(frozen=True, slots=True)
class Extension:
    """More time for one named school, granted for a reason (a code) that is on record."""

    school: SchoolId
    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Call:
    id: CallId
    year: Year
    terms: Terms
    state: CallState
    version: int
    closed_at: datetime | None = None

    def window(self, extended_until: datetime | None = None) -> Window:
        """The window of a school, given the end of its extension if it has one."""
        closes_at = max(self.terms.deadline, extended_until or self.terms.deadline)
        return Window(self.terms.opens_at, closes_at, shut=self.state is CallState.CLOSED)

    def amend(self, terms: Terms, policy: Policy, now: datetime) -> "Call":
        """Announce other terms.

        Once the call is open nobody may lose by it: the deadline moves later, kinds and tracks join. Once the
        deadline has passed nothing moves but by an extension.
        """
        self._require_announced()
        refuse(terms.broken(policy))
        if now >= self.terms.deadline:
            raise Conflict("deadline_passed", "After the deadline only an extension gives time", "deadline")
        if now >= self.terms.opens_at:
            refuse(_losses(self.terms, terms))
        refuse(_in_the_past("deadline", terms.deadline, now))
        return replace(self, terms=terms, version=self.version + 1)

    def extend(self, extension: Extension, before: datetime | None, policy: Policy, now: datetime) -> None:
        """Check an extension: it ends in the future, later than the school's window ends so far."""
        self._require_announced()
        ends = self.window(before).closes_at
        if extension.until <= ends:
            raise Invalid("later_than_before", f"The school already has until {ends.isoformat()}", "until")
        refuse(_in_the_past("until", extension.until, now))
        refuse(_beyond("until", extension.until, policy))

    def close(self, last_extension: datetime | None, now: datetime) -> "Call":
        """Close for good, once the deadline and the last extension have passed."""
        self._require_announced()
        ends = self.window(last_extension).closes_at
        if now < ends:
            raise Conflict("call_still_open", f"The call is open until {ends.isoformat()}", "deadline")
        return replace(self, state=CallState.CLOSED, closed_at=now, version=self.version + 1)

    def _require_announced(self) -> None:
        if self.state is not CallState.ANNOUNCED:
            raise Conflict("call_closed", "The call is closed", "state")


def announce(call: CallId, year: ProgrammeYear, terms: Terms, now: datetime) -> Call:
    """A new call of a year; its deadline lies ahead."""
    refuse(terms.broken(year.policy))
    refuse(_in_the_past("deadline", terms.deadline, now))
    return Call(call, year.year, terms, CallState.ANNOUNCED, version=1)


def _beyond(field: str, moment: datetime, policy: Policy) -> Iterator[Invalid]:
    if moment > policy.applications_end_by:
        ends = policy.applications_end_by.isoformat()
        yield Invalid("before_scoring_and_lot", f"Applications of the year end by {ends}", field)


def _in_the_past(field: str, moment: datetime, now: datetime) -> Iterator[Invalid]:
    if moment <= now:
        yield Invalid("in_the_future", f"It is {now.isoformat()} already", field)


def _losses(old: Terms, new: Terms) -> Iterator[Invalid]:
    if new.opens_at != old.opens_at:
        yield Invalid("already_open", f"The call opened at {old.opens_at.isoformat()}", "opens_at")
    if new.deadline < old.deadline:
        yield Invalid("not_earlier", f"The deadline announced is {old.deadline.isoformat()}", "deadline")
    if not set(old.kinds) <= set(new.kinds):
        yield Invalid("not_fewer", "The call is open, no kind of applicant is dropped", "kinds")
    if not set(old.tracks) <= set(new.tracks):
        yield Invalid("not_fewer", "The call is open, no track is dropped", "tracks")
