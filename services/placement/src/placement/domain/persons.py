"""Who a student is, and who may know it. Personal data; its representation says nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from chassis.refusals import Conflict, Invalid, NotAllowed, Refusal
from placement.domain.rules import refuse
from placement.domain.vocabulary import CompanyId, SchoolId, Side, StudentId

NAME_LENGTH: Final = 60
ADULT: Final = 18
YOUNGEST: Final = 12
OLDEST: Final = 80
"""Ages in years beyond which a birth date is taken for a slip: adults learn at these schools too."""


@dataclass(frozen=True, slots=True)
class Person:
    """Name and birth date of a student."""

    name: str
    birth_date: date

    def __repr__(self) -> str:
        return "Person()"

    def minor(self, day: date) -> bool:
        """Under 18, whom the law on work protects (Labor Standards Act, Articles 66, 69 and 70)."""
        return age(self.birth_date, day) < ADULT

    def check(self, today: date, field: str = "") -> None:
        """Refuse what cannot be a person's name and birth date; `field` names the row, as `rows.3.`.

        Raises:
            Several, Invalid: `name_not_plain`, `birth_date_implausible`; neither repeats what was given.
        """
        refuse(self.broken(today, field))

    def broken(self, today: date, field: str = "") -> Iterator[Refusal]:
        """What `check` refuses, one by one."""
        plain = self.name == self.name.strip() and self.name.isprintable()
        if not plain or not 0 < len(self.name) <= NAME_LENGTH:
            yield Invalid("name_not_plain", f"1 to {NAME_LENGTH} printable characters", f"{field}name")
        if not YOUNGEST <= age(self.birth_date, today) <= OLDEST:
            ages = f"{YOUNGEST} to {OLDEST}"
            yield Invalid("birth_date_implausible", f"A student is {ages} years old", f"{field}birth_date")


def age(born: date, today: date) -> int:
    """Full years (만 나이; Civil Act, Article 158)."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


class Action(StrEnum):
    """What somebody reads a person for, as the access log has it."""

    OWN_DATA = "own_data"
    SCHOOL_RECORD = "school_record"
    CLASS_ROSTER = "class_roster"
    CLASS_EXPORT = "class_export"
    AGREEMENT_PARTY = "agreement_party"
    AGREEMENT_PRINTED = "agreement_printed"
    OFFICER_INQUIRY = "officer_inquiry"


@dataclass(frozen=True, slots=True)
class Standing:
    """What ties a student to others.

    `companies` have an agreement with it drafted or in force; `running` still needs to know who it is.
    """

    student: StudentId
    school: SchoolId
    companies: frozenset[CompanyId]
    running: str | None
    erased: bool

    def action(self, side: Side, party: str) -> Action:
        """What a party may read the person for.

        Raises:
            NotAllowed: `not_your_own`: it has nothing to do with the student.
        """
        if side is Side.STUDENT and party == self.student:
            return Action.OWN_DATA
        if side is Side.SCHOOL and party == self.school:
            return Action.SCHOOL_RECORD
        if side is Side.COMPANY and party in self.companies:
            return Action.AGREEMENT_PARTY
        raise NotAllowed("not_your_own", "The party has no agreement with this student that lasts")

    def require_erasable(self) -> None:
        """Refuse to forget who somebody is whom a class, an offer, an agreement or a placement needs.

        Raises:
            Conflict: `person_needed`, with what has to end first; `person_erased`.
        """
        if self.erased:
            raise Conflict("person_erased", "The person was erased already", "student")
        if self.running is not None:
            raise Conflict("person_needed", f"{self.running} has to end first", "student")
