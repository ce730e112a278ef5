"""How an application comes to be reviewed, and who reviews it."""

from typing import Annotated, ClassVar

from pydantic import Field

from contracts import topics
from contracts.evaluation.parties import ApplicationEvent
from contracts.event import Event
from contracts.topics import Service, Topic
from contracts.values import ApplicationId, Code, Kind, Moment, OrganisationName, Reason, ReviewerId, SchoolId


class EligibilityDecided(ApplicationEvent):
    """An application was found eligible for evaluation, or not."""

    read_by: ClassVar[tuple[Service, ...]] = ("applications", "notifications")
    why: ClassVar[str] = "applications shows it; a school that is not eligible is told why"

    eligible: bool
    reasons: Annotated[tuple[Reason, ...], Field(examples=[["not_a_participant"], ["school_closed"]])]
    ground: Annotated[
        Reason | None,
        Field(
            description="Why an officer decided otherwise than the rule; null where the rule decided",
            examples=["document_received_on_paper"],
        ),
    ] = None
    decided_at: Moment


class EvaluationScheduled(ApplicationEvent):
    """An application is being reviewed, between these moments."""

    read_by: ClassVar[tuple[Service, ...]] = ("applications", "notifications")
    why: ClassVar[str] = "the school is told when its application is evaluated"

    stage: Annotated[Code, Field(examples=["documents", "site_visit", "presentation", "performance"])]
    starts_at: Moment
    ends_at: Moment


class _ReviewEvent(Event):
    """What is told of a reviewer's work on an application."""

    topic: ClassVar[Topic] = topics.EVALUATION
    key_field: ClassVar[str] = "reviewer"

    reviewer: ReviewerId
    application: ApplicationId
    school: SchoolId
    school_name_ko: Annotated[OrganisationName, Field(examples=["한빛공업고등학교"])]
    school_name_en: Annotated[OrganisationName | None, Field(examples=["Hanbit Technical High School"])]
    kind: Kind
    stage: Annotated[Code, Field(examples=["documents", "performance"])]


class ReviewerAssigned(_ReviewEvent):
    """A reviewer is to score an application."""

    read_by: ClassVar[tuple[Service, ...]] = ("applications", "notifications")
    why: ClassVar[str] = (
        "the reviewer is told what to score and until when, and may read the application's documents"
    )

    assigned_at: Moment
    due_at: Annotated[Moment, Field(description="First moment that is too late to score")]


class ReviewerRecused(_ReviewEvent):
    """A reviewer has a conflict of interest and neither reads nor scores an application any more."""

    read_by: ClassVar[tuple[Service, ...]] = ("applications", "notifications")
    why: ClassVar[str] = "the reviewer is told, and may read the application's documents no longer"

    reason: Annotated[
        Reason,
        Field(examples=["same_school", "same_corporation", "same_province", "former_employer", "kinship"]),
    ]
    recused_at: Moment


class ReviewerReleased(_ReviewEvent):
    """A reviewer's unfinished work on an application was taken away."""

    read_by: ClassVar[tuple[Service, ...]] = ("applications", "notifications")
    why: ClassVar[str] = "the reviewer is told, and may read the application's documents no longer"

    reason: Annotated[Reason, Field(examples=["late", "ill"])]
    released_at: Moment
