"""Classes, students and enrolments."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import asyncpg

from chassis.transaction import Transaction
from placement.domain.agreements import Term
from placement.domain.classes import ClassPlan, EmploymentClass, Enrolled
from placement.domain.vocabulary import (
    ClassId,
    ClassState,
    CompanyId,
    LeaveReason,
    SchoolId,
    StudentId,
    Year,
)
from placement.store.bipartite import Pair
from placement.store.programme import school_of
from placement.store.rows import found


async def add(tx: Transaction, opened: EmploymentClass) -> None:
    plan = opened.plan
    await tx.execute(
        """
        with class as (
          insert into employment_class (id, programme_year, school, track, field, capacity, starts_on,
            ends_on, state, opened_at, hours)
          values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) returning id
        )
        insert into class_company select class.id, company from class, unnest($12::text[]) as company
        """,
        opened.id,
        opened.year,
        opened.school,
        plan.track,
        plan.field,
        plan.capacity,
        plan.term.starts_on,
        plan.term.ends_on,
        opened.state,
        opened.opened_at,
        plan.hours,
        list(plan.companies),
    )


async def for_update(tx: Transaction, employment_class: ClassId) -> EmploymentClass:
    row = await tx.fetchrow(
        f"{_CLASS} where c.id = $1 for no key update of c",
        employment_class,
    )
    return _class(found(row, "employment_class"))


async def several_for_update(
    tx: Transaction, classes: Sequence[ClassId], school: SchoolId
) -> dict[ClassId, EmploymentClass]:
    """Of these classes those of a school, locked in the order of their ids."""
    rows = await tx.fetch(
        f"{_CLASS} where c.id = any($1) and c.school = $2 order by c.id for no key update of c",
        list(set(classes)),
        school,
    )
    return {ClassId(row["id"]): _class(row) for row in rows}


async def training_for_update(tx: Transaction, pairs: Sequence[Pair]) -> list[EmploymentClass]:
    """Open classes of these schools that train for these companies, in the order of their ids."""
    rows = await tx.fetch(
        f"""
        {_CLASS} where c.state = 'open' and exists (
          select from class_company l
          join unnest($1::integer[], $2::text[], $3::text[]) as u (programme_year, school, company)
            using (company)
          where l.employment_class = c.id and u.programme_year = c.programme_year and u.school = c.school
        )
        order by c.id for no key update of c
        """,
        [year for year, _, _ in pairs],
        [school for _, school, _ in pairs],
        [company for _, _, company in pairs],
    )
    return [_class(row) for row in rows]


async def over_for_update(tx: Transaction, day: date, at_most: int) -> list[EmploymentClass]:
    """Open classes whose last day is before `day` and that nobody has in hand."""
    rows = await tx.fetch(
        f"""
        {_CLASS} where c.state = 'open' and c.ends_on < $1
        order by c.ends_on, c.id limit $2 for no key update of c skip locked
        """,
        day,
        at_most,
    )
    return [_class(row) for row in rows]


async def save_plan(tx: Transaction, changed: EmploymentClass, now: datetime) -> None:
    plan = changed.plan
    await tx.execute(
        """
        update employment_class set field = $2, hours = $3, capacity = $4, starts_on = $5, ends_on = $6,
          changed_at = $7
        where id = $1
        """,
        changed.id,
        plan.field,
        plan.hours,
        plan.capacity,
        plan.term.starts_on,
        plan.term.ends_on,
        now,
    )
    await tx.execute(
        "delete from class_company where employment_class = $1 and company <> all($2)",
        changed.id,
        list(plan.companies),
    )
    await tx.execute(
        """
        insert into class_company select $1, company from unnest($2::text[]) as company
        on conflict do nothing
        """,
        changed.id,
        list(plan.companies),
    )


async def open_for_update(tx: Transaction, year: Year, school: SchoolId) -> list[EmploymentClass]:
    """The classes of a school that take students, in the order of their ids."""
    rows = await tx.fetch(
        f"""
        {_CLASS} where c.programme_year = $1 and c.school = $2 and c.state = 'open'
        order by c.id for no key update of c
        """,
        year,
        school,
    )
    return [_class(row) for row in rows]


async def save(tx: Transaction, classes: Sequence[EmploymentClass]) -> None:
    await tx.execute(
        """
        update employment_class c
        set state = u.state, enrolled = u.enrolled, closed_at = u.closed_at, closed_reason = u.reason
        from unnest($1::text[], $2::text[], $3::integer[], $4::timestamptz[], $5::text[])
          as u (id, state, enrolled, closed_at, reason)
        where c.id = u.id
        """,
        [each.id for each in classes],
        [each.state for each in classes],
        [each.enrolled for each in classes],
        [each.closed_at for each in classes],
        [each.closed_reason for each in classes],
    )


async def enrol(tx: Transaction, students: Mapping[StudentId, ClassId], now: datetime) -> None:
    await tx.execute(
        """
        insert into enrolment (student, employment_class, programme_year, state, enrolled_at)
        select u.student, c.id, c.programme_year, 'active', $3
        from unnest($1::text[], $2::text[]) with ordinality as u (student, class, place)
        join employment_class c on c.id = u.class
        order by u.place
        """,
        list(students),
        list(students.values()),
        now,
    )


async def leave(tx: Transaction, students: Sequence[StudentId], reason: LeaveReason, now: datetime) -> None:
    """These students are in no class from now on."""
    await tx.execute(
        """
        update enrolment set state = 'left', left_at = $2, left_reason = $3
        where student = any($1) and state = 'active'
        """,
        list(students),
        now,
        reason,
    )


async def enrolled(tx: Transaction, students: Sequence[StudentId]) -> dict[StudentId, Enrolled]:
    """Students with the class they are in; who is in none is left out."""
    rows = await tx.fetch(
        """
        select e.student, e.employment_class, c.track, s.*
        from enrolment e
        join employment_class c on c.id = e.employment_class
        join school s on s.id = c.school
        where e.state = 'active' and e.student = any($1)
        """,
        list(students),
    )
    return {each.student: each for each in map(_enrolled, rows)}


async def last_enrolled(tx: Transaction, students: Sequence[StudentId]) -> dict[StudentId, Enrolled]:
    """Students with the class they are in, or were in last."""
    rows = await tx.fetch(
        """
        select distinct on (e.student) e.student, e.employment_class, c.track, s.*
        from enrolment e
        join employment_class c on c.id = e.employment_class
        join school s on s.id = c.school
        where e.student = any($1) order by e.student, e.id desc
        """,
        list(students),
    )
    return {each.student: each for each in map(_enrolled, rows)}


async def lock_students(tx: Transaction, students: Sequence[StudentId]) -> None:
    """Let nobody else begin something with these students meanwhile."""
    await tx.execute("select from student where id = any($1) order by id for no key update", list(students))


_CLASS = """
    select c.*, array(
      select company from class_company where employment_class = c.id order by company
    ) as companies
    from employment_class c
"""


def _enrolled(row: asyncpg.Record) -> Enrolled:
    return Enrolled(StudentId(row["student"]), school_of(row), ClassId(row["employment_class"]), row["track"])


def _class(row: asyncpg.Record) -> EmploymentClass:
    plan = ClassPlan(
        track=row["track"],
        field=row["field"],
        hours=row["hours"],
        capacity=row["capacity"],
        companies=tuple(CompanyId(company) for company in row["companies"]),
        term=Term(row["starts_on"], row["ends_on"]),
    )
    return EmploymentClass(
        id=ClassId(row["id"]),
        year=Year(row["programme_year"]),
        school=SchoolId(row["school"]),
        plan=plan,
        state=ClassState(row["state"]),
        enrolled=row["enrolled"],
        opened_at=row["opened_at"],
        closed_at=row["closed_at"],
        closed_reason=row["closed_reason"],
    )
