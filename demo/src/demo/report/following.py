"""What the report tells of the time after the matching: rounds, work that lasts, outcomes, the year after."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from demo import facts
from demo.play import calendar
from demo.play.stage import Known
from demo.report.lasting import (
    Followed,
    MatchingRound,
    NextYear,
    ProvinceOutcomes,
    Published,
    Retention,
)

Data = Mapping[str, Any]

_COUNTED: Final = calendar.COUNTED.isoformat()
_CLOSED: Final = calendar.CLOSED.isoformat()


def followed(events: Mapping[str, list[Data]], coming: Mapping[str, list[Data]], known: Known) -> Followed:
    """All of it; `events` are those of the year that is followed, `coming` those of the year after."""
    counted = _newest(events, _COUNTED)
    again = Counter(data["student"] for data in events["student-placed"])
    return Followed(
        rounds=tuple(_rounds(events)),
        ended=len(events["placement-ended"]),
        placed_again=sum(count > 1 for count in again.values()),
        overdue=known.shown["overdue"],
        retention=tuple(_retention(events, months) for months in (6, 12)),
        corrected=len(events["outcome-corrected"]),
        provinces=tuple(_provinces(counted, _newest(events, _CLOSED))),
        published=_published(facts.schools()),
        next_year=_next_year(coming, known),
    )


def _rounds(events: Mapping[str, list[Data]]) -> Iterator[MatchingRound]:
    number_of = {data["offer"]: data["round"] for data in events["student-offered"]}
    offered: dict[int, Counter[int]] = defaultdict(Counter)
    for data in events["student-offered"]:
        offered[data["round"]][data["preference"]] += 1
    listed = [each for each in events["student-unmatched"] if each["reasons"] != ["no_opening_listed"]]
    unmatched = Counter(each["round"] for each in listed)
    answers = {
        name: Counter(number_of[data["offer"]] for data in events[f"student-{name}"])
        for name in ("accepted", "declined", "offer-expired")
    }
    for number, by_preference in sorted(offered.items()):
        yield MatchingRound(
            number=number,
            took_part=by_preference.total() + unmatched[number],
            by_preference=tuple(by_preference[rank] for rank in range(1, max(by_preference) + 1)),
            unmatched=unmatched[number],
            accepted=answers["accepted"][number],
            declined=answers["declined"][number],
            expired=answers["offer-expired"][number],
        )


def _retention(events: Mapping[str, list[Data]], months: int) -> Retention:
    """The last word on each check; most are answered by companies, the others by officers and records."""
    last = {data["placement"]: data for data in events["retention-checked"] if data["months"] == months}
    return Retention(months, len(last), sum(bool(data["retained"]) for data in last.values()))


def _newest(events: Mapping[str, list[Data]], as_of: str) -> dict[str, Data]:
    """The last revision of each school for a day."""
    found: dict[str, Data] = {}
    for data in [*events["outcome-reported"], *events["outcome-corrected"]]:
        if data["as_of"] == as_of and data["revision"] >= found.get(data["school"], data)["revision"]:
            found[data["school"]] = data
    return found


def _provinces(counted: Mapping[str, Data], closed: Mapping[str, Data]) -> Iterator[ProvinceOutcomes]:
    public = _published_by_province(facts.schools())
    for province in facts.outlines().provinces:
        here = [data for data in counted.values() if data["province"] == province.code]
        lasting = [data for data in closed.values() if data["province"] == province.code]
        yield ProvinceOutcomes(
            code=province.code,
            graduates=sum(data["graduates"] for data in here),
            employed=sum(data["employed"] for data in here),
            base=sum(
                data["graduates"] - data["advanced"] - data["enlisted"] - data["excluded"] for data in here
            ),
            due=sum(data["due_12"] for data in lasting),
            retained=sum(data["retained_12"] for data in lasting),
            published=public.get(province.code, Published(0, 0)),
        )


def _published_by_province(schools: Iterable[facts.School]) -> dict[str, Published]:
    found: dict[str, list[facts.School]] = defaultdict(list)
    for school in schools:
        found[school.province].append(school)
    return {province: _published(of) for province, of in found.items()}


def _published(schools: Iterable[facts.School]) -> Published:
    """Of the public survey of 2025; schools without graduates yet count for nothing."""
    counted = [school for school in schools if school.graduates]
    return Published(
        sum(school.graduates or 0 for school in counted), sum(school.employed or 0 for school in counted)
    )


def _next_year(coming: Mapping[str, list[Data]], known: Known) -> NextYear:
    support = known.shown["support"]
    [opened] = coming["programme-year-opened"]
    decided = Counter(each["decision"] for each in support)
    shown = next(each for each in support if any(f["outcome"] for f in each["figures"]))
    return NextYear(
        year=calendar.NEXT,
        cut_line=opened["policy"]["cut_line"],
        class_size=opened["policy"]["classes"]["max_size"],
        applied=len(coming["application-submitted"]),
        confirmed=decided["confirmed"],
        dropped=decided["dropped"],
        explanation_ko=shown["explanation_ko"],
        explanation_en=shown["explanation_en"],
    )
