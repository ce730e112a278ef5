"""What the register of schools tells."""

from typing import Annotated, ClassVar

from pydantic import Field

from contracts import topics
from contracts.event import Event
from contracts.topics import Service, Topic
from contracts.values import (
    FOUNDERS,
    SCHOOL_TYPES,
    STREAMS,
    Code,
    Moment,
    OrganisationName,
    Origin,
    Province,
    Reason,
    SchoolId,
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
