"""What would come of another policy: changes to the one the year runs under, on what is known now."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TypeVar

from chassis.refusals import Invalid
from evaluation.domain.policy import Aggregation, Normalisation, YearPolicy
from evaluation.domain.snapshot import Quota

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Limits:
    """Other limits of a quota group; None leaves one as it is."""

    at_least: int | None = None
    at_most: int | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """What is otherwise; None leaves a rule as it is."""

    seats: int | None = None
    designations_per_school: int | None = None
    pools: tuple[tuple[str, ...], ...] | None = None
    quotas: Mapping[str, Limits] = field(default_factory=dict)
    cut_line: Decimal | None = None
    tie_breaks: tuple[str, ...] | None = None
    normalisation: Normalisation | None = None
    aggregation: Aggregation | None = None

    @property
    def scores(self) -> bool:
        """Whether scores have to be worked out again."""
        return self.normalisation is not None or self.aggregation is not None

    def of(self, policy: YearPolicy) -> YearPolicy:
        """The policy with the changes made.

        Raises:
            Invalid: rules `changes_missing`, `quota_unknown`.
        """
        if self == Changes():
            raise Invalid("changes_missing", "Nothing is otherwise: changes", "changes")
        unknown = sorted(self.quotas.keys() - {quota.name for quota in policy.quotas})
        if unknown:
            raise Invalid(
                "quota_unknown", f"The policy has no quota group {unknown[0]}", f"quotas.{unknown[0]}"
            )
        rules = policy.scoring
        return replace(
            policy,
            seats=_or(self.seats, policy.seats),
            designations_per_school=_or(self.designations_per_school, policy.designations_per_school),
            pools=_or(self.pools, policy.pools),
            quotas=tuple(_limited(quota, self.quotas.get(quota.name, Limits())) for quota in policy.quotas),
            cut_line=_or(self.cut_line, policy.cut_line),
            tie_breaks=_or(self.tie_breaks, policy.tie_breaks),
            scoring=replace(
                rules,
                normalisation=_or(self.normalisation, rules.normalisation),
                aggregation=_or(self.aggregation, rules.aggregation),
            ),
        )


def _limited(quota: Quota, limits: Limits) -> Quota:
    return replace(
        quota,
        at_least=_or(limits.at_least, quota.at_least),
        at_most=_or(limits.at_most, quota.at_most),
    )


def _or(changed: T | None, present: T) -> T:
    return present if changed is None else changed
