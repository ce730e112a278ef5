"""Works out off a scoring document alone how many points a school had reached by a stage.

It knows the JSON of the document and the rule as its text says it, and nothing of the code that scores.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import Any

Given = dict[tuple[str, str], Decimal]
"""Points of a part by application and reviewer."""


@dataclass
class Raw:
    """A scoring document, looked at for one school."""

    document: Mapping[str, Any]
    school: str
    own: Mapping[str, Any] = field(init=False)
    rubric: Mapping[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.own = next(each for each in self.document["applications"] if each["school"] == self.school)
        self.rubric = self.document["rubric"]["kinds"][self.own["kind"]]

    def line(self, stage: str) -> Decimal:
        return next(Decimal(each["line"]) for each in self.rubric["stages"] if each["stage"] == stage)

    def is_last(self, stage: str) -> bool:
        return bool(self.rubric["stages"][-1]["stage"] == stage)

    def minimum(self, name: str) -> Decimal | None:
        """The least that a criterion needs, where it needs any."""
        for each in self.rubric["criteria"]:
            if each["name"] == name and each["minimum"] is not None:
                return Decimal(each["minimum"])
        return None

    def reached(self, until: str) -> Decimal:
        """Points of the stages up to this one; bonus points aside, half-even to three decimals."""
        stages = [each["stage"] for each in self.rubric["stages"]]
        with localcontext(prec=60):
            total = sum(
                (self._at(stage) for stage in stages[: stages.index(until) + 1]),
                Decimal(0),
            )
            return total.quantize(Decimal("0.001"), ROUND_HALF_EVEN)

    def _at(self, stage: str) -> Decimal:
        criteria = [each for each in self.rubric["criteria"] if each["stage"] == stage]
        figures = self.own["figures"]
        points = sum(
            (_worth(each, figures[each["name"]]) for each in criteria if each["name"] in figures), Decimal(0)
        )
        reviewed = [each for each in criteria if each["scored_by"] == "reviewers"]
        for part in {each["part"] for each in reviewed}:
            points += self._reviewed(stage, [each for each in reviewed if each["part"] == part])
        return points

    def _reviewed(self, stage: str, criteria: Sequence[Mapping[str, Any]]) -> Decimal:
        kind = {a["id"] for a in self.document["applications"] if a["kind"] == self.own["kind"]}
        first: Given = {}
        heard: Given = {}
        for sheet in self.document["sheets"]:
            if sheet["stage"] == stage and sheet["application"] in kind:
                whose = heard if sheet["panel"] else first
                whose[sheet["application"], sheet["reviewer"]] = sum(
                    (_worth(each, sheet["scores"][each["name"]]) for each in criteria), Decimal(0)
                )
        given = {**_normalised(first, self.document["rules"]["normalisation"]), **heard}
        own = sorted(value for (application, _), value in given.items() if application == self.own["id"])
        if self.document["rules"]["aggregation"] == "trimmed_mean" and len(own) >= 5:
            own = own[1:-1]
        return _mean(own) if own else Decimal(0)


def _worth(criterion: Mapping[str, Any], score: str) -> Decimal:
    return Decimal(criterion["weight"]) * Decimal(score) / Decimal(criterion["scale"])


def _normalised(given: Given, how: str) -> Given:
    """Each reviewer's mean made that of all; with `z_score` the spread too, from three applications on."""
    if how == "off" or not given:
        return given
    overall, spread = _mean(list(given.values())), _spread(list(given.values()))
    by_reviewer: dict[str, list[Decimal]] = defaultdict(list)
    for (_, reviewer), value in given.items():
        by_reviewer[reviewer].append(value)

    def brought(reviewer: str, value: Decimal) -> Decimal:
        own = by_reviewer[reviewer]
        stretched = how == "z_score" and len(own) >= 3 and _spread(own) > 0
        return overall + (value - _mean(own)) * (spread / _spread(own) if stretched else 1)

    return {(of, reviewer): brought(reviewer, value) for (of, reviewer), value in given.items()}


def _mean(values: Sequence[Decimal]) -> Decimal:
    return sum(values, Decimal(0)) / len(values)


def _spread(values: Sequence[Decimal]) -> Decimal:
    return _mean([(value - _mean(values)) ** 2 for value in values]).sqrt()


Line = tuple[Decimal | None, Decimal | None]


def lines(documents: Sequence[Mapping[str, Any]], told: Mapping[str, Any], reason: str) -> Iterator[Line]:
    """Each line with what lacked that a reason may truly name, by scoring documents from the newest on.

    An earlier stage's line stands as its closing drew it, from whichever of the documents that was.
    """
    standing = [
        Raw(each, told["id"])
        for each in documents
        if any(told["id"] == application["school"] for application in each["applications"])
    ]
    kind, _, name = reason.partition("below_")[2].partition("_")
    if kind == "line" and standing:
        for raw in standing[:1] if standing[0].is_last(name) else standing:
            yield raw.line(name), raw.line(name) - raw.reached(name)
    elif kind == "minimum" and standing:
        part = standing[0].rubric["minima"].get(name)
        if part is None:
            yield standing[0].minimum(name), None
        else:
            yield Decimal(part), Decimal(part) - Decimal(told["criteria"][name])
    else:
        yield None, None
