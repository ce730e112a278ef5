"""Use cases of classes and rosters."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from chassis import audit, identifiers, outbox
from chassis.keyring import Keyring
from chassis.refusals import Invalid, NotFound, Refusal
from chassis.transaction import Transaction
from placement import announce
from placement.domain.agreements import day_of
from placement.domain.classes import (
    ClassPlan,
    Consent,
    EmploymentClass,
    Ground,
    RosterEntry,
    check_roster,
    open_class,
)
from placement.domain.programme import Participation
from placement.domain.rules import refuse
from placement.domain.vocabulary import ClassId, LeaveReason, OverBy, SchoolId, StudentId, Year
from placement.handlers import endings, persons, rounds
from placement.handlers.programme import require_results
from placement.store import bipartite, programme
from placement.store import classes as store
from placement.store import offers as offers_store
from placement.store import students as student_store
from placement.store.rows import Affected

STUDENT_LEFT = "student_left"
REPORT_EVERY: Final = 1_000
"""Enrolments between two words of progress."""


@dataclass(frozen=True, slots=True)
class Roster:
    """Classes after an enrolment, and the students' ids in the order in which they were named."""

    classes: dict[ClassId, EmploymentClass]
    students: tuple[StudentId, ...]


async def open_employment_class(
    tx: Transaction, year: Year, school: SchoolId, plan: ClassPlan
) -> EmploymentClass:
    """Open a class; its companies have agreements in force that stay so until the commit."""
    await programme.rules(tx, year)
    await require_results(tx, year)
    ground, now = await _ground(tx, year, school)
    opened = open_class(ClassId(identifiers.new("cls")), plan, ground, now)
    await store.add(tx, opened)
    outbox.add(tx, announce.class_opened(opened, ground.participation.school))
    return opened


async def change_employment_class(
    tx: Transaction, employment_class: ClassId, school: SchoolId, plan: ClassPlan
) -> EmploymentClass:
    """Let an open class go on under another plan, held to the rules of a new one."""
    present = _own(await store.for_update(tx, employment_class), school)
    ground, now = await _ground(tx, present.year, school)
    changed = present.change(plan, ground)
    await store.save_plan(tx, changed, now)
    outbox.add(tx, announce.class_changed(changed, ground.participation.school, now))
    return changed


async def close_employment_class(
    tx: Transaction, employment_class: ClassId, school: SchoolId
) -> EmploymentClass:
    present = _own(await store.for_update(tx, employment_class), school)
    now = await tx.now()
    await endings.close_classes(tx, [present], "ended", now)
    return present.close("ended", now)


async def close_over(tx: Transaction, at_most: int) -> int:
    """Close classes whose last day is over; answers how many."""
    now = await tx.now()
    over = await store.over_for_update(tx, day_of(now), at_most)
    await endings.close_classes(tx, over, "term_over", now)
    return len(over)


async def enrol_students(
    tx: Transaction,
    keyring: Keyring,
    school: SchoolId,
    entries: Sequence[RosterEntry],
    *,
    year: Year | None = None,
    progress: Callable[[int], Awaitable[None]] | None = None,
) -> Roster:
    """Take students into classes, all or none, by the school's own references for them.

    Where `year` is given, classes of other years are none. `progress` hears how many are done, now and then.

    Raises:
        Several, Invalid, Conflict, NotFound: every row that breaks a rule is named.
    """
    await programme.lock_school(tx, school)
    classes = await store.several_for_update(tx, [entry.employment_class for entry in entries], school)
    now = await tx.now()
    known = await student_store.known_students(tx, school, [entry.reference for entry in entries])
    classes = {each.id: each for each in classes.values() if year in (None, each.year)}
    refuse([*_foreign(entries, classes), *check_roster(entries, known, day_of(now))])
    places = await _places(tx, classes.values(), school)
    filled = _filled(entries, classes, places, day_of(now))
    unknown = [entry.reference for entry in entries if entry.reference not in known]
    new = {reference: StudentId(identifiers.new("stu")) for reference in unknown}
    ids = {**{reference: student.id for reference, student in known.items()}, **new}
    await student_store.add_students(tx, school, new)
    await _enrol(tx, entries, ids, now)
    known_persons = {ids[each.reference]: each.person for each in entries if each.person is not None}
    await persons.write_persons(tx, keyring, known_persons)
    await store.save(tx, list(filled.values()))
    students = [(ids[entry.reference], filled[entry.employment_class]) for entry in entries]
    for count, (student, into) in enumerate(students, start=1):
        outbox.add(tx, announce.student_enrolled(student, into, places[into.year].school, now))
        if progress is not None and count % REPORT_EVERY == 0:
            await progress(count)
    await rounds.invite_free(tx, [student for student, _ in students], now)
    return Roster(filled, tuple(student for student, _ in students))


async def leave_class(
    tx: Transaction,
    employment_class: ClassId,
    school: SchoolId,
    student: StudentId,
    reason: LeaveReason,
) -> EmploymentClass:
    """A student is in no class from now on; an open offer and an unsigned agreement fall away with it."""
    await store.lock_students(tx, [student])
    present = _own(await store.for_update(tx, employment_class), school)
    await _require_in(tx, student, employment_class)
    now = await tx.now()
    # First, so that nobody invites to a round who is just leaving.
    await store.leave(tx, [student], reason, now)
    await endings.let_go(tx, Affected(students=[student]), endings.Why(OverBy.SCHOOL, STUDENT_LEFT, now))
    await offers_store.require_free(tx, student)
    left = present.let_go()
    await store.save(tx, [left])
    await audit.record(tx, action="student_left", subject=student, reason=reason)
    names = await programme.schools(tx, [school])
    outbox.add(tx, announce.student_left(student, left, names[school], reason, now))
    return left


async def transfer_student(
    tx: Transaction, employment_class: ClassId, school: SchoolId, student: StudentId, to: ClassId
) -> EmploymentClass:
    """A student who waits for nothing goes to another class of the school; answers that class."""
    if to == employment_class:
        raise Invalid("another_class", "The student is in this class already", "to")
    await store.lock_students(tx, [student])
    classes = await store.several_for_update(tx, [employment_class, to], school)
    for each, field in ((employment_class, "employment_class"), (to, "to")):
        if each not in classes:
            raise NotFound("employment_class_not_found", "There is no such employment class", field)
    await _require_in(tx, student, employment_class)
    (await persons.standing(tx, student)).require_known()
    await offers_store.require_free(tx, student)
    now = await tx.now()
    places = await _places(tx, classes.values(), school)
    places[classes[to].year].require_taking_part()
    left, into = classes[employment_class].let_go(), classes[to].enrol(1, day_of(now))
    await store.leave(tx, [student], LeaveReason.TRANSFERRED, now)
    await store.enrol(tx, {student: to}, now)
    await store.save(tx, [left, into])
    outbox.add(tx, announce.student_transferred(student, left, into, places[into.year].school, now))
    return into


async def record_consent(tx: Transaction, school: SchoolId, student: StudentId, given_on: date) -> Consent:
    """A school records that a student's parent or guardian agreed to the employment."""
    await student_store.require_own(tx, school, student)
    now = await tx.now()
    if given_on > day_of(now):
        raise Invalid("in_the_past", f"Today is {day_of(now).isoformat()} in Korea", "given_on")
    consent = Consent(student, given_on)
    await student_store.record_consents(tx, [consent], tx.actor, now)
    await audit.record(tx, action="guardian_consent_recorded", subject=student)
    return consent


async def _ground(tx: Transaction, year: Year, school: SchoolId) -> tuple[Ground, datetime]:
    """What a class stands on, which stays so until the commit, and the moment that counts."""
    rules = await programme.rules(tx, year)
    place = await programme.participation(tx, year, school)
    now = await tx.now()
    partners = await bipartite.partners(tx, year, day_of(now), school=school)
    return Ground(place, rules, frozenset(company for _, company in partners), day_of(now)), now


async def _places(
    tx: Transaction, classes: Iterable[EmploymentClass], school: SchoolId
) -> dict[Year, Participation]:
    """The school's places in the years of classes."""
    years = sorted({each.year for each in classes})
    return {year: await programme.participation(tx, year, school) for year in years}


async def _enrol(
    tx: Transaction, entries: Sequence[RosterEntry], ids: Mapping[str, StudentId], now: datetime
) -> None:
    into = {ids[entry.reference]: entry.employment_class for entry in entries}
    await store.enrol(tx, into, now)
    consents = [
        Consent(ids[entry.reference], entry.consented_on)
        for entry in entries
        if entry.consented_on is not None
    ]
    await student_store.record_consents(tx, consents, tx.actor, now)


def _foreign(
    entries: Sequence[RosterEntry], classes: Mapping[ClassId, EmploymentClass]
) -> Iterator[NotFound]:
    """Rows of classes that are none of the school's."""
    for entry in entries:
        if entry.employment_class not in classes:
            at = f"{entry.at}.employment_class"
            yield NotFound("employment_class_not_found", "There is no such employment class", at)


def _filled(
    entries: Sequence[RosterEntry],
    classes: Mapping[ClassId, EmploymentClass],
    places: Mapping[Year, Participation],
    today: date,
) -> dict[ClassId, EmploymentClass]:
    """The classes with their new students; of several, each that takes them not is named by its last row."""
    counts = Counter(entry.employment_class for entry in entries)
    last = {entry.employment_class: entry.at for entry in entries}
    filled, broken = {}, list[Refusal]()
    for employment_class, students in counts.items():
        present = classes[employment_class]
        try:
            places[present.year].require_taking_part()
            filled[employment_class] = present.enrol(students, today)
        except Refusal as refusal:
            if len(counts) == 1:
                raise
            at = f"{last[employment_class]}.employment_class"
            broken.append(type(refusal)(refusal.rule, refusal.detail, at))
    refuse(broken)
    return filled


async def _require_in(tx: Transaction, student: StudentId, employment_class: ClassId) -> None:
    enrolled = (await store.enrolled(tx, [student])).get(student)
    if enrolled is None or enrolled.employment_class != employment_class:
        raise NotFound("student_not_found", "There is no such student in the class", "student")


def _own(employment_class: EmploymentClass, school: SchoolId) -> EmploymentClass:
    if employment_class.school != school:
        raise NotFound("employment_class_not_found", "There is no such employment class", "employment_class")
    return employment_class
