"""The pool of reviewers as officers see it."""

import json

from chassis.transaction import ReadTransaction
from evaluation.views.reviewing_shapes import ReviewerView


async def reviewers(tx: ReadTransaction) -> list[ReviewerView]:
    rows = await tx.fetch(
        """
        select r.id, r.province, r.tracks, r.fields, r.capacity, r.available,
          coalesce((
            select jsonb_agg(to_jsonb(f) - 'reviewer' - 'place' order by f.place)
            from affiliation f where f.reviewer = r.id
          ), '[]') as affiliations,
          array(select school from declared_conflict c where c.reviewer = r.id order by 1) as conflicts,
          (
            select count(*) from assignment s join application a on a.id = s.application
            where s.reviewer = r.id and s.state = 'open' and (a.eligible or s.appeal is not null)
              and a.withdrawn_at is null
          ) as in_hand
        from reviewer r order by r.id
        """
    )
    return [ReviewerView(**{**row, "affiliations": json.loads(row["affiliations"])}) for row in rows]
