"""Records of employment insurance (고용보험 피보험자격 이력), as an officer gets them in a table.

A person is found by the school's own code for the student together with the company's registration number;
neither leaves this service. Insurance is lost on the day after the last day at work.
Source of that day: Employment Insurance Act (고용보험법), Article 14.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from chassis.refusals import Conflict, Invalid, Refusal
from placement.domain.companies import registration_number
from placement.domain.placements import Exit, Placement, Source
from placement.domain.retention import Check, CheckState
from placement.domain.rules import at_row, refuse
from placement.domain.vocabulary import EndReason, PlacementState

COLUMNS: Final = {
    "school": "학교|school",
    "reference": "학생관리번호|reference",
    "registration_number": "사업자등록번호|registration_number",
    "acquired_on": "취득일|acquired_on",
    "lost_on": "상실일|lost_on?",
    "reason": "상실사유|reason?",
}
"""Field → header, for the reader of tables."""

_REASONS: Final = {
    "해고": EndReason.DISMISSAL,
    "자발적 퇴사": EndReason.RESIGNATION,
    "폐업": EndReason.CLOSURE,
    "군 입대": EndReason.MILITARY_SERVICE,
    "진학": EndReason.ADVANCED_STUDY,
    "계약 만료": EndReason.CONTRACT_END,
    "기타": EndReason.OTHER,
    "": EndReason.OTHER,
    **{reason.value: reason for reason in EndReason},
}

Person = tuple[str, str, str]
"""School, the school's code for the student, registration number of the company."""


@dataclass(frozen=True, slots=True)
class Record:
    """Insured with a company from a day on, and until one where it was lost; `at` names its row."""

    at: str
    person: Person
    acquired_on: date
    lost_on: date | None
    reason: EndReason

    @property
    def exit(self) -> Exit | None:
        if self.lost_on is None:
            return None
        return Exit(self.lost_on - timedelta(days=1), self.reason, Source.INSURANCE)


def records(rows: Iterable[tuple[int, Mapping[str, str]]], drawn_on: date, today: date) -> list[Record]:
    """The records of a table, by the numbers of its rows; they may have been drawn today.

    Raises:
        Several, Invalid: naming every cell that breaks a rule, `rows.4.lost_on`.
    """
    if drawn_on > today:
        raise Invalid("day_to_come", f"Today is {today.isoformat()} in Korea", "drawn_on")
    found: list[Record] = []
    broken: list[Refusal] = []
    seen: set[Person] = set()
    for number, values in rows:
        at = f"rows.{number}"
        try:
            record = _record(at, values, drawn_on)
        except Refusal as refusal:
            broken.append(at_row(refusal, at))
            continue
        if record.person in seen:
            broken.append(Invalid("distinct", "Student and company stand in a row above", f"{at}.reference"))
        seen.add(record.person)
        found.append(record)
    refuse(broken)
    return found


def _record(at: str, values: Mapping[str, str], drawn_on: date) -> Record:
    number = registration_number(values["registration_number"])
    acquired_on = _day(values, "acquired_on")
    lost_on = _day(values, "lost_on") if values["lost_on"] else None
    if lost_on is not None and lost_on < acquired_on:
        raise Invalid("days_in_order", "Lost before it was acquired", "lost_on")
    if max(acquired_on, lost_on or acquired_on) > drawn_on:
        raise Invalid("after_drawn_on", f"The records are of {drawn_on.isoformat()}", "acquired_on")
    if values["reason"] not in _REASONS:
        raise Invalid("known", f"Known are {', '.join(filter(None, _REASONS))}", "reason")
    person = values["school"], values["reference"], number
    return Record(at, person, acquired_on, lost_on, _REASONS[values["reason"]])


def _day(values: Mapping[str, str], field: str) -> date:
    try:
        return date.fromisoformat(values[field])
    except ValueError:
        raise Invalid("day", "A day is written like 2026-01-05", field) from None


def compare(record: Record, placement: Placement, checks: Iterable[Check], drawn_on: date) -> list[Check]:
    """The open checks that a record confirms; what ends the placement answers them by itself.

    Raises:
        Conflict: Somebody is insured who has left by all that was said here.
    """
    if record.lost_on is None and placement.state is PlacementState.ENDED:
        raise Conflict(
            "ended_but_insured",
            f"By what is recorded the work ended on {placement.ended_on}, but the insurance goes on",
            f"{record.at}.lost_on",
        )
    if record.lost_on is not None:
        return []
    open_states = CheckState.SCHEDULED, CheckState.DUE
    return [
        check
        for check in checks
        if check.state in open_states and record.acquired_on <= check.due_on <= drawn_on
    ]
