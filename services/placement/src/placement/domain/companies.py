"""Companies: the registration number that the tax office gave, and an officer's approval."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from chassis.refusals import Conflict, Invalid
from placement.domain.vocabulary import CompanyId, CompanyState

_WEIGHTS: Final = (1, 3, 7, 1, 3, 7, 1, 3, 5)
_LOWEST_OFFICE: Final = 101


@dataclass(frozen=True, slots=True)
class CompanyFacts:
    """What a company says of itself; `employees` counts heads."""

    registration_number: str
    name_ko: str
    name_en: str | None
    province: str
    industry: str
    employees: int


@dataclass(frozen=True, slots=True)
class Company:
    id: CompanyId
    facts: CompanyFacts
    state: CompanyState
    registered_at: datetime
    approved_at: datetime | None = None

    def approve(self, now: datetime) -> "Company":
        if self.state is not CompanyState.REGISTERED:
            raise Conflict("company_not_registered", f"The company is {self.state} already", "state")
        return replace(self, state=CompanyState.APPROVED, approved_at=now)

    def require_approved(self) -> None:
        """Refuse what only an approved company may do."""
        if self.state is not CompanyState.APPROVED:
            raise Conflict("company_not_approved", "An officer has not approved the company yet", "company")


def registration_number(written: str) -> str:
    """The ten digits of a business registration number (사업자등록번호), written with or without hyphens.

    Three digits of the tax office, two of the kind of business, four of a serial number, one check digit:
    the digits weigh 1, 3, 7, 1, 3, 7, 1, 3, 5; the tens of the ninth product are added; the check digit fills
    the sum up to a multiple of ten.
    Sources: OECD, *Korea: information on tax identification numbers* (structure); python-stdnum,
    `stdnum.kr.brn` (weights and the ranges that are not given out).

    Raises:
        Invalid: Ten digits are missing, a part is never given out, or the check digit does not hold.
    """
    if not re.fullmatch(r"[0-9]{3}-?[0-9]{2}-?[0-9]{5}", written, re.ASCII):
        raise Invalid("ten_digits", "A business registration number has ten digits", "registration_number")
    digits = written.replace("-", "")
    if int(digits[:3]) < _LOWEST_OFFICE or digits[3:5] == "00" or digits[5:9] == "0000":
        raise Invalid("number_never_given", "No tax office gives such a number", "registration_number")
    if int(digits[9]) != check_digit(digits[:9]):
        raise Invalid("check_digit", "The number's last digit does not check", "registration_number")
    return digits


def check_digit(nine: str) -> int:
    """The tenth digit of a business registration number."""
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, nine, strict=True))
    return -(total + int(nine[8]) * _WEIGHTS[8] // 10) % 10


def register(company: CompanyId, facts: CompanyFacts, now: datetime) -> Company:
    """A company enters, to be approved by an officer."""
    number = registration_number(facts.registration_number)
    return Company(company, replace(facts, registration_number=number), CompanyState.REGISTERED, now)
