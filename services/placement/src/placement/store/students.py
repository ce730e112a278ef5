"""Students by their school's own references, and what their guardians agreed to."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from chassis.transaction import Transaction
from placement.domain.classes import Consent, KnownStudent
from placement.domain.vocabulary import ClassId, SchoolId, StudentId
from placement.store.rows import found


async def known_students(
    tx: Transaction, school: SchoolId, references: Sequence[str]
) -> dict[str, KnownStudent]:
    """The students of a school among these references, whom nobody forgets meanwhile."""
    rows = await tx.fetch(
        """
        select s.id, s.reference, e.employment_class
        from student s left join enrolment e on e.student = s.id and e.state = 'active'
        where s.school = $1 and s.reference = any($2)
        order by s.id for no key update of s
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


async def require_own(tx: Transaction, school: SchoolId, student: StudentId) -> None:
    """Refuse a student whom this school has never enrolled."""
    found(await tx.fetchrow("select from student where id = $1 and school = $2", student, school), "student")


async def record_consents(tx: Transaction, consents: Sequence[Consent], by: str, now: datetime) -> None:
    """Keep when guardians agreed; a later record takes the place of an earlier one."""
    await tx.execute(
        """
        insert into guardian_consent
        select student, given_on, $3, $4 from unnest($1::text[], $2::date[]) as u (student, given_on)
        on conflict (student) do update
        set given_on = excluded.given_on, recorded_by = excluded.recorded_by,
          recorded_at = excluded.recorded_at
        """,
        [consent.student for consent in consents],
        [consent.given_on for consent in consents],
        by,
        now,
    )


async def consented(tx: Transaction, students: Sequence[StudentId]) -> set[StudentId]:
    """Those of these students whose guardian agreed, as far as recorded."""
    rows = await tx.fetch("select student from guardian_consent where student = any($1)", list(students))
    return {StudentId(row["student"]) for row in rows}
