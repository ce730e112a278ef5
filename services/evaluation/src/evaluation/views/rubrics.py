"""Rubrics and their versions as they are shown."""

from chassis.transaction import ReadTransaction
from evaluation.domain.rubric import Rubrics
from evaluation.rubrics.form import form_of
from evaluation.views.shapes import RubricVersionView, RubricView


def rubric(named: Rubrics) -> RubricView:
    form = form_of(named)
    return RubricView(name=named.name, version=named.version, notice=form.notice, kinds=form.kinds)


async def versions(tx: ReadTransaction, name: str) -> list[RubricVersionView]:
    rows = await tx.fetch(
        """
        select r.version, r.added_by, r.added_at,
          array(select f.year from frozen_rubric f
                where f.name = r.name and f.version = r.version order by f.year) as years
        from rubric r where r.name = $1 order by r.version desc
        """,
        name,
    )
    return [RubricVersionView(**row) for row in rows]
