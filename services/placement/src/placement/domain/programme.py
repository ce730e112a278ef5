"""What the other services decided: the rules of a year, and which schools take part in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from chassis.refusals import Conflict
from placement.domain.vocabulary import KST, ParticipationState, SchoolId, Year

GENERAL = "general"
"""The track of a place without a designation; every school that takes part may teach it."""


@dataclass(frozen=True, slots=True)
class YearRules:
    """Sizes in students, `offer_days` and `signing_days` in calendar days; the others at most."""

    year: Year
    class_min_size: int
    class_max_size: int
    offer_days: int
    rounds: int
    preferences_at_most: int
    signing_days: int = 14

    def offer_until(self, now: datetime) -> datetime:
        """First moment too late to answer an offer made `now`: the midnight in Korea after its last day."""
        return _midnight_after(now, self.offer_days)

    def sign_until(self, now: datetime) -> datetime:
        """First moment too late to sign an agreement drafted `now`, as with offers."""
        return _midnight_after(now, self.signing_days)


def _midnight_after(now: datetime, days: int) -> datetime:
    after = now.astimezone(KST).date() + timedelta(days=days + 1)
    return datetime.combine(after, time(), KST)


@dataclass(frozen=True, slots=True)
class FinalResult:
    """By school, how far its stream must have been read; `reached` once it has been."""

    manifest: Mapping[str, int]
    reached: bool


@dataclass(frozen=True, slots=True)
class School:
    """A school as the register names it; `closed` says that it left the register."""

    id: SchoolId
    name_ko: str
    name_en: str | None
    province: str
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Participation:
    """A school's place in a year."""

    year: Year
    school: School
    state: ParticipationState
    designations: frozenset[str]

    @property
    def tracks(self) -> frozenset[str]:
        return self.designations | {GENERAL}

    def require_taking_part(self) -> None:
        """Refuse what only a school may do that is selected and stays.

        Raises:
            Conflict: It relinquished its place, the place was revoked, or the school closed.
        """
        if self.state is not ParticipationState.SELECTED:
            raise Conflict(
                "school_not_taking_part",
                f"The school's place in {self.year} was {self.state}: its classes take no one new",
                "school",
            )
        if self.school.closed:
            raise Conflict("school_closed", "The school has left the register: nothing new begins", "school")
