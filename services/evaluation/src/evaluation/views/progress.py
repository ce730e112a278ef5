"""How far a year's evaluation has come, and what it waits for."""

from chassis.transaction import ReadTransaction
from contracts import topics
from evaluation.domain.fitting import RubricInUse
from evaluation.domain.vocabulary import Year
from evaluation.views.shapes import (
    CallView,
    IneligibleView,
    OutstandingView,
    ProgressView,
    RubricInUseView,
    RubricProblemView,
    SchoolsView,
    found,
    plain,
)


async def progress(tx: ReadTransaction, year: Year, rubric: RubricInUse) -> ProgressView:
    row = await tx.fetchrow(
        """
        select y.year, y.stage, y.appeals_until, y.lot_seed is not null as lot_entered,
          exists (select from participation_import p where p.year = y.year - 1)
            or exists (select from programme_year p where p.year = y.year - 1 and p.stage = 'final')
            as participants_known,
          (select count(*) from application a where a.year = y.year and a.withdrawn_at is null)
            as applications,
          (select count(*) from application a where a.year = y.year and a.withdrawn_at is null and a.eligible)
            as eligible
        from programme_year y where y.year = $1
        """,
        year,
    )
    reviewers = await tx.fetch(
        """
        select s.reviewer, count(*) as assigned, count(t.reviewer) as scored
        from assignment s join application a on a.id = s.application
        left join sheet t on t.application = s.application and t.reviewer = s.reviewer
        where a.year = $1 and a.withdrawn_at is null group by s.reviewer order by s.reviewer
        """,
        year,
    )
    outstanding = [OutstandingView(**each) for each in reviewers]
    return ProgressView(
        **found(row, "programme_year"),
        rubric=_rubric(rubric),
        calls=await _calls(tx, year),
        assigned=sum(each.assigned for each in outstanding),
        scored=sum(each.scored for each in outstanding),
        reviewers=outstanding,
    )


def _rubric(rubric: RubricInUse) -> RubricInUseView:
    problems = [
        RubricProblemView(rule=each.rule, field=each.field, message=each.detail) for each in rubric.problems
    ]
    return RubricInUseView(
        name=rubric.name, version=rubric.version, frozen_at=rubric.frozen_at, problems=problems
    )


async def _calls(tx: ReadTransaction, year: Year) -> list[CallView]:
    rows = await tx.fetch(
        """
        select c.id, c.kinds, c.closed_at, c.started_at,
          case when c.manifest is not null then (select count(*) from jsonb_object_keys(c.manifest)) end
            as standing,
          coalesce((
            select jsonb_object_agg(m.key, m.value::bigint) from jsonb_each_text(c.manifest) m
            left join messaging.mark r on r.topic = $2 and r.key = m.key
            where c.started_at is null and coalesce(r.sequence, 0) < m.value::bigint
          ), '{}') as counts,
          array(
            select distinct a.school from jsonb_object_keys(c.manifest) m join application a on a.id = m
            where not exists (select from school s where s.id = a.school) order by 1
          ) as schools_missing
        from call_for_applications c where c.year = $1 order by c.id
        """,
        year,
        topics.APPLICATIONS.name,
    )
    calls = [plain(row) for row in rows]
    return [CallView(**call, missing=call["counts"]) for call in calls]


async def ineligible(tx: ReadTransaction, year: Year) -> list[IneligibleView]:
    rows = await tx.fetch(
        """
        select id as application, school, name_ko, kind, reasons from application
        where year = $1 and not eligible order by id
        """,
        year,
    )
    return [IneligibleView(**row) for row in rows]


async def schools(tx: ReadTransaction) -> SchoolsView:
    return SchoolsView(known=await tx.fetchval("select count(*) from school"))
