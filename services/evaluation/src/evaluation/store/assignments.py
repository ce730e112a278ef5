"""Statements about who reviews what at which stage."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import asyncpg

from chassis.transaction import ReadTransaction, Transaction
from evaluation.domain.assigning import Assignment
from evaluation.domain.reviewers import Applying
from evaluation.domain.vocabulary import ApplicationId, ReviewerId, ReviewStage, SchoolId, Year


@dataclass(frozen=True, slots=True)
class Contender:
    """An eligible application that stands, and that no stage has cut so far."""

    applying: Applying
    kind: str


@dataclass(frozen=True, slots=True)
class Review:
    """A reviewer's work on an application, as it is in hand.

    `submitted` says whether the sheet is in.
    """

    id: int
    application: ApplicationId
    school: SchoolId
    reviewer: ReviewerId
    year: Year
    kind: str
    stage: ReviewStage
    appeal: str | None
    due_at: datetime
    submitted: bool


_IN_HAND: Final = "s.state = 'open' and (a.eligible or s.appeal is not null) and a.withdrawn_at is null"
"""An appeal's panel has also in hand what was left out, or is put out meanwhile: it is decided on yet."""
_APPLYING: Final = """
    select a.id, a.school, a.province, a.kind, a.tracks, s.stream, c.corporation
    from application a left join school s on s.id = a.school
    left join school_corporation c on c.school = a.school
"""
_REVIEW: Final = """
    select s.id, s.application, a.school, s.reviewer, a.year, a.kind, s.stage, s.appeal, s.due_at,
      coalesce(t.state = 'submitted', false) as submitted
    from assignment s join application a on a.id = s.application left join sheet t on t.assignment = s.id
"""


async def applying(tx: ReadTransaction, year: Year) -> dict[ApplicationId, Applying]:
    """Every application of a year as conflicts see it."""
    rows = await tx.fetch(f"{_APPLYING} where a.year = $1", year)
    return {ApplicationId(row["id"]): _applying(row) for row in rows}


async def contenders(tx: ReadTransaction, year: Year) -> list[Contender]:
    """What is reviewed, by application."""
    rows = await tx.fetch(
        f"""
        {_APPLYING}
        where a.year = $1 and a.eligible and a.withdrawn_at is null
          and not exists (select from stage_result r where r.application = a.id and not r.passed)
        order by a.id
        """,
        year,
    )
    return [Contender(_applying(row), row["kind"]) for row in rows]


def _applying(row: asyncpg.Record) -> Applying:
    return Applying(
        ApplicationId(row["id"]),
        SchoolId(row["school"]),
        row["province"],
        row["corporation"],
        row["stream"],
        tuple(row["tracks"]),
    )


async def eligible(tx: ReadTransaction, year: Year, kind: str) -> list[ApplicationId]:
    """The eligible applications of a kind that stand, those that a stage cut included."""
    rows = await tx.fetch(
        """
        select id from application where year = $1 and kind = $2 and eligible and withdrawn_at is null
        order by id
        """,
        year,
        kind,
    )
    return [ApplicationId(row["id"]) for row in rows]


async def finished(tx: ReadTransaction, year: Year, stage: str) -> dict[ApplicationId, list[bool]]:
    """For each application, for each of its reviewers at a stage, whether the sheet is in."""
    rows = await tx.fetch(
        """
        select s.application, array_agg(coalesce(t.state = 'submitted', false)) as submitted
        from assignment s join application a on a.id = s.application
        left join sheet t on t.assignment = s.id
        where a.year = $1 and s.stage = $2 and s.appeal is null and s.state in ('open', 'closed')
        group by 1
        """,
        year,
        stage,
    )
    return {ApplicationId(row["application"]): row["submitted"] for row in rows}


Reviewers = dict[tuple[ApplicationId, str], set[ReviewerId]]
"""By application and stage."""


async def reviewers(tx: ReadTransaction, year: Year) -> tuple[Reviewers, Reviewers]:
    """Who reviews each application of the year at each stage, and who did and does no longer; no appeals."""
    rows = await tx.fetch(
        """
        select s.application, s.stage, s.reviewer, s.state in ('open', 'closed') as counts
        from assignment s join application a on a.id = s.application
        where a.year = $1 and s.appeal is null
        """,
        year,
    )
    kept: Reviewers = defaultdict(set)
    gone: Reviewers = defaultdict(set)
    for row in rows:
        whose = kept if row["counts"] else gone
        whose[ApplicationId(row["application"]), row["stage"]].add(ReviewerId(row["reviewer"]))
    return kept, gone


async def loads(tx: ReadTransaction) -> dict[ReviewerId, int]:
    """How many standing applications each reviewer has in hand, of all years."""
    rows = await tx.fetch(
        f"""
        select s.reviewer, count(*) as load from assignment s join application a on a.id = s.application
        where {_IN_HAND} group by s.reviewer
        """
    )
    return {ReviewerId(row["reviewer"]): row["load"] for row in rows}


async def add(
    tx: Transaction,
    assignments: Sequence[Assignment],
    assigned_at: datetime,
    due_at: datetime,
    appeal: str | None = None,
) -> None:
    """Keep new assignments; for an appeal they are those of its panel."""
    await tx.execute(
        """
        insert into assignment (application, reviewer, stage, appeal, assigned_at, due_at)
        select u.*, $4, $5, $6 from unnest($1::text[], $2::text[], $3::text[]) as u
        """,
        [each.application for each in assignments],
        [each.reviewer for each in assignments],
        [each.stage for each in assignments],
        appeal,
        assigned_at,
        due_at,
    )


async def years_of(
    tx: ReadTransaction, reviewer: ReviewerId, applications: Iterable[ApplicationId]
) -> list[Year]:
    """The years of those of the applications that a reviewer has in hand, so that these are locked first."""
    rows = await tx.fetch(
        """
        select distinct a.year from assignment s join application a on a.id = s.application
        where s.reviewer = $1 and s.application = any($2) and s.state = 'open' order by 1
        """,
        reviewer,
        list(applications),
    )
    return [Year(row["year"]) for row in rows]


async def in_hand(
    tx: Transaction, reviewer: ReviewerId, applications: Iterable[ApplicationId] | None = None
) -> list[Review]:
    """What a reviewer has in hand of applications that stand, of some or of all, locked."""
    rows = await tx.fetch(
        f"""
        {_REVIEW}
        where s.reviewer = $1 and ($2::text[] is null or s.application = any($2)) and {_IN_HAND}
        order by s.id for update of s
        """,
        reviewer,
        None if applications is None else list(applications),
    )
    return [_review(row) for row in rows]


async def ended(
    tx: ReadTransaction, reviewer: ReviewerId, application: ApplicationId
) -> tuple[str, str | None] | None:
    """How a reviewer's last work on an application ended, and why; None where they had none."""
    row = await tx.fetchrow(
        """
        select state, reason from assignment where reviewer = $1 and application = $2 and state <> 'open'
        order by id desc limit 1
        """,
        reviewer,
        application,
    )
    return None if row is None else (row["state"], row["reason"])


async def done(tx: Transaction, reviewer: ReviewerId | None, year: Year | None = None) -> list[Review]:
    """What a reviewer, or everybody, has done and may read still, locked; in a year or in all of them."""
    rows = await tx.fetch(
        f"""
        {_REVIEW}
        where ($1::text is null or s.reviewer = $1) and ($2::integer is null or a.year = $2)
          and s.state in ('closed', 'superseded') and s.conflict is null
        order by s.id for update of s
        """,
        reviewer,
        year,
    )
    return [_review(row) for row in rows]


async def end_reading(tx: Transaction, reviews: Iterable[int], conflict: str) -> None:
    """Keep why what is done is read no longer; what was scored counts as it did."""
    await tx.execute("update assignment set conflict = $2 where id = any($1)", list(reviews), conflict)


async def in_hand_of_year(tx: Transaction, year: Year) -> list[Review]:
    """All that reviewers have in hand of a year's standing applications, locked."""
    rows = await tx.fetch(
        f"""
        {_REVIEW}
        where a.year = $1 and {_IN_HAND}
        order by s.id for update of s
        """,
        year,
    )
    return [_review(row) for row in rows]


def _review(row: asyncpg.Record) -> Review:
    return Review(
        id=row["id"],
        application=ApplicationId(row["application"]),
        school=SchoolId(row["school"]),
        reviewer=ReviewerId(row["reviewer"]),
        year=Year(row["year"]),
        kind=row["kind"],
        stage=ReviewStage(row["stage"]),
        appeal=row["appeal"],
        due_at=row["due_at"],
        submitted=row["submitted"],
    )


async def end(tx: Transaction, reviews: Iterable[int], state: str, reason: str | None, now: datetime) -> None:
    """Take assignments out of hand; their sheets are kept, and count only where the state is 'closed'."""
    await tx.execute(
        "update assignment set state = $2, reason = $3, ended_at = $4 where id = any($1)",
        list(reviews),
        state,
        reason,
        now,
    )


async def close_stage(tx: Transaction, year: Year, kind: str, stage: str, now: datetime) -> None:
    """What is in hand at a stage is done; nothing of an appeal."""
    await tx.execute(
        """
        update assignment s set state = 'closed', ended_at = $4 from application a
        where a.id = s.application and a.year = $1 and a.kind = $2 and s.stage = $3 and s.state = 'open'
          and s.appeal is null
        """,
        year,
        kind,
        stage,
        now,
    )
