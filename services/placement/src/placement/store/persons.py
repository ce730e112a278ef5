"""Who students are: sealed in, opened out, and let go of."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final

from chassis.encryption import SealedTable
from chassis.keyring import Keyring, Sealer
from chassis.transaction import ReadTransaction, Transaction
from placement.domain.classes import Enrolled
from placement.domain.persons import Ground, Person, Standing
from placement.domain.vocabulary import ClassId, CompanyId, SchoolId, StudentId, Year
from placement.store.programme import school_of
from placement.store.rows import found

PERSONS: Final = SealedTable("person", "student", ("name", "birth_date"))


async def write(tx: Transaction, sealer: Sealer, persons: Mapping[StudentId, Person], now: datetime) -> None:
    """Keep who students are, in the place of what was kept before."""
    sealed = [
        PERSONS.seal(
            sealer,
            student,
            {"name": person.name.encode(), "birth_date": person.birth_date.isoformat().encode()},
        )
        for student, person in persons.items()
    ]
    await tx.execute(
        """
        insert into person (student, name, birth_date, written_at)
        select student, name, birth_date, $4
        from unnest($1::text[], $2::bytea[], $3::bytea[]) as u (student, name, birth_date)
        on conflict (student) do update
        set name = excluded.name, birth_date = excluded.birth_date, written_at = excluded.written_at
        """,
        list(persons),
        [each["name"] for each in sealed],
        [each["birth_date"] for each in sealed],
        now,
    )


async def read(
    tx: ReadTransaction, keyring: Keyring, students: Sequence[StudentId]
) -> dict[StudentId, Person]:
    """Who students are, in the order given; who is not known, or was erased, is left out.

    Whoever shows this to somebody records it: see `placement.handlers.persons.reveal`.
    """
    rows = await tx.fetch("select student, name, birth_date from person where student = any($1)", students)
    known: dict[StudentId, Person] = {}
    for row in rows:
        plain = PERSONS.open(keyring, row["student"], row)
        born = date.fromisoformat(plain["birth_date"].decode())
        known[StudentId(row["student"])] = Person(plain["name"].decode(), born)
    return {student: known[student] for student in students if student in known}


async def standing(tx: ReadTransaction, student: StudentId) -> Standing:
    """Raises: NotFound."""
    row = await tx.fetchrow(
        """
        select s.id, s.school, s.erased_at, s.erasure_asked_at, s.erasure_reason, s.erased_reason,
          array(
            select distinct company from tripartite_agreement
            where student = s.id and state in ('drafted', 'in_force')
          ) as companies,
          array(select distinct ground from ground_to_know where student = s.id) as grounds
        from student s where s.id = $1
        """,
        student,
    )
    there = found(row, "student")
    return Standing(
        StudentId(there["id"]),
        SchoolId(there["school"]),
        frozenset(CompanyId(company) for company in there["companies"]),
        tuple(ground for ground in Ground if ground in there["grounds"]),
        there["erasure_asked_at"],
        there["erased_reason"] or there["erasure_reason"],
        there["erased_at"],
    )


async def of_class(tx: ReadTransaction, employment_class: ClassId) -> list[StudentId]:
    """Who is in a class, in the order in which they came."""
    rows = await tx.fetch(
        "select student from enrolment where employment_class = $1 and state = 'active' order by id",
        employment_class,
    )
    return [StudentId(row["student"]) for row in rows]


async def lock(tx: Transaction, student: StudentId) -> None:
    """Let nobody else begin something with a student meanwhile."""
    await tx.execute("select from student where id = $1 for no key update", student)


async def ask_erasure(tx: Transaction, student: StudentId, reason: str | None, now: datetime) -> None:
    """Keep that somebody asked to forget a student; without a reason nobody does any longer."""
    await tx.execute(
        "update student set erasure_asked_at = $2, erasure_reason = $3 where id = $1",
        student,
        None if reason is None else now,
        reason,
    )


async def asked_for_update(tx: Transaction, at_most: int) -> dict[StudentId, str]:
    """Students to be forgotten whom nothing needs any longer, with the reason, the first asked for first."""
    rows = await tx.fetch(
        """
        select s.id from student s
        where s.erasure_asked_at is not null and s.erased_at is null
          and not exists (select from ground_to_know g where g.student = s.id)
        order by s.erasure_asked_at, s.id limit $1 for no key update of s skip locked
        """,
        at_most,
    )
    # Again, now that nobody begins anything with them: what was committed until the lock counts too.
    rows = await tx.fetch(
        """
        select s.id, s.erasure_reason from student s
        where s.id = any($1) and s.erasure_asked_at is not null
          and not exists (select from ground_to_know g where g.student = s.id)
        order by s.erasure_asked_at, s.id
        """,
        [row["id"] for row in rows],
    )
    return {StudentId(row["id"]): row["erasure_reason"] for row in rows}


async def due(tx: Transaction, today: date, kept_days: int, at_most: int) -> list[StudentId]:
    """Students with a person whose last class, agreement or placement is over for so many days."""
    rows = await tx.fetch(
        """
        select s.id from student s
        where s.erased_at is null and $1::date - $2::integer > greatest(
          (select max(c.ends_on) from enrolment e join employment_class c on c.id = e.employment_class
            where e.student = s.id),
          (select max(a.drafted_at) at time zone 'Asia/Seoul' from tripartite_agreement a
            where a.student = s.id)::date,
          (select max(coalesce(p.ended_at, p.placed_at)) at time zone 'Asia/Seoul' from placement p
            where p.student = s.id)::date,
          (select max(o.offered_at) at time zone 'Asia/Seoul' from offer o where o.student = s.id)::date
        )
        order by s.id limit $3 for no key update of s skip locked
        """,
        today,
        kept_days,
        at_most,
    )
    return [StudentId(row["id"]) for row in rows]


async def last_enrolments(tx: ReadTransaction, students: Sequence[StudentId]) -> list[tuple[Year, Enrolled]]:
    """The class that each student was in last, and its year."""
    rows = await tx.fetch(
        """
        select distinct on (e.student) e.student, e.employment_class, e.programme_year, c.track, s.*
        from enrolment e
        join employment_class c on c.id = e.employment_class
        join school s on s.id = c.school
        where e.student = any($1) order by e.student, e.id desc
        """,
        students,
    )
    return [
        (
            Year(row["programme_year"]),
            Enrolled(
                StudentId(row["student"]), school_of(row), ClassId(row["employment_class"]), row["track"]
            ),
        )
        for row in rows
    ]


async def erase(tx: Transaction, students: Sequence[StudentId], reason: str, now: datetime) -> None:
    """Destroy what leads from pseudonyms to persons; all that is counted stays."""
    await tx.execute("delete from person where student = any($1)", students)
    await tx.execute(
        "update student set reference = null, erased_at = $2, erased_reason = $3 where id = any($1)",
        students,
        now,
        reason,
    )
