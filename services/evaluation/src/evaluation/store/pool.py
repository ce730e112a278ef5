"""Statements about the pool of reviewers and their conflicts."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from chassis.refusals import NotFound
from chassis.transaction import Transaction
from evaluation.domain.reviewers import Affiliation, Reviewer
from evaluation.domain.vocabulary import ReviewerId, SchoolId


async def add(tx: Transaction, reviewers: Sequence[Reviewer], now: datetime) -> set[ReviewerId]:
    """Keep reviewers; those that were not known before."""
    rows = await tx.fetch(
        """
        insert into reviewer (id, province, capacity, available, registered_at)
        select u.*, $5 from unnest($1::text[], $2::text[], $3::integer[], $4::boolean[]) as u
        on conflict do nothing returning id
        """,
        [each.id for each in reviewers],
        [each.province for each in reviewers],
        [each.capacity for each in reviewers],
        [each.available for each in reviewers],
        now,
    )
    added = {ReviewerId(row["id"]) for row in rows}
    await _put_expertise(tx, [each for each in reviewers if each.id in added])
    return added


async def replace(tx: Transaction, reviewer: Reviewer) -> None:
    """Keep what a reviewer's entry says now."""
    await tx.execute(
        "update reviewer set province = $2, capacity = $3, available = $4 where id = $1",
        reviewer.id,
        reviewer.province,
        reviewer.capacity,
        reviewer.available,
    )
    await tx.execute("delete from affiliation where reviewer = $1", reviewer.id)
    await _put_expertise(tx, [reviewer])


async def _put_expertise(tx: Transaction, reviewers: Sequence[Reviewer]) -> None:
    await tx.executemany(
        "update reviewer set tracks = $2, fields = $3 where id = $1",
        [(each.id, sorted(each.tracks), sorted(each.fields)) for each in reviewers],
    )
    await tx.executemany(
        """
        insert into affiliation (reviewer, place, school, corporation, province, since, until)
        values ($1, $2, $3, $4, $5, $6, $7)
        """,
        [
            (each.id, place, at.school, at.corporation, at.province, at.since, at.until)
            for each in reviewers
            for place, at in enumerate(each.affiliations)
        ],
    )


async def lock(tx: Transaction, reviewer: ReviewerId) -> None:
    """Take a reviewer's entry for this transaction.

    Raises:
        NotFound: rule `reviewer_not_found`.
    """
    known = await tx.fetchval("select id from reviewer where id = $1 for no key update", reviewer)
    if known is None:
        raise NotFound("reviewer_not_found", "There is no such reviewer: reviewer", "reviewer")


async def everyone(tx: Transaction) -> list[Reviewer]:
    """The whole pool, by id."""
    at: dict[str, list[Affiliation]] = {}
    for row in await tx.fetch("select * from affiliation order by reviewer, place"):
        school = None if row["school"] is None else SchoolId(row["school"])
        place = Affiliation(school, row["corporation"], row["province"], row["since"], row["until"])
        at.setdefault(row["reviewer"], []).append(place)
    rows = await tx.fetch("select * from reviewer order by id")
    return [
        Reviewer(
            id=ReviewerId(row["id"]),
            province=row["province"],
            tracks=frozenset(row["tracks"]),
            fields=frozenset(row["fields"]),
            capacity=row["capacity"],
            available=row["available"],
            affiliations=tuple(at.get(row["id"], ())),
        )
        for row in rows
    ]


async def declared(tx: Transaction) -> dict[SchoolId, list[ReviewerId]]:
    """By school, who declared a conflict with it."""
    found: dict[SchoolId, list[ReviewerId]] = {}
    for row in await tx.fetch("select school, reviewer from declared_conflict order by 1, 2"):
        found.setdefault(SchoolId(row["school"]), []).append(ReviewerId(row["reviewer"]))
    return found


async def declare(
    tx: Transaction, reviewer: ReviewerId, schools: Iterable[SchoolId], reason: str, now: datetime
) -> None:
    """Keep declared conflicts; one that was declared before stands as it was."""
    await tx.execute(
        """
        insert into declared_conflict (reviewer, school, reason, declared_by, declared_at)
        select $1, school, $3, $4, $5 from unnest($2::text[]) as u (school) on conflict do nothing
        """,
        reviewer,
        list(schools),
        reason,
        tx.actor,
        now,
    )


async def put_corporations(tx: Transaction, corporations: Mapping[SchoolId, str], now: datetime) -> None:
    """Put on record which corporation runs a school."""
    await tx.execute(
        """
        insert into school_corporation (school, corporation, recorded_by, recorded_at)
        select u.*, $3, $4 from unnest($1::text[], $2::text[]) as u
        on conflict (school) do update
        set corporation = excluded.corporation, recorded_by = excluded.recorded_by,
            recorded_at = excluded.recorded_at
        """,
        list(corporations),
        list(corporations.values()),
        tx.actor,
        now,
    )
