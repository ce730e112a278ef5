"""What rows of imported files say: companies, and students of a school with their classes.

Headers are Korean or English. Empty cells count as left out.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Final, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from chassis.refusals import Invalid, Refusal
from contracts import values
from papers.tables import Row
from placement.domain.classes import RosterEntry
from placement.domain.companies import CompanyFacts
from placement.domain.persons import NAME_LENGTH, Person
from placement.domain.vocabulary import ClassId, SmeStatus

COMPANIES: Final = {
    "registration_number": "사업자등록번호|registration_number",
    "name_ko": "기업명|name_ko",
    "name_en": "영문명|name_en?",
    "province": "지역|province",
    "industry": "업종|industry",
    "employees": "상시근로자수|employees",
    "sme_status": "기업규모|sme_status",
    "sme_confirmed_until": "확인서유효일|sme_confirmed_until?",
}
ROSTER: Final = {
    "employment_class": "취업맞춤반|employment_class",
    "reference": "학번|reference",
    "department": "학과|department?",
    "guardian_consent_on": "보호자동의일|guardian_consent_on?",
    "name": "이름|name?",
    "birth_date": "생년월일|birth_date?",
}
"""Field → header, as `papers.tables.read` takes them; a last `?` marks what may be missing."""

_DAY: Final = re.compile(r"(\d{4})[-./]\s*(\d{1,2})[-./]\s*(\d{1,2})\.?|(\d{4})(\d{2})(\d{2})", re.ASCII)
_STATUS: Final = {
    "소상공인": SmeStatus.MICRO,
    "소기업": SmeStatus.SMALL,
    "중기업": SmeStatus.MEDIUM,
    "해당없음": SmeStatus.NOT_SME,
}
_PROVINCES: Final = {name.ko: code for code, name in values.PROVINCES.items()}


def _day(written: Any) -> Any:
    """2025-04-01, 2025.4.1., 2025/04/01 or 20250401; anything else is left for the date itself to refuse."""
    found = _DAY.fullmatch(written) if isinstance(written, str) else None
    if found is None:
        return written
    year, month, day = (part for part in found.groups() if part is not None)
    return f"{year}-{int(month):02}-{int(day):02}"


def _province(written: str) -> str:
    code = _PROVINCES.get(written, written)
    if code not in values.PROVINCES:
        raise PydanticCustomError("known", "Known are {known}", {"known": ", ".join(_PROVINCES)})
    return code


Day = Annotated[date, BeforeValidator(_day)]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class CompanyRow(_Row):
    registration_number: Annotated[str, Field(max_length=12)]
    name_ko: values.OrganisationName
    name_en: values.OrganisationName | None = None
    province: Annotated[str, BeforeValidator(_province)]
    industry: values.Code
    employees: Annotated[
        int, Field(ge=1, le=100_000), BeforeValidator(lambda written: str(written).replace(",", ""))
    ]
    sme_status: Annotated[SmeStatus, BeforeValidator(lambda written: _STATUS.get(written, written))]
    sme_confirmed_until: Day | None = None

    def facts(self) -> CompanyFacts:
        return CompanyFacts(**self.model_dump())


class RosterRow(_Row):
    employment_class: Annotated[str, Field(max_length=64)]
    reference: Annotated[str, Field(max_length=40, pattern=r"^[0-9A-Za-z_.-]+$")]
    department: Annotated[str, Field(max_length=80)] | None = None
    guardian_consent_on: Day | None = None
    name: Annotated[str, Field(max_length=NAME_LENGTH)] | None = None
    birth_date: Day | None = None

    @model_validator(mode="after")
    def _whole_person(self) -> Self:
        if (self.name is None) != (self.birth_date is None):
            raise PydanticCustomError("whole_person", "Name and birth date come together or not at all")
        return self

    def entry(self, at: str) -> RosterEntry:
        return RosterEntry(
            at, ClassId(self.employment_class), self.reference, self.guardian_consent_on, self.person()
        )

    def person(self) -> Person | None:
        if self.name is None or self.birth_date is None:
            return None
        return Person(self.name, self.birth_date)


Kind = TypeVar("Kind", bound=_Row)


def parsed(rows: Sequence[Row], kind: type[Kind]) -> tuple[dict[str, Kind], list[Refusal]]:
    """What rows say, by where they stand (`rows.17`), and each field of a row that cannot be read."""
    said: dict[str, Kind] = {}
    broken: list[Refusal] = []
    for row in rows:
        at = f"rows.{row.number}"
        try:
            said[at] = kind.model_validate(_given(row.values))
        except ValidationError as error:
            broken += [
                Invalid(each["type"], each["msg"], ".".join((at, *map(str, each["loc"]))))
                for each in error.errors(include_input=False, include_url=False)
            ]
    return said, broken


def _given(cells: Mapping[str, str]) -> dict[str, str]:
    return {field: cell for field, cell in cells.items() if cell}
