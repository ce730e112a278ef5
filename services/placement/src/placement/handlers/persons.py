"""Use cases of persons: write, reveal (on record), erase."""

from collections.abc import Mapping, Sequence

from chassis import access, audit, encryption, outbox
from chassis.access import Reader
from chassis.keyring import Keyring
from chassis.refusals import Invalid, NotFound
from chassis.transaction import ReadTransaction, Transaction
from placement import announce
from placement.domain.agreements import day_of
from placement.domain.persons import Action, Person, Standing
from placement.domain.vocabulary import ClassId, SchoolId, Side, StudentId
from placement.handlers import rounds
from placement.store import classes
from placement.store import persons as store

RETENTION_OVER = "retention_over"


async def write_persons(tx: Transaction, keyring: Keyring, persons: Mapping[StudentId, Person]) -> None:
    """Keep who students are; whoever calls this has checked `Person.check` and whose students they are."""
    if not persons:
        return
    sealer = await encryption.sealer(tx, keyring)
    await store.write(tx, sealer, persons, await tx.now())


async def write_person(
    tx: Transaction, keyring: Keyring, school: SchoolId, student: StudentId, person: Person
) -> None:
    """A school writes or corrects who one of its own students is."""
    await store.lock(tx, student)
    present = await store.standing(tx, student)
    if present.school != school or present.erased_at is not None:
        raise NotFound("student_not_found", "There is no such student", "student")
    person.check(day_of(await tx.now()))
    await write_persons(tx, keyring, {student: person})
    await audit.record(tx, action="person_written", subject=student)


async def reveal(
    tx: Transaction,
    keyring: Keyring,
    reader: Reader,
    students: Sequence[StudentId],
    action: Action,
    reason: str | None = None,
) -> dict[StudentId, Person]:
    """Who students are, for somebody who may know it; goes on record for each of them.

    Who is not known, or was erased, is left out.
    """
    known = await store.read(tx, keyring, students)
    await access.record(tx, reader, action, list(known), reason)
    return known


async def reveal_to_party(
    tx: Transaction, keyring: Keyring, reader: Reader, student: StudentId, side: Side, party: str
) -> Person:
    """Who a student is, for a party that has to do with it: itself, its school, a company by agreement."""
    action = (await store.standing(tx, student)).action(side, party)
    return _there(await reveal(tx, keyring, reader, [student], action), student)


async def reveal_to_officer(
    tx: Transaction, keyring: Keyring, reader: Reader, student: StudentId, reason: str | None
) -> Person:
    """Who a student is, for an officer, who gives a reason."""
    if reason is None:
        raise Invalid("reason_missing", "An officer gives a reason (a code)", "query.reason")
    await store.standing(tx, student)
    return _there(await reveal(tx, keyring, reader, [student], Action.OFFICER_INQUIRY, reason), student)


async def reveal_class(
    tx: Transaction,
    keyring: Keyring,
    reader: Reader,
    employment_class: ClassId,
    action: Action = Action.CLASS_ROSTER,
) -> dict[StudentId, Person]:
    """Who is in a class of the reader's own school."""
    if (await classes.for_update(tx, employment_class)).school != reader.party:
        raise NotFound("employment_class_not_found", "There is no such employment class", "employment_class")
    return await reveal(tx, keyring, reader, await store.of_class(tx, employment_class), action)


async def standing(tx: ReadTransaction, student: StudentId) -> Standing:
    """What ties a student to others, and whether it was, or is to be, forgotten."""
    return await store.standing(tx, student)


async def ask_erasure(tx: Transaction, student: StudentId, reason: str) -> Standing:
    """Forget who a student was: at once, or by the worker when no ground to know it is left.

    The pseudonym and all that is counted stay. Answers how the student stands then.
    """
    await store.lock(tx, student)
    present = await store.standing(tx, student)
    present.require_known()
    if not present.grounds:
        await _erase(tx, [student], reason)
    elif present.asked_at is None:
        await store.ask_erasure(tx, student, reason, await tx.now())
        await audit.record(tx, action="erasure_asked", subject=student, reason=reason)
    return await store.standing(tx, student)


async def keep_person(tx: Transaction, student: StudentId) -> Standing:
    """A student wants to be known after all, and takes part again."""
    await store.lock(tx, student)
    (await store.standing(tx, student)).require_asked()
    now = await tx.now()
    await store.ask_erasure(tx, student, None, now)
    await audit.record(tx, action="erasure_taken_back", subject=student)
    await rounds.invite_free(tx, [student], now)
    return await store.standing(tx, student)


async def erase_asked(tx: Transaction, at_most: int) -> int:
    """Forget who asked for it and is needed no longer; answers how many."""
    asked = await store.asked_for_update(tx, at_most)
    for reason in sorted(set(asked.values())):
        await _erase(tx, [student for student, why in asked.items() if why == reason], reason)
    return len(asked)


async def erase_old(tx: Transaction, kept_days: int, at_most: int) -> int:
    """Forget who students were whose last class, offer, agreement or placement is over for so many days."""
    old = await store.due(tx, day_of(await tx.now()), kept_days, at_most)
    if old:
        await _erase(tx, old, RETENTION_OVER)
    return len(old)


async def _erase(tx: Transaction, students: Sequence[StudentId], reason: str) -> None:
    now = await tx.now()
    await store.erase(tx, students, reason, now)
    for year, last in await store.last_enrolments(tx, students):
        await audit.record(tx, action="person_erased", subject=last.student, reason=reason)
        outbox.add(tx, announce.student_forgotten(year, last, reason, now))


def _there(known: Mapping[StudentId, Person], student: StudentId) -> Person:
    if student not in known:
        raise NotFound("person_not_found", "Who the student is, is not written or was erased", "student")
    return known[student]
