"""Who reviews what: the task that is solved, the plan that comes of it, and what it could not do."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from evaluation.domain.reviewers import Applying, Conflicts, Reviewer, fit
from evaluation.domain.vocabulary import ApplicationId, ReviewerId

NAMED_AT_MOST: Final = 100
"""Applications that an answer names one by one."""


@dataclass(frozen=True, slots=True)
class Wanting:
    """An application at a stage of review.

    Attributes:
        wanted: How many reviewers it is to get beside those it keeps.
        kept: Who reviews it now.
        gone: Who reviewed it and does no longer, released or recused; they do not get it again.
    """

    applying: Applying
    stage: str
    wanted: int
    kept: frozenset[ReviewerId] = frozenset()
    gone: frozenset[ReviewerId] = frozenset()


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be assigned, as plain numbers; reviewers are places in `reviewers`.

    Attributes:
        barred: For each application, who may not get it.
        profiles: For each application, its place in `fits`.
        fits: For each profile, how well each reviewer's expertise meets it.
        loads: For each reviewer, how many they have in hand.
        rooms: For each reviewer, how many more they take.
    """

    applications: tuple[ApplicationId, ...]
    reviewers: tuple[ReviewerId, ...]
    wanted: tuple[int, ...]
    barred: tuple[frozenset[int], ...]
    profiles: tuple[int, ...]
    fits: tuple[tuple[int, ...], ...]
    loads: tuple[int, ...]
    rooms: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Assignment:
    application: ApplicationId
    reviewer: ReviewerId
    stage: str = ""


@dataclass(frozen=True, slots=True)
class Shortage:
    """An application that lacks reviewers.

    `grounds` counts why nobody else can have it: by ground of conflict, `at_capacity`, `unavailable`, or
    `reviewed_before` for those who were released or recused from it.
    """

    application: ApplicationId
    lacking: int
    grounds: Mapping[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        reasons = ", ".join(f"{count} {ground}" for ground, count in sorted(self.grounds.items()))
        return f"{self.application} lacks {self.lacking} ({reasons or 'nobody else is in the pool'})"


def task(
    wanting: Sequence[Wanting],
    reviewers: Sequence[Reviewer],
    loads: Mapping[ReviewerId, int],
    conflicts: Conflicts,
) -> Task:
    """What the solver is given; conflicts are looked up and expertise is worked out once per profile."""
    pool = [reviewer for reviewer in reviewers if reviewer.available]
    place = {reviewer.id: number for number, reviewer in enumerate(pool)}
    everyone = sum(each.wanted for each in wanting)
    samples = {(each.applying.tracks, each.applying.stream): each.applying for each in wanting}
    profiles = {profile: number for number, profile in enumerate(samples)}
    return Task(
        applications=tuple(each.applying.application for each in wanting),
        reviewers=tuple(reviewer.id for reviewer in pool),
        wanted=tuple(each.wanted for each in wanting),
        barred=tuple(
            frozenset(
                place[who] for who in (*conflicts.of(each.applying), *each.kept, *each.gone) if who in place
            )
            for each in wanting
        ),
        profiles=tuple(profiles[each.applying.tracks, each.applying.stream] for each in wanting),
        fits=tuple(tuple(fit(reviewer, sample) for reviewer in pool) for sample in samples.values()),
        loads=tuple(loads.get(reviewer.id, 0) for reviewer in pool),
        rooms=tuple(
            everyone if reviewer.capacity is None else max(0, reviewer.capacity - loads.get(reviewer.id, 0))
            for reviewer in pool
        ),
    )


def assignments(
    wanting: Sequence[Wanting], given: Mapping[ApplicationId, Sequence[ReviewerId]]
) -> Iterator[Assignment]:
    """The solver's answer as assignments, by application."""
    for each in wanting:
        for reviewer in given.get(each.applying.application, ()):
            yield Assignment(each.applying.application, reviewer, each.stage)


def shortages(
    wanting: Sequence[Wanting],
    given: Mapping[ApplicationId, Sequence[ReviewerId]],
    reviewers: Sequence[Reviewer],
    conflicts: Conflicts,
) -> tuple[Shortage, ...]:
    """The applications that lack reviewers, and why nobody else in the pool can have them."""
    return tuple(
        Shortage(each.applying.application, lacking, _reasons(each, got, reviewers, conflicts))
        for each in wanting
        for got in [given.get(each.applying.application, ())]
        if (lacking := each.wanted - len(got)) > 0
    )


def _reasons(
    each: Wanting, got: Sequence[ReviewerId], reviewers: Sequence[Reviewer], conflicts: Conflicts
) -> dict[str, int]:
    conflicted = conflicts.of(each.applying)
    reasons: Counter[str] = Counter()
    for reviewer in reviewers:
        if reviewer.id in each.kept or reviewer.id in got:
            continue
        if reviewer.id in conflicted:
            reasons[conflicted[reviewer.id]] += 1
        elif not reviewer.available:
            reasons["unavailable"] += 1
        elif reviewer.id in each.gone:
            reasons["reviewed_before"] += 1
        else:
            reasons["at_capacity"] += 1
    return dict(reasons)
