"""From the evidence to the story: every figure of the report is counted from topics and databases."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from demo import facts
from demo.cast import Cast
from demo.ledger.evidence import Evidence, Told
from demo.play import calendar
from demo.play.stage import Known
from demo.report.following import followed
from demo.report.judging import judged
from demo.report.story import (
    Check,
    Label,
    Loss,
    Notices,
    Outcome,
    Phase,
    Placements,
    ProvinceFigures,
    QuotaFigures,
    Score,
    Span,
    Stage,
    Story,
    Trace,
    TrackFigures,
)
from demo.report.wording import message
from embedded import spans

GENERAL: Final = "general"


@dataclass(frozen=True, slots=True)
class Run:
    """What the play itself knows: who played, how long it took."""

    cast: Cast
    known: Known
    phases: tuple[Phase, ...]
    seconds: float
    versions: tuple[tuple[str, str], ...]


class _Year:
    """The events of a year that was played, each once, by name and in the order of their streams."""

    def __init__(self, told: Iterable[Told], first: int, last: int) -> None:
        """Of the years `first` to `last`; schools are registered in the year before the one played."""
        self._by_name: dict[str, dict[str, Mapping[str, Any]]] = defaultdict(dict)
        for event in told:
            ours = first <= event.data["programme_year"] <= last
            if ours and event.data.get("origin") != "imported":
                self._by_name[event.name][event.id] = event.data

    def by_name(self) -> Mapping[str, list[Mapping[str, Any]]]:
        every: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        return every | {name: list(events.values()) for name, events in self._by_name.items()}

    def every(self, name: str) -> list[Mapping[str, Any]]:
        return list(self._by_name[name].values())

    def ids(self, name: str, field: str) -> set[str]:
        return {str(data[field]) for data in self.every(name)}

    def latest(self, field: str, *names: str) -> dict[str, Mapping[str, Any]]:
        """The last of these events for each value of `field`; names later in the list are later."""
        return {str(data[field]): data for name in names for data in self.every(name)}


def tell(run: Run, evidence: Evidence, checks: Sequence[Check], trace: Trace | None) -> Story:
    """The whole story."""
    year = _Year(evidence.told, calendar.YEAR - 1, calendar.YEAR)
    coming = _Year(evidence.told, calendar.NEXT, calendar.NEXT)
    policy = year.every("programme-year-opened")[0]["policy"]
    return Story(
        year=calendar.YEAR,
        seed=run.cast.seed,
        schools=len(year.ids("school-registered", "school")),
        participants=len(run.cast.participants),
        seats=policy["seats"],
        funnel=tuple(_funnel(year, evidence)),
        provinces=tuple(_provinces(year)),
        quotas=tuple(_quotas(year, policy)),
        scores=tuple(_scores(evidence)),
        cut_line=Decimal(policy["cut_line"]),
        judged=judged(run.known, evidence),
        placements=_placements(year),
        followed=followed(year.by_name(), coming.by_name(), run.known),
        notices=tuple(_notices(evidence)),
        trace=trace,
        phases=run.phases,
        checks=tuple(checks),
        intents=len(evidence.entries),
        refused=sum(entry.answer.outcome == "fail" for entry in evidence.entries),
        events=len(evidence.told),
        seconds=run.seconds,
        versions=run.versions,
    )


def _funnel(year: _Year, evidence: Evidence) -> Iterator[Stage]:
    every = evidence.databases["applications"].state["application"]
    drafts = sum(row["year"] == calendar.YEAR for row in every)
    accepted = year.ids("application-submitted", "application")
    refused = Counter(entry.answer.rule for entry in evidence.entries if entry.answer.outcome == "fail")
    late = refused["deadline_passed"]
    closed = {each["application"] for data in year.every("call-closed") for each in data["manifest"]}
    eligible = {data["application"] for data in year.every("eligibility-decided") if data["eligible"]}
    totals = {row["application"] for row in evidence.databases["evaluation"].state["total"]}
    scored = totals & closed
    outcomes = Counter(score.outcome for score in _scores(evidence))
    passed = outcomes["selected"] + outcomes["reserve"]
    yield Stage(Label("특성화고", "specialised schools"), len(year.ids("school-registered", "school")))
    yield Stage(Label("신청서 작성", "began an application"), drafts)
    unfinished = Loss(Label("제출하지 않음", "never submitted"), drafts - len(accepted) - late)
    too_late = Loss(Label("마감 뒤 제출, 거절", "too late, refused"), late)
    yield Stage(Label("접수", "accepted"), len(accepted), (too_late, unfinished))
    withdrawn = Loss(Label("마감 전후 철회", "withdrew"), len(accepted - closed))
    yield Stage(Label("마감 때 유효", "standing at the deadline"), len(closed), (withdrawn,))
    ineligible = Loss(Label("자격 없음", "not eligible"), len(closed - eligible))
    yield Stage(Label("자격 인정", "eligible"), len(closed & eligible), (ineligible,))
    unscored = Loss(Label("평가 전 철회", "withdrew before scoring"), len((closed & eligible) - scored))
    yield Stage(Label("평가 완료", "scored"), len(scored), (unscored,) if unscored.count else ())
    below = Loss(Label("합격선 미달", "below the cut line"), outcomes["not_passed"])
    yield Stage(Label("합격선 통과", "passed the cut line"), passed, (below,))
    reserve = Loss(Label("예비순위", "reserve list"), outcomes["reserve"])
    yield Stage(Label("최종 선정", "selected"), outcomes["selected"], (reserve,))
    left = Loss(Label("선정 포기", "relinquished"), len(year.every("school-relinquished")))
    revoked = Loss(Label("선정 취소", "revoked"), len(year.every("school-revoked")))
    moved_up = Loss(Label("예비순위에서 승계", "promoted from the list"), len(year.every("school-promoted")))
    yield Stage(
        Label("승계 뒤 선정", "selected after promotion"), len(_selected(year)), (left, revoked), (moved_up,)
    )


def _selected(year: _Year) -> dict[str, Mapping[str, Any]]:
    """Who holds a place in the end, with the event that gave it last."""
    held = year.latest("school", "school-selected", "school-promoted")
    gone = year.ids("school-relinquished", "school") | year.ids("school-revoked", "school")
    return {school: data for school, data in held.items() if school not in gone}


def _provinces(year: _Year) -> Iterator[ProvinceFigures]:
    schools = Counter(data["province"] for data in year.every("school-registered"))
    applied = Counter(data["province"] for data in year.latest("school", "application-submitted").values())
    selected = Counter(data["province"] for data in _selected(year).values())
    for province in schools | dict.fromkeys(_every_province(), 0):
        yield ProvinceFigures(province, schools[province], applied[province], selected[province])


def _every_province() -> tuple[str, ...]:
    return tuple(province.code for province in facts.outlines().provinces)


def _quotas(year: _Year, policy: Mapping[str, Any]) -> Iterator[QuotaFigures]:
    selected = _selected(year)
    held = Counter(track for data in selected.values() for track in data["designations"] or [GENERAL])
    wishes = year.latest("application", "application-submitted", "application-amended").values()
    asked = Counter(track for data in wishes for track in data["tracks"])
    asked[GENERAL] = sum(data["accepts_general"] for data in wishes)
    for quota in policy["quotas"]:
        tracks = tuple(TrackFigures(track, asked[track], held[track]) for track in quota["tracks"])
        yield QuotaFigures(quota["name"], quota["at_least"], quota["at_most"], tracks)
    rest = policy["seats"] - sum(quota["at_least"] for quota in policy["quotas"])
    yield QuotaFigures(GENERAL, 0, rest, (TrackFigures(GENERAL, asked[GENERAL], held[GENERAL]),))


def _scores(evidence: Evidence) -> Iterator[Score]:
    """Of the final result."""
    state = evidence.databases["evaluation"].state
    final = {row["id"] for row in state["run"] if row["stage"] == "final" and row["state"] == "published"}
    for row in state["outcome"]:
        if row["run"] in final:
            outcome: Outcome = row["outcome"]
            yield Score(Decimal(row["score"]), outcome)


def _placements(year: _Year) -> Placements:
    offered = Counter(data["preference"] for data in year.every("student-offered"))
    openings = year.every("opening-published")
    students = year.ids("student-enrolled", "student")
    matched = year.ids("student-offered", "student")
    listed = {
        data["student"]
        for data in year.every("student-unmatched")
        if data["reasons"] != ["no_opening_listed"]
    }
    return Placements(
        classes=len(year.every("class-opened")),
        students=len(students),
        companies=len(year.every("company-approved")),
        agreements=len(year.every("agreement-in-force")),
        openings=len(openings),
        places=sum(data["places"] for data in openings),
        took_part=len(matched | listed),
        by_preference=tuple(offered[rank] for rank in range(1, max(offered, default=0) + 1)),
        unmatched=len(listed - matched),
        idle=len(students - matched - listed),
        accepted=len(year.every("student-accepted")),
        declined=len(year.every("student-declined")),
        expired=len(year.every("student-offer-expired")),
        placed=len(year.every("student-placed")),
    )


def _notices(evidence: Evidence) -> Iterator[Notices]:
    counted: dict[Label, Counter[str]] = defaultdict(Counter)
    for row in evidence.databases["notifications"].state["delivery"]:
        kind = row["channel"] if row["state"] == "delivered" else row["state"]
        counted[message(row["template"])][kind] += 1
    for label, kinds in counted.items():
        unaddressed = kinds["lapsed"] + kinds["waiting"]
        yield Notices(label, kinds["inbox"], kinds["mail"], kinds["failed"], unaddressed)


def trace_of(file: Path, evidence: Evidence, title: Label) -> Trace | None:
    """The submission whose trace has the most pieces of work, drawn from the spans that were kept."""
    submitted = {
        event.envelope.traceparent.split("-")[1]: event
        for event in evidence.told
        if event.name == "application-submitted" and event.envelope.traceparent
    }
    kept: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for span in spans.read(file):
        if span["traceId"] in submitted:
            kept[span["traceId"]].append(span)
    if not kept:
        return None
    # Of those with every piece of work, the one that took the middle of the time.
    most = max(len(of_trace) for of_trace in kept.values())
    whole = sorted((_length(of_trace), key) for key, of_trace in kept.items() if len(of_trace) == most)
    chosen = whole[len(whole) // 2][1]
    return Trace(chosen, title, tuple(_spans(kept[chosen])))


def _length(of_trace: Sequence[Mapping[str, Any]]) -> int:
    return int(max(span["end"] for span in of_trace) - min(span["start"] for span in of_trace))


def _spans(of_trace: Sequence[Mapping[str, Any]]) -> Iterator[Span]:
    start = min(span["start"] for span in of_trace)
    for span in of_trace:
        yield Span(
            id=span["spanId"],
            parent=span["parentSpanId"],
            service=span["service"],
            name=span["name"],
            starts=(span["start"] - start) / 1e6,
            ends=(span["end"] - start) / 1e6,
        )
