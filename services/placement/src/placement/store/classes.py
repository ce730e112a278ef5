"""Classes, students and enrolments."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import asyncpg

from chassis.transaction import Transaction
from placement.domain.agreements import Term
from placement.domain.classes import ClassPlan, EmploymentClass, Enrolled, KnownStudent
from placement.domain.vocabulary import ClassId, ClassState, CompanyId, SchoolId, StudentId, Year
from placement.store.programme import school_of
from placement.store.rows import found


async def add(tx: Transaction, opened: EmploymentClass) -> None:
    plan = opened.plan
    await tx.execute(
        """
        with class as (
          insert into employment_class (id, programme_year, school, track, field, capacity, starts_on,
            ends_on, state, opened_at)
          values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning id
        )
        insert into class_company select class.id, company from class, unnest($11::text[]) as company
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
        list(plan.companies),
    )


async def for_update(tx: Transaction, employment_class: ClassId) -> EmploymentClass:
    row = await tx.fetchrow(
        f"{_CLASS} where c.id = $1 for no key update of c",
        employment_class,
    )
    return _class(found(row, "employment_class"))


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


async def known_students(
    tx: Transaction, school: SchoolId, references: Sequence[str]
) -> dict[str, KnownStudent]:
    """The students of a school among these references."""
    rows = await tx.fetch(
        """
        select s.id, s.reference, e.employment_class
        from student s left join enrolment e on e.student = s.id and e.state = 'active'
        where s.school = $1 and s.reference = any($2)
        """,
        school,
        list(references),
    )
    return {
        row["reference"]: KnownStudent(
            StudentId(row["id"]), row["employment_class"] and ClassId(row["employment_class"])
        )
        for row in rows
    }


async def add_students(tx: Transaction, school: SchoolId, students: Mapping[str, StudentId]) -> None:
    """Keep new students, by the school's own reference."""
    await tx.execute(
        """
        insert into student (id, school, reference)
        select id, $1, reference from unnest($2::text[], $3::text[]) as u (id, reference)
        """,
        school,
        list(students.values()),
        list(students),
    )


async def enrol(tx: Transaction, into: EmploymentClass, students: Sequence[StudentId], now: datetime) -> None:
    await tx.execute(
        """
        insert into enrolment (student, employment_class, programme_year, state, enrolled_at)
        select student, $2, $3, 'active', $4 from unnest($1::text[]) as student
        """,
        list(students),
        into.id,
        into.year,
        now,
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
    return {
        StudentId(row["student"]): Enrolled(
            StudentId(row["student"]), school_of(row), ClassId(row["employment_class"]), row["track"]
        )
        for row in rows
    }


async def lock_students(tx: Transaction, students: Sequence[StudentId]) -> None:
    """Let nobody else begin something with these students meanwhile."""
    await tx.execute("select from student where id = any($1) order by id for no key update", list(students))


_CLASS = """
    select c.*, array(
      select company from class_company where employment_class = c.id order by company
    ) as companies
    from employment_class c
"""


def _class(row: asyncpg.Record) -> EmploymentClass:
    plan = ClassPlan(
        track=row["track"],
        field=row["field"],
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
