"""What the evaluation service tells: runs, results, each school's outcome, offers and reviewers' work."""

from typing import Annotated, ClassVar

from pydantic import Field

from contracts import topics
from contracts.event import Event, Part
from contracts.topics import Service, Topic
from contracts.values import (
    ApplicationId,
    Code,
    Count,
    Kind,
    Moment,
    OfferId,
    Ordinal,
    OrganisationName,
    Origin,
    Province,
    Reason,
    ReviewerId,
    RunId,
    SchoolId,
    Sequence,
    Sha256,
    Track,
)

Designations = Annotated[
    tuple[Track, ...],
    Field(
        description="Tracks held, in the school's own order; none is a general place",
        examples=[["new_technology"]],
    ),
]


class _RunEvent(Event):
    topic: ClassVar[Topic] = topics.EVALUATION
    key_field: ClassVar[str] = "programme_year"

    run: RunId
    stage: Annotated[
        Code, Field(description="What the run decides", examples=["preliminary", "final", "promotion"])
    ]
    snapshot_sha256: Sha256
    result_sha256: Sha256
    rule: Annotated[
        str,
        Field(pattern=r"^[a-z0-9-]{1,40}$", description="Version of the rule", examples=["selection-1"]),
    ]
    selected: Annotated[Count, Field(examples=[180])]
    reserved: Annotated[Count, Field(examples=[41])]
    not_selected: Annotated[Count, Field(examples=[28])]


class RunProposed(_RunEvent):
    """An officer proposed a run's result; another one has to approve it."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "the other officers are told that a result awaits approval"

    proposed_at: Moment


class RunApproved(_RunEvent):
    """A second officer approved the run, on these digests."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "the proposing officer is told; auditors see which digests were approved"

    approved_at: Moment


class SchoolStream(Part):
    """A school's stream and how far it had come when results were published."""

    school: SchoolId
    sequence: Sequence


class ResultsPublished(_RunEvent):
    """Results were published; the manifest lists the stream of every school that has one."""

    read_by: ClassVar[tuple[Service, ...]] = ("applications", "placement", "notifications")
    why: ClassVar[str] = (
        "applications shows the stage; placement starts classes when it has read every school's stream of "
        "the final manifest; notifications tells agencies and officers"
    )

    published_at: Moment
    appeals_until: Annotated[
        Moment | None, Field(description="First moment too late for an appeal; null when final")
    ]
    manifest: tuple[SchoolStream, ...]


class _SchoolEvent(Event):
    topic: ClassVar[Topic] = topics.EVALUATION
    key_field: ClassVar[str] = "school"

    school: SchoolId
    school_name_ko: Annotated[OrganisationName, Field(examples=["한빛공업고등학교"])]
    school_name_en: Annotated[OrganisationName | None, Field(examples=["Hanbit Technical High School"])]
    province: Province
    kind: Kind


class _Outcome(_SchoolEvent):
    application: Annotated[ApplicationId | None, Field(description="Null where imported")]
    run: Annotated[RunId | None, Field(description="Null where imported")]
    result_sha256: Annotated[Sha256 | None, Field(description="Null where imported")]


class PreliminaryOutcomeAnnounced(_Outcome):
    """A school's outcome in the preliminary result; it may change until the final one."""

    read_by: ClassVar[tuple[Service, ...]] = ("applications", "notifications")
    why: ClassVar[str] = (
        "the school is told and may appeal; an event of its own, so that nobody takes it for a selection"
    )

    outcome: Annotated[Code, Field(examples=["selected", "reserve", "not_passed"])]
    designations: Designations
    rank: Annotated[Ordinal | None, Field(description="Null below the cut line")]
    reserve: Annotated[Ordinal | None, Field(description="Number on the reserve list")]
    reasons: Annotated[tuple[Reason, ...], Field(examples=[["below_cut_line"]])]
    announced_at: Moment
    appeals_until: Annotated[Moment, Field(description="First moment too late for an appeal")]


class SchoolSelected(_Outcome):
    """A school is selected by the final result (or was in an earlier, imported year)."""

    read_by: ClassVar[tuple[Service, ...]] = ("applications", "placement", "notifications")
    why: ClassVar[str] = (
        "applications shows it and knows next year's continuing schools; placement lets it sign agreements "
        "and open classes; the school is told"
    )

    designations: Designations
    rank: Annotated[Ordinal | None, Field(description="Null where imported")]
    selected_at: Moment
    origin: Origin = None


class SchoolReserved(_Outcome):
    """A school passed the cut line and stands on the final reserve list."""

    read_by: ClassVar[tuple[Service, ...]] = ("applications", "notifications")
    why: ClassVar[str] = "applications shows it; the school is told its number"

    rank: Ordinal
    reserve: Annotated[Ordinal, Field(description="Number on the reserve list, from 1")]
    reserved_at: Moment


class SchoolNotSelected(_Outcome):
    """A school is not selected by the final result and stands on no list."""

    read_by: ClassVar[tuple[Service, ...]] = ("applications", "notifications")
    why: ClassVar[str] = "applications shows it; the school is told why"

    reasons: Annotated[
        tuple[Reason, ...],
        Field(min_length=1, examples=[["below_cut_line"], ["below_minimum_quantitative"]]),
    ]
    decided_at: Moment


class _Departure(_SchoolEvent):
    designations: Designations
    reason: Annotated[Reason, Field(examples=["application_withdrawn"])]


class SchoolRelinquished(_Departure):
    """A school gave up the place or the reserve number it held."""

    read_by: ClassVar[tuple[Service, ...]] = ("applications", "placement", "notifications")
    why: ClassVar[str] = "placement lets its classes take no one new; the school gets a confirmation"

    held: Annotated[Code, Field(description="What it gave up", examples=["selected", "reserve"])]
    relinquished_at: Moment


class SchoolRevoked(_Departure):
    """An officer took a selected school's place away."""

    read_by: ClassVar[tuple[Service, ...]] = ("applications", "placement", "notifications")
    why: ClassVar[str] = "placement lets its classes take no one new; the school is told the reason"

    revoked_at: Moment


class _OfferEvent(_SchoolEvent):
    offer: OfferId
    run: RunId
    upgrade: Annotated[
        bool, Field(description="The school holds a place already and would get a designation more")
    ]
    designations: Annotated[
        tuple[Track, ...],
        Field(
            description="All it holds once accepted, in its own order; none is a general place",
            examples=[["new_technology"]],
        ),
    ]


class OfferMade(_OfferEvent):
    """A place that fell free is offered to a school."""

    read_by: ClassVar[tuple[Service, ...]] = ("applications", "notifications")
    why: ClassVar[str] = "the school is told what it is offered and until when it can answer"

    offered_at: Moment
    expires_at: Annotated[Moment, Field(description="First moment that is too late to answer")]


class OfferAccepted(_OfferEvent):
    """The school accepted; a promotion follows in the same stream."""

    read_by: ClassVar[tuple[Service, ...]] = ("applications", "notifications")
    why: ClassVar[str] = "the school gets a confirmation"

    accepted_at: Moment


class OfferDeclined(_OfferEvent):
    """The school declined; it is never offered this again."""

    read_by: ClassVar[tuple[Service, ...]] = ("applications", "notifications")
    why: ClassVar[str] = "the school gets a confirmation"

    declined_at: Moment


class OfferExpired(_OfferEvent):
    """The school did not answer in time; it is never offered this again."""

    read_by: ClassVar[tuple[Service, ...]] = ("applications", "notifications")
    why: ClassVar[str] = "the school is told"

    expired_at: Moment


class SchoolPromoted(_Outcome):
    """A school holds a place, or a designation more, by an accepted offer."""

    read_by: ClassVar[tuple[Service, ...]] = ("applications", "placement", "notifications")
    why: ClassVar[str] = (
        "placement lets it sign agreements and open classes as a selected school; the school is told"
    )

    offer: OfferId
    upgrade: bool
    designations: Designations
    promoted_at: Moment


class _ApplicationEvent(Event):
    topic: ClassVar[Topic] = topics.EVALUATION
    key_field: ClassVar[str] = "application"

    application: ApplicationId
    school: SchoolId
    school_name_ko: Annotated[OrganisationName, Field(examples=["한빛공업고등학교"])]
    school_name_en: Annotated[OrganisationName | None, Field(examples=["Hanbit Technical High School"])]
    province: Province
    kind: Kind


class EligibilityDecided(_ApplicationEvent):
    """An application was found eligible for evaluation, or not."""

    read_by: ClassVar[tuple[Service, ...]] = ("applications", "notifications")
    why: ClassVar[str] = "applications shows it; a school that is not eligible is told why"

    eligible: bool
    reasons: Annotated[tuple[Reason, ...], Field(examples=[["not_a_participant"], ["school_closed"]])]
    decided_at: Moment


class EvaluationScheduled(_ApplicationEvent):
    """An application is being reviewed, between these moments."""

    read_by: ClassVar[tuple[Service, ...]] = ("applications", "notifications")
    why: ClassVar[str] = "the school is told when its application is evaluated"

    stage: Annotated[Code, Field(examples=["documents", "site_visit", "presentation", "performance"])]
    starts_at: Moment
    ends_at: Moment


class ReviewerAssigned(Event):
    """A reviewer is to score an application."""

    topic: ClassVar[Topic] = topics.EVALUATION
    key_field: ClassVar[str] = "reviewer"
    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "the reviewer is told what to score and until when"

    reviewer: ReviewerId
    application: ApplicationId
    school: SchoolId
    school_name_ko: Annotated[OrganisationName, Field(examples=["한빛공업고등학교"])]
    school_name_en: Annotated[OrganisationName | None, Field(examples=["Hanbit Technical High School"])]
    kind: Kind
    stage: Annotated[Code, Field(examples=["documents", "performance"])]
    assigned_at: Moment
    due_at: Annotated[Moment, Field(description="First moment that is too late to score")]
