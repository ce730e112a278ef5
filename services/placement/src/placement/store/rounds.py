"""Matching rounds: lists, rankings, and what a run decided."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import asyncpg
from pydantic_core import to_json

from chassis.transaction import Transaction
from placement.domain.rounds import Ranking, Round, Terms
from placement.domain.running import Listed, Proof
from placement.domain.vocabulary import (
    CompanyId,
    OpeningId,
    RoundId,
    RoundState,
    SchoolId,
    StudentId,
    Year,
)
from placement.store.rows import found


async def last_for_update(tx: Transaction, year: Year) -> Round | None:
    """The newest round of a year; the year's row keeps two officers from opening one at once."""
    await tx.execute("select from programme_year where year = $1 for no key update", year)
    row = await tx.fetchrow(
        "select * from matching_round where programme_year = $1 order by number desc limit 1", year
    )
    return None if row is None else _round(row)


async def add(tx: Transaction, opened: Round) -> None:
    await tx.execute(
        """
        insert into matching_round (id, programme_year, number, state, lot_source, opened_at,
          preferences_until, rankings_until)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        opened.id,
        opened.year,
        opened.number,
        opened.state,
        opened.terms.lot_source,
        opened.opened_at,
        opened.terms.preferences_until,
        opened.terms.rankings_until,
    )


async def shared(tx: Transaction, round_id: RoundId) -> tuple[Round, datetime]:
    """The round, kept open until this transaction ends, and the moment that counts, read after the lock."""
    row = await tx.fetchrow("select * from matching_round where id = $1 for share", round_id)
    return _round(found(row, "round")), await tx.now()


async def for_update(tx: Transaction, round_id: RoundId) -> Round:
    """The round, waited for until no list and no ranking is under way, and kept from new ones."""
    row = await tx.fetchrow("select * from matching_round where id = $1 for update", round_id)
    return _round(found(row, "round"))


async def close(tx: Transaction, closed: Round, now: datetime) -> None:
    await tx.execute(
        "update matching_round set state = $2, closed_at = $3 where id = $1", closed.id, closed.state, now
    )


async def decide(tx: Transaction, decided: Round, proof: Proof, now: datetime) -> None:
    await tx.execute(
        """
        update matching_round set state = $2, decided_at = $3, rule = $4, code = $5, snapshot = $6,
          snapshot_sha256 = $7, result = $8, result_sha256 = $9
        where id = $1
        """,
        decided.id,
        decided.state,
        now,
        proof.rule,
        proof.code,
        proof.snapshot,
        proof.snapshot_sha256,
        proof.result,
        proof.result_sha256,
    )


async def taking_lists(tx: Transaction, now: datetime) -> list[Round]:
    """Rounds in which students may list openings at this moment, one a year at most."""
    rows = await tx.fetch(
        """
        select * from matching_round
        where state = 'open' and opened_at <= $1 and $1 < preferences_until order by id
        """,
        now,
    )
    return [_round(row) for row in rows]


async def invite(
    tx: Transaction, opened: Round, day: date, students: Sequence[StudentId] | None = None
) -> dict[StudentId, int]:
    """Let every student without work take part, or of `students` those not invited yet.

    Who asked to be forgotten is let alone. Answers how many openings each may list: those with a free place
    that may hire from the school. They are counted once a school: the planner takes whom the insert returns
    for one, and would count for each again.
    """
    rows = await tx.fetch(
        f"""
        with possible as materialized (
          select a.school, count(*)::integer as openings
          from partnership a
          join opening o on o.company = a.company and o.programme_year = a.programme_year
          where a.programme_year = $2 and $3 between a.starts_on and a.ends_on
            and o.held < o.places and o.state <> 'withdrawn'
            and ($4::text[] is null or a.school in (select school from student where id = any($4)))
          group by a.school
        ), invited as (
          insert into preference (round, student)
          select $1, e.student from enrolment e join student s on s.id = e.student
          where e.programme_year = $2 and e.state = 'active' and {_WITHOUT_WORK}
            and s.erased_at is null and s.erasure_asked_at is null
            and ($4::text[] is null or e.student = any($4))
          on conflict do nothing
          returning student
        )
        select i.student, coalesce(p.openings, 0) as openings
        from invited i join student s on s.id = i.student left join possible p on p.school = s.school
        order by i.student
        """,
        opened.id,
        opened.year,
        day,
        None if students is None else list(students),
    )
    return {StudentId(row["student"]): row["openings"] for row in rows}


async def may_take_part(tx: Transaction, year: Year, student: StudentId) -> bool:
    """Whether a student is in a class of the year and has neither work nor an offer of it."""
    possible: bool = await tx.fetchval(
        f"""
        select exists (
          select from enrolment e join student s on s.id = e.student
          where e.student = $2 and e.programme_year = $1 and e.state = 'active' and {_WITHOUT_WORK}
            and s.erased_at is null
        )
        """,
        year,
        student,
    )
    return possible


async def save_preferences(
    tx: Transaction, round_id: RoundId, student: StudentId, openings: Sequence[OpeningId], now: datetime
) -> None:
    await tx.execute(
        """
        insert into preference values ($1, $2, $3, $4)
        on conflict (round, student) do update set openings = $3, listed_at = $4
        """,
        round_id,
        student,
        list(openings),
        now,
    )


async def save_rankings(
    tx: Transaction, round_id: RoundId, rankings: Sequence[Ranking], now: datetime
) -> None:
    await tx.executemany(
        """
        insert into ranking values ($1, $2, $3, $4::jsonb, $5)
        on conflict (round, opening) do update set students = $3, scores = $4::jsonb, ranked_at = $5
        """,
        [
            (
                round_id,
                ranking.opening,
                None if ranking.students is None else list(ranking.students),
                None if ranking.scores is None else json.dumps(_texts(ranking.scores)),
                now,
            )
            for ranking in rankings
        ],
    )


async def participants(tx: Transaction, round_id: RoundId) -> set[StudentId]:
    rows = await tx.fetch("select student from preference where round = $1", round_id)
    return {StudentId(row["student"]) for row in rows}


async def listed_for_update(tx: Transaction, round_id: RoundId, year: Year) -> tuple[Listed, ...]:
    """The lists of those who still take part, by student id; nobody begins anything else with them now."""
    await tx.execute(
        """
        select from student s where exists (select from preference p where p.round = $1 and p.student = s.id)
        order by s.id for no key update
        """,
        round_id,
    )
    rows = await tx.fetch(
        f"""
        select e.student, s.school, p.openings
        from preference p
        join enrolment e on e.student = p.student and e.programme_year = $2 and e.state = 'active'
        join student s on s.id = p.student
        where p.round = $1 and s.erased_at is null and {_WITHOUT_WORK}
        order by e.student
        """,
        round_id,
        year,
    )
    return tuple(
        Listed(
            StudentId(row["student"]),
            SchoolId(row["school"]),
            tuple(OpeningId(opening) for opening in row["openings"]),
        )
        for row in rows
    )


async def approved_companies(tx: Transaction, year: Year) -> set[CompanyId]:
    """Companies with openings in a year that may take students; none is suspended meanwhile."""
    rows = await tx.fetch(
        """
        select id from company
        where state = 'approved' and id in (select company from opening where programme_year = $1)
        order by id for share
        """,
        year,
    )
    return {CompanyId(row["id"]) for row in rows}


async def rankings(tx: Transaction, round_id: RoundId) -> dict[OpeningId, Ranking]:
    rows = await tx.fetch("select * from ranking where round = $1", round_id)
    return {OpeningId(row["opening"]): _ranking(row) for row in rows}


async def add_explanations(tx: Transaction, round_id: RoundId, told: Mapping[str, Any]) -> None:
    """Keep what each student and, for its opening, each company is told; by the id of student or opening."""
    await tx.execute(
        """
        insert into explanation
        select $1, subject, told::jsonb from unnest($2::text[], $3::text[]) as u (subject, told)
        """,
        round_id,
        list(told),
        [to_json(each).decode() for each in told.values()],
    )


_WITHOUT_WORK = """
    not exists (select from placement x where x.student = e.student and x.state = 'active')
    and not exists (select from tripartite_agreement x where x.student = e.student and x.state = 'drafted')
    and not exists (select from offer x where x.student = e.student and x.state = 'offered')
"""


def _texts(scores: Mapping[StudentId, Decimal]) -> dict[str, str]:
    return {student: format(score, "f") for student, score in scores.items()}


def _ranking(row: asyncpg.Record) -> Ranking:
    students, scores = row["students"], row["scores"]
    return Ranking(
        OpeningId(row["opening"]),
        None if students is None else tuple(StudentId(student) for student in students),
        None if scores is None else {StudentId(s): Decimal(v) for s, v in json.loads(scores).items()},
    )


def _round(row: asyncpg.Record) -> Round:
    return Round(
        id=RoundId(row["id"]),
        year=Year(row["programme_year"]),
        number=row["number"],
        terms=Terms(row["preferences_until"], row["rankings_until"], row["lot_source"]),
        opened_at=row["opened_at"],
        state=RoundState(row["state"]),
    )
