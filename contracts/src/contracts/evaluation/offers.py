"""Promotion: places that fell free are offered, answered and held."""

from typing import Annotated, ClassVar

from pydantic import Field

from contracts.evaluation.parties import Designations, OutcomeEvent, SchoolEvent
from contracts.topics import Service
from contracts.values import Moment, OfferId, RunId, Track


class _OfferEvent(SchoolEvent):
    offer: OfferId
    run: RunId
    upgrade: Annotated[
        bool, Field(description="The school holds a place already and would get a designation more")
    ]
    designations: Annotated[
        tuple[Track, ...],
        Field(
            description="All it holds once accepted, in its own order; none is a general place",
            examples=[["new_technology"]],
        ),
    ]


class OfferMade(_OfferEvent):
    """A place that fell free is offered to a school."""

    read_by: ClassVar[tuple[Service, ...]] = ("applications", "notifications")
    why: ClassVar[str] = "the school is told what it is offered and until when it can answer"

    offered_at: Moment
    expires_at: Annotated[Moment, Field(description="First moment that is too late to answer")]


class OfferAccepted(_OfferEvent):
    """The school accepted; a promotion follows in the same stream."""

    read_by: ClassVar[tuple[Service, ...]] = ("applications", "notifications")
    why: ClassVar[str] = "the school gets a confirmation"

    accepted_at: Moment


class OfferDeclined(_OfferEvent):
    """The school declined; it is never offered this again."""

    read_by: ClassVar[tuple[Service, ...]] = ("applications", "notifications")
    why: ClassVar[str] = "the school gets a confirmation"

    declined_at: Moment


class OfferExpired(_OfferEvent):
    """The school did not answer in time; it is never offered this again."""

    read_by: ClassVar[tuple[Service, ...]] = ("applications", "notifications")
    why: ClassVar[str] = "the school is told"

    expired_at: Moment


class SchoolPromoted(OutcomeEvent):
    """A school holds a place, or a designation more, by an accepted offer."""

    read_by: ClassVar[tuple[Service, ...]] = ("applications", "placement", "notifications")
    why: ClassVar[str] = (
        "placement lets it sign agreements and open classes as a selected school; the school is told"
    )

    offer: OfferId
    upgrade: bool
    designations: Designations
    promoted_at: Moment
