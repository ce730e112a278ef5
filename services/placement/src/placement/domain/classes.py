"""Employment-customised classes (취업맞춤반) and their rosters."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from chassis.refusals import Conflict, Invalid, Refusal
from placement.domain.agreements import Term
from placement.domain.programme import Participation, School, YearRules
from placement.domain.rules import distinct, refuse
from placement.domain.vocabulary import ClassId, ClassState, CompanyId, SchoolId, StudentId, Year


@dataclass(frozen=True, slots=True)
class ClassPlan:
    """What a school wants to open; `capacity` in students, `companies` are those it trains for."""

    track: str
    field: str
    capacity: int
    companies: tuple[CompanyId, ...]
    term: Term


@dataclass(frozen=True, slots=True)
class EmploymentClass:
    id: ClassId
    year: Year
    school: SchoolId
    plan: ClassPlan
    state: ClassState
    enrolled: int
    opened_at: datetime
    closed_at: datetime | None = None
    closed_reason: str | None = None

    def enrol(self, students: int) -> "EmploymentClass":
        """Take in so many students.

        Raises:
            Conflict: The class takes no one new, or has not so many seats left.
        """
        if self.state is not ClassState.OPEN:
            raise Conflict("class_closed", f"The class is closed ({self.closed_reason})", "employment_class")
        if self.enrolled + students > self.plan.capacity:
            left = self.plan.capacity - self.enrolled
            raise Conflict("class_full", f"The class has {left} seats left, {students} are asked for", "rows")
        return replace(self, enrolled=self.enrolled + students)

    def close(self, reason: str, now: datetime) -> "EmploymentClass":
        """Take no one new from now on; who is in it stays."""
        if self.state is not ClassState.OPEN:
            raise Conflict("class_closed", f"The class is closed ({self.closed_reason})", "state")
        return replace(self, state=ClassState.CLOSED, closed_at=now, closed_reason=reason)


@dataclass(frozen=True, slots=True)
class Ground:
    """What a class stands on: the school's place, the year's rules, and its partners by agreement today."""

    participation: Participation
    rules: YearRules
    partners: frozenset[CompanyId]
    today: date


def open_class(employment_class: ClassId, plan: ClassPlan, ground: Ground, now: datetime) -> EmploymentClass:
    """A class of a school that takes part, with companies whose agreement is in force."""
    ground.participation.require_taking_part()
    refuse(_broken(plan, ground))
    where = ground.participation
    return EmploymentClass(employment_class, where.year, where.school.id, plan, ClassState.OPEN, 0, now)


def _broken(plan: ClassPlan, ground: Ground) -> Iterator[Refusal]:
    rules = ground.rules
    if plan.track not in ground.participation.tracks:
        yield Conflict("track_not_held", f"The school holds no designation for {plan.track}", "track")
    if not rules.class_min_size <= plan.capacity <= rules.class_max_size:
        sizes = f"{rules.class_min_size} to {rules.class_max_size}"
        yield Invalid("class_size", f"A class of {rules.year} has {sizes} students", "capacity")
    yield from distinct("companies", plan.companies)
    for at, company in enumerate(plan.companies):
        if company not in ground.partners:
            yield Conflict(
                "agreement_not_in_force",
                "School and company have no agreement in force today",
                f"companies.{at}",
            )
    if plan.term.ends_on < plan.term.starts_on:
        yield Invalid("term_in_order", "The class ends before it starts", "ends_on")
    if plan.term.ends_on < ground.today:
        yield Invalid("term_over", "The class is over before it opens", "ends_on")


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A student in a class."""

    student: StudentId
    school: School
    employment_class: ClassId
    track: str


@dataclass(frozen=True, slots=True)
class KnownStudent:
    """A student the school has enrolled before, and the class it is in now, if any."""

    id: StudentId
    active_class: ClassId | None


def check_roster(references: Sequence[str], known: Mapping[str, KnownStudent]) -> None:
    """Refuse a roster with every row that breaks a rule; rows count from 0, as in the request.

    Raises:
        Several, Invalid, Conflict: A reference stands there twice, or its student is in a class already.
    """
    refuse(_broken_rows(references, known))


def _broken_rows(references: Sequence[str], known: Mapping[str, KnownStudent]) -> Iterator[Refusal]:
    seen: dict[str, int] = {}
    for row, reference in enumerate(references):
        field = f"rows.{row}.reference"
        if reference in seen:
            yield Invalid("distinct", f"The reference stands in row {seen[reference]} already", field)
            continue
        seen[reference] = row
        student = known.get(reference)
        if student is not None and student.active_class is not None:
            yield Conflict("enrolled_already", "The student is in a class already; one at a time", field)
