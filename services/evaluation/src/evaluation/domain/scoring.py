"""From reviewers' sheets to totals, in decimal arithmetic of 28 digits, half-even throughout.

For each part of the rubric the reviewers' points are normalised per reviewer, then aggregated per
application; to them come what figures score and bonus points. The total is the sum of the parts. Parts and
total are rounded to three decimals at the end.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from typing import Final, assert_never

from evaluation.domain.policy import Aggregation, Normalisation
from evaluation.domain.rubric import BONUS, Rubric
from evaluation.domain.vocabulary import ApplicationId, ReviewerId

ARITHMETIC: Final = Context(prec=28, rounding=ROUND_HALF_EVEN)
PLACES: Final = Decimal("0.001")
TRIMMED_FROM: Final = 5
"""Reviewers from which the highest and the lowest are left out of a trimmed mean."""
SPREAD_FROM: Final = 3
"""Applications a reviewer must have scored for the spread to mean anything; a default of this software."""

Points = Mapping[tuple[ApplicationId, ReviewerId], Decimal]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One reviewer's scores of one application, by criterion."""

    application: ApplicationId
    reviewer: ReviewerId
    scores: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Recorded:
    """What counts for an application beside its sheets: scores that figures gave, and bonuses it earned."""

    figures: Mapping[str, Decimal] = field(default_factory=dict)
    bonus: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Total:
    """What an application's scores come to; `barred` names the parts and criteria below their minimum."""

    application: ApplicationId
    total: Decimal
    parts: Mapping[str, Decimal]
    barred: tuple[str, ...]


def totals(
    sheets: Sequence[Sheet],
    rubric: Rubric,
    normalisation: Normalisation,
    aggregation: Aggregation,
    recorded: Mapping[ApplicationId, Recorded] | None = None,
) -> tuple[Total, ...]:
    """The totals of all applications scored by one rubric, by application id."""
    beside = recorded or {}
    with localcontext(ARITHMETIC):
        points = [(sheet, rubric.points(sheet.scores)) for sheet in sheets]
        parts = {}
        for part in rubric.parts:
            raw = {(sheet.application, sheet.reviewer): of[part] for sheet, of in points}
            parts[part] = aggregated(normalised(raw, normalisation), aggregation)
        scores = {
            criterion.name: aggregated(
                {(sheet.application, sheet.reviewer): sheet.scores[criterion.name] for sheet in sheets},
                aggregation,
            )
            for criterion in rubric.reviewed()
            if criterion.minimum is not None
        }
        return tuple(
            _total(
                application,
                {part: parts[part].get(application, Decimal(0)) for part in rubric.parts},
                {name: given[application] for name, given in scores.items()},
                rubric,
                beside.get(application, Recorded()),
            )
            for application in sorted({sheet.application for sheet in sheets} | beside.keys())
        )


def _total(
    application: ApplicationId,
    reviewed: Mapping[str, Decimal],
    scores: Mapping[str, Decimal],
    rubric: Rubric,
    recorded: Recorded,
) -> Total:
    by_figures = rubric.points(recorded.figures)
    points = {part: reviewed[part] + by_figures[part] for part in rubric.parts}
    if rubric.bonus:
        points[BONUS] = rubric.bonus_points(recorded.bonus)
    rounded = {part: each.quantize(PLACES) for part, each in points.items()}
    low = [part for part, minimum in rubric.minima.items() if rounded[part] < minimum]
    low += _below(rubric, {**scores, **recorded.figures})
    barred = tuple(f"below_minimum_{name}" for name in sorted(low))
    return Total(application, sum(points.values(), Decimal(0)).quantize(PLACES), rounded, barred)


def _below(rubric: Rubric, scores: Mapping[str, Decimal]) -> list[str]:
    """The criteria that miss the score they need; a figure that nobody knows misses it."""
    return [
        criterion.name
        for criterion in rubric.criteria
        if criterion.minimum is not None and scores.get(criterion.name, Decimal(0)) < criterion.minimum
    ]


def normalised(points: Points, normalisation: Normalisation) -> Points:
    """The points with each reviewer's severity taken off, and with `z_score` the spread as well.

    A reviewer is shifted so that their mean is the mean of all sheets; the spread (population standard
    deviation) is brought to that of all sheets unless they scored too few or all alike.
    """
    if normalisation == "off" or not points:
        return points
    overall = _mean(list(points.values()))
    spread = _deviation(list(points.values()))
    given = defaultdict(list)
    for (_, reviewer), value in points.items():
        given[reviewer].append(value)
    scales = {
        reviewer: (_mean(values), _stretch(values, spread, normalisation))
        for reviewer, values in given.items()
    }
    return {
        (application, reviewer): overall + (value - scales[reviewer][0]) * scales[reviewer][1]
        for (application, reviewer), value in points.items()
    }


def _stretch(values: Sequence[Decimal], spread: Decimal, normalisation: Normalisation) -> Decimal:
    match normalisation:
        case "off" | "mean_shift":
            return Decimal(1)
        case "z_score":
            own = _deviation(values)
            return spread / own if own and len(values) >= SPREAD_FROM else Decimal(1)
        case _:
            assert_never(normalisation)


def aggregated(points: Points, aggregation: Aggregation) -> dict[ApplicationId, Decimal]:
    """For each application the mean of its reviewers' points, trimmed where asked and there are enough."""
    given = defaultdict(list)
    for (application, _), value in points.items():
        given[application].append(value)
    match aggregation:
        case "mean":
            return {application: _mean(values) for application, values in given.items()}
        case "trimmed_mean":
            return {application: _mean(_trimmed(values)) for application, values in given.items()}
        case _:
            assert_never(aggregation)


def _trimmed(values: Sequence[Decimal]) -> Sequence[Decimal]:
    return sorted(values)[1:-1] if len(values) >= TRIMMED_FROM else values


def _mean(values: Sequence[Decimal]) -> Decimal:
    return sum(values, Decimal(0)) / len(values)


def _deviation(values: Sequence[Decimal]) -> Decimal:
    mean = _mean(values)
    return _mean([(value - mean) ** 2 for value in values]).sqrt()
