"""What the policy of a programme year says to evaluation; the year runs under it to its end."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Literal

from chassis.refusals import Conflict
from evaluation.domain import snapshot
from evaluation.domain.snapshot import Quota
from evaluation.domain.vocabulary import KST, Stage, Year

Aggregation = Literal["mean", "trimmed_mean"]
Normalisation = Literal["off", "mean_shift", "z_score"]
Ground = Literal["same_school", "same_corporation", "same_province", "former_employer"]


@dataclass(frozen=True, slots=True)
class RequiredDocument:
    kind: str
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A figure that schools of these kinds answer in their application."""

    name: str
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScoringRules:
    """How reviewers' scores become an application's total."""

    reviewers_per_application: int
    aggregation: Aggregation
    normalisation: Normalisation
    conflict_grounds: tuple[Ground, ...]
    scoring_until: datetime
    appeal_days: int


@dataclass(frozen=True, slots=True)
class PromotionRules:
    offer_days: int


@dataclass(frozen=True, slots=True)
class YearPolicy:
    """The part of the year's policy that evaluation runs by."""

    seats: int
    designations_per_school: int
    pools: tuple[tuple[str, ...], ...]
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

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of school that the year is for."""
        return frozenset(kind for pool in self.pools for kind in pool)

    def for_selection(self, lot_seed: str) -> snapshot.Policy:
        """As it stands in a snapshot, with the outcome of the drawing."""
        return snapshot.Policy(
            seats=self.seats,
            designations_per_school=self.designations_per_school,
            pools=self.pools,
            quotas=self.quotas,
            cut_line=self.cut_line,
            tie_breaks=self.tie_breaks,
            lot_source=self.lot_source,
            lot_seed=lot_seed,
        )

    def appeals_until(self, now: datetime) -> datetime:
        """First moment too late for an appeal against a result that is published `now`."""
        return end_of_days(now, self.scoring.appeal_days)

    def offer_until(self, now: datetime) -> datetime:
        """First moment too late to answer an offer that is made `now`."""
        return end_of_days(now, self.promotion.offer_days)

    def drawn(self, now: datetime) -> None:
        """Refuse a lot that cannot have been drawn yet.

        Raises:
            Conflict: rule `lot_not_drawn`.
        """
        if now.astimezone(KST).date() < self.lot_drawn_on:
            raise Conflict(
                "lot_not_drawn", f"The lot named by the policy is drawn on {self.lot_drawn_on}", "lot_seed"
            )


@dataclass(frozen=True, slots=True)
class ProgrammeYear:
    """A year in evaluation."""

    year: Year
    policy: YearPolicy
    stage: Stage
    lot_seed: str | None
    lot_entered_by: str | None
    appeals_until: datetime | None

    def must_be(self, *stages: Stage) -> None:
        """Refuse what belongs to another stage.

        Raises:
            Conflict: rule `wrong_stage`.
        """
        if self.stage not in stages:
            allowed = " or ".join(stages)
            raise Conflict("wrong_stage", f"The year's stage is {self.stage}, it must be {allowed}", "stage")

    def drew(self, checked: str, officer: str) -> None:
        """Refuse a lot that an officer reads otherwise at its source, or that they entered themselves.

        Raises:
            Conflict: rules `lot_differs`, `lot_checked_by_its_author`.
        """
        if officer == self.lot_entered_by:
            raise Conflict(
                "lot_checked_by_its_author", "Who entered the lot cannot check it: lot_seed", "lot_seed"
            )
        if checked != self.lot_seed:
            raise Conflict("lot_differs", "The lot that was entered is another one: lot_seed", "lot_seed")


def end_of_days(now: datetime, days: int) -> datetime:
    """Midnight in Korea that ends the last of `days` whole days after the day of `now`."""
    last = now.astimezone(KST).date() + timedelta(days=days)
    return datetime.combine(last + timedelta(days=1), time(), KST)
