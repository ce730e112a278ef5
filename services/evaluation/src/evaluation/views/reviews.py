"""What a reviewer has to score, and what reviewers want a school to know."""

import json

import asyncpg

from chassis.refusals import NotFound
from chassis.transaction import ReadTransaction
from evaluation.domain.vocabulary import ApplicationId, ReviewerId, SchoolId, Year
from evaluation.views.reviewing_shapes import CommentView, ReviewView, SheetView
from evaluation.views.shapes import plain


async def reviews(tx: ReadTransaction, reviewer: ReviewerId) -> list[ReviewView]:
    """A reviewer's own work; nothing taken away, and nobody else's sheets before the stage closed."""
    return [_review(row) for row in await _rows(tx, reviewer, None)]


async def review(tx: ReadTransaction, reviewer: ReviewerId, application: ApplicationId) -> ReviewView:
    """A reviewer's newest work on an application."""
    rows = await _rows(tx, reviewer, application)
    if not rows:
        raise NotFound("review_not_found", "You do not review this application: application", "application")
    return _review(rows[-1])


async def _rows(
    tx: ReadTransaction, reviewer: ReviewerId, application: ApplicationId | None
) -> list[asyncpg.Record]:
    return await tx.fetch(
        """
        select a.id as application, a.year, a.school, a.name_ko, a.name_en, a.province, a.kind, a.tracks,
          a.answers, s.stage, s.appeal is not null as appeal, y.policy ->> 'rubric' as rubric,
          (select version from frozen_rubric f where f.year = a.year) as rubric_version,
          s.due_at, s.state = 'open' as open, t.scores, t.comment_to_school, t.comment_internal, t.version,
          t.saved_at, t.submitted_at,
          case when s.state = 'closed' then (
            select jsonb_agg(jsonb_build_object('scores', u.scores, 'comment_to_school', u.comment_to_school,
              'comment_internal', u.comment_internal) order by u.scores)
            from assignment o join sheet u on u.assignment = o.id
            where o.application = s.application and o.stage = s.stage and o.state = 'closed'
              and o.appeal is not distinct from s.appeal and o.id <> s.id
          ) end as others
        from assignment s join application a on a.id = s.application
        join programme_year y on y.year = a.year left join sheet t on t.assignment = s.id
        where s.reviewer = $1 and ($2::text is null or a.id = $2) and s.state in ('open', 'closed')
          and s.conflict is null and a.withdrawn_at is null
          and (a.eligible or s.appeal is not null and s.state = 'open')
        order by a.year, a.id, s.id
        """,
        reviewer,
        application,
    )


def _review(row: asyncpg.Record) -> ReviewView:
    return ReviewView(**{**plain(row), "others": json.loads(row["others"] or "[]")})


async def comments(tx: ReadTransaction, year: Year, school: SchoolId) -> list[CommentView]:
    """What reviewers want a school to know of its application, once a result is published."""
    rows = await tx.fetch(
        """
        select s.stage, t.comment_to_school as comment
        from assignment s join application a on a.id = s.application join sheet t on t.assignment = s.id
        join programme_year y on y.year = a.year
        where a.year = $1 and a.school = $2 and a.eligible and s.state = 'closed'
          and y.stage in ('preliminary', 'final') and coalesce(t.comment_to_school, '') <> ''
        order by s.stage, t.comment_to_school
        """,
        year,
        school,
    )
    return [CommentView(**row) for row in rows]


async def sheets(tx: ReadTransaction, application: ApplicationId) -> list[SheetView]:
    """All work on an application, what was taken away included; drafts are nobody's but their reviewer's."""
    rows = await tx.fetch(
        """
        select s.reviewer, s.stage, s.appeal, s.state, s.reason, t.version, t.submitted_at, t.scores,
          t.comment_to_school, t.comment_internal,
          array(
            select r.reason from sheet_reopening r where r.assignment = s.id order by r.version
          ) as reopenings
        from assignment s left join sheet t on t.assignment = s.id and t.state = 'submitted'
        where s.application = $1 order by s.stage, s.id
        """,
        application,
    )
    return [SheetView(**plain(row)) for row in rows]
