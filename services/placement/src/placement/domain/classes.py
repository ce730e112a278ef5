"""Employment-customised classes (취업맞춤반) and their rosters."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from chassis.refusals import Conflict, Invalid, Refusal
from placement.domain.agreements import Term
from placement.domain.persons import Person
from placement.domain.programme import Participation, School, YearRules
from placement.domain.rules import distinct, refuse
from placement.domain.vocabulary import ClassId, ClassState, CompanyId, SchoolId, StudentId, Year


@dataclass(frozen=True, slots=True)
class ClassPlan:
    """What a school opens; `hours` of training, `capacity` in students, `companies` it trains for."""

    track: str
    field: str
    hours: int
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

    def enrol(self, students: int, today: date) -> "EmploymentClass":
        """Take in so many students.

        Raises:
            Conflict: The class takes no one new, or has not so many seats left.
        """
        if self.state is not ClassState.OPEN:
            raise Conflict("class_closed", f"The class is closed ({self.closed_reason})", "employment_class")
        if self.plan.term.ends_on < today:
            raise Conflict("class_over", "The class's last day is over", "employment_class")
        if self.enrolled + students > self.plan.capacity:
            left = self.plan.capacity - self.enrolled
            raise Conflict("class_full", f"The class has {left} seats left, {students} are asked for", "rows")
        return replace(self, enrolled=self.enrolled + students)

    def let_go(self, students: int = 1) -> "EmploymentClass":
        """So many students leave, and their seats are free."""
        return replace(self, enrolled=self.enrolled - students)

    def change(self, plan: ClassPlan, ground: "Ground") -> "EmploymentClass":
        """Another plan for an open class, under the rules for a new one; never for fewer than are in it.

        A company that is in the class already must have its agreement as well as a new one.
        """
        if self.state is not ClassState.OPEN:
            raise Conflict("class_closed", f"The class is closed ({self.closed_reason})", "state")
        ground.participation.require_taking_part()
        broken = list(_broken(plan, ground))
        if plan.capacity < self.enrolled:
            broken.append(
                Conflict("below_enrolled", f"{self.enrolled} students are in the class", "capacity")
            )
        refuse(broken)
        return replace(self, plan=plan)

    def without(self, companies: Collection[CompanyId]) -> "EmploymentClass":
        """Companies whose agreement is over are trained for no longer."""
        left = tuple(each for each in self.plan.companies if each not in companies)
        return replace(self, plan=replace(self.plan, companies=left))

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


@dataclass(frozen=True, slots=True)
class RosterEntry:
    """A row of a roster: where it stands in the request or file, and whom it enrols into which class.

    `consented_on` is the day on which a parent or guardian agreed, where the school recorded it; `person`
    is who the student is, where it says so.
    """

    at: str
    employment_class: ClassId
    reference: str
    consented_on: date | None = None
    person: Person | None = None


def check_roster(
    roster: Sequence[RosterEntry], known: Mapping[str, KnownStudent], today: date
) -> Iterator[Refusal]:
    """Every row that breaks a rule: a reference twice, a student in a class already, a consent to come."""
    seen: dict[str, str] = {}
    for entry in roster:
        field = f"{entry.at}.reference"
        if entry.reference in seen:
            yield Invalid("distinct", f"The reference stands in {seen[entry.reference]} already", field)
            continue
        seen[entry.reference] = entry.at
        student = known.get(entry.reference)
        if student is not None and student.active_class is not None:
            yield Conflict("enrolled_already", "The student is in a class already; one at a time", field)
        if entry.consented_on is not None and entry.consented_on > today:
            yield Invalid(
                "in_the_past", f"Today is {today.isoformat()} in Korea", f"{entry.at}.guardian_consent_on"
            )
        if entry.person is not None:
            yield from entry.person.broken(today, f"{entry.at}.")


@dataclass(frozen=True, slots=True)
class Consent:
    """A parent or guardian agreed to a minor's employment; the paper is kept by school and company.

    Source: Labor Standards Act, Article 66 (papers of minors).
    """

    student: StudentId
    given_on: date
