"""The register of schools: what is told of one, how a list is taken in, what may change."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from applications.domain.rules import refuse
from applications.domain.vocabulary import SchoolId, SchoolState
from chassis.refusals import Conflict, Invalid


@dataclass(frozen=True, slots=True)
class SchoolFacts:
    """What the register says of a school; its NEIS code may be missing, and a name alone is no key."""

    neis_code: str | None
    name_ko: str
    name_en: str | None
    province: str
    stream: str
    founder: str
    school_type: str

    @property
    def identity(self) -> str:
        """What makes a row the same school when a list comes again: the NEIS code, else name and province."""
        return self.neis_code or f"{self.province} {self.name_ko}"


@dataclass(frozen=True, slots=True)
class School:
    id: SchoolId
    facts: SchoolFacts
    state: SchoolState = SchoolState.OPEN
    closed_at: datetime | None = None

    def rename(self, name_ko: str, name_en: str | None) -> "School":
        self.require_open()
        renamed = replace(self.facts, name_ko=name_ko, name_en=name_en)
        if renamed == self.facts:
            raise Conflict("same_name", "The school bears this name already", "name_ko")
        return replace(self, facts=renamed)

    def close(self, now: datetime) -> "School":
        self.require_open()
        return replace(self, state=SchoolState.CLOSED, closed_at=now)

    def require_open(self) -> None:
        if self.state is not SchoolState.OPEN:
            raise Conflict("school_closed", "The school is closed", "state")


def unknown_of(rows: Sequence[SchoolFacts], known: Mapping[str, SchoolFacts]) -> list[SchoolFacts]:
    """Of a list as it comes in, the schools that are not in the register yet (`known`, by identity).

    A school that is known with the same facts is passed over, so a list can come twice. Raises every row
    that names a school twice, or gives a known one other facts: renaming is an act of its own.
    """
    refuse(_broken(rows, known))
    return [row for row in rows if row.identity not in known]


def _broken(rows: Sequence[SchoolFacts], known: Mapping[str, SchoolFacts]) -> Iterator[Invalid]:
    times = Counter(row.identity for row in rows)
    for number, row in enumerate(rows):
        field = "neis_code" if row.neis_code else "name_ko"
        if times[row.identity] > 1:
            yield Invalid(
                "distinct", f"{row.identity} stands in the list more than once", f"rows.{number}.{field}"
            )
        present = known.get(row.identity)
        if present is None:
            continue
        for name in SchoolFacts.__dataclass_fields__:
            if getattr(row, name) != getattr(present, name):
                detail = f"The register has {getattr(present, name)!r}; a change is an act of its own"
                yield Invalid("same_as_registered", detail, f"rows.{number}.{name}")
