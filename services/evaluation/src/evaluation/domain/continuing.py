"""The continued-support evaluation of a school: where its figures come from, and whether it is confirmed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Literal

from evaluation.domain.figures import Counted, FigureScore, Lack, Outcome
from evaluation.domain.intake import Scored
from evaluation.domain.rubric import BONUS, Criterion, Figure, OutcomeFigure, OutcomeMeasure, Rubric
from evaluation.domain.scoring import BELOW_LINE, BELOW_MINIMUM
from evaluation.domain.vocabulary import SchoolId, Year

Decision = Literal["pending", "confirmed", "dropped"]
Texts = tuple[str, str]
"""Korean, English."""

Revisions = Mapping[tuple[SchoolId, int, date], Sequence[Outcome]]
"""Every revision told, the newest last, by school, cohort and day."""

_MEASURES: Final[Mapping[OutcomeMeasure, Texts]] = {
    "employment_rate": ("취업률", "employment rate"),
    "retention_6_months": ("6개월 유지취업률", "retention at 6 months"),
    "retention_12_months": ("12개월 유지취업률", "retention at 12 months"),
}
_LACKS: Final[Mapping[Lack, Texts]] = {
    "not_answered": ("신청서에 답이 없어", "nothing was answered in the application, so it counts as"),
    "not_reported": ("성과가 보고되지 않아", "nothing was reported, so it counts as"),
    "nobody_to_count": ("해당 학생이 없어", "there was nobody to count, so it counts as"),
}
_SHOWN: Final = Decimal("0.001")
BELOW_CUT_LINE: Final = "below_cut_line"
PARTS: Final[Mapping[str, Texts]] = {
    "quantitative": ("정량", "quantitative"),
    "qualitative": ("정성", "qualitative"),
}


@dataclass(frozen=True, slots=True)
class Sourced:
    """A figure's score with the outcome it comes from; `newest` is the last revision that was told."""

    criterion: Criterion
    figure: Figure
    score: FigureScore
    outcome: Outcome | None
    newest: int | None

    @property
    def points(self) -> Decimal:
        return self.criterion.points(self.score.score).quantize(_SHOWN)


@dataclass(frozen=True, slots=True)
class ContinuedSupport:
    """How a continuing school stands; without a total nothing is decided."""

    counted: Counted
    rubric: Rubric
    figures: tuple[Sourced, ...]
    total: Scored | None
    cut_line: Decimal

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is dropped, as codes."""
        if self.total is None:
            return ()
        low = (BELOW_CUT_LINE,) if self.total.total < self.cut_line else ()
        return (*self.total.barred, *low)

    @property
    def decision(self) -> Decision:
        if self.total is None:
            return "pending"
        return "dropped" if self.reasons else "confirmed"

    def explained(self) -> Texts:
        """Each figure with its source and what it scored; then what was decided, and why."""
        told = [_explained(each) for each in self.figures]
        if self.total is not None:
            told += [self._decided(self.total), *(self._because(each, self.total) for each in self.reasons)]
        return " ".join(ko for ko, _ in told), " ".join(en for _, en in told)

    def _decided(self, total: Scored) -> Texts:
        points = f"{total.total:f}"
        if self.decision == "confirmed":
            return (
                f"종합 {points}점으로 계속지원을 확정합니다.",
                f"With {points} points support is continued.",
            )
        return (
            f"종합 {points}점으로 계속지원에서 제외합니다.",
            f"With {points} points support is not continued.",
        )

    def _because(self, reason: str, total: Scored) -> Texts:
        """A reason with its line, and by how much that was missed where the total tells it."""
        (ko, en), line, points = self._line(reason, total)
        if line is None:
            return f"사유: {reason}.", f"Reason: {reason}."
        if points is None:
            return f"사유: {ko} {line:f}점 미달.", f"Reason: below {en} of {line:f}."
        by = line - points
        return f"사유: {ko} {line:f}점에 {by:f}점 부족.", f"Reason: {by:f} below {en} of {line:f}."

    def _line(self, reason: str, total: Scored) -> tuple[Texts, Decimal | None, Decimal | None]:
        """What line a reason speaks of, and the points that were held against it where they are known."""
        if reason == BELOW_CUT_LINE:
            return ("기준점수", "the cut line"), self.cut_line, total.total
        if reason.startswith(BELOW_LINE):
            rule = next(each for each in self.rubric.stages if reason == f"{BELOW_LINE}{each.stage}")
            reached = total.total - total.parts.get(BONUS, Decimal(0))
            known = rule is self.rubric.stages[-1]
            return ("평가 통과점수", "the stage's line"), rule.line, reached if known else None
        name = reason.removeprefix(BELOW_MINIMUM)
        if name in self.rubric.minima:
            ko, en = PARTS.get(name, (name, name))
            return (f"{ko} 최저점수", f"the {en} minimum"), self.rubric.minima[name], total.parts[name]
        criterion = next((each for each in self.rubric.criteria if each.name == name), None)
        if criterion is None:
            return (reason, reason), None, None
        texts = (f"{criterion.name_ko} 최저점수", f"the minimum for {criterion.name_en}")
        return texts, criterion.minimum, None


def sourced(
    rubric: Rubric, year: Year, school: SchoolId, scores: Iterable[FigureScore], revisions: Revisions
) -> tuple[Sourced, ...]:
    """The scores of a school's figures with the revisions they come from."""
    by_criterion = {score.criterion: score for score in scores}
    found = []
    for criterion, figure in rubric.figures():
        score = by_criterion.get(criterion.name)
        if score is None:
            continue
        told: Sequence[Outcome] = ()
        if isinstance(figure, OutcomeFigure):
            told = revisions.get((school, year - figure.cohort, figure.as_of.of(year)), ())
        used = next((each for each in told if each.revision == score.revision), None)
        found.append(Sourced(criterion, figure, score, used, told[-1].revision if told else None))
    return tuple(found)


def _explained(each: Sourced) -> Texts:
    name_ko, name_en = each.criterion.name_ko, each.criterion.name_en
    of = f"{each.score.score.normalize():f}/{each.criterion.scale.normalize():f}"
    source_ko, source_en = _source(each)
    return f"{name_ko}: {source_ko} {of}점.", f"{name_en}: {source_en} {of}."


def _source(each: Sourced) -> Texts:
    if each.score.lack is not None or each.score.value is None:
        return _LACKS[each.score.lack or "not_reported"]
    value = f"{each.score.value.quantize(_SHOWN).normalize():f}"
    if not isinstance(each.figure, OutcomeFigure) or each.outcome is None:
        return f"{value}이므로", f"{value} gives"
    ko, en = _MEASURES[each.figure.measure]
    cohort, day, formula = each.outcome.cohort, each.outcome.as_of, _formula(each.figure, each.outcome)
    return (
        f"{cohort}년 학생의 {day} 기준 {ko} {value}%({formula})이므로",
        f"{en} {value} % ({formula}) of the students of {cohort} as of {day} gives",
    )


def _formula(figure: OutcomeFigure, outcome: Outcome) -> str:
    counted, of = outcome.parts(figure.measure)
    if figure.measure != "employment_rate":
        return f"{counted} ÷ {of}"
    return f"{counted} ÷ ({outcome.graduates} - {outcome.advanced} - {outcome.enlisted} - {outcome.excluded})"
