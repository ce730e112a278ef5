"""What the notifications service tells: what became of each message."""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from contracts import topics
from contracts.event import Event
from contracts.topics import Service, Topic
from contracts.values import Code, Count, DeliveryId, Moment, Reason, Recipient


class _DeliveryEvent(Event):
    topic: ClassVar[Topic] = topics.NOTIFICATIONS
    key_field: ClassVar[str] = "delivery"
    read_by: ClassVar[tuple[Service, ...]] = ()

    delivery: DeliveryId
    recipient: Recipient
    template: Annotated[Code, Field(examples=["application_submitted", "school_selected"])]
    channel: Annotated[Code, Field(examples=["inbox", "mail"])]
    language: Annotated[Code, Field(examples=["ko", "en"])]
    attempt: Annotated[
        Count, Field(description="Attempts made so far; 0 where it was too late for the first", examples=[1])
    ]
    cause: Annotated[
        UUID,
        Field(description="Id of the event that was told", examples=["0194f0c5-c1de-7c3a-b8d2-f1a0b3c4d5e6"]),
    ]
    cause_type: Annotated[
        str,
        Field(
            pattern=r"^[a-z0-9.-]{1,100}$",
            description="Type of the event that was told",
            examples=["ieum.applications.application-submitted.v1"],
        ),
    ]


class NotificationDelivered(_DeliveryEvent):
    """A message reached its recipient's channel, which gave a receipt."""

    why: ClassVar[str] = "operators and auditors see that a party was told"

    delivered_at: Moment


class NotificationFailed(_DeliveryEvent):
    """A message was given up after its last attempt, or came too late to be sent."""

    why: ClassVar[str] = "operators see who has to be told in another way"

    reason: Annotated[Reason, Field(examples=["refused", "unreachable", "no_contact", "too_late"])]
    failed_at: Moment
