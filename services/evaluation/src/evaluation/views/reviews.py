"""Reviewers and what a reviewer has to score."""

from chassis.transaction import ReadTransaction
from evaluation.domain.vocabulary import ReviewerId
from evaluation.views.shapes import AssignmentView, ReviewerView, plain


async def reviewers(tx: ReadTransaction) -> list[ReviewerView]:
    rows = await tx.fetch("select id, school, province from reviewer order by id")
    return [ReviewerView(**row) for row in rows]


async def assignments(tx: ReadTransaction, reviewer: ReviewerId) -> list[AssignmentView]:
    """A reviewer's own applications, with nobody else's scores."""
    rows = await tx.fetch(
        """
        select a.id as application, a.year, a.school, a.name_ko, a.name_en, a.province, a.kind, a.tracks,
          a.answers, y.policy ->> 'rubric' as rubric,
          (y.policy #>> '{scoring,scoring_until}')::timestamptz as due_at, t.scores, t.submitted_at
        from assignment s join application a on a.id = s.application
        join programme_year y on y.year = a.year
        left join sheet t on t.application = s.application and t.reviewer = s.reviewer
        where s.reviewer = $1 and a.withdrawn_at is null order by a.year, a.id
        """,
        reviewer,
    )
    return [AssignmentView(**plain(row)) for row in rows]
