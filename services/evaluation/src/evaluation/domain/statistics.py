"""What reviewers' scores say about the reviewers: severity, spread, and sheets that stand apart.

For officers, before they close a stage. Nothing is decided by these figures.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Final

from evaluation.domain.rubric import Rubric
from evaluation.domain.scoring import ARITHMETIC, PLACES, Points, Sheet
from evaluation.domain.vocabulary import ApplicationId, ReviewerId

FAR: Final = Decimal(2)
"""Standard deviations from which a sheet or a reviewer stands apart; a default of this software."""
COMPARED_FROM: Final = 3
"""Sheets a reviewer must have for being called severe or lenient; a default of this software."""


@dataclass(frozen=True, slots=True)
class ReviewerFigures:
    """A reviewer's sheets at a stage, in points of all that reviewers give there.

    Attributes:
        mean: Of the points they gave.
        severity: How many points they gave less (above 0) or more (below 0) than the others did on the same
            applications, on average; None where they had nobody beside them.
        spread: Standard deviation (of the population) of the points they gave.
        outlier: Whether the severity stands apart from that of the others.
    """

    reviewer: ReviewerId
    sheets: int
    mean: Decimal
    severity: Decimal | None
    spread: Decimal
    outlier: bool


@dataclass(frozen=True, slots=True)
class Outlier:
    """A sheet far from the others on its application.

    `apart` is how far, in points; `deviations` the same in standard deviations of all sheets from their
    fellows.
    """

    application: ApplicationId
    reviewer: ReviewerId
    points: Decimal
    apart: Decimal
    deviations: Decimal


@dataclass(frozen=True, slots=True)
class Figures:
    sheets: int
    mean: Decimal | None
    reviewers: tuple[ReviewerFigures, ...]
    outliers: tuple[Outlier, ...]


def points_of(sheets: Sequence[Sheet], rubric: Rubric) -> dict[tuple[ApplicationId, ReviewerId], Decimal]:
    """What each sheet comes to, as the reviewer gave it."""
    with localcontext(ARITHMETIC):
        return {
            (sheet.application, sheet.reviewer): sum(rubric.points(sheet.scores).values(), Decimal(0))
            for sheet in sheets
        }


def figures(points: Points) -> Figures:
    """Severity, spread and outliers of what was given, rounded to three decimals."""
    with localcontext(ARITHMETIC):
        if not points:
            return Figures(0, None, (), ())
        apart = _apart(points)
        deviation = _deviation(list(apart.values()))
        return Figures(
            sheets=len(points),
            mean=_rounded(_mean(list(points.values()))),
            reviewers=_reviewers(points, apart),
            outliers=tuple(
                Outlier(
                    *pair,
                    points=_rounded(points[pair]),
                    apart=_rounded(distance),
                    deviations=_rounded(distance / deviation),
                )
                for pair, distance in sorted(apart.items(), key=lambda each: (-abs(each[1]), each[0]))
                if deviation and abs(distance) > FAR * deviation
            ),
        )


def _apart(points: Points) -> dict[tuple[ApplicationId, ReviewerId], Decimal]:
    """How far each sheet is from the mean of the others on its application, where there are others."""
    on: dict[ApplicationId, list[Decimal]] = defaultdict(list)
    for (application, _), value in points.items():
        on[application].append(value)
    return {
        (application, reviewer): value - (sum(on[application]) - value) / (len(on[application]) - 1)
        for (application, reviewer), value in points.items()
        if len(on[application]) > 1
    }


def _reviewers(
    points: Points, apart: Mapping[tuple[ApplicationId, ReviewerId], Decimal]
) -> tuple[ReviewerFigures, ...]:
    given, distances = defaultdict(list), defaultdict(list)
    for (_, reviewer), value in points.items():
        given[reviewer].append(value)
    for (_, reviewer), distance in apart.items():
        distances[reviewer].append(distance)
    severities = {reviewer: -_mean(all_of) for reviewer, all_of in distances.items()}
    compared = [s for reviewer, s in severities.items() if len(given[reviewer]) >= COMPARED_FROM]
    middle = _mean(compared) if compared else Decimal(0)
    deviation = _deviation(compared) if compared else Decimal(0)
    return tuple(
        ReviewerFigures(
            reviewer=reviewer,
            sheets=len(values),
            mean=_rounded(_mean(values)),
            severity=None if (severity := severities.get(reviewer)) is None else _rounded(severity),
            spread=_rounded(_deviation(values)),
            outlier=severity is not None
            and len(values) >= COMPARED_FROM
            and bool(deviation)
            and abs(severity - middle) > FAR * deviation,
        )
        for reviewer, values in sorted(given.items())
    )


def _mean(values: Sequence[Decimal]) -> Decimal:
    return sum(values, Decimal(0)) / len(values)


def _deviation(values: Sequence[Decimal]) -> Decimal:
    if not values:
        return Decimal(0)
    mean = _mean(values)
    return _mean([(value - mean) ** 2 for value in values]).sqrt()


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(PLACES)
