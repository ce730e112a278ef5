"""What several events of evaluation are about: a school, its outcome, an application, designations."""

from typing import Annotated, ClassVar

from pydantic import Field

from contracts import topics
from contracts.event import Event
from contracts.topics import Topic
from contracts.values import ApplicationId, Kind, OrganisationName, Province, RunId, SchoolId, Sha256, Track

Designations = Annotated[
    tuple[Track, ...],
    Field(
        description="Tracks held, in the school's own order; none is a general place",
        examples=[["new_technology"]],
    ),
]


class SchoolEvent(Event):
    """What happens to a school; its stream."""

    topic: ClassVar[Topic] = topics.EVALUATION
    key_field: ClassVar[str] = "school"

    school: SchoolId
    school_name_ko: Annotated[OrganisationName, Field(examples=["한빛공업고등학교"])]
    school_name_en: Annotated[OrganisationName | None, Field(examples=["Hanbit Technical High School"])]
    province: Province
    kind: Kind


class OutcomeEvent(SchoolEvent):
    """What a result says of a school."""

    application: Annotated[ApplicationId | None, Field(description="Null where imported")]
    run: Annotated[RunId | None, Field(description="Null where imported")]
    result_sha256: Annotated[Sha256 | None, Field(description="Null where imported")]


class ApplicationEvent(Event):
    """What happens to an application; its stream."""

    topic: ClassVar[Topic] = topics.EVALUATION
    key_field: ClassVar[str] = "application"

    application: ApplicationId
    school: SchoolId
    school_name_ko: Annotated[OrganisationName, Field(examples=["한빛공업고등학교"])]
    school_name_en: Annotated[OrganisationName | None, Field(examples=["Hanbit Technical High School"])]
    province: Province
    kind: Kind
