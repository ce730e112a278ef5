"""Ids, states and closed vocabularies of this service, in the words of the programme."""

from enum import StrEnum
from typing import NewType

SchoolId = NewType("SchoolId", str)
ReviewerId = NewType("ReviewerId", str)
CallId = NewType("CallId", str)
ApplicationId = NewType("ApplicationId", str)
DocumentId = NewType("DocumentId", str)
Year = NewType("Year", int)


class Kind(StrEnum):
    """What a school applies as: 계속지원학교 or 신규참여학교."""

    CONTINUING = "continuing"
    NEW = "new"


class Track(StrEnum):
    """What a designation is for; `general` is support without a designation."""

    GENERAL = "general"
    REGIONAL_KEY_INDUSTRY = "regional_key_industry"
    WORK_STUDY = "work_study"
    NEW_TECHNOLOGY = "new_technology"


class SchoolState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class CallState(StrEnum):
    ANNOUNCED = "announced"
    CLOSED = "closed"


class ApplicationState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    WITHDRAWN = "withdrawn"
