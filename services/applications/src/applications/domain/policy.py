"""The policy of a programme year: every rule it runs under, checked for contradictions, then immutable."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from itertools import chain
from typing import Final

from applications.domain.rules import distinct, refuse
from applications.domain.vocabulary import Kind, Track, Year
from chassis.refusals import Invalid

KST: Final = timezone(timedelta(hours=9), "KST")
"""Korea's time; it knows no summer time."""

AGGREGATIONS: Final = ("mean", "trimmed_mean")
NORMALISATIONS: Final = ("off", "mean_shift", "z_score")
CONFLICT_GROUNDS: Final = ("same_school", "same_corporation", "same_province", "former_employer")
GROUPS_AT_MOST: Final = {0: 16, 1: 16, 2: 3}
"""Quota groups that selection supports, by designations a school.

A policy never changes, so one that evaluation cannot decide must not open a year.
"""


@dataclass(frozen=True, slots=True)
class Quota:
    name: str
    tracks: tuple[Track, ...]
    at_least: int
    at_most: int


@dataclass(frozen=True, slots=True)
class Question:
    """A figure asked of schools of these kinds; bounds are inclusive."""

    name: str
    kinds: tuple[Kind, ...]
    at_least: Decimal | None
    at_most: Decimal | None


@dataclass(frozen=True, slots=True)
class RequiredDocument:
    kind: str
    kinds: tuple[Kind, ...]


@dataclass(frozen=True, slots=True)
class ScoringRules:
    reviewers_per_application: int
    aggregation: str
    normalisation: str
    conflict_grounds: tuple[str, ...]
    scoring_until: datetime
    appeal_days: int


@dataclass(frozen=True, slots=True)
class PromotionRules:
    offer_days: int


@dataclass(frozen=True, slots=True)
class ClassRules:
    min_size: int
    max_size: int


@dataclass(frozen=True, slots=True)
class PlacementRules:
    offer_days: int
    rounds: int
    preferences_at_most: int
    signing_days: int = 14


@dataclass(frozen=True, slots=True)
class Policy:
    version: int
    seats: int
    designations_per_school: int
    pools: tuple[tuple[Kind, ...], ...]
    quotas: tuple[Quota, ...]
    cut_line: Decimal
    tie_breaks: tuple[str, ...]
    lot_source: str
    lot_drawn_on: date
    rubric: str
    questions: tuple[Question, ...]
    required_documents: tuple[RequiredDocument, ...]
    scoring: ScoringRules
    promotion: PromotionRules
    classes: ClassRules
    placement: PlacementRules

    @property
    def tracks(self) -> frozenset[Track]:
        return frozenset(chain.from_iterable(quota.tracks for quota in self.quotas))

    @property
    def kinds(self) -> frozenset[Kind]:
        return frozenset(chain.from_iterable(self.pools))

    @property
    def applications_end_by(self) -> datetime:
        """No window may end later: scores are being given then, or the lot's outcome could be known."""
        drawing = datetime.combine(self.lot_drawn_on, time(), KST)
        return min(drawing, self.scoring.scoring_until)

    def questions_for(self, kind: Kind) -> tuple[Question, ...]:
        return tuple(question for question in self.questions if kind in question.kinds)

    def documents_for(self, kind: Kind) -> tuple[str, ...]:
        return tuple(document.kind for document in self.required_documents if kind in document.kinds)

    def broken(self) -> Iterator[Invalid]:
        """Every contradiction, with its field and rule."""
        yield from self._pools()
        yield from self._groups()
        yield from self._guarantees()
        yield from self._questions()
        yield from self._documents()
        yield from self._scoring()
        yield from distinct("tie_breaks", self.tie_breaks)
        if self.classes.min_size > self.classes.max_size:
            yield Invalid("at_most_max_size", "A class has at least min_size students", "classes.min_size")

    def _pools(self) -> Iterator[Invalid]:
        yield from distinct("pools", tuple(chain.from_iterable(self.pools)))
        for number, pool in enumerate(self.pools):
            if not pool:
                yield Invalid("required", "A pool holds at least one kind", f"pools.{number}")

    def _groups(self) -> Iterator[Invalid]:
        yield from distinct("quotas.name", tuple(quota.name for quota in self.quotas))
        groups_of = Counter(chain.from_iterable(quota.tracks for quota in self.quotas))
        for number, quota in enumerate(self.quotas):
            for place, track in enumerate(quota.tracks):
                field = f"quotas.{number}.tracks.{place}"
                if groups_of[track] > 1:
                    yield Invalid("in_one_group", f"The track {track} belongs to exactly one group", field)
                if track is Track.GENERAL:
                    yield Invalid("no_designation", "General support is a place without designation", field)
        supported = GROUPS_AT_MOST.get(self.designations_per_school)
        if supported is None:
            detail = f"Supported are {', '.join(map(str, GROUPS_AT_MOST))}"
            yield Invalid("supported_designations", detail, "designations_per_school")
        elif len(self.quotas) > supported:
            detail = f"With {self.designations_per_school} a school at most {supported} groups are supported"
            yield Invalid("supported_groups", detail, "quotas")

    def _guarantees(self) -> Iterator[Invalid]:
        for number, quota in enumerate(self.quotas):
            if quota.at_least > quota.at_most:
                detail = f"{quota.at_least} is more than at_most, {quota.at_most}"
                yield Invalid("at_least_up_to_at_most", detail, f"quotas.{number}.at_least")
            if quota.at_least > self.seats:
                detail = f"{quota.at_least} is more than the {self.seats} seats"
                yield Invalid("at_least_up_to_seats", detail, f"quotas.{number}.at_least")
        guaranteed = sum(quota.at_least for quota in self.quotas)
        possible = self.seats * self.designations_per_school
        if guaranteed > possible:
            detail = f"{guaranteed} designations are guaranteed, {possible} are possible"
            yield Invalid("guarantees_up_to_seats", detail, "quotas")

    def _questions(self) -> Iterator[Invalid]:
        yield from distinct("questions.name", tuple(question.name for question in self.questions))
        for number, question in enumerate(self.questions):
            yield from self._kinds_in_pools(f"questions.{number}.kinds", question.kinds)
            least, most = question.at_least, question.at_most
            if least is not None and most is not None and least > most:
                detail = f"{least} is more than at_most, {most}"
                yield Invalid("at_least_up_to_at_most", detail, f"questions.{number}.at_least")

    def _documents(self) -> Iterator[Invalid]:
        yield from distinct("required_documents.kind", tuple(d.kind for d in self.required_documents))
        for number, document in enumerate(self.required_documents):
            yield from self._kinds_in_pools(f"required_documents.{number}.kinds", document.kinds)

    def _scoring(self) -> Iterator[Invalid]:
        scoring = self.scoring
        if scoring.aggregation not in AGGREGATIONS:
            yield Invalid("known", f"Known are {', '.join(AGGREGATIONS)}", "scoring.aggregation")
        if scoring.normalisation not in NORMALISATIONS:
            yield Invalid("known", f"Known are {', '.join(NORMALISATIONS)}", "scoring.normalisation")
        yield from distinct("scoring.conflict_grounds", scoring.conflict_grounds)
        for number, ground in enumerate(scoring.conflict_grounds):
            if ground not in CONFLICT_GROUNDS:
                field = f"scoring.conflict_grounds.{number}"
                yield Invalid("known", f"Known are {', '.join(CONFLICT_GROUNDS)}", field)

    def _kinds_in_pools(self, field: str, kinds: tuple[Kind, ...]) -> Iterator[Invalid]:
        yield from distinct(field, kinds)
        for kind in kinds:
            if kind not in self.kinds:
                yield Invalid("in_a_pool", f"The kind {kind} stands in no pool", field)


@dataclass(frozen=True, slots=True)
class ProgrammeYear:
    year: Year
    policy: Policy
    opened_at: datetime


def open_year(year: Year, policy: Policy, now: datetime) -> ProgrammeYear:
    """A year begins, under a policy that does not contradict itself."""
    refuse(policy.broken())
    return ProgrammeYear(year, policy, now)
