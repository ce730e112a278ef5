"""The register of schools: what is told of one, how a list is taken in, what may change."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
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
    def place(self) -> tuple[str, str]:
        """Province and Korean name."""
        return self.province, self.name_ko

    def is_same_school_as(self, other: "SchoolFacts") -> bool:
        """By the NEIS code where both have one, else by name within the province."""
        if self.neis_code and other.neis_code:
            return self.neis_code == other.neis_code
        return self.place == other.place


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


def unknown_of(rows: Sequence[SchoolFacts], known: Iterable[SchoolFacts]) -> list[SchoolFacts]:
    """Of a list as it comes in, the schools that are not among the `known` ones of the register yet.

    A school that is known with the same facts is passed over, so a list can come twice. Raises every row
    that names a school twice, or gives a known one other facts: renaming is an act of its own.
    """
    register = _Register(known)
    refuse(_broken(rows, register))
    return [row for row in rows if register.find(row) is None]


class _Register:
    """Schools by what they may be known by."""

    def __init__(self, schools: Iterable[SchoolFacts]) -> None:
        self._by_code: dict[str, SchoolFacts] = {}
        self._by_place: defaultdict[tuple[str, str], list[SchoolFacts]] = defaultdict(list)
        for school in schools:
            self.add(school)

    def add(self, school: SchoolFacts) -> None:
        if school.neis_code:
            self._by_code[school.neis_code] = school
        self._by_place[school.place].append(school)

    def find(self, row: SchoolFacts) -> SchoolFacts | None:
        if row.neis_code in self._by_code:
            return self._by_code[row.neis_code]
        same = [school for school in self._by_place[row.place] if row.is_same_school_as(school)]
        return next((school for school in same if school == row), same[0] if same else None)


def _broken(rows: Sequence[SchoolFacts], register: _Register) -> Iterator[Invalid]:
    earlier = _Register([])
    for number, row in enumerate(rows):
        twin = earlier.find(row)
        if twin is not None:
            field = "neis_code" if row.neis_code and twin.neis_code else "name_ko"
            yield Invalid("distinct", "A row before this one names the same school", f"rows.{number}.{field}")
        earlier.add(row)
        present = register.find(row)
        if present is None:
            continue
        for name in SchoolFacts.__dataclass_fields__:
            if getattr(row, name) != getattr(present, name):
                detail = f"The register has {getattr(present, name)!r}; a change is an act of its own"
                yield Invalid("same_as_registered", detail, f"rows.{number}.{name}")
