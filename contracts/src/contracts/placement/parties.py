"""Whom several events of placement are about: a school, a company."""

from typing import Annotated, ClassVar

from pydantic import Field

from contracts import topics
from contracts.event import Event
from contracts.topics import Topic
from contracts.values import CompanyId, OrganisationName, Province, SchoolId


class SchoolEvent(Event):
    """What happens to a school; its stream."""

    topic: ClassVar[Topic] = topics.PLACEMENT
    key_field: ClassVar[str] = "school"

    school: SchoolId
    school_name_ko: Annotated[OrganisationName, Field(examples=["한빛공업고등학교"])]
    school_name_en: Annotated[OrganisationName | None, Field(examples=["Hanbit Technical High School"])]
    province: Annotated[Province, Field(description="Province of the school")]


class CompanyEvent(Event):
    """What happens to a company; its stream."""

    topic: ClassVar[Topic] = topics.PLACEMENT
    key_field: ClassVar[str] = "company"

    company: CompanyId
    company_name_ko: Annotated[OrganisationName, Field(examples=["한빛정밀"])]
    company_name_en: Annotated[OrganisationName | None, Field(examples=["Hanbit Precision"])]
