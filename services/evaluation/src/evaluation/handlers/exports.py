"""Use cases of exports: tables that officers take away, each read put on record."""

from typing import Literal

from chassis import audit
from chassis.transaction import Transaction
from evaluation.domain.statistics import ReviewerFigures
from evaluation.domain.vocabulary import Kind, RunId, Year
from evaluation.handlers import rubrics, statistics
from evaluation.store import intake
from evaluation.views import exports as views
from evaluation.views.exports import Column, Export, Language

Wanted = Literal["ranking", "scores", "reviewers", "results", "all"]


async def export(
    tx: Transaction, year: Year, wanted: Wanted, run: RunId | None, language: Language
) -> list[Export]:
    """The tables wanted, of a run of the year or of its final result; that they were read is on record.

    Raises:
        NotFound: rules `programme_year_not_found`, `run_not_found`.
    """
    made: list[Export] = []
    if run is not None or wanted in {"ranking", "results", "all"}:
        run = await views.run_of(tx, year, run)
    if run is not None and wanted in {"ranking", "all"}:
        made.append(await views.ranking(tx, run, language))
    if wanted in {"scores", "all"}:
        made.append(await views.scores(tx, year, language))
    if wanted in {"reviewers", "all"}:
        made.append(await _reviewers(tx, year))
    if run is not None and wanted in {"results", "all"}:
        made.append(await views.results(tx, run, language))
    await read_scores(tx, str(year), export=wanted, run=run)
    return made


async def read_scores(tx: Transaction, subject: str, **what: str | None) -> None:
    """Put on record that the actor read scores."""
    await audit.record(tx, "scores_read", subject, detail={n: v for n, v in what.items() if v is not None})


async def _reviewers(tx: Transaction, year: Year) -> Export:
    """Reviewers' severity and spread at each stage, in points of all given there, and how far they agree."""
    named = await rubrics.of_year(tx, await intake.year(tx, year))
    columns = (
        Column("kind", "구분", "Kind"),
        Column("stage", "단계", "Stage"),
        Column("reviewer", "평가위원 ID", "Reviewer id"),
        Column("sheets", "평가표", "Sheets"),
        Column("mean", "평균", "Mean"),
        Column("severity", "엄격도", "Severity"),
        Column("spread", "표준편차", "Spread"),
        Column("outlier", "이상치", "Outlier"),
        Column("alpha", "단계 일치도(크리펜도르프 알파)", "Agreement at the stage (Krippendorff's alpha)"),
    )
    rows: list[list[views.Value]] = []
    for kind, rubric in sorted(named.kinds.items()):
        for rule in rubric.stages:
            told = await statistics.of_stage(tx, year, Kind(kind), rule.stage)
            rows += [[kind, rule.stage, *_figures(each), told.alpha] for each in told.figures.reviewers]
    return Export("reviewers", columns, rows)


def _figures(each: ReviewerFigures) -> list[views.Value]:
    outlier = "yes" if each.outlier else "no"
    return [each.reviewer, each.sheets, each.mean, each.severity, each.spread, outlier]
