"""Words on applications' eligibility, and sanctions."""

import json
from datetime import date, datetime

from pydantic import Field

from chassis.transaction import ReadTransaction
from evaluation.domain.vocabulary import ApplicationId, SchoolId, Year
from evaluation.views.shapes import SCHOOL, ApplicationRef, View, found


class WordView(View):
    """A word on an application; the last one counts."""

    eligible: bool
    reasons: list[str] = Field(examples=[["document_missing"]])
    findings: dict[str, list[str]] = Field(
        description="The documents that are missing, the sanctions in force",
        examples=[{"documents": ["operation_plan"]}],
    )
    decided_by: str | None = Field(description="The officer; null where the rule decided")
    ground: str | None = Field(description="Why the officer decided otherwise")
    decided_at: datetime


class EligibilityView(View):
    application: ApplicationRef
    school: str = Field(examples=[SCHOOL])
    name_ko: str
    kind: str
    eligible: bool | None = Field(description="Null until evaluation of its call starts")
    words: list[WordView] = Field(description="From the rule's word to the one that counts")
    appeals_until: datetime | None = Field(
        description="First moment too late to appeal, also against being left out; null before the "
        "preliminary result"
    )


class SanctionView(View):
    id: str
    school: str = Field(examples=[SCHOOL])
    reason: str = Field(examples=["subsidy_misused"])
    since: date
    until: date | None = Field(description="Its last day in Korea; null is without end")
    recorded_by: str
    recorded_at: datetime
    lifted_by: str | None
    lifted_at: datetime | None
    lifting_reason: str | None


_ELIGIBILITY = """
    select a.id as application, a.school, a.name_ko, a.kind, a.eligible, coalesce((
      select jsonb_agg(jsonb_build_object('eligible', d.eligible, 'reasons', d.reasons,
        'findings', d.findings, 'decided_by', d.decided_by, 'ground', d.ground, 'decided_at', d.decided_at)
        order by d.number)
      from eligibility_decision d where d.application = a.id
    ), '[]') as words,
      (select y.appeals_until from programme_year y where y.year = a.year) as appeals_until
    from application a
"""


async def eligibility(tx: ReadTransaction, year: Year, school: SchoolId | None) -> list[EligibilityView]:
    """Applications of a year that stand, of one school or of all."""
    rows = await tx.fetch(
        f"""
        {_ELIGIBILITY}
        where a.year = $1 and a.withdrawn_at is null and ($2::text is null or a.school = $2) order by a.id
        """,
        year,
        school,
    )
    shown = [EligibilityView(**{**row, "words": json.loads(row["words"])}) for row in rows]
    return shown if school is None else [_without_officers(each) for each in shown]


def _without_officers(view: EligibilityView) -> EligibilityView:
    """As a school sees it: that an officer decided, not who."""
    words = [word.model_copy(update={"decided_by": word.decided_by and "officer"}) for word in view.words]
    return view.model_copy(update={"words": words})


async def of_application(tx: ReadTransaction, application: ApplicationId) -> EligibilityView:
    row = found(await tx.fetchrow(f"{_ELIGIBILITY} where a.id = $1", application), "application")
    return EligibilityView(**{**row, "words": json.loads(row["words"])})


async def sanctions(tx: ReadTransaction, school: SchoolId | None) -> list[SanctionView]:
    """The sanctions of one school or of all, newest first."""
    rows = await tx.fetch(
        "select * from sanction where $1::text is null or school = $1 order by recorded_at desc, id", school
    )
    shown = [SanctionView(**row) for row in rows]
    if school is None:
        return shown
    return [
        each.model_copy(update={"recorded_by": "officer", "lifted_by": each.lifted_by and "officer"})
        for each in shown
    ]


async def sanction(tx: ReadTransaction, of: str) -> SanctionView:
    return SanctionView(**found(await tx.fetchrow("select * from sanction where id = $1", of), "sanction"))
