"""Each school's outcome in a result, and how it leaves."""

from typing import Annotated, ClassVar

from pydantic import Field

from contracts.evaluation.parties import Designations, OutcomeEvent, SchoolEvent
from contracts.topics import Service
from contracts.values import Code, Moment, Ordinal, Origin, Reason


class PreliminaryOutcomeAnnounced(OutcomeEvent):
    """A school's outcome in the preliminary result; it may change until the final one."""

    read_by: ClassVar[tuple[Service, ...]] = ("applications", "notifications")
    why: ClassVar[str] = (
        "the school is told and may appeal; an event of its own, so that nobody takes it for a selection"
    )

    outcome: Annotated[Code, Field(examples=["selected", "reserve", "not_passed"])]
    designations: Designations
    rank: Annotated[Ordinal | None, Field(description="Null below the cut line")]
    reserve: Annotated[Ordinal | None, Field(description="Number on the reserve list")]
    reasons: Annotated[tuple[Reason, ...], Field(examples=[["below_cut_line"]])]
    announced_at: Moment
    appeals_until: Annotated[Moment, Field(description="First moment too late for an appeal")]


class SchoolSelected(OutcomeEvent):
    """A school is selected by the final result (or was in an earlier, imported year)."""

    read_by: ClassVar[tuple[Service, ...]] = ("applications", "placement", "notifications")
    why: ClassVar[str] = (
        "applications shows it and knows next year's continuing schools; placement lets it sign agreements "
        "and open classes; the school is told"
    )

    designations: Designations
    rank: Annotated[Ordinal | None, Field(description="Null where imported")]
    selected_at: Moment
    origin: Origin = None


class SchoolReserved(OutcomeEvent):
    """A school passed the cut line and stands on the final reserve list."""

    read_by: ClassVar[tuple[Service, ...]] = ("applications", "notifications")
    why: ClassVar[str] = "applications shows it; the school is told its number"

    rank: Ordinal
    reserve: Annotated[Ordinal, Field(description="Number on the reserve list, from 1")]
    reserved_at: Moment


class SchoolNotSelected(OutcomeEvent):
    """A school is not selected by the final result and stands on no list."""

    read_by: ClassVar[tuple[Service, ...]] = ("applications", "notifications")
    why: ClassVar[str] = "applications shows it; the school is told why"

    reasons: Annotated[
        tuple[Reason, ...],
        Field(min_length=1, examples=[["below_cut_line"], ["below_minimum_quantitative"]]),
    ]
    decided_at: Moment


class _Departure(SchoolEvent):
    designations: Designations
    reason: Annotated[Reason, Field(examples=["application_withdrawn"])]


class SchoolRelinquished(_Departure):
    """A school gave up the place or the reserve number it held."""

    read_by: ClassVar[tuple[Service, ...]] = ("applications", "placement", "notifications")
    why: ClassVar[str] = "placement lets its classes take no one new; the school gets a confirmation"

    held: Annotated[Code, Field(description="What it gave up", examples=["selected", "reserve"])]
    relinquished_at: Moment


class SchoolRevoked(_Departure):
    """An officer took a selected school's place away."""

    read_by: ClassVar[tuple[Service, ...]] = ("applications", "placement", "notifications")
    why: ClassVar[str] = "placement lets its classes take no one new; the school is told the reason"

    revoked_at: Moment
