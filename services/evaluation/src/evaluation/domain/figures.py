"""What figures score: answers of the application, and outcomes of the cohorts that a rubric names."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final, Literal, assert_never

from evaluation.domain.rubric import (
    AnswerFigure,
    AnswerGround,
    Criterion,
    OutcomeFigure,
    OutcomeMeasure,
    Rubric,
)
from evaluation.domain.vocabulary import ApplicationId, SchoolId, Year

HUNDRED: Final = Decimal(100)

Lack = Literal["not_answered", "not_reported", "nobody_to_count"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a school's cohort by a day, in heads, as its newest revision tells it.

    Source of the rate: the official formula, employed ÷ (graduates - advanced - enlisted - excluded).
    """

    school: SchoolId
    cohort: int
    as_of: date
    revision: int
    graduates: int
    employed: int
    advanced: int
    enlisted: int
    excluded: int
    due_6: int
    retained_6: int
    due_12: int
    retained_12: int

    def parts(self, measure: OutcomeMeasure) -> tuple[int, int]:
        """Heads that count, out of those that could."""
        match measure:
            case "employment_rate":
                return self.employed, self.graduates - self.advanced - self.enlisted - self.excluded
            case "retention_6_months":
                return self.retained_6, self.due_6
            case "retention_12_months":
                return self.retained_12, self.due_12
            case _:
                assert_never(measure)

    def percentage(self, measure: OutcomeMeasure) -> Decimal | None:
        """Per cent, in the precision of the context; None where there was nobody to count."""
        counted, of = self.parts(measure)
        return HUNDRED * counted / of if of > 0 else None


Outcomes = Mapping[tuple[SchoolId, int, date], Outcome]
"""The newest revisions, by school, cohort and day."""


def newest(revisions: Iterable[Outcome]) -> Outcomes:
    """The newest of revisions in their order."""
    return {(each.school, each.cohort, each.as_of): each for each in revisions}


@dataclass(frozen=True, slots=True)
class Counted:
    """An eligible application that stands, with what figures come from.

    `waived` says that an officer lets figures count as nothing while they are missing; `bonus` are those that
    officers put on record.
    """

    application: ApplicationId
    school: SchoolId
    name_ko: str
    kind: str
    answers: Mapping[str, str]
    waived: bool
    bonus: frozenset[str]


@dataclass(frozen=True, slots=True)
class FigureScore:
    """What a figure scores an application; `lack` says why there is no value, which scores nothing."""

    application: ApplicationId
    criterion: str
    score: Decimal
    value: Decimal | None = None
    revision: int | None = None
    lack: Lack | None = None


def wanted(rubric: Rubric, year: Year) -> frozenset[tuple[int, date]]:
    """Cohorts and days of the outcomes that a rubric asks for."""
    return frozenset(
        (year - figure.cohort, figure.as_of.of(year))
        for _, figure in rubric.figures()
        if isinstance(figure, OutcomeFigure)
    )


def scores(rubric: Rubric, counted: Counted, outcomes: Outcomes, year: Year) -> Iterator[FigureScore]:
    """What each figure of the rubric scores an application."""
    for criterion, figure in rubric.figures():
        if isinstance(figure, AnswerFigure):
            yield _answered(criterion, figure, counted)
        else:
            told = outcomes.get((counted.school, year - figure.cohort, figure.as_of.of(year)))
            yield _told(criterion, figure, counted, told)


def _answered(criterion: Criterion, figure: AnswerFigure, counted: Counted) -> FigureScore:
    value = answer(counted.answers, figure.question)
    if value is None:
        return FigureScore(counted.application, criterion.name, Decimal(0), lack="not_answered")
    return FigureScore(counted.application, criterion.name, criterion.score_of(figure, value), value)


def _told(criterion: Criterion, figure: OutcomeFigure, counted: Counted, told: Outcome | None) -> FigureScore:
    if told is None:
        return FigureScore(counted.application, criterion.name, Decimal(0), lack="not_reported")
    value = told.percentage(figure.measure)
    if value is None:
        return FigureScore(
            counted.application, criterion.name, Decimal(0), revision=told.revision, lack="nobody_to_count"
        )
    score = criterion.score_of(figure, value)
    return FigureScore(counted.application, criterion.name, score, value, told.revision)


def bonuses(rubric: Rubric, counted: Counted) -> frozenset[str]:
    """The bonuses that an application earned, by its answers or on an officer's record."""
    return frozenset(
        bonus.name
        for bonus in rubric.bonus
        if (
            answer(counted.answers, bonus.ground.question) == bonus.ground.equals
            if isinstance(bonus.ground, AnswerGround)
            else bonus.name in counted.bonus
        )
    )


def answer(answers: Mapping[str, str], question: str) -> Decimal | None:
    """The figure answered to a question; None where there is none."""
    try:
        value = Decimal(answers.get(question, ""))
    except InvalidOperation:
        return None
    return value if value.is_finite() else None
