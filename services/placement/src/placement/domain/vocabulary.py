"""Ids, states and closed vocabularies of this service, in the words of the programme."""

from datetime import timedelta, timezone
from enum import StrEnum
from typing import Final, NewType

from placement.domain.matching import OpeningId, StudentId

__all__ = ["OpeningId", "StudentId"]

SchoolId = NewType("SchoolId", str)
CompanyId = NewType("CompanyId", str)
AgreementId = NewType("AgreementId", str)
ClassId = NewType("ClassId", str)
RoundId = NewType("RoundId", str)
OfferId = NewType("OfferId", str)
PlacementId = NewType("PlacementId", str)
Year = NewType("Year", int)

KST: Final = timezone(timedelta(hours=9), "KST")
"""Korea's time; it knows no summer time. Days of terms are days in Korea."""


class Side(StrEnum):
    """Who signs: 학교, 기업, 학생."""

    SCHOOL = "school"
    COMPANY = "company"
    STUDENT = "student"


class ParticipationState(StrEnum):
    SELECTED = "selected"
    RELINQUISHED = "relinquished"
    REVOKED = "revoked"


class CompanyState(StrEnum):
    REGISTERED = "registered"
    APPROVED = "approved"


class BipartiteState(StrEnum):
    PROPOSED = "proposed"
    IN_FORCE = "in_force"


class ClassState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class OpeningState(StrEnum):
    PUBLISHED = "published"
    FILLED = "filled"


class RoundState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"
    DECIDED = "decided"


class OfferState(StrEnum):
    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"


class TripartiteState(StrEnum):
    DRAFTED = "drafted"
    IN_FORCE = "in_force"


class Route(StrEnum):
    """How a placement came about."""

    MATCHING = "matching"
    OFFICER = "officer"


class PlacementState(StrEnum):
    ACTIVE = "active"
    ENDED = "ended"


class EndReason(StrEnum):
    """Why a placement ended: 해고, 자발적 퇴사, 폐업, 군 입대, 진학, 계약 만료, other."""

    DISMISSAL = "dismissal"
    RESIGNATION = "resignation"
    CLOSURE = "closure"
    MILITARY_SERVICE = "military_service"
    ADVANCED_STUDY = "advanced_study"
    CONTRACT_END = "contract_end"
    OTHER = "other"
