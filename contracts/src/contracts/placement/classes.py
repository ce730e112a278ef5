"""What is told of employment-customised classes."""

from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field

from contracts.placement.parties import SchoolEvent
from contracts.topics import Service
from contracts.values import ClassId, Code, CompanyId, Count, Moment, Ordinal, Reason, Track


class _ClassEvent(SchoolEvent):
    employment_class: ClassId
    track: Track


class ClassOpened(_ClassEvent):
    """A selected school opened an employment-customised class."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "the school gets a confirmation, the companies of the class are told"

    field: Annotated[Code, Field(description="What is taught", examples=["smart_factory", "ai", "welding"])]
    capacity: Annotated[Ordinal, Field(description="Students it takes at most", examples=[20])]
    companies: Annotated[tuple[CompanyId, ...], Field(min_length=1)]
    starts_on: Annotated[date, Field(examples=["2025-05-01"])]
    ends_on: Annotated[date, Field(examples=["2025-12-31"])]
    opened_at: Moment


class ClassChanged(_ClassEvent):
    """A class goes on under another plan: as its school wants it, or without a company that left."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "the school is told"

    field: Annotated[Code, Field(description="What is taught", examples=["smart_factory", "ai", "welding"])]
    hours: Annotated[Ordinal, Field(description="Hours of training", examples=[350])]
    capacity: Annotated[Ordinal, Field(description="Students it takes at most", examples=[20])]
    companies: Annotated[tuple[CompanyId, ...], Field(min_length=1)]
    starts_on: Annotated[date, Field(examples=["2025-05-01"])]
    ends_on: Annotated[date, Field(examples=["2025-12-31"])]
    changed_at: Moment


class ClassClosed(_ClassEvent):
    """A class takes no one new; its present students are seen through."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "the school is told"

    students: Annotated[Count, Field(description="Students who are in it and stay")]
    reason: Annotated[Reason, Field(examples=["school_relinquished", "school_revoked", "ended"])]
    closed_at: Moment
