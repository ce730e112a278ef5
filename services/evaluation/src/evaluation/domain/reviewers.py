"""The pool of reviewers: what they know, where they belong, and whom they may not review."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from chassis.refusals import Invalid
from evaluation.domain.policy import Ground
from evaluation.domain.vocabulary import ApplicationId, ReviewerId, SchoolId

DECLARED: Final = "declared"
"""A conflict that the reviewer or an officer declared; it counts whatever the policy says."""
_SAME: Final[Mapping[str, Ground]] = {
    "school": "same_school",
    "corporation": "same_corporation",
    "province": "same_province",
}


@dataclass(frozen=True, slots=True)
class Affiliation:
    """Where a reviewer belongs or belonged: a school, a school corporation, or a body in a province.

    `until` is the first day on which it holds no longer.
    """

    school: SchoolId | None = None
    corporation: str | None = None
    province: str | None = None
    since: date | None = None
    until: date | None = None

    def held_between(self, day: date, last: date) -> bool:
        """Whether it holds on a day from `day` to `last`, both included."""
        return (self.since is None or self.since <= last) and not self.ended_by(day)

    def ended_by(self, day: date) -> bool:
        return self.until is not None and self.until <= day


@dataclass(frozen=True, slots=True)
class Reviewer:
    """A reviewer of the pool.

    Attributes:
        province: Where they live and work.
        tracks: Tracks they know.
        fields: Streams of schools they know.
        capacity: Applications they take at once; None for as many as there are.
        available: Whether they take new ones.
    """

    id: ReviewerId
    province: str | None = None
    tracks: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()
    capacity: int | None = None
    available: bool = True
    affiliations: tuple[Affiliation, ...] = ()

    def refuse(self, field: str) -> Iterator[Invalid]:
        """What contradicts itself in an entry of the pool: rules `affiliation_empty`, `affiliation_dates`."""
        for place, each in enumerate(self.affiliations):
            path = f"{field}.affiliations.{place}"
            if each.school is None and each.corporation is None and each.province is None:
                yield Invalid(
                    "affiliation_empty", "An affiliation names a school, a corporation or a province", path
                )
            if each.since is not None and each.until is not None and each.until <= each.since:
                yield Invalid(
                    "affiliation_dates", "An affiliation ends after it begins: until", f"{path}.until"
                )


@dataclass(frozen=True, slots=True)
class Applying:
    """The school of an application as conflicts and expertise see it.

    `corporation` is the school corporation that runs it, where one is on record; `tracks` stand in the order
    the school named them.
    """

    application: ApplicationId
    school: SchoolId
    province: str
    corporation: str | None = None
    stream: str | None = None
    tracks: tuple[str, ...] = ()


class Conflicts:
    """Who may not review whom, found by school, corporation and province in one look each.

    An affiliation that begins by `last`, by default `day`, is a conflict too: the work would last into it.
    """

    def __init__(
        self,
        reviewers: Iterable[Reviewer],
        declared: Mapping[SchoolId, Iterable[ReviewerId]],
        grounds: Sequence[Ground],
        day: date,
        last: date | None = None,
    ) -> None:
        self._grounds = grounds
        self._found: dict[tuple[str, str], dict[ReviewerId, str]] = defaultdict(dict)
        for reviewer in reviewers:
            for ground, kind, value in _marks(reviewer, day, last or day):
                if ground in grounds:
                    self._found[kind, value].setdefault(reviewer.id, ground)
        self._declared = {school: tuple(by) for school, by in declared.items()}

    def of(self, applying: Applying) -> dict[ReviewerId, str]:
        """Each reviewer with a conflict, and the first ground for it."""
        found: dict[ReviewerId, str] = dict.fromkeys(self._declared.get(applying.school, ()), DECLARED)
        for kind, value in (
            ("school", applying.school),
            ("corporation", applying.corporation),
            ("province", applying.province),
        ):
            if value is not None:
                found = {**self._found.get((kind, value), {}), **found}
        return found


def _marks(reviewer: Reviewer, day: date, last: date) -> Iterator[tuple[Ground, str, str]]:
    """What conflicts a reviewer has: ground, and what of a school makes it one."""
    if reviewer.province is not None:
        yield "same_province", "province", reviewer.province
    for each in reviewer.affiliations:
        places = (("school", each.school), ("corporation", each.corporation), ("province", each.province))
        for kind, value in places:
            if value is None:
                continue
            if each.held_between(day, last):
                yield _SAME[kind], kind, value
            elif each.ended_by(day) and kind != "province":
                yield "former_employer", kind, value


def fit(reviewer: Reviewer, applying: Applying) -> int:
    """How well a reviewer's expertise meets an application, 0 to 3; a default of this software.

    Two for the track it named first, one for another of its tracks, one for the school's stream.
    """
    first, *others = applying.tracks or ("general",)
    by_track = 2 if first in reviewer.tracks else int(any(track in reviewer.tracks for track in others))
    return by_track + (applying.stream is not None and applying.stream in reviewer.fields)


BEST_FIT: Final = 3
