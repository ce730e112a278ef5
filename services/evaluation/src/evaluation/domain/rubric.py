"""Rubrics: what is reviewed in which stage, who or what scores it, on which scale, with which weight."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final, Literal

from chassis.refusals import Invalid, Refusal, Several
from evaluation.domain.vocabulary import ReviewStage

WEIGHTS: Final = Decimal(100)
BONUS: Final = "bonus"
"""The part that bonus points make; no criterion belongs to it."""

OutcomeMeasure = Literal["employment_rate", "retention_6_months", "retention_12_months"]
"""Percentages of a cohort: employed ÷ (graduates - advanced - enlisted - excluded), retained ÷ due."""
ByReviewers = Literal["reviewers"]
ByOfficer = Literal["officer"]


@dataclass(frozen=True, slots=True)
class AsOf:
    """A day so many years before the programme year."""

    years_before: int
    month: int
    day: int

    def of(self, year: int) -> date:
        """The day, for a programme year."""
        return date(year - self.years_before, self.month, self.day)


@dataclass(frozen=True, slots=True)
class Span:
    """A value worth `nothing` and one worth `full` marks; linear between, and no more or less beyond."""

    nothing: Decimal
    full: Decimal

    def share(self, value: Decimal) -> Decimal:
        """The share of full marks that a value is worth, 0 to 1."""
        share = (value - self.nothing) / (self.full - self.nothing)
        return min(max(share, Decimal(0)), Decimal(1))


@dataclass(frozen=True, slots=True)
class OutcomeFigure:
    """A percentage of the cohort of so many years before the programme year, as reported as of a day."""

    measure: OutcomeMeasure
    cohort: int
    as_of: AsOf
    span: Span


@dataclass(frozen=True, slots=True)
class AnswerFigure:
    """A figure that the school answers in its application."""

    question: str
    span: Span


Figure = OutcomeFigure | AnswerFigure


@dataclass(frozen=True, slots=True)
class Criterion:
    """What is scored: from 0 to `scale`, in steps of `step`; full marks are worth `weight` points.

    `minimum` is the score it needs, None where it needs none.
    """

    name: str
    name_ko: str
    name_en: str
    stage: ReviewStage
    part: str
    weight: Decimal
    scale: Decimal
    step: Decimal
    minimum: Decimal | None = None
    scored_by: ByReviewers | Figure = "reviewers"

    @property
    def by_reviewers(self) -> bool:
        return self.scored_by == "reviewers"

    def score_of(self, figure: Figure, value: Decimal) -> Decimal:
        """What a figure's value scores, rounded half-even to a whole step by the context of the caller."""
        steps = (figure.span.share(value) * self.scale / self.step).to_integral_value()
        return (steps * self.step).quantize(self.step)

    def points(self, score: Decimal) -> Decimal:
        """What a score is worth: score ÷ scale of the weight."""
        return self.weight * score / self.scale


@dataclass(frozen=True, slots=True)
class StageRule:
    """A stage of review; whoever has fewer than `line` points of those reachable so far does not go on."""

    stage: ReviewStage
    line: Decimal | None = None


@dataclass(frozen=True, slots=True)
class AnswerGround:
    """The school answers a question of the application with this figure (1 is yes, 0 is no)."""

    question: str
    equals: Decimal


@dataclass(frozen=True, slots=True)
class Bonus:
    """Points on top of the hundred, for what the school answered or an officer put on record."""

    name: str
    name_ko: str
    name_en: str
    points: Decimal
    ground: ByOfficer | AnswerGround


@dataclass(frozen=True, slots=True)
class Rubric:
    """Stages in order and criteria for one kind of school; `minima` are the points a part needs, by name."""

    stages: tuple[StageRule, ...]
    criteria: tuple[Criterion, ...]
    minima: Mapping[str, Decimal] = field(default_factory=dict)
    bonus: tuple[Bonus, ...] = ()

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts, in the order of the criteria; last that of bonus points, where there are any."""
        named = dict.fromkeys(criterion.part for criterion in self.criteria)
        return (*named, BONUS) if self.bonus else tuple(named)

    def in_stage(self, stage: ReviewStage) -> tuple[Criterion, ...]:
        return tuple(criterion for criterion in self.criteria if criterion.stage is stage)

    def reviewed(self, stage: ReviewStage | None = None) -> tuple[Criterion, ...]:
        """What reviewers score, in a stage or in all of them; a stage of figures alone has nothing."""
        return tuple(
            criterion
            for criterion in self.criteria
            if criterion.by_reviewers and stage in {None, criterion.stage}
        )

    def figures(self, stage: ReviewStage | None = None) -> tuple[tuple[Criterion, Figure], ...]:
        """What figures score, in a stage or in all of them, with the figure."""
        return tuple(
            (criterion, criterion.scored_by)
            for criterion in self.criteria
            if not isinstance(criterion.scored_by, str) and stage in {None, criterion.stage}
        )

    @property
    def questions(self) -> frozenset[str]:
        """Questions of the application whose answers score something."""
        figures = (figure for _, figure in self.figures())
        grounds = (bonus.ground for bonus in self.bonus)
        return frozenset(
            {figure.question for figure in figures if isinstance(figure, AnswerFigure)}
            | {ground.question for ground in grounds if isinstance(ground, AnswerGround)}
        )

    def reachable(self, stage: ReviewStage) -> Decimal:
        """Points within reach up to and with a stage, bonus aside."""
        order = [rule.stage for rule in self.stages]
        done = set(order[: order.index(stage) + 1])
        return sum((each.weight for each in self.criteria if each.stage in done), Decimal(0))

    def refuse(
        self,
        scores: Mapping[str, Decimal],
        field: str = "scores",
        *,
        stage: ReviewStage | None = None,
        draft: bool = False,
    ) -> None:
        """Refuse a reviewer's scores that are foreign, out of scale or missing, by name of the criterion.

        Only a draft may lack scores.

        Raises:
            Invalid: rules `score_missing`, `criterion_unknown`, `score_out_of_scale`, `score_off_step`.
        """
        refusals: list[Refusal] = list(self._against(scores, field, stage, draft=draft))
        if refusals:
            raise Several(refusals)

    def _against(
        self, scores: Mapping[str, Decimal], field: str, stage: ReviewStage | None, *, draft: bool
    ) -> Iterator[Invalid]:
        reviewed = self.reviewed(stage)
        for criterion in reviewed:
            path = f"{field}.{criterion.name}"
            score = scores.get(criterion.name)
            if score is None:
                if not draft:
                    yield Invalid("score_missing", f"The criterion {criterion.name} needs a score", path)
            elif not 0 <= score <= criterion.scale:
                scale = f"from 0 to {criterion.scale:f}"
                yield Invalid("score_out_of_scale", f"The score of {criterion.name} goes {scale}", path)
            elif score % criterion.step:
                steps = f"steps of {criterion.step:f}"
                yield Invalid("score_off_step", f"The score of {criterion.name} goes in {steps}", path)
        for name in sorted(scores.keys() - {criterion.name for criterion in reviewed}):
            detail = f"Reviewers score no criterion {name} here"
            yield Invalid("criterion_unknown", detail, f"{field}.{name}")

    def points(self, scores: Mapping[str, Decimal]) -> dict[str, Decimal]:
        """Points by part of the criteria that have a score; of the others none."""
        points = dict.fromkeys(self.parts, Decimal(0))
        for criterion in self.criteria:
            if criterion.name in scores:
                points[criterion.part] += criterion.points(scores[criterion.name])
        return points

    def bonus_points(self, earned: Collection[str]) -> Decimal:
        """What the bonuses named are worth together."""
        return sum((each.points for each in self.bonus if each.name in earned), Decimal(0))


@dataclass(frozen=True, slots=True)
class Rubrics:
    """A version of a named rubric, for each kind of school. `notice` says whose values these are."""

    name: str
    version: int
    notice: str
    kinds: Mapping[str, Rubric]
