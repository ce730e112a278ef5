"""Companies: the registration number that the tax office gave, SME status, approval and suspension.

registered ── an officer approves ──▶ approved ◀── reinstated / suspended ──▶ suspended
"""

import re
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from chassis.refusals import Conflict, Invalid
from placement.domain.vocabulary import KST, CompanyId, CompanyState, SmeStatus

_WEIGHTS: Final = (1, 3, 7, 1, 3, 7, 1, 3, 5)
_LOWEST_OFFICE: Final = 101


@dataclass(frozen=True, slots=True)
class CompanyFacts:
    """What a company says of itself; `employees` counts heads.

    `sme_status` is what the confirmation of SMEs (중소기업 확인서) says under the Framework Act on Small and
    Medium Enterprises, Article 2; `sme_confirmed_until` is the last day on which it is valid.
    """

    registration_number: str
    name_ko: str
    name_en: str | None
    province: str
    industry: str
    employees: int
    sme_status: SmeStatus
    sme_confirmed_until: date | None

    def require_sme(self, day: date) -> None:
        """Refuse a company that is no SME, or whose confirmation does not reach to `day`."""
        if self.sme_status is SmeStatus.NOT_SME:
            raise Conflict("not_an_sme", "The programme is for small and medium enterprises", "sme_status")
        if self.sme_confirmed_until is None or self.sme_confirmed_until < day:
            raise Conflict(
                "sme_not_confirmed",
                "The confirmation of SME status is missing or no longer valid",
                "sme_confirmed_until",
            )


@dataclass(frozen=True, slots=True)
class Company:
    id: CompanyId
    facts: CompanyFacts
    state: CompanyState
    registered_at: datetime
    approved_at: datetime | None = None
    suspended_at: datetime | None = None
    suspended_reason: str | None = None

    def approve(self, now: datetime) -> "Company":
        if self.state is not CompanyState.REGISTERED:
            raise Conflict("company_not_registered", f"The company is {self.state} already", "state")
        self.facts.require_sme(now.astimezone(KST).date())
        return replace(self, state=CompanyState.APPROVED, approved_at=now)

    def suspend(self, reason: str, now: datetime) -> "Company":
        """Take no new students from now on; those who are there are followed up."""
        self.require_approved("state")
        return replace(self, state=CompanyState.SUSPENDED, suspended_at=now, suspended_reason=reason)

    def reinstate(self, now: datetime) -> "Company":
        """Take students again; its SME status must stand on that day."""
        if self.state is not CompanyState.SUSPENDED:
            raise Conflict("company_not_suspended", f"The company is {self.state}", "state")
        self.facts.require_sme(now.astimezone(KST).date())
        return replace(self, state=CompanyState.APPROVED, suspended_at=None, suspended_reason=None)

    def require_approved(self, field: str = "company") -> None:
        """Refuse what only an approved company may do.

        Raises:
            Conflict: `company_suspended`, or `company_not_approved` where no officer has approved it yet.
        """
        if self.state is CompanyState.SUSPENDED:
            raise Conflict("company_suspended", f"The company is suspended ({self.suspended_reason})", field)
        if self.state is not CompanyState.APPROVED:
            raise Conflict("company_not_approved", "An officer has not approved the company yet", field)


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
    check_status(facts.sme_status, facts.sme_confirmed_until)
    return Company(company, replace(facts, registration_number=number), CompanyState.REGISTERED, now)


def check_status(status: SmeStatus, confirmed_until: date | None) -> None:
    """Refuse a status without the last day of its confirmation, and a day that confirms nothing."""
    if (status is SmeStatus.NOT_SME) != (confirmed_until is None):
        raise Invalid(
            "status_and_day",
            "A confirmed SME status comes with the last day of its confirmation, and only that",
            "sme_confirmed_until",
        )
