"""Whether a rubric can score a year: what its policy counts on has to be there."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from chassis.refusals import Invalid
from evaluation.domain.policy import YearPolicy
from evaluation.domain.rubric import AnswerFigure, AnswerGround, Rubric, Rubrics


@dataclass(frozen=True, slots=True)
class RubricInUse:
    """The rubric of a year; there is none where `version` is None, it may change where `frozen_at` is."""

    name: str
    version: int | None
    frozen_at: datetime | None
    problems: tuple[Invalid, ...]


def unfit(named: Rubrics, policy: YearPolicy) -> Iterator[Invalid]:
    """What keeps a rubric from scoring a year under this policy, each with the kind or criterion.

    Rules `kind_missing`, `tie_break_missing`, `question_missing`.
    """
    for kind in sorted({kind for pool in policy.pools for kind in pool}):
        rubric = named.kinds.get(kind)
        if rubric is None:
            detail = f"The rubric {named.name} has nothing for {kind} schools"
            yield Invalid("kind_missing", detail, f"kinds.{kind}")
            continue
        for name in policy.tie_breaks:
            if name not in rubric.parts:
                detail = f"Ties are broken by {name}, which is no part for {kind} schools"
                yield Invalid("tie_break_missing", detail, f"kinds.{kind}.criteria")
        asked = {question.name for question in policy.questions if kind in question.kinds}
        yield from _unanswered(rubric, asked, f"kinds.{kind}")


def _unanswered(rubric: Rubric, asked: set[str], field: str) -> Iterator[Invalid]:
    figures = [(f"criteria.{criterion.name}", figure) for criterion, figure in rubric.figures()]
    grounds = [(f"bonus.{bonus.name}", bonus.ground) for bonus in rubric.bonus]
    for path, needs in (*figures, *grounds):
        if isinstance(needs, AnswerFigure | AnswerGround) and needs.question not in asked:
            detail = f"{path.partition('.')[2]} counts {needs.question}, which the year does not ask"
            yield Invalid("question_missing", detail, f"{field}.{path}")
