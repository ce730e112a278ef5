"""What is told of programme years and their calls for applications."""

from typing import Annotated, ClassVar

from pydantic import Field

from contracts import topics
from contracts.applications.policy import Policy
from contracts.event import Event, Part
from contracts.topics import Service, Topic
from contracts.values import ApplicationId, CallId, Kind, Moment, Reason, SchoolId, Sequence, Track


class ProgrammeYearOpened(Event):
    """A programme year began, with the whole policy version it runs under to its end."""

    topic: ClassVar[Topic] = topics.APPLICATIONS
    key_field: ClassVar[str] = "programme_year"
    read_by: ClassVar[tuple[Service, ...]] = ("evaluation", "placement")
    why: ClassVar[str] = (
        "evaluation scores, selects and promotes by this policy; placement takes class sizes and offer "
        "deadlines from it"
    )

    policy: Policy
    opened_at: Moment


class _CallEvent(Event):
    topic: ClassVar[Topic] = topics.APPLICATIONS
    key_field: ClassVar[str] = "programme_year"

    call: CallId


class _CallWindow(_CallEvent):
    kinds: Annotated[tuple[Kind, ...], Field(min_length=1, description="Kinds of applicant it is open to")]
    tracks: Annotated[tuple[Track, ...], Field(min_length=1, description="Tracks that may be asked for")]
    opens_at: Annotated[Moment, Field(description="First moment that counts as in time")]
    closes_at: Annotated[
        Moment, Field(description="First moment that is late", examples=["2025-02-14T09:00:00Z"])
    ]


class CallOpened(_CallWindow):
    """A call for applications was published; it accepts what arrives in its half-open window."""

    read_by: ClassVar[tuple[Service, ...]] = ("evaluation", "notifications")
    why: ClassVar[str] = "evaluation knows which calls have to close; notifications tells every school"

    opened_at: Moment


class CallAmended(_CallWindow):
    """A call changed; the event has the call as it is now."""

    read_by: ClassVar[tuple[Service, ...]] = ("evaluation", "notifications")
    why: ClassVar[str] = "schools are told of the new deadline"

    amended_at: Moment
    reason: Annotated[Reason, Field(examples=["deadline_moved", "correction"])]


class StandingApplication(Part):
    """A submission that stood when its call closed, and how far its stream had come."""

    application: ApplicationId
    sequence: Sequence


class CallClosed(_CallEvent):
    """A call closed after its last extension; the manifest lists every standing submission."""

    read_by: ClassVar[tuple[Service, ...]] = ("evaluation", "notifications")
    why: ClassVar[str] = (
        "evaluation starts when it has read every stream of the manifest at least that far; schools that "
        "applied are told that the call is closed"
    )

    closed_at: Moment
    manifest: tuple[StandingApplication, ...]


class ExtensionGranted(_CallEvent):
    """A named school may submit until a later moment."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "the school is told its own deadline"

    school: SchoolId
    until: Annotated[
        Moment,
        Field(description="First moment that is late for this school", examples=["2025-02-16T09:00:00Z"]),
    ]
    granted_at: Moment
    reason: Annotated[Reason, Field(examples=["system_outage", "natural_disaster"])]
