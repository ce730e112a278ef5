"""Stages of review in order: which one is open for a kind of school, and who goes on."""

from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal

from chassis.refusals import Conflict, NotFound
from evaluation.domain.rubric import Rubric, Rubrics, StageRule
from evaluation.domain.vocabulary import ApplicationId, ReviewStage

Closed = Collection[tuple[str, str]]
"""Kind and stage of what is closed."""


def open_stage(rubric: Rubric, closed: Collection[str]) -> ReviewStage | None:
    """The first stage of a kind that is not closed; None when all are."""
    return next((rule.stage for rule in rubric.stages if rule.stage not in closed), None)


def left(named: Rubrics, kinds: Collection[str], closed: Closed) -> Iterator[tuple[str, ReviewStage]]:
    """Kinds and stages that are not closed, in the order in which they may be."""
    for kind in sorted(kinds):
        for rule in named.kinds[kind].stages:
            if (kind, rule.stage) not in closed:
                yield kind, rule.stage


def may_close(named: Rubrics, kind: str, stage: ReviewStage, closed: Closed) -> StageRule:
    """The rule of a stage that is next to be closed for its kind.

    Raises:
        NotFound: rule `stage_not_found`, the rubric has no such stage for the kind.
        Conflict: rules `stage_closed`, `stage_before_open`.
    """
    rubric = named.kinds.get(kind)
    rule = next((rule for rule in rubric.stages if rule.stage == stage), None) if rubric else None
    if rubric is None or rule is None:
        raise NotFound(
            "stage_not_found", f"The rubric has no stage {stage} for {kind} schools: stage", "stage"
        )
    if (kind, stage) in closed:
        raise Conflict("stage_closed", f"The stage {stage} of {kind} schools is closed: stage", "stage")
    now = open_stage(rubric, {done for of, done in closed if of == kind})
    if now is not None and now != stage:
        raise Conflict("stage_before_open", f"The stage {now} comes first and is open: stage", "stage")
    return rule


def going_on(
    reached: Mapping[ApplicationId, Decimal], line: Decimal | None
) -> list[tuple[ApplicationId, Decimal, bool]]:
    """Points and whether they are enough to go on; what stands on the line goes on."""
    return [
        (application, points, line is None or points >= line)
        for application, points in sorted(reached.items())
    ]
