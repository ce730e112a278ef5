"""What a matching run decides over, and what is kept of its decision."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from placement.domain.explaining import Loss, Strike, StudentExplanation
from placement.domain.rounds import Ranking
from placement.domain.vocabulary import CompanyId, OpeningId, SchoolId, StudentId


@dataclass(frozen=True, slots=True)
class Listed:
    """A student who takes part, and its list as it was when the round closed."""

    student: StudentId
    school: SchoolId
    openings: tuple[OpeningId, ...]


@dataclass(frozen=True, slots=True)
class Offered:
    """An opening of the year, its free places, how its company wishes, and whether it takes nobody."""

    opening: OpeningId
    company: CompanyId
    free: int
    ranking: Ranking | None
    barred: Strike | None = None


@dataclass(frozen=True)
class Gathered:
    """What a round decides over; `partners` are schools and companies with an agreement in force today."""

    students: tuple[Listed, ...]
    openings: tuple[Offered, ...]
    partners: Collection[tuple[SchoolId, CompanyId]]

    @cached_property
    def lists(self) -> Mapping[StudentId, tuple[OpeningId, ...]]:
        return {listed.student: listed.openings for listed in self.students}

    @cached_property
    def struck(self) -> Mapping[StudentId, Mapping[OpeningId, Strike]]:
        """Openings on a student's list that it cannot have whatever the companies wish, and why."""
        offered = {each.opening: each for each in self.openings}
        found: dict[StudentId, dict[OpeningId, Strike]] = {}
        for listed in self.students:
            for opening in listed.openings:
                reason = self._strike(listed.school, offered.get(opening))
                if reason is not None:
                    found.setdefault(listed.student, {})[opening] = reason
        return found

    @property
    def needs_lot(self) -> bool:
        return any(each.ranking is not None and each.ranking.scores is not None for each in self.openings)

    def _strike(self, school: SchoolId, offered: Offered | None) -> Strike | None:
        if offered is None:
            return None
        if offered.barred is not None:
            return offered.barred
        return None if (school, offered.company) in self.partners else "agreement_not_in_force"


@dataclass(frozen=True, slots=True)
class Proof:
    """A decision as it is kept: the exact bytes that were hashed, and by what they were decided."""

    rule: str
    code: str
    snapshot: bytes
    snapshot_sha256: str
    result: bytes
    result_sha256: str


_UNMATCHED_BECAUSE: Final[Mapping[Loss, str]] = {
    "higher_ranked_took_places": "listed_openings_full",
    "no_places": "listed_openings_full",
    "not_ranked_by_company": "not_ranked_by_company",
    "agreement_not_in_force": "agreement_not_in_force",
    "opening_withdrawn": "opening_gone",
    "work_over": "opening_gone",
    "company_suspended": "opening_gone",
    "not_in_round": "opening_gone",
}


def reasons_unmatched(told: StudentExplanation) -> tuple[str, ...]:
    """Why a student got nothing, as codes in the order of its list, each once."""
    if not told.missed:
        return ("no_opening_listed",)
    return tuple(dict.fromkeys(_UNMATCHED_BECAUSE[missed.reason] for missed in told.missed))
