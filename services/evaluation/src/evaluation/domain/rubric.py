"""Rubrics: what reviewers score, on which scale, with which weight."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from chassis.refusals import Invalid, Refusal, Several

WEIGHTS: Final = Decimal(100)


@dataclass(frozen=True, slots=True)
class Criterion:
    """What is scored: from 0 to `scale`, in steps of `step`; full marks are worth `weight` points."""

    name: str
    name_ko: str
    name_en: str
    part: str
    weight: Decimal
    scale: Decimal
    step: Decimal


@dataclass(frozen=True, slots=True)
class Rubric:
    """The criteria for one kind of school; `minima` are the points a part needs, by its name."""

    criteria: tuple[Criterion, ...]
    minima: Mapping[str, Decimal]

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts, in the order of the criteria."""
        return tuple(dict.fromkeys(criterion.part for criterion in self.criteria))

    def refuse(self, scores: Mapping[str, Decimal], field: str = "scores") -> None:
        """Refuse scores that are missing, foreign or out of scale, each by the name of its criterion.

        Raises:
            Invalid: rules `score_missing`, `criterion_unknown`, `score_out_of_scale`, `score_off_step`.
        """
        refusals: list[Refusal] = list(self._against(scores, field))
        if refusals:
            raise Several(refusals)

    def _against(self, scores: Mapping[str, Decimal], field: str) -> Iterator[Invalid]:
        for criterion in self.criteria:
            path = f"{field}.{criterion.name}"
            score = scores.get(criterion.name)
            if score is None:
                yield Invalid("score_missing", f"The criterion {criterion.name} needs a score", path)
            elif not 0 <= score <= criterion.scale:
                scale = f"from 0 to {criterion.scale}"
                yield Invalid("score_out_of_scale", f"The score of {criterion.name} goes {scale}", path)
            elif score % criterion.step:
                steps = f"steps of {criterion.step}"
                yield Invalid("score_off_step", f"The score of {criterion.name} goes in {steps}", path)
        for name in scores.keys() - {criterion.name for criterion in self.criteria}:
            yield Invalid("criterion_unknown", f"The rubric has no criterion {name}", f"{field}.{name}")

    def points(self, scores: Mapping[str, Decimal]) -> dict[str, Decimal]:
        """A sheet's points by part: of each criterion score ÷ scale of its weight."""
        points = dict.fromkeys(self.parts, Decimal(0))
        for criterion in self.criteria:
            points[criterion.part] += criterion.weight * scores[criterion.name] / criterion.scale
        return points


@dataclass(frozen=True, slots=True)
class Rubrics:
    """A named rubric with its criteria for each kind of school. `notice` says whose values these are."""

    name: str
    notice: str
    kinds: Mapping[str, Rubric]

    def refuse(self) -> None:
        """Refuse a rubric that cannot be scored by.

        Raises:
            Invalid: rules `weights_sum`, `scale_range`, `criterion_duplicate`, `minimum_unknown`,
                `minimum_range`.
        """
        refusals: list[Refusal] = [
            refusal
            for kind, rubric in self.kinds.items()
            for refusal in _contradictions(rubric, f"kinds.{kind}")
        ]
        if refusals:
            raise Several(refusals)

    def lacks(self, tie_breaks: tuple[str, ...]) -> tuple[str, ...]:
        """The tie-breaks that are not a part for every kind."""
        return tuple(
            name for name in tie_breaks if any(name not in rubric.parts for rubric in self.kinds.values())
        )


def _contradictions(rubric: Rubric, field: str) -> Iterator[Invalid]:
    criteria = f"{field}.criteria"
    if sum(criterion.weight for criterion in rubric.criteria) != WEIGHTS:
        yield Invalid("weights_sum", f"The weights must sum to {WEIGHTS}", criteria)
    for name, times in Counter(criterion.name for criterion in rubric.criteria).items():
        if times > 1:
            yield Invalid("criterion_duplicate", f"The criterion {name} stands there twice", criteria)
    for criterion in rubric.criteria:
        if min(criterion.weight, criterion.scale, criterion.step) <= 0 or criterion.scale % criterion.step:
            detail = f"Weight, scale and step of {criterion.name} must be positive and the scale whole steps"
            yield Invalid("scale_range", detail, f"{criteria}.{criterion.name}")
    yield from _unreachable(rubric, f"{field}.minima")


def _unreachable(rubric: Rubric, field: str) -> Iterator[Invalid]:
    for part, minimum in rubric.minima.items():
        most = sum(criterion.weight for criterion in rubric.criteria if criterion.part == part)
        if part not in rubric.parts:
            yield Invalid("minimum_unknown", f"The rubric has no part {part}", f"{field}.{part}")
        elif not 0 <= minimum <= most:
            yield Invalid("minimum_range", f"The minimum of {part} goes from 0 to {most}", f"{field}.{part}")
