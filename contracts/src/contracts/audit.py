"""Heads of the services' audit logs: whoever holds one can tell whether the log was rewritten since."""

from typing import Annotated, ClassVar, Final

from pydantic import Field

from contracts import topics
from contracts.event import Event
from contracts.topics import Service, Topic
from contracts.values import Code, Moment, Sha256


class _AuditSealed(Event):
    key_field: ClassVar[str] = "service"
    why: ClassVar[str] = "kept by services that cannot be made to forget it, to hold the log against"

    service: Annotated[Code, Field(examples=["evaluation"])]
    position: Annotated[
        int, Field(ge=1, le=2**53 - 1, description="Rows sealed up to this head", examples=[4711])
    ]
    head: Annotated[Sha256, Field(description="Hash of the last of them, over all before it")]
    told_at: Moment


class ApplicationsAuditSealed(_AuditSealed):
    """The audit log of applications stands at this head."""

    topic: ClassVar[Topic] = topics.APPLICATIONS_AUDIT
    read_by: ClassVar[tuple[Service, ...]] = ("evaluation", "placement")


class EvaluationAuditSealed(_AuditSealed):
    """The audit log of evaluation stands at this head."""

    topic: ClassVar[Topic] = topics.EVALUATION_AUDIT
    read_by: ClassVar[tuple[Service, ...]] = ("applications", "placement")


class PlacementAuditSealed(_AuditSealed):
    """The audit log of placement stands at this head."""

    topic: ClassVar[Topic] = topics.PLACEMENT_AUDIT
    read_by: ClassVar[tuple[Service, ...]] = ("applications", "evaluation")


class NotificationsAuditSealed(_AuditSealed):
    """The audit log of notifications stands at this head."""

    topic: ClassVar[Topic] = topics.NOTIFICATIONS_AUDIT
    read_by: ClassVar[tuple[Service, ...]] = ("applications", "evaluation", "placement")


AuditSealed = (
    ApplicationsAuditSealed | EvaluationAuditSealed | PlacementAuditSealed | NotificationsAuditSealed
)
SEALED: Final[tuple[type[AuditSealed], ...]] = (
    ApplicationsAuditSealed,
    EvaluationAuditSealed,
    PlacementAuditSealed,
    NotificationsAuditSealed,
)
