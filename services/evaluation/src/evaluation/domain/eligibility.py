"""Whether an application is evaluated, by reason codes; officers may decide otherwise and say why."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Final

from chassis.refusals import Conflict, Invalid
from evaluation.domain.policy import RequiredDocument
from evaluation.domain.vocabulary import ApplicationId, Kind, SchoolId, Year

SCHOOL_TYPE: Final = "specialised"
"""The programme is for specialised high schools."""
PERFORMANCE_REPORT: Final = "performance_report"
"""What a continuing school files of its last year, where the policy asks for it."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An application that stood when its call closed, with what is known of its school.

    `took_part` says whether the school took part in the year before, `other` which kind of application of the
    school in the same year was found eligible before this one, `sanctions` which were in force on the day.
    """

    application: ApplicationId
    school: SchoolId
    kind: str
    documents: tuple[str, ...]
    school_type: str
    closed: bool
    took_part: bool
    sanctions: tuple[str, ...]
    other: str | None


@dataclass(frozen=True, slots=True)
class Eligibility:
    """A word on an application; `ground` is why an officer decided, None where the rule did.

    `findings` are what lies behind the reasons: the documents that are missing, the sanctions in force.
    """

    application: ApplicationId
    reasons: tuple[str, ...]
    findings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ground: str | None = None

    @property
    def eligible(self) -> bool:
        return not self.reasons


def decide(candidates: Iterable[Candidate], required: tuple[RequiredDocument, ...]) -> list[Eligibility]:
    """Eligible when nothing speaks against it, else every reason that does; in the order they were accepted.

    The first application of a school that is eligible stands in the way of its others.
    """
    taken: dict[SchoolId, str] = {}
    decided = []
    for each in candidates:
        candidate = replace(each, other=each.other or taken.get(each.school))
        missing = _missing(candidate, required)
        reasons = tuple(_against(candidate, missing))
        findings = {"documents": missing, "sanctions": candidate.sanctions}
        word = Eligibility(
            candidate.application, reasons, {name: all_ for name, all_ in findings.items() if all_}
        )
        if word.eligible:
            taken[candidate.school] = candidate.kind
        decided.append(word)
    return decided


def _missing(candidate: Candidate, required: tuple[RequiredDocument, ...]) -> tuple[str, ...]:
    needed = [document.kind for document in required if candidate.kind in document.kinds]
    return tuple(kind for kind in needed if kind not in candidate.documents)


def _against(candidate: Candidate, missing: tuple[str, ...]) -> Iterator[str]:
    yield from _against_school(candidate)
    if candidate.kind == Kind.CONTINUING and not candidate.took_part:
        yield "not_a_participant"
    if candidate.kind == Kind.NEW and candidate.took_part:
        yield "participant_already"
    if candidate.other is not None:
        yield "second_application" if candidate.other == candidate.kind else "new_and_continuing"
    if any(document != PERFORMANCE_REPORT for document in missing):
        yield "document_missing"
    if PERFORMANCE_REPORT in missing:
        yield "performance_report_missing"


def _against_school(candidate: Candidate) -> Iterator[str]:
    if candidate.closed:
        yield "school_closed"
    if candidate.school_type != SCHOOL_TYPE:
        yield "school_type_not_eligible"
    if candidate.sanctions:
        yield "sanctioned"


@dataclass(frozen=True, slots=True)
class Decided:
    """How an application's eligibility stands; `eligible` is None before evaluation of its call started.

    `rival` is another application of the school in the year that is eligible.
    """

    application: ApplicationId
    year: Year
    school: SchoolId
    eligible: bool | None
    withdrawn: bool
    rival: ApplicationId | None

    def otherwise(self, ground: str, *, eligible: bool) -> Eligibility:
        """What an officer decides against the word that stands, for a reason.

        Raises:
            Conflict: rules `not_decided_yet`, `application_withdrawn`, `eligibility_unchanged`,
                `another_eligible`.
        """
        if self.withdrawn:
            raise Conflict(
                "application_withdrawn", "The application was withdrawn: application", "application"
            )
        if self.eligible is None:
            detail = "Evaluation of its call has not started, nothing is decided yet: application"
            raise Conflict("not_decided_yet", detail, "application")
        if self.eligible == eligible:
            word = "eligible" if eligible else "not eligible"
            raise Conflict(
                "eligibility_unchanged", f"The application is {word} already: eligible", "eligible"
            )
        if eligible and self.rival is not None:
            detail = f"{self.rival} of the same school is eligible in the year: application"
            raise Conflict("another_eligible", detail, "application")
        return Eligibility(self.application, () if eligible else (ground,), ground=ground)


@dataclass(frozen=True, slots=True)
class Sanction:
    """A school may not be supported from `since` to `until`, both days in Korea; without end where None."""

    id: str
    school: SchoolId
    reason: str
    since: date
    until: date | None
    lifted_at: datetime | None = None

    def __post_init__(self) -> None:
        if self.until is not None and self.until < self.since:
            raise Invalid("until_after_since", f"It ends on {self.until}, before it begins", "until")

    def lift(self, now: datetime) -> "Sanction":
        """End it for decisions from now on; what was decided under it stays.

        Raises:
            Conflict: rule `sanction_lifted`.
        """
        if self.lifted_at is not None:
            raise Conflict("sanction_lifted", "The sanction was lifted already: sanction", "sanction")
        return replace(self, lifted_at=now)
