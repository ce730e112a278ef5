"""Runs of the selection and the results that are published of them."""

from typing import Annotated, ClassVar

from pydantic import Field

from contracts import topics
from contracts.event import Event, Part
from contracts.topics import Service, Topic
from contracts.values import Code, Count, Moment, RunId, SchoolId, Sequence, Sha256


class _RunEvent(Event):
    topic: ClassVar[Topic] = topics.EVALUATION
    key_field: ClassVar[str] = "programme_year"

    run: RunId
    stage: Annotated[
        Code, Field(description="What the run decides", examples=["preliminary", "final", "promotion"])
    ]
    snapshot_sha256: Sha256
    result_sha256: Sha256
    rule: Annotated[
        str,
        Field(pattern=r"^[a-z0-9-]{1,40}$", description="Version of the rule", examples=["selection-1"]),
    ]
    selected: Annotated[Count, Field(examples=[180])]
    reserved: Annotated[Count, Field(examples=[41])]
    not_selected: Annotated[Count, Field(examples=[28])]


class RunProposed(_RunEvent):
    """An officer proposed a run's result; another one has to approve it."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "the other officers are told that a result awaits approval"

    proposed_at: Moment


class RunApproved(_RunEvent):
    """A second officer approved the run, on these digests."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "the proposing officer is told; auditors see which digests were approved"

    approved_at: Moment


class SchoolStream(Part):
    """A school's stream and how far it had come when results were published."""

    school: SchoolId
    sequence: Sequence


class ResultsPublished(_RunEvent):
    """Results were published; the manifest lists the stream of every school that has one."""

    read_by: ClassVar[tuple[Service, ...]] = ("applications", "placement", "notifications")
    why: ClassVar[str] = (
        "applications shows the stage; placement starts classes when it has read every school's stream of "
        "the final manifest; notifications tells agencies and officers"
    )

    published_at: Moment
    appeals_until: Annotated[
        Moment | None, Field(description="First moment too late for an appeal; null when final")
    ]
    manifest: tuple[SchoolStream, ...]
