"""What is told of companies and of the places that they offer."""

from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field

from contracts.placement.parties import CompanyEvent
from contracts.topics import Service
from contracts.values import Code, Count, Moment, OpeningId, Province, Reason, SchoolId


class CompanyApproved(CompanyEvent):
    """A company may sign agreements and publish openings."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "the company is told"

    province: Province
    industry: Annotated[Code, Field(examples=["machinery", "electronics", "software", "food"])]
    employees: Annotated[Count, Field(description="Number of employees", examples=[35])]
    approved_at: Moment


class CompanySuspended(CompanyEvent):
    """A company takes no new students; offers and unsigned agreements with it are withdrawn."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "the company is told; officers are told how many students are to be followed up"

    province: Province
    reason: Annotated[Reason, Field(examples=["labour_law_violation", "sme_status_lost", "wages_unpaid"])]
    students: Annotated[Count, Field(description="Students at work there, to be followed up")]
    suspended_at: Moment


class CompanyReinstated(CompanyEvent):
    """A suspended company may take new students again."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "the company is told"

    reinstated_at: Moment


class _OpeningEvent(CompanyEvent):
    opening: OpeningId
    places: Annotated[Count, Field(examples=[2])]


class _OfferedWork(_OpeningEvent):
    schools: Annotated[tuple[SchoolId, ...], Field(description="Schools with an agreement in force")]
    province: Annotated[Province, Field(description="Province of the work")]
    field: Annotated[Code, Field(description="Kind of work", examples=["smart_factory", "ai", "welding"])]
    wage_krw_per_hour: Annotated[Count, Field(examples=[10500])]
    hours_per_week: Annotated[int, Field(ge=1, le=168, examples=[35])]
    starts_on: Annotated[date, Field(examples=["2026-01-05"])]


class OpeningPublished(_OfferedWork):
    """A company offers places that students may list in their preferences."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "the company gets a confirmation, schools of its agreements are told"

    published_at: Moment


class OpeningChanged(_OfferedWork):
    """A company changed what an opening offers, while nobody held a place on other terms."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "schools of the company's agreements are told"

    changed_at: Moment


class OpeningWithdrawn(_OpeningEvent):
    """An opening offers no place to anyone new; what is held of it goes on."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "the company is told, also where its last agreement took the opening away"

    reason: Annotated[Reason, Field(examples=["agreement_over", "order_lost"])]
    held: Annotated[Count, Field(description="Places of offers, agreements and placements that go on")]
    withdrawn_at: Moment


class OpeningFilled(_OpeningEvent):
    """Every place of an opening is taken by an active placement."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "the company is told"

    filled_at: Moment
