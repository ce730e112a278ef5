"""What a school says became of its students besides placements (진로): study, service, other work."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from chassis.refusals import Invalid, Refusal
from placement.domain.outcomes import school_year_ends
from placement.domain.rules import refuse
from placement.domain.vocabulary import StudentId, Year


class DestinationKind(StrEnum):
    """`excluded` is whom the official rule leaves out (제외인정자); `none` takes back what was said."""

    EMPLOYED_ELSEWHERE = "employed_elsewhere"
    ADVANCED_STUDY = "advanced_study"
    MILITARY_SERVICE = "military_service"
    EXCLUDED = "excluded"
    NOT_GRADUATED = "not_graduated"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Destination:
    """Since a day a student is there; a placement that is active on a day counts before it."""

    student: StudentId
    kind: DestinationKind
    since: date


def check_destinations(
    rows: Iterable[Destination], own: frozenset[StudentId], year: Year, today: date
) -> None:
    """Refuse rows of foreign students, of days to come, and a student who stands there twice.

    Who did not graduate has not by the end of the school year; after it nobody leaves a cohort like that.
    """
    seen: set[StudentId] = set()
    ends = school_year_ends(year)
    broken: list[Refusal] = []
    for at, row in enumerate(rows):
        if row.student not in own:
            where = f"rows.{at}.student"
            broken.append(Invalid("not_in_a_class", "No student of the school's classes of the year", where))
        if row.student in seen:
            broken.append(Invalid("distinct", "The student stands in a row above", f"rows.{at}.student"))
        if row.since > today:
            broken.append(
                Invalid("day_to_come", f"Today is {today.isoformat()} in Korea", f"rows.{at}.since")
            )
        if row.kind is DestinationKind.NOT_GRADUATED and row.since > ends:
            over = f"The school year of {year} ended on {ends.isoformat()}"
            broken.append(Invalid("school_year_over", over, f"rows.{at}.since"))
        seen.add(row.student)
    refuse(broken)
