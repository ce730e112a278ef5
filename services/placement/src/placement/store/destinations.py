"""What schools say of their students: departments, and what became of them besides placements."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from chassis.transaction import Transaction
from placement.domain.destinations import Destination
from placement.domain.vocabulary import SchoolId, StudentId, Year


async def own(tx: Transaction, year: Year, school: SchoolId) -> frozenset[StudentId]:
    """The students who were ever in a class of the school in a year."""
    rows = await tx.fetch(
        """
        select distinct e.student from enrolment e join student s on s.id = e.student
        where e.programme_year = $1 and s.school = $2
        """,
        year,
        school,
    )
    return frozenset(StudentId(row["student"]) for row in rows)


async def add(tx: Transaction, year: Year, rows: Sequence[Destination], now: datetime) -> None:
    await tx.execute(
        """
        insert into destination
        select u.student, $1, coalesce((
            select max(d.revision) from destination d where d.student = u.student and d.programme_year = $1
          ), 0) + 1, u.kind, u.since, $5, $6
        from unnest($2::text[], $3::text[], $4::date[]) as u (student, kind, since)
        """,
        year,
        [row.student for row in rows],
        [row.kind for row in rows],
        [row.since for row in rows],
        now,
        tx.actor,
    )


async def name_departments(
    tx: Transaction, school: SchoolId, departments: Mapping[StudentId, str]
) -> set[StudentId]:
    """Keep the departments of students of a school; answers those who are of no such school."""
    rows = await tx.fetch(
        """
        update student s set department = u.department
        from unnest($2::text[], $3::text[]) as u (student, department)
        where s.id = u.student and s.school = $1 returning s.id
        """,
        school,
        list(departments),
        list(departments.values()),
    )
    return set(departments) - {StudentId(row["id"]) for row in rows}
