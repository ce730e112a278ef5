"""What is answered, and the rows it is made of."""

import json
from datetime import datetime
from typing import Annotated, Any

import asyncpg
from pydantic import BaseModel, ConfigDict, Field

from chassis.refusals import NotFound
from evaluation.domain.vocabulary import OfferState, RunStage, RunState, Stage, StandingState
from evaluation.rubrics.form import RubricForm

SCHOOL = "sch_0194f0c5c1de7c3ab8d2f1a0b3c4d5e6"


class View(BaseModel):
    model_config = ConfigDict(frozen=True)


def _ref(prefix: str) -> object:
    return Field(examples=[f"{prefix}_0194f0c5c1de7c3ab8d2f1a0b3c4d5e6"])


ApplicationRef = Annotated[str, _ref("app")]
ReviewerRef = Annotated[str, _ref("rev")]
RunRef = Annotated[str, _ref("run")]
SchoolRef = Annotated[str, _ref("sch")]


class CallView(View):
    id: str
    kinds: list[str]
    closed_at: datetime | None
    started_at: datetime | None = Field(description="When its evaluation started")
    standing: int | None = Field(description="Submissions that its closing event lists")
    missing: dict[str, int] = Field(
        description="Applications whose stream was not read as far as the closing event says, and how far"
    )
    schools_missing: list[str] = Field(description="Schools of these applications that are not known yet")


class OutstandingView(View):
    reviewer: ReviewerRef
    assigned: int
    scored: int
    overdue: int = Field(description="Not in, and the time is over")


class RubricProblemView(View):
    rule: str = Field(examples=["tie_break_missing"])
    field: str | None
    message: str


class RubricInUseView(View):
    """What a year is scored by; the newest version until the first score or closed stage freezes it."""

    name: str
    version: int | None = Field(description="Null where there is no such rubric")
    frozen_at: datetime | None
    problems: list[RubricProblemView] = Field(description="What keeps the year from being scored by it")


class StageView(View):
    """A stage of review that has reviewers; never anybody's scores."""

    kind: str
    stage: str
    closed_at: datetime | None
    passed: int | None
    cut: int | None
    assigned: int
    scored: int
    few: list[str] = Field(description="Applications with fewer reviewers than the policy says, while open")


class ProgressView(View):
    """How far evaluation of a year has come; never anybody's scores."""

    year: int = Field(examples=[2025])
    stage: Stage
    participants_known: bool = Field(description="Whether it is known who took part in the year before")
    lot_entered: bool
    rubric: RubricInUseView
    calls: list[CallView]
    applications: int = Field(description="Applications that stand")
    eligible: int
    assigned: int = Field(description="Assignments of standing applications")
    scored: int
    reviewers: list[OutstandingView]
    stages: list[StageView]
    appeals_until: datetime | None


class SchoolsView(View):
    known: int = Field(description="Schools known here")


class IneligibleView(View):
    application: ApplicationRef
    school: SchoolRef
    name_ko: str
    kind: str
    reasons: list[str]


class RubricView(RubricForm):
    """A version of a rubric; its `notice` and `kinds` may be saved again."""

    name: str
    version: int


class RubricVersionView(View):
    version: int
    added_by: str
    added_at: datetime
    years: list[int] = Field(description="Years that are scored by it")


class RunView(View):
    id: str = Field(examples=["run_0194f0c5c1de7c3ab8d2f1a0b3c4d5e6"])
    year: int
    version: int
    stage: RunStage
    state: RunState
    snapshot_sha256: str
    result_sha256: str
    rule: str = Field(examples=["selection-1"])
    code: str
    proposed_by: str
    proposed_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    published_at: datetime | None
    counts: dict[str, int] = Field(examples=[{"selected": 180, "reserve": 41, "not_passed": 28}])


class OutcomeView(View):
    """What a run says to a school, and why."""

    school: str = Field(examples=[SCHOOL])
    name_ko: str
    name_en: str | None
    province: str
    kind: str
    application: ApplicationRef
    rank: int | None
    outcome: str = Field(examples=["selected"])
    designations: list[str]
    reserve: int | None
    score: str = Field(examples=["87.125"])
    parts: dict[str, str]
    reasons: list[str]
    facts: dict[str, Any]
    explanation_ko: str
    explanation_en: str


class OfferView(View):
    id: str = Field(examples=["off_0194f0c5c1de7c3ab8d2f1a0b3c4d5e6"])
    year: int
    school: SchoolRef
    run: RunRef
    state: OfferState
    upgrade: bool
    designations: list[str] = Field(description="All the school would hold; none is a general place")
    added: list[str]
    made_at: datetime
    expires_at: datetime = Field(description="First moment that is too late to answer")
    answered_at: datetime | None


class StandingView(View):
    school: SchoolRef
    name_ko: str
    province: str
    kind: str
    state: StandingState
    designations: list[str]
    since: datetime
    rank: int | None
    reserve: int | None = Field(description="Number on the reserve list as of the last run")
    offer: str | None = Field(description="An offer that waits for an answer")


class QuotaView(View):
    name: str = Field(description="A quota group, `*` for the seats", examples=["*", "regional"])
    at_most: int
    held: int
    offered: int


class StandingsView(View):
    quotas: list[QuotaView]
    schools: list[StandingView]


class LeftOutView(View):
    """A later result that does not name the school any more: its application was put out or withdrawn."""

    stage: RunStage
    published_at: datetime
    result_sha256: str
    reasons: list[str] = Field(
        description="Those of the word on its eligibility, or `application_withdrawn`",
        examples=[["false_report"]],
    )


class OwnResultView(View):
    """What a school is told of its own year: the newest published run that names it, and where it stands."""

    year: int
    stage: RunStage
    published_at: datetime
    appeals_until: datetime | None
    result_sha256: str
    outcome: OutcomeView
    state: StandingState | None = Field(description="After the final result")
    designations: list[str] | None
    offer: OfferView | None
    left_out: LeftOutView | None = Field(description="What became of an outcome that does not stand any more")


def plain(row: asyncpg.Record) -> dict[str, Any]:
    """A row with its JSON read and its numbers as text."""
    return {name: _plain(name, value) for name, value in row.items()}


def _plain(name: str, value: Any) -> Any:
    if name in {"answers", "scores", "parts", "facts", "counts"} and value is not None:
        return json.loads(value)
    return f"{value:f}" if name == "score" else value


def found(row: asyncpg.Record | None, what: str) -> asyncpg.Record:
    if row is None:
        raise NotFound(f"{what}_not_found", f"There is no such {what}: {what}", what)
    return row
