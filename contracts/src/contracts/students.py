"""What the placement service tells of students, under pseudonymous ids: rosters, offers, placements."""

from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field

from contracts import topics
from contracts.event import Event
from contracts.topics import Service, Topic
from contracts.values import (
    AgreementId,
    ClassId,
    Code,
    CompanyId,
    Count,
    MatchingId,
    Moment,
    OfferId,
    OpeningId,
    Ordinal,
    OrganisationName,
    PlacementId,
    Province,
    Reason,
    SchoolId,
    StudentId,
    Track,
)


class _StudentEvent(Event):
    topic: ClassVar[Topic] = topics.STUDENTS
    key_field: ClassVar[str] = "student"

    student: StudentId
    school: SchoolId
    school_name_ko: Annotated[OrganisationName, Field(examples=["한빛공업고등학교"])]
    school_name_en: Annotated[OrganisationName | None, Field(examples=["Hanbit Technical High School"])]
    school_province: Province
    employment_class: ClassId


class StudentEnrolled(_StudentEvent):
    """A student entered an employment-customised class."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "the student is told"

    track: Track
    enrolled_at: Moment


class PreferencesOpened(_StudentEvent):
    """A student may list openings for a matching round."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "the student is told until when to list them"

    round: Annotated[Ordinal, Field(description="Matching round of the year")]
    openings: Annotated[Count, Field(description="Openings that the student may list")]
    opened_at: Moment
    until: Annotated[Moment, Field(description="First moment that is too late")]


class _MatchingEvent(_StudentEvent):
    matching: MatchingId
    round: Annotated[Ordinal, Field(description="Matching round of the year")]


class StudentUnmatched(_MatchingEvent):
    """A matching round ended without an opening for a student who took part."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "the student is told"

    reasons: Annotated[tuple[Reason, ...], Field(examples=[["listed_openings_full"], ["no_opening_listed"]])]
    decided_at: Moment


class _WorkFacts(_StudentEvent):
    opening: OpeningId
    company: CompanyId
    company_name_ko: Annotated[OrganisationName, Field(examples=["한빛정밀"])]
    company_name_en: Annotated[OrganisationName | None, Field(examples=["Hanbit Precision"])]
    work_province: Province


class _OfferEvent(_WorkFacts):
    offer: OfferId


class StudentOffered(_OfferEvent):
    """A matching round offers a student a place at a company."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "student, company and school are told, and until when the student can answer"

    matching: MatchingId
    round: Annotated[Ordinal, Field(description="Matching round of the year")]
    preference: Annotated[Ordinal, Field(description="Its place in the student's own list")]
    offered_at: Moment
    expires_at: Annotated[Moment, Field(description="First moment that is too late to answer")]


class StudentAccepted(_OfferEvent):
    """A student accepted an offer; its tripartite agreement waits for signatures."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "student, company and school are asked to sign"

    agreement: AgreementId
    accepted_at: Moment


class StudentDeclined(_OfferEvent):
    """A student declined an offer."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "company and school are told"

    declined_at: Moment


class StudentOfferExpired(_OfferEvent):
    """A student did not answer an offer in time."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "student, company and school are told"

    expired_at: Moment


class StudentPlaced(_WorkFacts):
    """A student's placement is active: its tripartite agreement is signed by all three."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "student, company and school are told"

    placement: PlacementId
    agreement: AgreementId
    track: Track
    route: Annotated[Code, Field(description="How it came about", examples=["matching", "officer"])]
    starts_on: Annotated[date, Field(examples=["2026-01-05"])]
    placed_at: Moment
