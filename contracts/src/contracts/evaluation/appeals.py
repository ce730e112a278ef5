"""Appeals against the preliminary result."""

from typing import Annotated, ClassVar

from pydantic import Field

from contracts.evaluation.parties import ApplicationEvent
from contracts.topics import Service
from contracts.values import AppealId, Code, Moment, Reason, RunId


class AppealReceived(ApplicationEvent):
    """A school appealed against its preliminary result, in time."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "the school gets a confirmation; the officers have to convene a panel"

    appeal: AppealId
    run: Annotated[RunId, Field(description="The preliminary result it is against")]
    grounds: Annotated[tuple[Reason, ...], Field(min_length=1, examples=[["facts_overlooked"]])]
    received_at: Moment


class AppealDecided(ApplicationEvent):
    """An appeal was upheld or rejected; the final result says what became of the school."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "the school is told, and reads the reasoned answer in its own session"

    appeal: AppealId
    outcome: Annotated[Code, Field(examples=["upheld", "rejected"])]
    reasons: Annotated[tuple[Reason, ...], Field(min_length=1, examples=[["scores_corrected"]])]
    decided_at: Moment
