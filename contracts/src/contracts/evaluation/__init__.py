"""What the evaluation service tells: runs, results, each school's outcome, offers and reviewers' work."""

from contracts.evaluation.appeals import AppealDecided, AppealReceived
from contracts.evaluation.offers import OfferAccepted, OfferDeclined, OfferExpired, OfferMade, SchoolPromoted
from contracts.evaluation.results import (
    PreliminaryOutcomeAnnounced,
    SchoolNotSelected,
    SchoolRelinquished,
    SchoolReserved,
    SchoolRevoked,
    SchoolSelected,
)
from contracts.evaluation.reviews import (
    EligibilityDecided,
    EvaluationScheduled,
    ReviewerAssigned,
    ReviewerRecused,
    ReviewerReleased,
)
from contracts.evaluation.runs import ResultsPublished, RunApproved, RunProposed, SchoolStream

__all__ = (
    "AppealDecided",
    "AppealReceived",
    "EligibilityDecided",
    "EvaluationScheduled",
    "OfferAccepted",
    "OfferDeclined",
    "OfferExpired",
    "OfferMade",
    "PreliminaryOutcomeAnnounced",
    "ResultsPublished",
    "ReviewerAssigned",
    "ReviewerRecused",
    "ReviewerReleased",
    "RunApproved",
    "RunProposed",
    "SchoolNotSelected",
    "SchoolPromoted",
    "SchoolRelinquished",
    "SchoolReserved",
    "SchoolRevoked",
    "SchoolSelected",
    "SchoolStream",
)
