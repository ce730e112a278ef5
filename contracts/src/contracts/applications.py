"""What the applications service tells: schools, programme years, calls and applications."""

from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field

from contracts import topics
from contracts.event import Event, Part
from contracts.topics import Service, Topic
from contracts.values import (
    FOUNDERS,
    SCHOOL_TYPES,
    STREAMS,
    ApplicationId,
    CallId,
    Code,
    Count,
    Days,
    DecimalText,
    DocumentId,
    Kind,
    Moment,
    Ordinal,
    OrganisationName,
    Origin,
    Province,
    Reason,
    SchoolId,
    Sequence,
    Sha256,
    Track,
)


class _SchoolEvent(Event):
    topic: ClassVar[Topic] = topics.APPLICATIONS
    key_field: ClassVar[str] = "school"

    school: SchoolId
    neis_code: Annotated[
        str | None,
        Field(
            pattern=r"^[0-9A-Z]{1,16}$",
            description="Code in the national register (NEIS), null where it has none",
            examples=["7010271"],
        ),
    ]
    name_ko: Annotated[OrganisationName, Field(examples=["한빛공업고등학교"])]
    name_en: Annotated[OrganisationName | None, Field(examples=["Hanbit Technical High School"])]
    province: Province
    school_type: Annotated[Code, Field(description="Type of school", examples=list(SCHOOL_TYPES))]
    stream: Annotated[Code, Field(description="Field of the school", examples=list(STREAMS))]
    founder: Annotated[Code, Field(description="Who founded the school", examples=list(FOUNDERS))]
    origin: Origin = None


class SchoolRegistered(_SchoolEvent):
    """A school entered the register and may apply."""

    read_by: ClassVar[tuple[Service, ...]] = ("evaluation", "placement", "notifications")
    why: ClassVar[str] = (
        "evaluation knows the schools that earlier years' participants are imported for; placement shows "
        "them; notifications knows whom a call concerns"
    )

    registered_at: Moment


class SchoolRenamed(_SchoolEvent):
    """A school's register entry changed; the event has the entry as it is now."""

    read_by: ClassVar[tuple[Service, ...]] = ("evaluation", "placement", "notifications")
    why: ClassVar[str] = "names shown and written to schools are the present ones"

    renamed_at: Moment


class SchoolClosed(_SchoolEvent):
    """A school is no longer in the register; it takes part in nothing new."""

    read_by: ClassVar[tuple[Service, ...]] = ("evaluation", "placement", "notifications")
    why: ClassVar[str] = "nothing new is offered or announced to a closed school"

    closed_at: Moment
    reason: Annotated[Reason, Field(examples=["merged", "closed", "left_register"])]


class Quota(Part):
    """A group of tracks with the designations it must and may have."""

    name: Annotated[Code, Field(examples=["regional", "new_technology"])]
    tracks: Annotated[tuple[Track, ...], Field(min_length=1)]
    at_least: Count
    at_most: Count


class Question(Part):
    """An answer in figures that applications carry and evaluation scores."""

    name: Annotated[Code, Field(examples=["planned_students", "partner_companies"])]
    kinds: Annotated[tuple[Kind, ...], Field(min_length=1)]
    at_least: Annotated[DecimalText | None, Field(description="Null for no limit", examples=["1"])]
    at_most: Annotated[DecimalText | None, Field(description="Null for no limit", examples=["500"])]


class RequiredDocument(Part):
    """A document without which an application of these kinds is not accepted."""

    kind: Annotated[Code, Field(examples=["operation_plan", "performance_report"])]
    kinds: Annotated[tuple[Kind, ...], Field(min_length=1, description="Kinds of applicant that need it")]


class ScoringRules(Part):
    """How reviewers' scores become an application's total."""

    reviewers_per_application: Annotated[Ordinal, Field(examples=[3])]
    aggregation: Annotated[Code, Field(examples=["mean", "trimmed_mean"])]
    normalisation: Annotated[Code, Field(examples=["off", "mean_shift", "z_score"])]
    conflict_grounds: Annotated[
        tuple[Code, ...],
        Field(description="What makes a reviewer conflicted", examples=[["same_school", "same_province"]]),
    ]
    scoring_until: Moment
    appeal_days: Days


class PromotionRules(Part):
    """How a place that fell free is offered."""

    offer_days: Days


class ClassRules(Part):
    """Limits of an employment-customised class, in students."""

    min_size: Annotated[Ordinal, Field(examples=[5])]
    max_size: Annotated[Ordinal, Field(examples=[30])]


class PlacementRules(Part):
    """How students and openings are brought together."""

    offer_days: Days
    rounds: Annotated[Ordinal, Field(description="Matching rounds planned")]
    preferences_at_most: Annotated[Ordinal, Field(description="Openings a student may list", examples=[10])]
    signing_days: Annotated[
        Days, Field(description="Whole days in which all three sign a drafted agreement", examples=[14])
    ] = 14


class Policy(Part):
    """The rules a programme year runs under; a version never changes."""

    version: Ordinal
    seats: Annotated[Count, Field(description="Schools to select", examples=[180])]
    designations_per_school: Annotated[Count, Field(examples=[1])]
    pools: Annotated[tuple[tuple[Kind, ...], ...], Field(min_length=1, examples=[[["continuing"], ["new"]]])]
    quotas: Annotated[
        tuple[Quota, ...],
        Field(
            description="Every track but the general one belongs to exactly one",
            examples=[
                [
                    {
                        "name": "regional",
                        "tracks": ["regional_key_industry", "work_study"],
                        "at_least": 10,
                        "at_most": 10,
                    },
                    {"name": "new_technology", "tracks": ["new_technology"], "at_least": 25, "at_most": 25},
                ]
            ],
        ),
    ]
    cut_line: Annotated[DecimalText, Field(description="Lowest total that passes", examples=["60"])]
    tie_breaks: Annotated[
        tuple[Code, ...],
        Field(description="Criteria in the order they are asked", examples=[["quantitative"]]),
    ]
    lot_source: Annotated[
        str,
        Field(
            min_length=1,
            max_length=200,
            pattern=r"^[^\x00-\x1f\x7f]+$",
            description="The public drawing after the deadline whose outcome is the lot's seed",
            examples=["Lotto 6/45, draw 1160, winning numbers in ascending order"],
        ),
    ]
    lot_drawn_on: Annotated[date, Field(description="Day of the drawing", examples=["2025-02-22"])]
    rubric: Annotated[Code, Field(description="Name of the rubric in evaluation", examples=["default_2025"])]
    questions: tuple[Question, ...]
    required_documents: tuple[RequiredDocument, ...]
    scoring: ScoringRules
    promotion: PromotionRules
    classes: ClassRules
    placement: PlacementRules


class ProgrammeYearOpened(Event):
    """A programme year began, with the whole policy version it runs under to its end."""

    topic: ClassVar[Topic] = topics.APPLICATIONS
    key_field: ClassVar[str] = "programme_year"
    read_by: ClassVar[tuple[Service, ...]] = ("evaluation", "placement")
    why: ClassVar[str] = (
        "evaluation scores, selects and promotes by this policy; placement takes class sizes and offer "
        "deadlines from it"
    )

    policy: Policy
    opened_at: Moment


class _CallEvent(Event):
    topic: ClassVar[Topic] = topics.APPLICATIONS
    key_field: ClassVar[str] = "programme_year"

    call: CallId


class _CallWindow(_CallEvent):
    kinds: Annotated[tuple[Kind, ...], Field(min_length=1, description="Kinds of applicant it is open to")]
    tracks: Annotated[tuple[Track, ...], Field(min_length=1, description="Tracks that may be asked for")]
    opens_at: Annotated[Moment, Field(description="First moment that counts as in time")]
    closes_at: Annotated[
        Moment, Field(description="First moment that is late", examples=["2025-02-14T09:00:00Z"])
    ]


class CallOpened(_CallWindow):
    """A call for applications was published; it accepts what arrives in its half-open window."""

    read_by: ClassVar[tuple[Service, ...]] = ("evaluation", "notifications")
    why: ClassVar[str] = "evaluation knows which calls have to close; notifications tells every school"

    opened_at: Moment


class CallAmended(_CallWindow):
    """A call changed; the event has the call as it is now."""

    read_by: ClassVar[tuple[Service, ...]] = ("evaluation", "notifications")
    why: ClassVar[str] = "schools are told of the new deadline"

    amended_at: Moment
    reason: Annotated[Reason, Field(examples=["deadline_moved", "correction"])]


class StandingApplication(Part):
    """A submission that stood when its call closed, and how far its stream had come."""

    application: ApplicationId
    sequence: Sequence


class CallClosed(_CallEvent):
    """A call closed after its last extension; the manifest lists every standing submission."""

    read_by: ClassVar[tuple[Service, ...]] = ("evaluation", "notifications")
    why: ClassVar[str] = (
        "evaluation starts when it has read every stream of the manifest at least that far; schools that "
        "applied are told that the call is closed"
    )

    closed_at: Moment
    manifest: tuple[StandingApplication, ...]


class ExtensionGranted(_CallEvent):
    """A named school may submit until a later moment."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "the school is told its own deadline"

    school: SchoolId
    until: Annotated[
        Moment,
        Field(description="First moment that is late for this school", examples=["2025-02-16T09:00:00Z"]),
    ]
    granted_at: Moment
    reason: Annotated[Reason, Field(examples=["system_outage", "natural_disaster"])]


class Document(Part):
    """A document of a submission; its bytes stay in the applications service."""

    document: DocumentId
    kind: Annotated[Code, Field(examples=["operation_plan", "performance_report"])]
    sha256: Sha256
    media_type: Annotated[str, Field(pattern=r"^[a-z]+/[A-Za-z0-9.+-]{1,100}$", examples=["application/pdf"])]
    size_bytes: Annotated[Count, Field(examples=[182034])]


class _ApplicationEvent(Event):
    topic: ClassVar[Topic] = topics.APPLICATIONS
    key_field: ClassVar[str] = "application"

    application: ApplicationId
    call: CallId
    school: SchoolId
    school_name_ko: Annotated[OrganisationName, Field(examples=["한빛공업고등학교"])]
    school_name_en: Annotated[OrganisationName | None, Field(examples=["Hanbit Technical High School"])]
    province: Province
    kind: Kind
    receipt: Annotated[
        str,
        Field(
            pattern=r"^[0-9A-Z-]{1,40}$",
            description="Receipt number that the school was given",
            examples=["2025-000123"],
        ),
    ]


class _Submission(_ApplicationEvent):
    tracks: Annotated[
        tuple[Track, ...],
        Field(description="Tracks asked for, most wanted first", examples=[["new_technology"]]),
    ]
    accepts_general: Annotated[bool, Field(description="Takes a place without a designation")]
    answers: Annotated[
        dict[Code, DecimalText],
        Field(
            description="Answers in figures, by the name of the policy's question",
            examples=[{"planned_students": "45", "partner_companies": "12"}],
        ),
    ]
    documents: tuple[Document, ...]
    accepted_at: Annotated[Moment, Field(description="Moment of acceptance, decided by the database")]


class ApplicationSubmitted(_Submission):
    """An application was accepted in time and stands."""

    read_by: ClassVar[tuple[Service, ...]] = ("evaluation", "notifications")
    why: ClassVar[str] = "evaluation scores and ranks it; the school gets its receipt"


class ApplicationAmended(_Submission):
    """A standing application was replaced in time; the event has it as it is now."""

    read_by: ClassVar[tuple[Service, ...]] = ("evaluation", "notifications")
    why: ClassVar[str] = "evaluation scores the newest version; the school gets a receipt for it"

    amendment: Annotated[Ordinal, Field(description="1 for the first amendment")]


class ApplicationWithdrawn(_ApplicationEvent):
    """A school took its application back, before the deadline or after it."""

    read_by: ClassVar[tuple[Service, ...]] = ("evaluation", "notifications")
    why: ClassVar[str] = (
        "evaluation leaves it out, or frees the place it held and promotes the next; the school gets a "
        "confirmation"
    )

    withdrawn_at: Moment
    after_deadline: bool
    reason: Annotated[Reason, Field(examples=["no_longer_interested", "too_few_students", "school_closing"])]
