"""What the placement service tells of schools and companies: agreements, classes, openings, outcomes."""

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
    Moment,
    OpeningId,
    Ordinal,
    OrganisationName,
    Province,
    Reason,
    SchoolId,
    Track,
)


class _SchoolEvent(Event):
    topic: ClassVar[Topic] = topics.PLACEMENT
    key_field: ClassVar[str] = "school"

    school: SchoolId
    school_name_ko: Annotated[OrganisationName, Field(examples=["한빛공업고등학교"])]
    school_name_en: Annotated[OrganisationName | None, Field(examples=["Hanbit Technical High School"])]
    province: Annotated[Province, Field(description="Province of the school")]


class _AgreementEvent(_SchoolEvent):
    agreement: AgreementId
    company: CompanyId
    company_name_ko: Annotated[OrganisationName, Field(examples=["한빛정밀"])]
    company_name_en: Annotated[OrganisationName | None, Field(examples=["Hanbit Precision"])]
    company_province: Province
    starts_on: Annotated[date, Field(examples=["2025-04-01"])]
    ends_on: Annotated[date, Field(description="Last day in force", examples=["2026-02-28"])]


class AgreementProposed(_AgreementEvent):
    """A bipartite agreement of a school and a company waits for signatures."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "both parties are asked to sign"

    proposed_at: Moment


class AgreementInForce(_AgreementEvent):
    """Both parties signed; classes, rosters and openings may rest on the agreement."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "both parties are told"

    in_force_at: Moment


class _ClassEvent(_SchoolEvent):
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


class ClassClosed(_ClassEvent):
    """A class takes no one new; its present students are seen through."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "the school is told"

    students: Annotated[Count, Field(description="Students who are in it and stay")]
    reason: Annotated[Reason, Field(examples=["school_relinquished", "school_revoked", "ended"])]
    closed_at: Moment


class _CompanyEvent(Event):
    topic: ClassVar[Topic] = topics.PLACEMENT
    key_field: ClassVar[str] = "company"

    company: CompanyId
    company_name_ko: Annotated[OrganisationName, Field(examples=["한빛정밀"])]
    company_name_en: Annotated[OrganisationName | None, Field(examples=["Hanbit Precision"])]


class CompanyApproved(_CompanyEvent):
    """A company may sign agreements and publish openings."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "the company is told"

    province: Province
    industry: Annotated[Code, Field(examples=["machinery", "electronics", "software", "food"])]
    employees: Annotated[Count, Field(description="Number of employees", examples=[35])]
    approved_at: Moment


class _OpeningEvent(_CompanyEvent):
    opening: OpeningId
    places: Annotated[Count, Field(examples=[2])]


class OpeningPublished(_OpeningEvent):
    """A company offers places that students may list in their preferences."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "the company gets a confirmation, schools of its agreements are told"

    schools: Annotated[tuple[SchoolId, ...], Field(description="Schools with an agreement in force")]
    province: Annotated[Province, Field(description="Province of the work")]
    field: Annotated[Code, Field(description="Kind of work", examples=["smart_factory", "ai", "welding"])]
    wage_krw_per_hour: Annotated[Count, Field(examples=[10500])]
    hours_per_week: Annotated[int, Field(ge=1, le=168, examples=[35])]
    starts_on: Annotated[date, Field(examples=["2026-01-05"])]
    published_at: Moment


class OpeningFilled(_OpeningEvent):
    """Every place of an opening is taken by an active placement."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "the company is told"

    filled_at: Moment
