"""Appeals, as officers and as the school see them."""

from datetime import datetime
from typing import Any, Final

import asyncpg
from pydantic import Field

from chassis.transaction import ReadTransaction
from evaluation.domain.vocabulary import Against, AppealId, AppealState, SchoolId, Year
from evaluation.views.shapes import SCHOOL, ApplicationRef, ReviewerRef, View, found

_APPEAL: Final = """
    select p.*, a.name_ko, a.name_en, a.province, a.kind, w.id as what_if
    from appeal p join application a on a.id = p.application left join what_if w on w.appeal = p.id
"""


class HearingView(View):
    stage: str
    reviewer: ReviewerRef
    due_at: datetime
    submitted: bool


class OwnAppealView(View):
    """An appeal as its school reads it."""

    id: str = Field(examples=["apl_0194f0c5c1de7c3ab8d2f1a0b3c4d5e6"])
    year: int
    application: ApplicationRef
    run: str = Field(description="The preliminary result that it is about")
    against: Against = Field(description="What the result says, or that it leaves the school out")
    grounds: list[str] = Field(examples=[["facts_overlooked"]])
    statement: str
    state: AppealState
    filed_at: datetime
    reasons: list[str]
    answer: str | None
    decided_at: datetime | None


class AppealView(OwnAppealView):
    """An appeal with its panel, for officers and auditors."""

    school: str = Field(examples=[SCHOOL])
    name_ko: str
    name_en: str | None
    province: str
    kind: str
    filed_by: str
    decided_by: str | None
    what_if: str | None = Field(description="The comparison of before and after, once it is upheld")
    panel: list[HearingView]


async def appeals(tx: ReadTransaction, year: Year) -> list[AppealView]:
    rows = await tx.fetch(f"{_APPEAL} where p.year = $1 order by p.filed_at, p.id", year)
    panels = await _panels(tx, [row["id"] for row in rows])
    return [AppealView(**row, panel=panels.get(row["id"], [])) for row in rows]


async def appeal(tx: ReadTransaction, of: AppealId) -> AppealView:
    row = found(await tx.fetchrow(f"{_APPEAL} where p.id = $1", of), "appeal")
    return AppealView(**row, panel=(await _panels(tx, [of])).get(of, []))


async def own(tx: ReadTransaction, year: Year, school: SchoolId) -> list[OwnAppealView]:
    """What a school filed in a year."""
    rows = await tx.fetch(f"{_APPEAL} where p.year = $1 and p.school = $2 order by p.filed_at", year, school)
    return [OwnAppealView(**row) for row in rows]


async def _panels(tx: ReadTransaction, appeals_of: list[str]) -> dict[str, list[HearingView]]:
    """Who reviews, or reviewed, for each appeal; those who were taken off it are left out."""
    rows = await tx.fetch(
        """
        select s.appeal, s.stage, s.reviewer, s.due_at, coalesce(t.state = 'submitted', false) as submitted
        from assignment s left join sheet t on t.assignment = s.id
        where s.appeal = any($1) and s.state in ('open', 'closed', 'superseded') order by 1, 2, 3
        """,
        appeals_of,
    )
    panels: dict[str, list[HearingView]] = {}
    for row in rows:
        panels.setdefault(row["appeal"], []).append(_hearing(row))
    return panels


def _hearing(row: asyncpg.Record) -> HearingView:
    fields: dict[str, Any] = {name: row[name] for name in ("stage", "reviewer", "due_at", "submitted")}
    return HearingView(**fields)
