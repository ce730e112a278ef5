"""Whether an application is evaluated, by reason codes."""

from collections.abc import Iterator
from dataclasses import dataclass

from evaluation.domain.policy import RequiredDocument
from evaluation.domain.vocabulary import ApplicationId, Kind, SchoolId

SCHOOL_TYPE = "specialised"
"""The programme is for specialised high schools."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An application that stood when its call closed, with what is known of its school.

    `took_part` says whether the school took part in the year before, `others` whether an application of the
    school in the same year was found eligible before this one.
    """

    application: ApplicationId
    school: SchoolId
    kind: str
    documents: tuple[str, ...]
    school_type: str
    closed: bool
    took_part: bool
    others: bool


@dataclass(frozen=True, slots=True)
class Eligibility:
    application: ApplicationId
    reasons: tuple[str, ...]

    @property
    def eligible(self) -> bool:
        return not self.reasons


def decide(candidate: Candidate, required: tuple[RequiredDocument, ...]) -> Eligibility:
    """Eligible when nothing speaks against it; else every reason that does."""
    return Eligibility(candidate.application, tuple(_against(candidate, required)))


def _against(candidate: Candidate, required: tuple[RequiredDocument, ...]) -> Iterator[str]:
    if candidate.closed:
        yield "school_closed"
    if candidate.school_type != SCHOOL_TYPE:
        yield "school_type_not_eligible"
    if candidate.kind == Kind.CONTINUING and not candidate.took_part:
        yield "not_a_participant"
    if candidate.kind == Kind.NEW and candidate.took_part:
        yield "participant_already"
    if candidate.others:
        yield "second_application"
    needed = {document.kind for document in required if candidate.kind in document.kinds}
    if not needed <= set(candidate.documents):
        yield "document_missing"
