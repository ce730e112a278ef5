"""What other services tell of schools, calls and applications, as evaluation keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from evaluation.domain.vocabulary import ApplicationId, CallId, SchoolId, Year


@dataclass(frozen=True, slots=True)
class School:
    id: SchoolId
    name_ko: str
    name_en: str | None
    province: str
    school_type: str
    closed: bool = False
    stream: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A call; `manifest` (application → sequence of its stream) is there once it closed."""

    id: CallId
    year: Year
    closed_at: datetime | None
    manifest: Mapping[str, int]
    started: bool


@dataclass(frozen=True, slots=True)
class Application:
    """A submission as it stands, with its school as it was then."""

    id: ApplicationId
    year: Year
    call: CallId
    school: SchoolId
    name_ko: str
    name_en: str | None
    province: str
    kind: str
    receipt: str
    tracks: tuple[str, ...]
    accepts_general: bool
    answers: Mapping[str, str]
    documents: tuple[str, ...]
    accepted_at: datetime


@dataclass(frozen=True, slots=True)
class Party:
    """An application's school as events name it."""

    application: ApplicationId
    year: Year
    school: SchoolId
    name_ko: str
    name_en: str | None
    province: str
    kind: str


@dataclass(frozen=True, slots=True)
class Participant:
    """A school that took part in an earlier year."""

    school: SchoolId
    kind: str
    designations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scored:
    """An eligible application with what its scores come to."""

    party: Party
    tracks: tuple[str, ...]
    accepts_general: bool
    total: Decimal
    parts: Mapping[str, Decimal]
    barred: tuple[str, ...]
