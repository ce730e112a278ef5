"""Tables for officers to take away: the ranking, scores by part, results by province, track and kind."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Literal

import asyncpg

from chassis.transaction import ReadTransaction
from contracts.values import KINDS, PROVINCES, TRACKS
from evaluation.domain.vocabulary import RunId, Year
from evaluation.views.shapes import found

Language = Literal["ko", "en"]
Value = str | int | Decimal | datetime | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name in JSON, and its header in Korean and English."""

    key: str
    ko: str
    en: str


@dataclass(frozen=True, slots=True)
class Export:
    """A table with rows as long as its columns."""

    name: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Value]]


_SCHOOL: Final = (
    Column("school", "학교 ID", "School id"),
    Column("name_ko", "학교명", "Name (Korean)"),
    Column("name_en", "영문 학교명", "Name (English)"),
    Column("province", "시도", "Province"),
    Column("kind", "구분", "Kind"),
)
_OUTCOMES: Final = {
    "selected": ("선정", "Selected"),
    "offered": ("제안", "Offered"),
    "reserve": ("예비", "Reserve list"),
    "not_passed": ("미선정", "Not selected"),
}
_PARTS: Final = {"quantitative": "정량", "qualitative": "정성", "bonus": "가점"}


async def run_of(tx: ReadTransaction, year: Year, run: RunId | None) -> RunId:
    """A run of the year: the one that is named, else its final result, before there is one the newest run.

    Raises:
        NotFound: rule `run_not_found`.
    """
    row = await tx.fetchrow(
        """
        select id from run where year = $1 and ($2::text is null and state <> 'superseded' or id = $2)
        order by stage = 'final' and state = 'published' desc, version desc limit 1
        """,
        year,
        run,
    )
    return RunId(found(row, "run")["id"])


_TOLD: Final = """
select o.*, a.name_ko, a.name_en, a.province, a.kind, a.tracks, o.facts -> 'offered' as offered,
  case when o.facts ->> 'offered' is not null then o.facts -> 'held'
    when o.outcome = 'selected' then to_jsonb(o.designations) else 'null' end as got
from outcome o join application a on a.id = o.application
where o.run = $1
"""
"""What a run says to each school; of an open offer of a promotion, what is held beside it."""


async def ranking(tx: ReadTransaction, run: RunId, language: Language) -> Export:
    """What a run says to each school, in rank order, then those who did not pass."""
    rows = await tx.fetch(f"{_TOLD} order by o.rank nulls last, o.school", run)
    parts = _names_in(rows, "parts")
    columns = (
        Column("rank", "순위", "Rank"),
        *_SCHOOL,
        Column("application", "신청 ID", "Application id"),
        Column("outcome", "결과", "Outcome"),
        Column("designations", "지정", "Designations"),
        Column("offered", "제안", "Offered"),
        Column("reserve", "예비순위", "Reserve number"),
        Column("total", "종합점수", "Total"),
        *map(_part, parts),
        Column("reasons", "사유", "Reasons"),
        Column("explanation", "설명", "Explanation"),
    )
    return Export(
        "ranking",
        columns,
        [
            [
                row["rank"],
                *_school(row, language),
                row["application"],
                _of(_OUTCOMES, _outcome(row), language),
                _tracks(json.loads(row["got"]) or (), language),
                _offer(json.loads(row["offered"]), language),
                row["reserve"],
                row["score"],
                *_points(row["parts"], parts),
                ", ".join(row["reasons"]),
                row["explanation_ko" if language == "ko" else "explanation_en"],
            ]
            for row in rows
        ],
    )


async def scores(tx: ReadTransaction, year: Year, language: Language) -> Export:
    """What each application's scores come to, by stage and by part."""
    rows = await tx.fetch(
        """
        select a.id, a.school, a.name_ko, a.name_en, a.province, a.kind, t.total, t.parts, t.barred,
          coalesce((
            select jsonb_object_agg(r.stage, r.reached::text) from stage_result r where r.application = a.id
          ), '{}') as stages
        from application a left join total t on t.application = a.id
        where a.year = $1 and a.eligible and a.withdrawn_at is null order by t.total desc nulls last, a.id
        """,
        year,
    )
    parts, stages = _names_in(rows, "parts"), _names_in(rows, "stages")
    columns = (
        Column("application", "신청 ID", "Application id"),
        *_SCHOOL,
        *(Column(f"reached_{stage}", f"{stage} 누계", f"Reached by {stage}") for stage in stages),
        *map(_part, parts),
        Column("total", "종합점수", "Total"),
        Column("barred", "탈락 사유", "Barred by"),
    )
    return Export(
        "scores",
        columns,
        [
            [
                row["id"],
                *_school(row, language),
                *_points(row["stages"], stages),
                *_points(row["parts"], parts),
                row["total"],
                ", ".join(row["barred"] or ()),
            ]
            for row in rows
        ],
    )


async def results(tx: ReadTransaction, run: RunId, language: Language) -> Export:
    """How a run came out by province, kind and track; by track, who asked for it and who got it."""
    rows = await tx.fetch(_RESULTS, run)
    names = {"province": PROVINCES, "kind": KINDS, "track": TRACKS}
    groups = {"province": ("시도", "Province"), "kind": ("구분", "Kind"), "track": ("유형", "Track")}
    columns = (
        Column("group", "분류", "Grouped by"),
        Column("code", "코드", "Code"),
        Column("name", "이름", "Name"),
        Column("applied", "신청", "Applied"),
        Column("passed", "통과", "Passed"),
        Column("selected", "선정", "Selected"),
        Column("offered", "제안", "Offered"),
        Column("reserve", "예비", "Reserve list"),
        Column("not_passed", "미선정", "Not selected"),
        Column("mean_total", "평균 종합점수", "Mean total"),
    )
    return Export(
        "results",
        columns,
        [
            [
                _of(groups, row["by"], language),
                row["code"],
                _of(names[row["by"]], row["code"], language),
                row["applied"],
                row["passed"],
                row["selected"],
                row["offered"],
                row["reserve"],
                row["not_passed"],
                row["mean_total"],
            ]
            for row in rows
        ],
    )


_RESULTS: Final = f"""
with told as ({_TOLD}), grouped as (
  select 'province' as by, province as code, outcome, rank, score, got <> 'null' as selected,
    got = 'null' and offered <> 'null' as offered from told
  union all
  select 'kind', kind, outcome, rank, score, got <> 'null', got = 'null' and offered <> 'null' from told
  union all
  select 'track', track, outcome, rank, score, got ? track, offered ? track and not got ? track
  from told cross join unnest(tracks) as track
)
select by, code, count(*)::integer as applied, (count(*) filter (where rank is not null))::integer as passed,
  (count(*) filter (where selected))::integer as selected,
  (count(*) filter (where offered))::integer as offered,
  (count(*) filter (where outcome = 'reserve'))::integer as reserve,
  (count(*) filter (where outcome = 'not_passed'))::integer as not_passed,
  round(avg(score), 3) as mean_total
from grouped group by by, code order by by desc, code
"""


def _names_in(rows: Sequence[asyncpg.Record], column: str) -> list[str]:
    """All names of a column's JSON objects, sorted."""
    return sorted({name for row in rows if row[column] for name in json.loads(row[column])})


def _points(told: str | None, names: Sequence[str]) -> list[Decimal | None]:
    points: Mapping[str, Any] = json.loads(told) if told else {}
    return [Decimal(points[name]) if name in points else None for name in names]


def _part(part: str) -> Column:
    return Column(f"part_{part}", _PARTS.get(part, part), part.capitalize())


def _school(row: asyncpg.Record, language: Language) -> list[Value]:
    return [
        row["school"],
        row["name_ko"],
        row["name_en"],
        _of(PROVINCES, row["province"], language),
        _of(KINDS, row["kind"], language),
    ]


def _outcome(row: asyncpg.Record) -> str:
    """What is offered to a school that holds nothing is not its own yet."""
    offered = row["outcome"] == "selected" and json.loads(row["got"]) is None
    return "offered" if offered else str(row["outcome"])


def _offer(designations: Sequence[str] | None, language: Language) -> str | None:
    if designations is None:
        return None
    return _tracks(designations, language) or ("일반지원" if language == "ko" else "General support")


def _tracks(tracks: Sequence[str], language: Language) -> str:
    return ", ".join(_of(TRACKS, track, language) for track in tracks)


def _of(names: Mapping[str, tuple[str, str]], code: str, language: Language) -> str:
    ko, en = names.get(code, (code, code))
    return ko if language == "ko" else en
