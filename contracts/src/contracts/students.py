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


class StudentTransferred(_StudentEvent):
    """A student went from one class of the school to another."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "the student is told"

    from_class: ClassId
    track: Annotated[Track, Field(description="Track of the class the student is in now")]
    transferred_at: Moment


class StudentLeft(_StudentEvent):
    """A student left a class and is in none."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "the student is told"

    reason: Annotated[Reason, Field(examples=["changed_school", "left_school", "changed_plans"])]
    left_at: Moment


class StudentForgotten(_StudentEvent):
    """Who a student was, is known no more; the pseudonym and all that is counted under it stay."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "the student's contact is deleted, and nothing more is mailed"

    reason: Annotated[Reason, Field(examples=["own_request", "retention_over"])]
    forgotten_at: Moment


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


class StudentOfferWithdrawn(_OfferEvent):
    """An offer fell away with what it stood on, or its company took it back; its place is free."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "student, company and school are told"

    reason: Annotated[
        Reason,
        Field(
            examples=[
                *("agreement_over", "company_suspended", "student_left"),
                *("hiring_stopped", "work_changed", "filled_otherwise", "other"),
            ]
        ),
    ]
    withdrawn_at: Moment


class StudentAgreementDrafted(_WorkFacts):
    """An officer brought a student and an opening together by hand; all three have to sign."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "student, company and school are asked to sign"

    agreement: AgreementId
    reason: Annotated[Reason, Field(examples=["arrived_after_matching"])]
    drafted_at: Moment
    sign_until: Annotated[Moment, Field(description="First moment that is too late to sign")]


class StudentAgreementEnded(_WorkFacts):
    """A tripartite agreement was withdrawn, or not signed by all three in time; its place is free."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "student, company and school are told"

    agreement: AgreementId
    reason: Annotated[Reason, Field(examples=["not_signed_in_time", "position_cancelled", "agreement_over"])]
    ended_by: Annotated[Code, Field(examples=["student", "school", "company", "officer", "deadline"])]
    ended_at: Moment


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


class _PlacementEvent(_WorkFacts):
    placement: PlacementId


class PlacementEnded(_PlacementEvent):
    """A student's placement ended; its place is free again."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "student, company and school are told"

    reason: Annotated[
        Reason,
        Field(
            examples=[
                *("dismissal", "resignation", "closure", "military_service"),
                *("advanced_study", "contract_end", "other"),
            ]
        ),
    ]
    ended_on: Annotated[date, Field(description="Last day at work", examples=["2026-05-29"])]
    ended_at: Annotated[Moment, Field(description="When it was recorded, which may be later")]


class PlacementEndCorrected(_PlacementEvent):
    """What was recorded of a placement's end was wrong; this stands in its place."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "company and school are told"

    revision: Annotated[Ordinal, Field(description="From 2; revision 1 is the end itself", examples=[2])]
    reason: Annotated[Reason, Field(examples=["dismissal", "resignation"])]
    ended_on: Annotated[date, Field(description="Last day at work", examples=["2026-05-22"])]
    corrected_at: Moment


class PlacementResumed(_PlacementEvent):
    """What was recorded of a placement's end was wrong altogether: the student never left."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "student, company and school are told"

    revision: Annotated[Ordinal, Field(description="Of what was said of the end, from 2", examples=[2])]
    reason: Annotated[Reason, Field(examples=["recorded_in_error", "late_evidence"])]
    resumed_at: Moment


class _RetentionEvent(_PlacementEvent):
    months: Annotated[Ordinal, Field(description="Calendar months since the first day", examples=[6, 12])]
    due_on: Annotated[date, Field(description="Day in Korea that ends them", examples=["2026-07-05"])]


class RetentionDue(_RetentionEvent):
    """A placement has lasted its months, or nobody has said otherwise: its company or school confirms."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "company and school are asked whether the student is still there"

    answer_until: Annotated[Moment, Field(description="From then on it stands on the overdue list")]


class RetentionChecked(_RetentionEvent):
    """It is known whether a placement lasted; a later revision stands in the place of an earlier one."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "company and school are told what was recorded"

    retained: bool
    source: Annotated[
        Code,
        Field(
            description="Who or what says so", examples=["company", "school", "insurance", "exit", "officer"]
        ),
    ]
    revision: Annotated[Ordinal, Field(description="From 1; higher ones correct lower ones")]
    checked_at: Moment
