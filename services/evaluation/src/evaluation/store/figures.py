"""Statements about outcomes as they were told, and what figures and bonuses come to."""

import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from chassis.transaction import ReadTransaction, Transaction
from evaluation.domain.figures import Counted, FigureScore, Outcome
from evaluation.domain.vocabulary import ApplicationId, SchoolId, Year


async def add_outcomes(
    tx: Transaction, outcomes: Sequence[tuple[Outcome, str, datetime]], now: datetime
) -> None:
    """Keep revisions with their origin and when they were told; one that is known stays as it is."""
    told = [each for each, _, _ in outcomes]
    await tx.execute(
        """
        insert into reported_outcome (school, cohort, as_of, revision, graduates, employed, advanced,
          enlisted, excluded, due_6, retained_6, due_12, retained_12, origin, told_at, received_at)
        select u.*, $16 from unnest($1::text[], $2::integer[], $3::date[], $4::integer[], $5::integer[],
          $6::integer[], $7::integer[], $8::integer[], $9::integer[], $10::integer[], $11::integer[],
          $12::integer[], $13::integer[], $14::text[], $15::timestamptz[]) as u
        on conflict do nothing
        """,
        [each.school for each in told],
        [each.cohort for each in told],
        [each.as_of for each in told],
        [each.revision for each in told],
        [each.graduates for each in told],
        [each.employed for each in told],
        [each.advanced for each in told],
        [each.enlisted for each in told],
        [each.excluded for each in told],
        [each.due_6 for each in told],
        [each.retained_6 for each in told],
        [each.due_12 for each in told],
        [each.retained_12 for each in told],
        [origin for _, origin, _ in outcomes],
        [at for _, _, at in outcomes],
        now,
    )


async def outcomes(tx: ReadTransaction, year: Year, wanted: Iterable[tuple[int, date]]) -> list[Outcome]:
    """Every revision of each outcome wanted, of schools that applied in a year, the newest last."""
    pairs = sorted(wanted)
    rows = await tx.fetch(
        """
        select o.* from reported_outcome o
        join unnest($2::integer[], $3::date[]) as w (cohort, as_of)
          on w.cohort = o.cohort and w.as_of = o.as_of
        where o.school in (select school from application where year = $1)
        order by o.school, o.cohort, o.as_of, o.revision
        """,
        year,
        [cohort for cohort, _ in pairs],
        [as_of for _, as_of in pairs],
    )
    return [
        Outcome(
            school=SchoolId(row["school"]),
            cohort=row["cohort"],
            as_of=row["as_of"],
            revision=row["revision"],
            graduates=row["graduates"],
            employed=row["employed"],
            advanced=row["advanced"],
            enlisted=row["enlisted"],
            excluded=row["excluded"],
            due_6=row["due_6"],
            retained_6=row["retained_6"],
            due_12=row["due_12"],
            retained_12=row["retained_12"],
        )
        for row in rows
    ]


async def close_reporting(
    tx: Transaction, cohort: int, as_of: date, manifest: dict[str, int], closed_at: datetime
) -> None:
    """Keep how far schools' streams had come when their outcomes of a cohort were told for a day."""
    await tx.execute(
        """
        insert into closed_reporting (cohort, as_of, manifest, closed_at) values ($1, $2, $3::jsonb, $4)
        on conflict (cohort, as_of) do update set manifest = excluded.manifest, closed_at = excluded.closed_at
        """,
        cohort,
        as_of,
        json.dumps(manifest),
        closed_at,
    )


async def manifest(tx: ReadTransaction, year: Year, wanted: Iterable[tuple[int, date]]) -> dict[str, int]:
    """How far the streams of the year's applicants must be read to know the outcomes wanted."""
    pairs = sorted(wanted)
    rows = await tx.fetch(
        """
        select m.key as school, max(m.value::bigint) as sequence
        from closed_reporting c
        join unnest($2::integer[], $3::date[]) as w (cohort, as_of)
          on w.cohort = c.cohort and w.as_of = c.as_of
        cross join jsonb_each_text(c.manifest) m
        where m.key in (select school from application where year = $1) group by m.key
        """,
        year,
        [cohort for cohort, _ in pairs],
        [as_of for _, as_of in pairs],
    )
    return {row["school"]: row["sequence"] for row in rows}


async def counted(tx: ReadTransaction, year: Year) -> list[Counted]:
    """The eligible applications of a year that stand, with what figures and bonuses come from."""
    rows = await tx.fetch(
        """
        select a.id, a.school, a.name_ko, a.kind, a.answers, w.application is not null as waived,
          array(select bonus from recorded_bonus b where b.application = a.id) as bonus
        from application a left join figure_waiver w on w.application = a.id
        where a.year = $1 and a.eligible and a.withdrawn_at is null order by a.id
        """,
        year,
    )
    return [
        Counted(
            ApplicationId(row["id"]),
            SchoolId(row["school"]),
            row["name_ko"],
            row["kind"],
            json.loads(row["answers"]),
            waived=row["waived"],
            bonus=frozenset(row["bonus"]),
        )
        for row in rows
    ]


async def applied(tx: ReadTransaction, year: Year, schools: Iterable[SchoolId]) -> set[SchoolId]:
    """Those of the schools that applied in a year."""
    rows = await tx.fetch(
        "select distinct school from application where year = $1 and school = any($2)", year, list(schools)
    )
    return {SchoolId(row["school"]) for row in rows}


async def put_scores(tx: Transaction, scores: Sequence[FigureScore], now: datetime) -> None:
    """Keep what figures score now; with which revision, and nothing where there was no value."""
    await tx.execute(
        """
        insert into figure_score (application, criterion, revision, value, score, lack, taken_at)
        select u.*, $7 from unnest($1::text[], $2::text[], $3::integer[], $4::numeric[], $5::numeric[],
          $6::text[]) as u
        on conflict (application, criterion) do update
        set revision = excluded.revision, value = excluded.value, score = excluded.score,
            lack = excluded.lack, taken_at = excluded.taken_at
        """,
        [each.application for each in scores],
        [each.criterion for each in scores],
        [each.revision for each in scores],
        [each.value for each in scores],
        [each.score for each in scores],
        [each.lack for each in scores],
        now,
    )


async def publish_scores(tx: Transaction, year: Year) -> None:
    """Keep what figures score now as what schools are told."""
    await tx.execute(
        """
        insert into published_figure (application, criterion, revision, value, score, lack)
        select f.application, f.criterion, f.revision, f.value, f.score, f.lack
        from figure_score f join application a on a.id = f.application where a.year = $1
        """,
        year,
    )


async def kept_scores(tx: ReadTransaction, year: Year) -> dict[ApplicationId, list[FigureScore]]:
    """What figures scored when totals of the year were worked out last, by application."""
    return await _scores(tx, "figure_score", year)


async def published_scores(tx: ReadTransaction, year: Year) -> dict[ApplicationId, list[FigureScore]]:
    """What figures scored in the preliminary result, by application."""
    return await _scores(tx, "published_figure", year)


async def _scores(tx: ReadTransaction, table: str, year: Year) -> dict[ApplicationId, list[FigureScore]]:
    rows = await tx.fetch(
        f"""
        select f.* from {table} f join application a on a.id = f.application
        where a.year = $1 order by f.application, f.criterion
        """,
        year,
    )
    kept: dict[ApplicationId, list[FigureScore]] = {}
    for row in rows:
        score = FigureScore(
            ApplicationId(row["application"]),
            row["criterion"],
            row["score"],
            row["value"],
            row["revision"],
            row["lack"],
        )
        kept.setdefault(score.application, []).append(score)
    return kept


async def waive(
    tx: Transaction, application: ApplicationId, reason: str, officer: str, now: datetime
) -> None:
    await tx.execute(
        """
        insert into figure_waiver (application, reason, recorded_by, recorded_at) values ($1, $2, $3, $4)
        on conflict (application) do update
        set reason = excluded.reason, recorded_by = excluded.recorded_by, recorded_at = excluded.recorded_at
        """,
        application,
        reason,
        officer,
        now,
    )


async def record_bonus(
    tx: Transaction, application: ApplicationId, bonus: str, reason: str, now: datetime
) -> None:
    await tx.execute(
        """
        insert into recorded_bonus (application, bonus, reason, recorded_by, recorded_at)
        values ($1, $2, $3, $4, $5)
        on conflict (application, bonus) do update
        set reason = excluded.reason, recorded_by = excluded.recorded_by, recorded_at = excluded.recorded_at
        """,
        application,
        bonus,
        reason,
        tx.actor,
        now,
    )


async def withdraw_bonus(tx: Transaction, application: ApplicationId, bonus: str) -> bool:
    """Whether there was one on record."""
    gone = await tx.fetchval(
        "delete from recorded_bonus where application = $1 and bonus = $2 returning bonus", application, bonus
    )
    return gone is not None
