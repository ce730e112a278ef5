"""How far reviewers agree: Krippendorff's alpha for interval data, by nltk."""

from collections import Counter
from decimal import Decimal
from typing import Final

from evaluation.domain.scoring import PLACES, Points

STEPS: Final = Decimal("0.1")
"""Points are compared in tenths: the library's time grows with the square of how many values there are."""


def alpha(points: Points) -> Decimal | None:
    """Krippendorff's alpha (interval), 1 for full agreement, 0 for chance, rounded to three decimals.

    Only applications with two sheets or more count. None where there are none, or where everybody gave all
    of them the same, so that nothing can be said.
    """
    from nltk.metrics.agreement import AnnotationTask  # noqa: PLC0415 - importing it takes half a second
    from nltk.metrics.distance import interval_distance  # noqa: PLC0415 - as above

    sheets = Counter(application for application, _ in points)
    data = [
        (reviewer, application, float(value.quantize(STEPS)))
        for (application, reviewer), value in sorted(points.items())
        if sheets[application] > 1
    ]
    if len({value for _, _, value in data}) < 2:  # noqa: PLR2004 - two different values
        return None
    return Decimal(str(AnnotationTask(data, distance=interval_distance).alpha())).quantize(PLACES)
