"""From reviewers' sheets and figures to totals, in decimal arithmetic of 28 digits, half-even throughout.

For each stage and part of the rubric the reviewers' points are normalised per reviewer, then aggregated per
application; what figures score and bonus points are added. Parts and total are rounded to three decimals at
the end. What the panel of an appeal gave counts as it was given.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from typing import Final, assert_never

from evaluation.domain.policy import Aggregation, Normalisation
from evaluation.domain.rubric import BONUS, Rubric
from evaluation.domain.vocabulary import ApplicationId, ReviewerId, ReviewStage

ARITHMETIC: Final = Context(prec=28, rounding=ROUND_HALF_EVEN)
PLACES: Final = Decimal("0.001")
TRIMMED_FROM: Final = 5
"""Reviewers from which the highest and the lowest are left out of a trimmed mean."""
SPREAD_FROM: Final = 3
"""Applications a reviewer must have scored for the spread to mean anything; a default of this software."""
BELOW_MINIMUM: Final = "below_minimum_"
BELOW_LINE: Final = "below_line_"

Points = Mapping[tuple[ApplicationId, ReviewerId], Decimal]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One reviewer's scores of one application at one stage, by criterion.

    `panel` says that they were given on the panel of an appeal, which hears no cross-section of the schools.
    """

    application: ApplicationId
    reviewer: ReviewerId
    scores: Mapping[str, Decimal]
    panel: bool = False


@dataclass(frozen=True, slots=True)
class Beside:
    """What counts beside reviewers' sheets: scores of figures by criterion, bonuses earned."""

    figures: Mapping[str, Decimal] = field(default_factory=dict)
    bonus: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Scores:
    """All that the applications of one kind are scored by.

    Attributes:
        sheets: By stage; an application that a stage cut has none later.
        beside: By application; every application of the kind stands here.
        cut: The stage that cut an application, for those that one did.
        beyond_cut: Whether figures of stages that an application never came to count, as in `scoring-1`.
    """

    sheets: Mapping[ReviewStage, Sequence[Sheet]]
    beside: Mapping[ApplicationId, Beside]
    cut: Mapping[ApplicationId, ReviewStage] = field(default_factory=dict)
    beyond_cut: bool = False


@dataclass(frozen=True, slots=True)
class Total:
    """What an application's scores come to.

    `barred` names the line it did not reach, and the parts and criteria below their minimum.
    """

    application: ApplicationId
    total: Decimal
    parts: Mapping[str, Decimal]
    barred: tuple[str, ...]


Parts = Mapping[ApplicationId, Mapping[str, Decimal]]
"""Points by application and part, not rounded."""


def totals(
    scores: Scores, rubric: Rubric, normalisation: Normalisation, aggregation: Aggregation
) -> tuple[Total, ...]:
    """The totals of all applications of a kind, by application id; of what was cut as far as it came."""
    scores = _at_last_line(_as_far_as_it_came(scores, rubric), rubric, normalisation, aggregation)
    with localcontext(ARITHMETIC):
        parts = _parts(scores, rubric, normalisation, aggregation)
        minima = _below_minima(scores, rubric, aggregation)
        return tuple(
            _total(application, parts[application], rubric, scores.cut.get(application), minima[application])
            for application in sorted(scores.beside)
        )


def reached(
    scores: Scores,
    rubric: Rubric,
    until: ReviewStage,
    normalisation: Normalisation,
    aggregation: Aggregation,
) -> dict[ApplicationId, Decimal]:
    """Points of each application up to and with a stage, bonus points aside, rounded to three decimals."""
    with localcontext(ARITHMETIC):
        parts = _parts(scores, rubric, normalisation, aggregation, until)
        return {
            application: sum((points for part, points in of.items() if part != BONUS), Decimal(0)).quantize(
                PLACES
            )
            for application, of in sorted(parts.items())
        }


def _as_far_as_it_came(scores: Scores, rubric: Rubric) -> Scores:
    """Leave out the figures of stages that came after the one which cut an application."""
    if scores.beyond_cut:
        return scores
    order = [rule.stage for rule in rubric.stages]
    later = {
        cut: {each.name for stage in order[place + 1 :] for each, _ in rubric.figures(stage)}
        for place, cut in enumerate(order)
    }
    beside = {
        application: replace(
            scores.beside[application],
            figures={
                name: score
                for name, score in scores.beside[application].figures.items()
                if name not in later.get(cut, ())
            },
        )
        for application, cut in scores.cut.items()
        if application in scores.beside
    }
    return replace(scores, beside={**scores.beside, **beside})


def _at_last_line(
    scores: Scores, rubric: Rubric, normalisation: Normalisation, aggregation: Aggregation
) -> Scores:
    """Hold the line of the last stage against what counts now: a figure was corrected, an appeal upheld.

    Earlier lines stand as they were drawn: whoever they cut has no scores of what came after.
    """
    last = rubric.stages[-1]
    if last.line is None:
        return scores
    cut = {application: stage for application, stage in scores.cut.items() if stage is not last.stage}
    points = reached(scores, rubric, last.stage, normalisation, aggregation)
    below = {each: last.stage for each, of in points.items() if each not in cut and of < last.line}
    return replace(scores, cut=cut | below)


def _parts(
    scores: Scores,
    rubric: Rubric,
    normalisation: Normalisation,
    aggregation: Aggregation,
    until: ReviewStage | None = None,
) -> Parts:
    """Points by part of the stages up to `until`, or of all stages with bonus points."""
    order = [rule.stage for rule in rubric.stages]
    stages = order if until is None else order[: order.index(until) + 1]
    parts = {application: dict.fromkeys(rubric.parts, Decimal(0)) for application in scores.beside}
    for stage in stages:
        for part, points in _comparable(scores.sheets.get(stage, ()), rubric, stage, normalisation).items():
            for application, mean in aggregated(points, aggregation).items():
                parts[application][part] += mean
    for application, beside in scores.beside.items():
        for stage in stages:
            for part, worth in _figures(beside, rubric, stage):
                parts[application][part] += worth
        if until is None and rubric.bonus:
            parts[application][BONUS] += rubric.bonus_points(beside.bonus)
    return parts


def _figures(beside: Beside, rubric: Rubric, stage: ReviewStage) -> Iterator[tuple[str, Decimal]]:
    """What the figures of a stage are worth, by part."""
    for criterion, _ in rubric.figures(stage):
        if criterion.name in beside.figures:
            yield criterion.part, criterion.points(beside.figures[criterion.name])


def _comparable(
    sheets: Sequence[Sheet], rubric: Rubric, stage: ReviewStage, normalisation: Normalisation
) -> dict[str, Points]:
    """Points by part: those of reviewers normalised among themselves, those of panels as they were given.

    A panel's few sheets would be shifted onto the mean of all others, whatever they say.
    """
    first = _reviewed([each for each in sheets if not each.panel], rubric, stage)
    heard = _reviewed([each for each in sheets if each.panel], rubric, stage)
    return {part: {**normalised(points, normalisation), **heard[part]} for part, points in first.items()}


def _reviewed(sheets: Sequence[Sheet], rubric: Rubric, stage: ReviewStage) -> dict[str, Points]:
    """Reviewers' points by part, for the parts that reviewers score at a stage."""
    parts = dict.fromkeys(criterion.part for criterion in rubric.reviewed(stage))
    points = [(sheet, rubric.points(sheet.scores)) for sheet in sheets]
    return {part: {(sheet.application, sheet.reviewer): of[part] for sheet, of in points} for part in parts}


def _below_minima(
    scores: Scores, rubric: Rubric, aggregation: Aggregation
) -> Mapping[ApplicationId, list[str]]:
    """Criteria whose aggregated score, as given by reviewers or figures, is below their minimum."""
    below: dict[ApplicationId, list[str]] = defaultdict(list)
    for criterion in rubric.criteria:
        if criterion.minimum is None:
            continue
        given: Mapping[ApplicationId, Decimal] = {
            application: beside.figures[criterion.name]
            for application, beside in scores.beside.items()
            if criterion.name in beside.figures
        }
        if criterion.by_reviewers:
            sheets = scores.sheets.get(criterion.stage, ())
            raw = {(each.application, each.reviewer): each.scores[criterion.name] for each in sheets}
            given = aggregated(raw, aggregation)
        for application, score in given.items():
            if score.quantize(PLACES) < criterion.minimum:
                below[application].append(f"{BELOW_MINIMUM}{criterion.name}")
    return below


def _total(
    application: ApplicationId,
    parts: Mapping[str, Decimal],
    rubric: Rubric,
    cut: ReviewStage | None,
    minima: Iterable[str],
) -> Total:
    rounded = {part: points.quantize(PLACES) for part, points in parts.items()}
    barred = _barred(rounded, rubric, cut, minima)
    return Total(application, sum(parts.values(), Decimal(0)).quantize(PLACES), rounded, tuple(barred))


def _barred(
    parts: Mapping[str, Decimal], rubric: Rubric, cut: ReviewStage | None, minima: Iterable[str]
) -> Iterator[str]:
    """Why an application does not pass; a part that its stages never came to has no minimum to miss."""
    if cut is not None:
        yield f"{BELOW_LINE}{cut}"
    else:
        for part, minimum in sorted(rubric.minima.items()):
            if parts[part] < minimum:
                yield f"{BELOW_MINIMUM}{part}"
    yield from minima


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
    """The same in whatever order the values come: sums of 28 digits would else differ in the last one."""
    return sum(sorted(values), Decimal(0)) / len(values)


def _deviation(values: Sequence[Decimal]) -> Decimal:
    mean = _mean(values)
    return _mean([(value - mean) ** 2 for value in values]).sqrt()
