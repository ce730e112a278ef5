"""What the report tells: plain figures, gathered once, so that the page only has to draw them."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from demo.report.lasting import Followed

Outcome = Literal["selected", "reserve", "not_passed"]


@dataclass(frozen=True, slots=True)
class Label:
    """A text in Korean and in English."""

    ko: str
    en: str


@dataclass(frozen=True, slots=True)
class Loss:
    """How many left between two stages (or joined), and why."""

    label: Label
    count: int


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of the funnel: how many schools reached it, who left on the way, and who joined."""

    label: Label
    count: int
    lost: tuple[Loss, ...] = ()
    joined: tuple[Loss, ...] = ()


@dataclass(frozen=True, slots=True)
class ProvinceFigures:
    """Of one province: specialised schools in all, those that applied, those selected in the end."""

    code: str
    schools: int
    applied: int
    selected: int


@dataclass(frozen=True, slots=True)
class TrackFigures:
    """Use of one track: designations asked for (as any wish) and held in the end."""

    code: str
    asked: int
    held: int


@dataclass(frozen=True, slots=True)
class QuotaFigures:
    """A group of tracks that share a quota; for general support `name` is `general` and `at_least` 0."""

    name: str
    at_least: int
    at_most: int
    tracks: tuple[TrackFigures, ...]

    @property
    def held(self) -> int:
        return sum(track.held for track in self.tracks)

    @property
    def asked(self) -> int:
        return sum(track.asked for track in self.tracks)


@dataclass(frozen=True, slots=True)
class Score:
    """An application's total and what became of it in the final result."""

    total: Decimal
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Difference:
    """What two results differ in: how many schools came in, fell out, moved, and stayed where they were."""

    label: Label
    selected: int
    dropped: int
    moved: int
    same: int


@dataclass(frozen=True, slots=True)
class Move:
    """Something that moved the list of schools, on its day in the programme's calendar."""

    day: str
    label: Label
    school: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a school was told of its result, word for word."""

    label: Label
    school: str
    ko: str
    en: str


@dataclass(frozen=True, slots=True)
class Judged:
    """How the evaluation went beyond the scores.

    `as_given` are the totals had no reviewer's severity been taken off, with what would have become of them.
    `alpha` is Krippendorff's, `severities` are points that a reviewer gave less than others gave the same.
    """

    as_given: tuple[Score, ...]
    alpha: str
    severities: tuple[tuple[str, Decimal], ...]
    differences: tuple[Difference, ...]
    moves: tuple[Move, ...]
    explanations: tuple[Explanation, ...]


@dataclass(frozen=True, slots=True)
class Placements:
    """What the matching rounds and the signatures came to.

    `by_preference[n]` offers were of the choice n + 1; `unmatched` students listed openings and were offered
    none in any round, `idle` students listed none. Who is brought in by hand is placed and accepted nothing.
    """

    classes: int
    students: int
    companies: int
    agreements: int
    openings: int
    places: int
    took_part: int
    by_preference: tuple[int, ...]
    unmatched: int
    idle: int
    accepted: int
    declined: int
    expired: int
    placed: int


@dataclass(frozen=True, slots=True)
class Notices:
    """Messages about one thing.

    `inbox` and `mail` reached somebody there, `failed` mails nobody; `unaddressed` had no address to go to,
    and their readers were told in their inbox alone.
    """

    label: Label
    inbox: int
    mail: int
    failed: int
    unaddressed: int

    @property
    def delivered(self) -> int:
        return self.inbox + self.mail


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of work of one service within a trace; times in milliseconds from the trace's start."""

    id: str
    parent: str | None
    service: str
    name: str
    starts: float
    ends: float


@dataclass(frozen=True, slots=True)
class Trace:
    """The whole trace of one request."""

    id: str
    title: Label
    spans: tuple[Span, ...]

    @property
    def length(self) -> float:
        """Milliseconds from its first start to its last end."""
        return max((span.ends for span in self.spans), default=0.0)


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of the play: what it took, and what it moved."""

    label: Label
    seconds: float
    requests: int = 0


@dataclass(frozen=True, slots=True)
class Check:
    """One invariant: what was compared with what, and every difference that was found."""

    number: int
    label: Label
    compared: tuple[Label, ...]
    differences: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        return not self.differences


@dataclass(frozen=True, slots=True)
class Story:
    """The whole year as it was played."""

    year: int
    seed: int
    schools: int
    participants: int
    seats: int
    funnel: tuple[Stage, ...]
    provinces: tuple[ProvinceFigures, ...]
    quotas: tuple[QuotaFigures, ...]
    scores: tuple[Score, ...]
    cut_line: Decimal
    judged: Judged
    placements: Placements
    followed: Followed
    notices: tuple[Notices, ...]
    trace: Trace | None
    phases: tuple[Phase, ...]
    checks: tuple[Check, ...]
    intents: int
    refused: int
    events: int
    seconds: float
    versions: tuple[tuple[str, str], ...] = field(default=())

    @property
    def applied(self) -> int:
        return sum(province.applied for province in self.provinces)

    @property
    def selected(self) -> int:
        return sum(province.selected for province in self.provinces)

    @property
    def delivered(self) -> int:
        return sum(notices.delivered for notices in self.notices)

    @property
    def undelivered(self) -> int:
        return sum(notices.failed for notices in self.notices)

    @property
    def unaddressed(self) -> int:
        return sum(notices.unaddressed for notices in self.notices)

    @property
    def holds(self) -> bool:
        """Whether every invariant was checked and holds."""
        return bool(self.checks) and all(check.holds for check in self.checks)
