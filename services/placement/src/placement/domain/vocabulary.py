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
    SUSPENDED = "suspended"


class SmeStatus(StrEnum):
    """What the confirmation of SMEs (중소기업 확인서) says: 소상공인, 소기업, 중기업, or none of them."""

    MICRO = "micro"
    SMALL = "small"
    MEDIUM = "medium"
    NOT_SME = "not_sme"


class BipartiteState(StrEnum):
    """`withdrawn` was never in force; `ended` was, and is so before its term; `expired` by its last day."""

    PROPOSED = "proposed"
    IN_FORCE = "in_force"
    WITHDRAWN = "withdrawn"
    ENDED = "ended"
    EXPIRED = "expired"


class OverBy(StrEnum):
    """Who put an end to an agreement; `deadline` is nobody but the calendar."""

    SCHOOL = "school"
    COMPANY = "company"
    STUDENT = "student"
    OFFICER = "officer"
    DEADLINE = "deadline"


class ClassState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class LeaveReason(StrEnum):
    """Why a student leaves a class: 전학, 자퇴, 진로 변경, 건강, other; `transferred` goes to another one."""

    CHANGED_SCHOOL = "changed_school"
    LEFT_SCHOOL = "left_school"
    CHANGED_PLANS = "changed_plans"
    HEALTH = "health"
    OTHER = "other"
    TRANSFERRED = "transferred"


class OpeningState(StrEnum):
    """`withdrawn` offers no place to anyone new; the places that are held go on."""

    PUBLISHED = "published"
    FILLED = "filled"
    WITHDRAWN = "withdrawn"


class RoundState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"
    DECIDED = "decided"


class OfferState(StrEnum):
    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class TakeBackReason(StrEnum):
    """Why a company takes back an offer: 채용 중단, 업무 변경, 다른 경로로 충원, other."""

    HIRING_STOPPED = "hiring_stopped"
    WORK_CHANGED = "work_changed"
    FILLED_OTHERWISE = "filled_otherwise"
    OTHER = "other"


class TripartiteState(StrEnum):
    """`withdrawn` and `lapsed` were never in force; `ended` and `expired` were."""

    DRAFTED = "drafted"
    IN_FORCE = "in_force"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    ENDED = "ended"
    EXPIRED = "expired"


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
