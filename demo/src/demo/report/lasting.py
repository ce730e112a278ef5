"""What the report tells of the time after the matching: plain figures."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MatchingRound:
    """A matching round: who listed openings in it, which choice they got, and how offers were answered."""

    number: int
    took_part: int
    by_preference: tuple[int, ...]
    unmatched: int
    accepted: int
    declined: int
    expired: int


@dataclass(frozen=True, slots=True)
class Retention:
    """Checks after so many months that were answered, and those that found the student at work."""

    months: int
    checked: int
    retained: int


@dataclass(frozen=True, slots=True)
class Published:
    """Heads of the public survey of graduates."""

    graduates: int
    employed: int

    @property
    def plain(self) -> float | None:
        """Employed of all graduates, per cent."""
        return self.employed / self.graduates * 100 if self.graduates else None


@dataclass(frozen=True, slots=True)
class ProvinceOutcomes:
    """A province's simulated cohort beside the published survey.

    `base` is what the official employment rate divides by; `due` and `retained` are checks after 12 months.
    """

    code: str
    graduates: int
    employed: int
    base: int
    due: int
    retained: int
    published: Published

    @property
    def plain(self) -> float | None:
        """Employed of all graduates, per cent."""
        return self.employed / self.graduates * 100 if self.graduates else None

    @property
    def rate(self) -> float | None:
        """The official employment rate, per cent."""
        return self.employed / self.base * 100 if self.base else None

    @property
    def lasting(self) -> float | None:
        return self.retained / self.due * 100 if self.due else None


@dataclass(frozen=True, slots=True)
class NextYear:
    """The year after, called while this one is followed; what one school was told stands word for word."""

    year: int
    cut_line: str
    class_size: int
    applied: int
    confirmed: int
    dropped: int
    explanation_ko: str
    explanation_en: str


@dataclass(frozen=True, slots=True)
class Followed:
    """What came after the matching; `overdue` checks an officer had to ask about, `corrected` reports."""

    rounds: tuple[MatchingRound, ...]
    ended: int
    placed_again: int
    overdue: int
    retention: tuple[Retention, ...]
    corrected: int
    provinces: tuple[ProvinceOutcomes, ...]
    published: Published
    next_year: NextYear

    @property
    def total(self) -> ProvinceOutcomes:
        """All provinces together."""
        every = self.provinces
        return ProvinceOutcomes(
            code="",
            graduates=sum(each.graduates for each in every),
            employed=sum(each.employed for each in every),
            base=sum(each.base for each in every),
            due=sum(each.due for each in every),
            retained=sum(each.retained for each in every),
            published=self.published,
        )
