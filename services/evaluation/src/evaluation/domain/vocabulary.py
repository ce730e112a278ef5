"""Ids, states and closed vocabularies of this service, in the words of the programme."""

from datetime import timedelta, timezone
from enum import StrEnum
from typing import Final, NewType

SchoolId = NewType("SchoolId", str)
ApplicationId = NewType("ApplicationId", str)
CallId = NewType("CallId", str)
ReviewerId = NewType("ReviewerId", str)
RunId = NewType("RunId", str)
OfferId = NewType("OfferId", str)
AppealId = NewType("AppealId", str)
WhatIfId = NewType("WhatIfId", str)
Year = NewType("Year", int)

KST: Final = timezone(timedelta(hours=9), "KST")
"""Korea's time; it knows no summer time. Days of terms are days in Korea."""


class Kind(StrEnum):
    """계속지원학교, 신규참여학교."""

    CONTINUING = "continuing"
    NEW = "new"


class ReviewStage(StrEnum):
    """서면평가, 현장평가, 발표평가; 성과평가 of continuing schools."""

    DOCUMENTS = "documents"
    SITE_VISIT = "site_visit"
    PRESENTATION = "presentation"
    PERFORMANCE = "performance"


class Stage(StrEnum):
    """How far evaluation of a year has come."""

    REVIEWING = "reviewing"
    SCORED = "scored"
    PRELIMINARY = "preliminary"
    FINAL = "final"


class RunStage(StrEnum):
    PRELIMINARY = "preliminary"
    FINAL = "final"
    PROMOTION = "promotion"


class RunState(StrEnum):
    PROPOSED = "proposed"
    APPROVED = "approved"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"


class StandingState(StrEnum):
    """Where a school stands after the final result."""

    SELECTED = "selected"
    RESERVE = "reserve"
    NOT_SELECTED = "not_selected"
    RELINQUISHED = "relinquished"
    REVOKED = "revoked"


class OfferState(StrEnum):
    PENDING = "pending"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"


class Against(StrEnum):
    """What an appeal is against: what the preliminary result says, or that it leaves the school out."""

    RESULT = "result"
    ELIGIBILITY = "eligibility"


class AppealState(StrEnum):
    RECEIVED = "received"
    REVIEWING = "reviewing"
    UPHELD = "upheld"
    REJECTED = "rejected"
