"""Openings (채용 자리): what a company may offer, and how its places are held, taken and freed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from chassis.refusals import Conflict, Invalid, Refusal
from placement.domain.rules import refuse
from placement.domain.vocabulary import CompanyId, OpeningId, OpeningState, Year

MINIMUM_WAGE_KRW: Final = {2025: 10_030, 2026: 10_320}
"""Won an hour, by the calendar year of the work.

Source: the yearly notice of the minimum wage (최저임금 고시) by the Minister of Employment and Labor, as the
Minimum Wage Commission publishes it, https://www.minimumwage.go.kr.
"""

HOURS_PER_WEEK_AT_MOST: Final = 40
"""Source: Labor Standards Act, Article 69: from 15 to 17 years 35 hours a week, and 5 more by agreement."""


@dataclass(frozen=True, slots=True)
class OpeningFacts:
    """What is offered: wage in won an hour, places in students, province of the work."""

    field: str
    title: str
    province: str
    wage_krw_per_hour: int
    hours_per_week: int
    starts_on: date
    places: int


@dataclass(frozen=True, slots=True)
class Work:
    """What others are told of an opening: whose it is, and where and when the work begins."""

    opening: OpeningId
    company: CompanyId
    company_name_ko: str
    company_name_en: str | None
    province: str
    starts_on: date


@dataclass(frozen=True, slots=True)
class Opening:
    """`held` places are kept by offers, unsigned agreements and active placements, `active` by the last."""

    id: OpeningId
    year: Year
    company: CompanyId
    facts: OpeningFacts
    state: OpeningState
    held: int
    active: int

    @property
    def free(self) -> int:
        return self.facts.places - self.held

    def hold(self, places: int = 1) -> "Opening":
        """Keep places for students who are offered them."""
        if self.held + places > self.facts.places:
            raise Conflict("opening_full", "Every place of the opening is held already", "opening")
        return replace(self, held=self.held + places)

    def release(self, places: int = 1) -> "Opening":
        """Give back places whose offers came to nothing."""
        if self.held - places < self.active:
            raise Conflict("nothing_held", "The opening holds no such place", "opening")
        return replace(self, held=self.held - places)

    def occupy(self, places: int = 1) -> "Opening":
        """Held places become active placements."""
        if self.active + places > self.held:
            raise Conflict("nothing_held", "The opening holds no such place", "opening")
        active = self.active + places
        state = OpeningState.FILLED if active == self.facts.places else self.state
        return replace(self, active=active, state=state)

    def vacate(self) -> "Opening":
        """An active placement ended: exactly one place is free again."""
        if self.active == 0:
            raise Conflict("nothing_held", "The opening has no active placement", "opening")
        return replace(self, held=self.held - 1, active=self.active - 1, state=OpeningState.PUBLISHED)


def minimum_wage(day: date) -> int:
    """Won an hour for work on a day; a year that is not announced yet has at least the last one's."""
    known = max((year for year in MINIMUM_WAGE_KRW if year <= day.year), default=min(MINIMUM_WAGE_KRW))
    return MINIMUM_WAGE_KRW[known]


def check_openings(openings: Sequence[OpeningFacts], today: date) -> None:
    """Refuse openings that break a public rule, each with its place in the request.

    Raises:
        Several, Invalid: naming the rule, and where it is published.
    """
    refuse(broken for at, facts in enumerate(openings) for broken in _broken(facts, today, f"openings.{at}"))


def _broken(facts: OpeningFacts, today: date, at: str) -> Iterator[Refusal]:
    wage = minimum_wage(facts.starts_on)
    if facts.wage_krw_per_hour < wage:
        yield Invalid(
            "minimum_wage",
            f"Work in {facts.starts_on.year} is paid at least KRW {wage:,} an hour "
            "(minimum wage notice, https://www.minimumwage.go.kr)",
            f"{at}.wage_krw_per_hour",
        )
    if facts.hours_per_week > HOURS_PER_WEEK_AT_MOST:
        yield Invalid(
            "working_hours",
            f"Students work at most {HOURS_PER_WEEK_AT_MOST} hours a week (Labor Standards Act, Article 69)",
            f"{at}.hours_per_week",
        )
    if facts.starts_on < today:
        yield Invalid("starts_in_future", f"Today is {today.isoformat()} in Korea", f"{at}.starts_on")


def publish(opening: OpeningId, year: Year, company: CompanyId, facts: OpeningFacts) -> Opening:
    """An opening that students may list; its facts were checked, see `check_openings`."""
    return Opening(opening, year, company, facts, OpeningState.PUBLISHED, 0, 0)
