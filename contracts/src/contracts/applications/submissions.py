"""What becomes of an application until it is evaluated."""

from typing import Annotated, ClassVar

from pydantic import Field

from contracts import topics
from contracts.event import Event, Part
from contracts.topics import Service, Topic
from contracts.values import (
    ApplicationId,
    CallId,
    Code,
    Count,
    DecimalText,
    DocumentId,
    Kind,
    Moment,
    Ordinal,
    OrganisationName,
    Province,
    Reason,
    SchoolId,
    Sha256,
    Track,
)


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
