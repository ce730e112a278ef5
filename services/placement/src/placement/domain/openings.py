"""Openings (채용 자리): what a company may offer, and how its places are held, taken and freed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, time
from typing import Final

from chassis.refusals import Conflict, Invalid, Refusal
from placement.domain.rules import refuse
from placement.domain.vocabulary import CompanyId, OpeningId, OpeningState, Year

MINIMUM_WAGE_KRW: Final = {2024: 9_860, 2025: 10_030, 2026: 10_320}
"""Won an hour, by the calendar year of the work.

Source: the yearly notice of the minimum wage (최저임금 고시) by the Minister of Employment and Labor; see the
Minimum Wage Commission, https://www.minimumwage.go.kr; as reported by KBS World,
https://world.kbs.co.kr/service/news_view.htm?lang=g&Seq_Code=97432 (2024), …&Seq_Code=101182 (2025) and
…?lang=e&Seq_Code=195025 (2026, notice of 5 August 2025).
"""

HOURS_PER_WEEK_AT_MOST: Final = 40
HOURS_PER_DAY_AT_MOST: Final = 8
"""Source: Labor Standards Act, Article 69: from 15 to 17 years 7 hours a day and 35 a week; by agreement of
the parties, which the tripartite agreement is, one hour a day and five a week more."""

NIGHT_ENDS: Final = time(6)
NIGHT_BEGINS: Final = time(22)
"""Source: Labor Standards Act, Article 70 (2): nobody under 18 works from 22:00 to 06:00."""


@dataclass(frozen=True, slots=True)
class OpeningFacts:
    """What is offered: wage in won an hour, places in students, where, when and for how long the work is.

    `works_from` and `works_until` are times of the day in Korea, breaks included; `ends_on` is the last day
    of a limited employment, None of one without an end; `criteria` are codes of what the company looks for.
    """

    field: str
    title: str
    province: str
    address: str
    wage_krw_per_hour: int
    hours_per_day: int
    hours_per_week: int
    works_from: time
    works_until: time
    starts_on: date
    ends_on: date | None
    criteria: tuple[str, ...]
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
        return 0 if self.state is OpeningState.WITHDRAWN else self.facts.places - self.held

    def is_over(self, day: date) -> bool:
        """Whether its last day of work is over on a day in Korea."""
        return self.facts.ends_on is not None and self.facts.ends_on < day

    def hold(self, places: int = 1) -> "Opening":
        """Keep places for students who are offered them."""
        if self.state is OpeningState.WITHDRAWN:
            raise Conflict("opening_withdrawn", "The opening was withdrawn", "opening")
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
        return replace(self, active=active, state=self._state(active, self.facts.places))

    def retake(self) -> "Opening":
        """A placement that had not ended after all has its place again, if nobody else has taken it."""
        if self.held == self.facts.places:
            raise Conflict("opening_full", "Every place of the opening is held already", "opening")
        active = self.active + 1
        return replace(self, held=self.held + 1, active=active, state=self._state(active, self.facts.places))

    def vacate(self) -> "Opening":
        """An active placement ended: exactly one place is free again."""
        if self.active == 0:
            raise Conflict("nothing_held", "The opening has no active placement", "opening")
        active = self.active - 1
        return replace(self, held=self.held - 1, active=active, state=self._state(active, self.facts.places))

    def change(self, facts: OpeningFacts) -> "Opening":
        """Other places or criteria at any time, other terms as long as nobody holds a place on these.

        Raises:
            Conflict: The opening is withdrawn, somebody holds a place, or more are held than would be left.
        """
        if self.state is OpeningState.WITHDRAWN:
            raise Conflict("opening_withdrawn", "The opening was withdrawn", "state")
        same = replace(self.facts, places=facts.places, criteria=facts.criteria)
        if self.held and facts != same:
            raise Conflict("opening_held", f"{self.held} places are held on the present terms", "held")
        if facts.places < self.held:
            raise Conflict("below_held", f"{self.held} places are held", "places")
        return replace(self, facts=facts, state=self._state(self.active, facts.places))

    def withdraw(self) -> "Opening":
        """Offer no place to anyone new; offers, agreements and placements go on."""
        if self.state is OpeningState.WITHDRAWN:
            raise Conflict("opening_withdrawn", "The opening was withdrawn already", "state")
        return replace(self, state=OpeningState.WITHDRAWN)

    def _state(self, active: int, places: int) -> OpeningState:
        if self.state is OpeningState.WITHDRAWN:
            return self.state
        return OpeningState.FILLED if active == places else OpeningState.PUBLISHED


def minimum_wage(starts_on: date, ends_on: date | None) -> tuple[int, int]:
    """The highest minimum wage of work between two days (None is without end), and the year that asks it.

    What is worked in a year is paid that year's minimum, and an opening has one wage for all of its years. A
    year that is not announced yet has at least the last one's.

    Source: Minimum Wage Act, Articles 6 (what is agreed below it is void) and 10 (each notice holds from the
    first of January on).
    """
    begun = max((year for year in MINIMUM_WAGE_KRW if year <= starts_on.year), default=min(MINIMUM_WAGE_KRW))
    asked = {starts_on.year: MINIMUM_WAGE_KRW[begun]} | {
        year: wage
        for year, wage in MINIMUM_WAGE_KRW.items()
        if starts_on.year < year and (ends_on is None or year <= ends_on.year)
    }
    highest = max(asked, key=asked.__getitem__)
    return asked[highest], highest


def check_openings(openings: Sequence[OpeningFacts], today: date) -> None:
    """Refuse openings that break a public rule, each with its place in the request.

    Raises:
        Several, Invalid: naming the rule, and where it is published.
    """
    refuse(
        broken
        for at, facts in enumerate(openings)
        for broken in broken_rules(facts, today, f"openings.{at}.")
    )


def broken_rules(facts: OpeningFacts, today: date, at: str = "") -> Iterator[Refusal]:
    """The public rules that an opening breaks; `at` stands before the name of each field."""
    wage, year = minimum_wage(facts.starts_on, facts.ends_on)
    if facts.wage_krw_per_hour < wage:
        yield Invalid(
            "minimum_wage",
            f"Work in {year} is paid at least KRW {wage:,} an hour "
            "(minimum wage notice, https://www.minimumwage.go.kr)",
            f"{at}wage_krw_per_hour",
        )
    yield from _broken_hours(facts, at)
    if facts.starts_on < today:
        yield Invalid("starts_in_future", f"Today is {today.isoformat()} in Korea", f"{at}starts_on")
    if facts.ends_on is not None and facts.ends_on < facts.starts_on:
        yield Invalid("term_in_order", "The work ends before it starts", f"{at}ends_on")


def _broken_hours(facts: OpeningFacts, at: str) -> Iterator[Refusal]:
    for name, hours, limit, span in (
        ("hours_per_day", facts.hours_per_day, HOURS_PER_DAY_AT_MOST, "day"),
        ("hours_per_week", facts.hours_per_week, HOURS_PER_WEEK_AT_MOST, "week"),
    ):
        if hours > limit:
            yield Invalid(
                "working_hours",
                f"Students work at most {limit} hours a {span} (Labor Standards Act, Article 69)",
                f"{at}{name}",
            )
    if not NIGHT_ENDS <= facts.works_from < facts.works_until <= NIGHT_BEGINS:
        yield Invalid(
            "night_work",
            "Students work between 06:00 and 22:00 (Labor Standards Act, Article 70, paragraph 2)",
            f"{at}works_from",
        )
    elif facts.works_until.hour * 60 + facts.works_until.minute < (
        facts.works_from.hour * 60 + facts.works_from.minute + facts.hours_per_day * 60
    ):
        yield Invalid("hours_fit", "The day from first to last hour is too short", f"{at}hours_per_day")


def publish(opening: OpeningId, year: Year, company: CompanyId, facts: OpeningFacts) -> Opening:
    """An opening that students may list; its facts were checked, see `check_openings`."""
    return Opening(opening, year, company, facts, OpeningState.PUBLISHED, 0, 0)
