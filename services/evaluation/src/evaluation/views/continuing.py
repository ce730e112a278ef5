"""Figures and continued support as they are shown."""

from collections.abc import Iterable
from datetime import date

from pydantic import Field

from evaluation.domain.continuing import ContinuedSupport, Decision, Sourced
from evaluation.domain.figures import Counted, FigureScore, Lack
from evaluation.domain.rubric import OutcomeFigure
from evaluation.views.shapes import SCHOOL, ApplicationRef, SchoolRef, View


class HeadsView(View):
    """An outcome in heads, as the school's revision tells it."""

    cohort: int = Field(examples=[2024])
    as_of: date
    revision: int
    graduates: int
    employed: int
    advanced: int
    enlisted: int
    excluded: int
    due_6: int
    retained_6: int
    due_12: int
    retained_12: int


class FigureView(View):
    criterion: str = Field(examples=["employment"])
    name_ko: str
    name_en: str
    measure: str = Field(
        description="The measure, or the question that was answered", examples=["employment_rate"]
    )
    value: str | None = Field(description="Per cent, or the answer; null where there is none")
    lack: Lack | None = Field(description="Why there is no value")
    score: str = Field(examples=["22.115"])
    scale: str
    points: str
    outcome: HeadsView | None = Field(description="What it comes from")
    newest_revision: int | None = Field(
        description="The last revision told; later than the outcome's where it came after the final result"
    )


class ContinuedSupportView(View):
    """The continued-support evaluation of a school; pending until it may be known."""

    application: ApplicationRef
    school: str = Field(examples=[SCHOOL])
    name_ko: str
    figures: list[FigureView]
    total: str | None
    parts: dict[str, str] | None
    decision: Decision
    reasons: list[str] = Field(examples=[["below_line_performance"]])
    explanation_ko: str
    explanation_en: str


class MissingFigureView(View):
    """A figure without a value; unless an officer lets it count as nothing its stage cannot be closed."""

    application: ApplicationRef
    school: SchoolRef
    name_ko: str
    kind: str
    criterion: str
    lack: Lack
    waived: bool


def missing(scored: Iterable[tuple[Counted, list[FigureScore]]]) -> list[MissingFigureView]:
    return [
        MissingFigureView(
            application=counted.application,
            school=counted.school,
            name_ko=counted.name_ko,
            kind=counted.kind,
            criterion=each.criterion,
            lack=each.lack,
            waived=counted.waived,
        )
        for counted, scores in scored
        for each in scores
        if each.lack is not None
    ]


def continued(support: ContinuedSupport) -> ContinuedSupportView:
    ko, en = support.explained()
    total = support.total
    return ContinuedSupportView(
        application=support.counted.application,
        school=support.counted.school,
        name_ko=support.counted.name_ko,
        figures=[_figure(each) for each in support.figures],
        total=None if total is None else f"{total.total:f}",
        parts=None if total is None else {part: f"{points:f}" for part, points in total.parts.items()},
        decision=support.decision,
        reasons=list(support.reasons),
        explanation_ko=ko,
        explanation_en=en,
    )


def _figure(each: Sourced) -> FigureView:
    figure, outcome = each.figure, each.outcome
    heads = None
    if outcome is not None:
        heads = HeadsView.model_validate(outcome, from_attributes=True)
    return FigureView(
        criterion=each.criterion.name,
        name_ko=each.criterion.name_ko,
        name_en=each.criterion.name_en,
        measure=figure.measure if isinstance(figure, OutcomeFigure) else figure.question,
        value=None if each.score.value is None else f"{each.score.value:f}",
        lack=each.score.lack,
        score=f"{each.score.score:f}",
        scale=f"{each.criterion.scale:f}",
        points=f"{each.points:f}",
        outcome=heads,
        newest_revision=each.newest,
    )
