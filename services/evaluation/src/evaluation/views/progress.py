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
    StageView,
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
        select s.reviewer, count(*) as assigned, count(t.assignment) as scored,
          count(*) filter (where t.assignment is null and s.due_at <= programme_clock()) as overdue
        from assignment s join application a on a.id = s.application
        left join sheet t on t.assignment = s.id and t.state = 'submitted'
        where a.year = $1 and a.withdrawn_at is null and s.state in ('open', 'closed')
          and (a.eligible or s.appeal is not null and s.state = 'open')
        group by s.reviewer order by s.reviewer
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
        stages=await _stages(tx, year),
    )


def _rubric(rubric: RubricInUse) -> RubricInUseView:
    problems = [
        RubricProblemView(rule=each.rule, field=each.field, message=each.detail) for each in rubric.problems
    ]
    return RubricInUseView(
        name=rubric.name, version=rubric.version, frozen_at=rubric.frozen_at, problems=problems
    )


async def _stages(tx: ReadTransaction, year: Year) -> list[StageView]:
    rows = await tx.fetch(
        """
        with work as (
          select a.kind, s.stage, s.application, s.state, count(*) as assigned, count(t.assignment) as scored
          from assignment s join application a on a.id = s.application
          left join sheet t on t.assignment = s.id and t.state = 'submitted'
          where a.year = $1 and a.eligible and a.withdrawn_at is null and s.appeal is null
            and s.state in ('open', 'closed')
          group by 1, 2, 3, 4
        ), reviewed as (
          select kind, stage, sum(assigned)::bigint as assigned, sum(scored)::bigint as scored,
            array_agg(application order by application) filter (
              where state = 'open' and assigned < (
                select (policy #>> '{scoring,reviewers_per_application}')::bigint
                from programme_year where year = $1
              )
            ) as few
          from work group by 1, 2
        )
        select coalesce(w.kind, c.kind) as kind, coalesce(w.stage, c.stage) as stage, c.closed_at, c.passed,
          c.cut, coalesce(w.assigned, 0) as assigned, coalesce(w.scored, 0) as scored,
          coalesce(w.few, '{}') as few
        from reviewed w full join (select * from stage_closure where year = $1) c
          on c.kind = w.kind and c.stage = w.stage
        order by 1, c.closed_at nulls last, 2
        """,
        year,
    )
    return [StageView(**row) for row in rows]


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
