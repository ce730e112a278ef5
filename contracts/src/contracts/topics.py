"""The topics of the platform: what is fixed when they are born."""

from dataclasses import dataclass
from typing import Final, Literal

Service = Literal["applications", "evaluation", "placement", "notifications"]

BUCKETS: Final = 64
"""Keys fall into this many buckets; every topic's partition count divides it."""

DAY_MS: Final = 24 * 60 * 60 * 1000
YEAR_MS: Final = 365 * DAY_MS + DAY_MS
"""A year is never kept a day too short."""

ROOM_FOR_HEADERS: Final = 8 * 1024


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic of Kafka.

    Attributes:
        name: As Kafka knows it.
        area: The middle of the name and of its events' types.
        emitted_by: The only service that writes to it.
        partitions: Fixed for ever; divides 64.
        retention_ms: How long events stay, None for ever.
        keys: What the events of the topic may be keyed by, as field names.
        max_message_bytes: Kafka's `max.message.bytes`.
    """

    name: str
    area: str
    emitted_by: Service
    partitions: int
    retention_ms: int | None
    keys: tuple[str, ...]
    max_message_bytes: int = 1024 * 1024

    @property
    def max_event_bytes(self) -> int:
        """The largest event data that fits the topic together with its key, headers and framing."""
        return self.max_message_bytes - ROOM_FOR_HEADERS

    def config(self) -> dict[str, str]:
        """Kafka's configuration of the topic; replication is the cluster's own affair."""
        return {
            "cleanup.policy": "delete",
            "max.message.bytes": str(self.max_message_bytes),
            # Counted from arrival: a programme year may be played or imported long after its own dates.
            "message.timestamp.type": "LogAppendTime",
            "retention.bytes": "-1",
            "retention.ms": "-1" if self.retention_ms is None else str(self.retention_ms),
        }


APPLICATIONS: Final = Topic(
    name="ieum.applications.v1",
    area="applications",
    emitted_by="applications",
    partitions=8,
    retention_ms=None,
    keys=("school", "programme_year", "application"),
)
EVALUATION: Final = Topic(
    name="ieum.evaluation.v1",
    area="evaluation",
    emitted_by="evaluation",
    partitions=8,
    retention_ms=None,
    keys=("programme_year", "school", "application", "reviewer"),
)
PLACEMENT: Final = Topic(
    name="ieum.placement.v1",
    area="placement",
    emitted_by="placement",
    partitions=8,
    retention_ms=None,
    keys=("school", "company", "programme_year"),
)
STUDENTS: Final = Topic(
    name="ieum.students.v1",
    area="students",
    emitted_by="placement",
    partitions=16,
    retention_ms=3 * YEAR_MS,
    keys=("student",),
)
NOTIFICATIONS: Final = Topic(
    name="ieum.notifications.v1",
    area="notifications",
    emitted_by="notifications",
    partitions=8,
    retention_ms=YEAR_MS,
    keys=("delivery",),
)


def _audit(service: Service) -> Topic:
    return Topic(
        name=f"ieum.{service}-audit.v1",
        area=f"{service}-audit",
        emitted_by=service,
        # One key uses one of them; fewer than on the other topics would bound the lanes of every relay.
        partitions=8,
        retention_ms=None,
        keys=("service",),
    )


APPLICATIONS_AUDIT: Final = _audit("applications")
EVALUATION_AUDIT: Final = _audit("evaluation")
PLACEMENT_AUDIT: Final = _audit("placement")
NOTIFICATIONS_AUDIT: Final = _audit("notifications")
AUDITS: Final = (APPLICATIONS_AUDIT, EVALUATION_AUDIT, PLACEMENT_AUDIT, NOTIFICATIONS_AUDIT)
"""Heads of the audit logs, apart from the rest: small, and read by services that need nothing else of it."""

TOPICS: Final = (APPLICATIONS, EVALUATION, PLACEMENT, STUDENTS, NOTIFICATIONS, *AUDITS)
