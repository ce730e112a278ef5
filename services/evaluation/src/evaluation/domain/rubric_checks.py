"""What a rubric must keep so that every criterion can be scored, checked when it is saved."""

from calendar import monthrange
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from chassis.refusals import Invalid, Refusal, Several
from evaluation.domain.rubric import (
    BONUS,
    WEIGHTS,
    Bonus,
    Criterion,
    OutcomeFigure,
    Rubric,
    Rubrics,
)
from evaluation.domain.vocabulary import Kind, ReviewStage

_LEAP: Final = 2000
_KNOWN_AFTER: Final = {"employment_rate": 0, "retention_6_months": 0, "retention_12_months": 1}
"""Years after a cohort's own in which a measure of it can be known at the earliest."""


def refuse(rubrics: Rubrics) -> None:
    """Refuse a rubric that cannot be scored by, each fault with the name of its criterion.

    Raises:
        Invalid: rules `weights_sum`, `scale_range`, `minimum_range`, `minimum_unknown`, `line_range`,
            `criterion_duplicate`, `part_reserved`, `name_of_a_part`, `stage_duplicate`, `stage_unknown`,
            `stage_empty`, `stage_of_kind`, `span_empty`, `as_of_day`, `as_of_too_early`,
            `outcomes_of_kind`, `bonus_range`.
    """
    refusals: list[Refusal] = [
        refusal
        for kind, rubric in rubrics.kinds.items()
        for refusal in (
            *_stages(kind, rubric, f"kinds.{kind}"),
            *_criteria(kind, rubric, f"kinds.{kind}.criteria"),
            *_minima(rubric, f"kinds.{kind}.minima"),
            *_bonus(rubric, f"kinds.{kind}.bonus"),
        )
    ]
    if refusals:
        raise Several(refusals)


def _stages(kind: str, rubric: Rubric, field: str) -> Iterator[Invalid]:
    if not rubric.stages:
        yield Invalid("required", "A kind of school is reviewed in one stage at least", f"{field}.stages")
    order = [rule.stage for rule in rubric.stages]
    for stage, times in Counter(order).items():
        if times > 1:
            yield Invalid("stage_duplicate", f"The stage {stage} stands there twice", f"{field}.stages")
    for number, rule in enumerate(rubric.stages):
        path = f"{field}.stages.{number}"
        if rule.stage is ReviewStage.PERFORMANCE and kind != Kind.CONTINUING:
            detail = "Only continuing schools have a performance to review"
            yield Invalid("stage_of_kind", detail, f"{path}.stage")
        if not rubric.in_stage(rule.stage):
            yield Invalid("stage_empty", f"The stage {rule.stage} has no criterion", f"{path}.stage")
        reachable = rubric.reachable(rule.stage)
        if rule.line is not None and not 0 <= rule.line <= reachable:
            detail = f"The line of {rule.stage} goes from 0 to the {reachable:f} points reachable by then"
            yield Invalid("line_range", detail, f"{path}.line")


def _criteria(kind: str, rubric: Rubric, field: str) -> Iterator[Invalid]:
    weights = sum((criterion.weight for criterion in rubric.criteria), Decimal(0))
    if weights != WEIGHTS:
        yield Invalid("weights_sum", f"The weights sum to {weights:f}, they must to {WEIGHTS}", field)
    for name, times in Counter(criterion.name for criterion in rubric.criteria).items():
        if times > 1:
            yield Invalid(
                "criterion_duplicate", f"The criterion {name} stands there twice", f"{field}.{name}"
            )
    parts = set(rubric.parts)
    for criterion in rubric.criteria:
        yield from _scale(criterion, f"{field}.{criterion.name}")
        yield from _belongs(criterion, rubric, parts, f"{field}.{criterion.name}")
        yield from _figure(criterion, kind, f"{field}.{criterion.name}.scored_by")


def _scale(criterion: Criterion, field: str) -> Iterator[Invalid]:
    if min(criterion.weight, criterion.scale, criterion.step) <= 0 or criterion.scale % criterion.step:
        detail = f"Weight, scale and step of {criterion.name} must be positive and the scale whole steps"
        yield Invalid("scale_range", detail, field)
    elif criterion.minimum is not None and not 0 <= criterion.minimum <= criterion.scale:
        detail = f"The minimum of {criterion.name} goes from 0 to {criterion.scale:f}"
        yield Invalid("minimum_range", detail, f"{field}.minimum")


def _belongs(criterion: Criterion, rubric: Rubric, parts: set[str], field: str) -> Iterator[Invalid]:
    if criterion.stage not in {rule.stage for rule in rubric.stages}:
        detail = f"{criterion.name} is never reached: {criterion.stage} is none of the stages"
        yield Invalid("stage_unknown", detail, f"{field}.stage")
    if criterion.part == BONUS:
        detail = f"{criterion.name} cannot belong to {BONUS}, which holds bonus points"
        yield Invalid("part_reserved", detail, f"{field}.part")
    if criterion.name in parts:
        detail = f"{criterion.name} is called like a part; reasons could not tell them apart"
        yield Invalid("name_of_a_part", detail, f"{field}.name")


def _figure(criterion: Criterion, kind: str, field: str) -> Iterator[Invalid]:
    figure = criterion.scored_by
    if isinstance(figure, str):
        return
    if isinstance(figure, OutcomeFigure):
        if kind != Kind.CONTINUING:
            detail = f"{criterion.name} asks for outcomes, which only continuing schools have"
            yield Invalid("outcomes_of_kind", detail, field)
        yield from _as_of(criterion.name, figure, f"{field}.as_of")
    if figure.span.nothing == figure.span.full:
        detail = f"One value of {criterion.name} cannot be worth nothing and full marks"
        yield Invalid("span_empty", detail, f"{field}.full")


def _as_of(name: str, figure: OutcomeFigure, field: str) -> Iterator[Invalid]:
    as_of = figure.as_of
    leap_day = (as_of.month, as_of.day) == (2, 29)
    if leap_day or not 1 <= as_of.day <= monthrange(_LEAP, as_of.month)[1]:
        yield Invalid("as_of_day", f"{name} is asked as of a day that is not in every year", field)
    if figure.cohort - as_of.years_before < _KNOWN_AFTER[figure.measure]:
        detail = f"{figure.measure} of that cohort is not known yet on the day {name} asks for"
        yield Invalid("as_of_too_early", detail, field)


def _minima(rubric: Rubric, field: str) -> Iterator[Invalid]:
    for part, minimum in rubric.minima.items():
        most = sum((each.weight for each in rubric.criteria if each.part == part), Decimal(0))
        if part not in rubric.parts or part == BONUS:
            yield Invalid("minimum_unknown", f"The rubric has no part {part}", f"{field}.{part}")
        elif not 0 <= minimum <= most:
            yield Invalid(
                "minimum_range", f"The minimum of {part} goes from 0 to {most:f}", f"{field}.{part}"
            )


def _bonus(rubric: Rubric, field: str) -> Iterator[Invalid]:
    taken = Counter((*(each.name for each in rubric.bonus), *(each.name for each in rubric.criteria)))
    for bonus in rubric.bonus:
        yield from _bonus_of(bonus, f"{field}.{bonus.name}")
        if taken[bonus.name] > 1:
            detail = f"There are two criteria or bonuses named {bonus.name}"
            yield Invalid("criterion_duplicate", detail, f"{field}.{bonus.name}")


def _bonus_of(bonus: Bonus, field: str) -> Iterator[Invalid]:
    if not 0 < bonus.points <= WEIGHTS:
        detail = f"The points of {bonus.name} are more than 0 and at most {WEIGHTS}"
        yield Invalid("bonus_range", detail, f"{field}.points")
