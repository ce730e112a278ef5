"""The rule of selection on arrays, compiled by numba: for more applicants than plain Python does in a moment.

It stands beside the domain and gives what `evaluation.domain.walk` gives; `evaluation.domain.guarantees` and
`.pairs` say why margins decide. Importing numba and compiling at the first call take seconds, so ordinary
years are left to the plain rule.
"""

from collections.abc import Sequence

from evaluation.domain.guarantees import Limits, Turn
from evaluation.domain.walk import Step
from evaluation.kernel import pairs, singles
from evaluation.kernel.arrays import Flags, Integers, Small
from evaluation.kernel.singles import rank, settle

__all__ = ("Flags", "Integers", "Small", "rank", "settle", "steps")


def steps(limits: Limits, turns: Sequence[Turn]) -> list[Step]:
    """What each turn comes to, without what was missed."""
    if limits.designations <= 1:
        return singles.steps(limits, turns)
    return pairs.steps(limits, turns)
