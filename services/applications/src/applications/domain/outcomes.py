"""What evaluation told of a school and its application: shown to the school, decided on by nobody here."""

from dataclasses import dataclass
from datetime import datetime

from applications.domain.vocabulary import ApplicationId, ReviewerId, SchoolId, Year


@dataclass(frozen=True, slots=True)
class Standing:
    """A school's standing in a year, as told last; the vocabulary of `status` may grow."""

    school: SchoolId
    year: Year
    status: str
    since: datetime
    designations: tuple[str, ...] = ()
    rank: int | None = None
    reserve: int | None = None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """A place offered, with all designations the school would hold; open until `expires_at`."""

    id: str
    designations: tuple[str, ...]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Eligibility:
    application: ApplicationId
    eligible: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Schedule:
    application: ApplicationId
    stage: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Publication:
    """Results of a stage are public; `appeals_until` is the first moment too late for an appeal."""

    year: Year
    stage: str
    published_at: datetime
    appeals_until: datetime | None


@dataclass(frozen=True, slots=True)
class Reviewing:
    """A reviewer's work on an application at a stage, since when."""

    reviewer: ReviewerId
    application: ApplicationId
    stage: str
    since: datetime
