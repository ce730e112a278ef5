"""What the placement service tells of schools and companies: agreements, classes, openings, outcomes."""

from contracts.placement.agreements import (
    AgreementChanged,
    AgreementEnded,
    AgreementInForce,
    AgreementProposed,
)
from contracts.placement.classes import ClassChanged, ClassClosed, ClassOpened
from contracts.placement.companies import (
    CompanyApproved,
    CompanyReinstated,
    CompanySuspended,
    OpeningChanged,
    OpeningFilled,
    OpeningPublished,
    OpeningWithdrawn,
)
from contracts.placement.outcomes import (
    OutcomeCorrected,
    OutcomeReported,
    OutcomeReportingClosed,
    OutcomeStream,
)

__all__ = (
    "AgreementChanged",
    "AgreementEnded",
    "AgreementInForce",
    "AgreementProposed",
    "ClassChanged",
    "ClassClosed",
    "ClassOpened",
    "CompanyApproved",
    "CompanyReinstated",
    "CompanySuspended",
    "OpeningChanged",
    "OpeningFilled",
    "OpeningPublished",
    "OpeningWithdrawn",
    "OutcomeCorrected",
    "OutcomeReported",
    "OutcomeReportingClosed",
    "OutcomeStream",
)
