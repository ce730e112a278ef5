"""What the applications service tells: schools, programme years, calls and applications."""

from contracts.applications.calls import (
    CallAmended,
    CallClosed,
    CallOpened,
    ExtensionGranted,
    ProgrammeYearOpened,
    StandingApplication,
)
from contracts.applications.policy import (
    ClassRules,
    PlacementRules,
    Policy,
    PromotionRules,
    Question,
    Quota,
    RequiredDocument,
    ScoringRules,
)
from contracts.applications.schools import SchoolClosed, SchoolRegistered, SchoolRenamed
from contracts.applications.submissions import (
    ApplicationAmended,
    ApplicationSubmitted,
    ApplicationWithdrawn,
    Document,
)

__all__ = (
    "ApplicationAmended",
    "ApplicationSubmitted",
    "ApplicationWithdrawn",
    "CallAmended",
    "CallClosed",
    "CallOpened",
    "ClassRules",
    "Document",
    "ExtensionGranted",
    "PlacementRules",
    "Policy",
    "ProgrammeYearOpened",
    "PromotionRules",
    "Question",
    "Quota",
    "RequiredDocument",
    "SchoolClosed",
    "SchoolRegistered",
    "SchoolRenamed",
    "ScoringRules",
    "StandingApplication",
)
