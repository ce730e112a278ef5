"""Who a student is, and who may know it. Personal data; its representation says nothing."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
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


def without_consent(
    students: Sequence[StudentId],
    known: Mapping[StudentId, Person],
    consented: Collection[StudentId],
    day: date,
) -> Iterator[Refusal]:
    """Students who may not agree to work on a day by themselves: minors, and whose age nobody wrote.

    Who is not known to be an adult is held for a minor, whom the law protects.

    Source: Labor Standards Act, Article 66 (papers of minors).
    """
    for student in students:
        if student in consented:
            continue
        if student not in known:
            said = f"{student}: neither a birth date nor a guardian's consent is recorded"
            yield Conflict("age_unknown", said, "guardian_consent")
        elif known[student].minor(day):
            said = f"{student}: a guardian's consent is not recorded"
            yield Conflict("guardian_consent_missing", said, "guardian_consent")


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


class Ground(StrEnum):
    """What needs to know who a student is, for as long as it is undecided or goes on and no longer.

    Source: Personal Information Protection Act, Articles 21 (what is needed no more is destroyed without
    delay) and 36 (erasure on request).
    """

    PLACEMENT = "placement_active"
    AGREEMENT = "agreement_unsigned"
    OFFER = "offer_unanswered"
    ROUND = "round_undecided"
    CLASS = "class_open"


@dataclass(frozen=True, slots=True)
class Standing:
    """What ties a student to others: `companies` have an agreement with it drafted or in force.

    A student who asked to be forgotten (`asked_at`, with a reason) is so when no ground is left.
    """

    student: StudentId
    school: SchoolId
    companies: frozenset[CompanyId]
    grounds: tuple[Ground, ...]
    asked_at: datetime | None
    reason: str | None
    erased_at: datetime | None

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
        raise NotAllowed(
            "not_your_own", "The party has no agreement with this student that lasts", "token.party"
        )

    def require_known(self) -> None:
        """Refuse to begin something with, or to forget again, who was forgotten."""
        if self.erased_at is not None:
            raise Conflict("person_erased", "The person was erased already", "student")

    def require_asked(self) -> None:
        """Refuse to take back what was not asked for, or is done."""
        self.require_known()
        if self.asked_at is None:
            raise Conflict("erasure_not_asked", "Nobody asked to forget the student", "student")
