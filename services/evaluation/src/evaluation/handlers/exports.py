"""Use cases of exports: tables that officers take away, each read put on record."""

from collections.abc import Sequence
from typing import Literal

from chassis import audit
from chassis.transaction import Transaction
from evaluation.domain.rubric import Rubrics
from evaluation.domain.statistics import figures, points_of
from evaluation.domain.vocabulary import RunId, Year
from evaluation.handlers import rubrics
from evaluation.store import intake, sheets
from evaluation.store.sheets import Standing
from evaluation.views import exports as views
from evaluation.views.exports import Column, Export, Language

Wanted = Literal["ranking", "scores", "reviewers", "results", "all"]


async def export(
    tx: Transaction, year: Year, wanted: Wanted, run: RunId | None, language: Language
) -> list[Export]:
    """The tables wanted, of a run or of the newest; that they were read is on record.

    Raises:
        NotFound: rules `programme_year_not_found`, `run_not_found`.
    """
    made: list[Export] = []
    if wanted in {"ranking", "results", "all"}:
        run = run or await views.newest_run(tx, year)
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
    """Reviewers' severity and spread at each stage, in points of all they give there."""
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
    )
    rows = [row for of in _stages(await sheets.standing(tx, year)) for row in _rows(of, named)]
    return Export("reviewers", columns, rows)


def _stages(standing: Sequence[Standing]) -> list[list[Standing]]:
    groups: dict[tuple[str, str], list[Standing]] = {}
    for each in standing:
        groups.setdefault((each.kind, each.stage), []).append(each)
    return [groups[key] for key in sorted(groups)]


def _rows(of: Sequence[Standing], named: Rubrics) -> list[list[views.Value]]:
    first = of[0]
    told = figures(points_of([each.sheet for each in of], named.kinds[first.kind]))
    return [
        [
            first.kind,
            first.stage,
            each.reviewer,
            each.sheets,
            each.mean,
            each.severity,
            each.spread,
            "yes" if each.outlier else "no",
        ]
        for each in told.reviewers
    ]
