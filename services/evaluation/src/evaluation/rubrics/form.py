"""The JSON form of a rubric: read strictly, written as it is read. Decimals are text."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from contracts.values import Code, DecimalText
from evaluation.domain.rubric import (
    AnswerFigure,
    AnswerGround,
    AsOf,
    Bonus,
    Criterion,
    Figure,
    OutcomeFigure,
    OutcomeMeasure,
    Rubric,
    Rubrics,
    Span,
    StageRule,
)
from evaluation.domain.vocabulary import Kind, ReviewStage

Named = Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f]+$")]
Points = Annotated[str, Field(pattern=r"^[0-9]{1,6}(\.[0-9]{1,6})?$", examples=["12.5"])]


class Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AsOfForm(Form):
    """A day so many years before the programme year."""

    years_before: Annotated[int, Field(ge=0, le=20, examples=[1])]
    month: Annotated[int, Field(ge=1, le=12, examples=[12])]
    day: Annotated[int, Field(ge=1, le=31, examples=[31])]


class OutcomeForm(Form):
    """A percentage of a cohort's outcomes: linear between worth nothing and worth full marks."""

    measure: Annotated[OutcomeMeasure, Field(examples=["employment_rate"])]
    cohort: Annotated[int, Field(ge=1, le=20, description="Years before the programme year", examples=[1])]
    as_of: AsOfForm
    nothing: DecimalText
    full: DecimalText


class AnswerForm(Form):
    """A figure answered in the application: linear between the two values."""

    question: Annotated[Code, Field(examples=["partner_companies"])]
    nothing: DecimalText
    full: DecimalText


def _source(given: object) -> str:
    """Which form it is to be held against, so that only that one's faults are told."""
    if isinstance(given, str):
        return "reviewers"
    named = isinstance(given, OutcomeForm) or (isinstance(given, dict) and "measure" in given)
    return "outcome" if named else "answer"


ScoredBy = Annotated[
    Annotated[Literal["reviewers"], Tag("reviewers")]
    | Annotated[OutcomeForm, Tag("outcome")]
    | Annotated[AnswerForm, Tag("answer")],
    Discriminator(_source),
]


class CriterionForm(Form):
    name: Annotated[Code, Field(examples=["operation_plan"])]
    name_ko: Annotated[Named, Field(examples=["사업 운영 계획"])]
    name_en: Annotated[Named, Field(examples=["Operation plan"])]
    stage: Annotated[ReviewStage, Field(examples=["documents"])]
    part: Annotated[Code, Field(examples=["qualitative"])]
    weight: Points
    scale: Points
    step: Points
    minimum: Annotated[Points | None, Field(description="The score it needs")] = None
    scored_by: ScoredBy = "reviewers"


class StageForm(Form):
    stage: Annotated[ReviewStage, Field(examples=["documents"])]
    line: Annotated[Points | None, Field(description="Points that are needed to go on")] = None


class GroundForm(Form):
    """What the school has to answer; 1 is yes, 0 is no."""

    question: Annotated[Code, Field(examples=["local_funding"])]
    equals: DecimalText


class BonusForm(Form):
    name: Annotated[Code, Field(examples=["local_funding"])]
    name_ko: Annotated[Named, Field(examples=["지자체 대응투자"])]
    name_en: Annotated[Named, Field(examples=["Matching funds of the local government"])]
    points: Points
    ground: Literal["officer"] | GroundForm


class KindForm(Form):
    """What a kind of school is reviewed by; `minima` are the points that parts need."""

    stages: Annotated[tuple[StageForm, ...], Field(max_length=4)]
    criteria: Annotated[tuple[CriterionForm, ...], Field(max_length=60)]
    minima: Annotated[dict[Code, Points], Field(examples=[{"qualitative": "24"}])] = {}
    bonus: Annotated[tuple[BonusForm, ...], Field(max_length=20)] = ()


class RubricForm(Form):
    """A rubric's content; `notice` says whose values these are."""

    notice: Named = Field(examples=["A default of this software, not an official value."])
    kinds: Annotated[dict[Kind, KindForm], Field(min_length=1)]

    def rubrics(self, name: str, version: int) -> Rubrics:
        """As the domain knows it; not checked for contradictions yet."""
        kinds = {str(kind): _rubric(form) for kind, form in self.kinds.items()}
        return Rubrics(name, version, self.notice, kinds)


def form_of(rubrics: Rubrics) -> RubricForm:
    """The form that reads back as this rubric."""
    kinds = {Kind(kind): _kind_form(rubric) for kind, rubric in rubrics.kinds.items()}
    return RubricForm(notice=rubrics.notice, kinds=kinds)


def _rubric(form: KindForm) -> Rubric:
    return Rubric(
        stages=tuple(StageRule(each.stage, _decimal(each.line)) for each in form.stages),
        criteria=tuple(_criterion(each) for each in form.criteria),
        minima={part: Decimal(points) for part, points in form.minima.items()},
        bonus=tuple(_bonus(each) for each in form.bonus),
    )


def _criterion(form: CriterionForm) -> Criterion:
    return Criterion(
        name=form.name,
        name_ko=form.name_ko,
        name_en=form.name_en,
        stage=form.stage,
        part=form.part,
        weight=Decimal(form.weight),
        scale=Decimal(form.scale),
        step=Decimal(form.step),
        minimum=_decimal(form.minimum),
        scored_by=form.scored_by if isinstance(form.scored_by, str) else _figure(form.scored_by),
    )


def _figure(form: OutcomeForm | AnswerForm) -> Figure:
    span = Span(Decimal(form.nothing), Decimal(form.full))
    if isinstance(form, AnswerForm):
        return AnswerFigure(form.question, span)
    as_of = AsOf(form.as_of.years_before, form.as_of.month, form.as_of.day)
    return OutcomeFigure(form.measure, form.cohort, as_of, span)


def _bonus(form: BonusForm) -> Bonus:
    ground = form.ground
    return Bonus(
        form.name,
        form.name_ko,
        form.name_en,
        Decimal(form.points),
        ground if isinstance(ground, str) else AnswerGround(ground.question, Decimal(ground.equals)),
    )


def _kind_form(rubric: Rubric) -> KindForm:
    return KindForm(
        stages=tuple(StageForm(stage=each.stage, line=_text(each.line)) for each in rubric.stages),
        criteria=tuple(_criterion_form(each) for each in rubric.criteria),
        minima={part: f"{points:f}" for part, points in rubric.minima.items()},
        bonus=tuple(_bonus_form(each) for each in rubric.bonus),
    )


def _criterion_form(criterion: Criterion) -> CriterionForm:
    by = criterion.scored_by
    return CriterionForm(
        name=criterion.name,
        name_ko=criterion.name_ko,
        name_en=criterion.name_en,
        stage=criterion.stage,
        part=criterion.part,
        weight=f"{criterion.weight:f}",
        scale=f"{criterion.scale:f}",
        step=f"{criterion.step:f}",
        minimum=_text(criterion.minimum),
        scored_by=by if isinstance(by, str) else _figure_form(by),
    )


def _figure_form(figure: Figure) -> OutcomeForm | AnswerForm:
    nothing, full = f"{figure.span.nothing:f}", f"{figure.span.full:f}"
    if isinstance(figure, AnswerFigure):
        return AnswerForm(question=figure.question, nothing=nothing, full=full)
    as_of = AsOfForm(years_before=figure.as_of.years_before, month=figure.as_of.month, day=figure.as_of.day)
    return OutcomeForm(measure=figure.measure, cohort=figure.cohort, as_of=as_of, nothing=nothing, full=full)


def _bonus_form(bonus: Bonus) -> BonusForm:
    ground = bonus.ground
    return BonusForm(
        name=bonus.name,
        name_ko=bonus.name_ko,
        name_en=bonus.name_en,
        points=f"{bonus.points:f}",
        ground=ground
        if isinstance(ground, str)
        else GroundForm(question=ground.question, equals=f"{ground.equals:f}"),
    )


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"
