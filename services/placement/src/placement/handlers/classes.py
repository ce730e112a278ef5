"""Use cases of classes and rosters."""

from collections.abc import Sequence
from dataclasses import dataclass

from chassis import identifiers, outbox
from chassis.refusals import NotFound
from chassis.transaction import Transaction
from placement import announce
from placement.domain.agreements import day_of
from placement.domain.classes import ClassPlan, EmploymentClass, Ground, check_roster, open_class
from placement.domain.vocabulary import ClassId, SchoolId, StudentId, Year
from placement.handlers.programme import require_results
from placement.store import bipartite, programme
from placement.store import classes as store


@dataclass(frozen=True, slots=True)
class Roster:
    """A class after an enrolment, and the students' ids in the order in which they were named."""

    employment_class: EmploymentClass
    students: tuple[StudentId, ...]


async def open_employment_class(
    tx: Transaction, year: Year, school: SchoolId, plan: ClassPlan
) -> EmploymentClass:
    """Open a class; its companies have agreements in force that stay so until the commit."""
    rules = await programme.rules(tx, year)
    await require_results(tx, year)
    place = await programme.participation(tx, year, school)
    now = await tx.now()
    partners = await bipartite.partners(tx, year, day_of(now), school=school)
    ground = Ground(place, rules, frozenset(company for _, company in partners), day_of(now))
    opened = open_class(ClassId(identifiers.new("cls")), plan, ground, now)
    await store.add(tx, opened)
    outbox.add(tx, announce.class_opened(opened, place.school))
    return opened


async def close_employment_class(
    tx: Transaction, employment_class: ClassId, school: SchoolId
) -> EmploymentClass:
    present = _own(await store.for_update(tx, employment_class), school)
    now = await tx.now()
    closed = present.close("ended", now)
    await store.save(tx, [closed])
    names = await programme.schools(tx, [school])
    outbox.add(tx, announce.class_closed(closed, names[school], "ended", now))
    return closed


async def enrol_students(
    tx: Transaction, employment_class: ClassId, school: SchoolId, references: Sequence[str]
) -> Roster:
    """Take students into a class, all or none, by the school's own references for them."""
    await programme.lock_school(tx, school)
    present = _own(await store.for_update(tx, employment_class), school)
    place = await programme.participation(tx, present.year, school)
    place.require_taking_part()
    known = await store.known_students(tx, school, references)
    check_roster(references, known)
    now = await tx.now()
    filled = present.enrol(len(references))
    new = {each: StudentId(identifiers.new("stu")) for each in references if each not in known}
    students = tuple(known[each].id if each in known else new[each] for each in references)
    await store.add_students(tx, school, new)
    await store.enrol(tx, filled, students, now)
    await store.save(tx, [filled])
    for student in students:
        outbox.add(tx, announce.student_enrolled(student, filled, place.school, now))
    return Roster(filled, students)


def _own(employment_class: EmploymentClass, school: SchoolId) -> EmploymentClass:
    if employment_class.school != school:
        raise NotFound("employment_class_not_found", "There is no such employment class", "employment_class")
    return employment_class
