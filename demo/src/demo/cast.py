"""Who plays the year, and in what size; `demo.casting` chooses and invents them.

The schools are real; everything they do here is simulated. Companies, reviewers, students and contacts are
invented: companies bear the word 모의 in their name and a number of a tax office that there is not,
contacts end in `.invalid`, students are numbers.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from demo import facts

Language = Literal["ko", "en"]
Conduct = Literal[
    "plain",  # drafts, saves, attaches, submits
    "amends",  # submits, thinks again, hands in another version
    "mends",  # leaves something out, is refused, mends it
    "gives_up",  # leaves something out, is refused, never comes back
    "late",  # drafts in time, submits after the deadline, is refused
    "extended",  # submits after the deadline, inside an extension
    "withdraws",  # submits, withdraws before the deadline
    "withdraws_late",  # submits, withdraws after the deadline
    "pretends",  # applies as a continuing school without having taken part
]


@dataclass(frozen=True, slots=True)
class Size:
    """How large the year is played; counts of schools, people, companies and students.

    `seekers` is about how many of the students look for work; the others go on to study.
    """

    schools: int
    participants: int
    continuing: int
    new: int
    seats: int
    regional: int
    new_technology: int
    reviewers: int
    companies: int
    classes: int
    students: int
    seekers: int


WHOLE: Final = Size(
    schools=461,
    participants=173,
    continuing=166,
    new=86,
    seats=180,
    regional=10,
    new_technology=25,
    reviewers=40,
    companies=60,
    classes=180,
    students=5368,
    seekers=1000,
)
"""The figures of the programme where they are public: schools, participants, seats, quotas and students.

`students` is the number trained in customised classes in 2024.
"""

SMALL: Final = Size(
    schools=60,
    participants=22,
    continuing=19,
    new=17,
    seats=22,
    regional=3,
    new_technology=5,
    reviewers=8,
    companies=6,
    classes=8,
    students=96,
    seekers=48,
)
"""Every step of the year with fewer people, for the end-to-end test."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of a school's last cohort, in heads.

    `graduates`, `employed` and `advanced` are the public survey's; the rest is simulated.
    """

    graduates: int
    employed: int
    advanced: int
    enlisted: int
    excluded: int
    retained: int


@dataclass(frozen=True, slots=True)
class Participant:
    """A school that took part last year (simulated choice), with the designations it then held."""

    school: facts.School
    designations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Applicant:
    """A school that applies.

    Attributes:
        quality: What reviewers see in it, out of 100; each of them sees it a little differently.
        slip: What a school that errs leaves out at first.
    """

    school: facts.School
    kind: Literal["continuing", "new"]
    tracks: tuple[str, ...]
    accepts_general: bool
    planned_students: int
    partner_companies: int
    outcomes: Outcomes
    quality: Decimal
    conduct: Conduct
    slip: Literal["document", "figure", "wish"]
    language: Language


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Sees every application `severity` points better than it is, give or take; lives in a province."""

    sub: str
    severity: Decimal
    province: str
    language: Language


@dataclass(frozen=True, slots=True)
class Company:
    registration_number: str
    name_ko: str
    name_en: str
    province: str
    industry: str
    employees: int
    language: Language


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody."""

    seed: int
    size: Size
    schools: tuple[facts.School, ...]
    participants: tuple[Participant, ...]
    applicants: tuple[Applicant, ...]
    reviewers: tuple[Reviewer, ...]
    companies: tuple[Company, ...]


def address(party: str) -> str:
    """An address that exists nowhere: `.invalid` is reserved for that (RFC 2606)."""
    return f"{party.replace('_', '-')}@ieum-demo.invalid"
