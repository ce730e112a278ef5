"""Programme years, calls and extensions."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from pydantic import Field

from applications.domain.vocabulary import CallState, Kind, Track
from applications.views.shapes import SchoolRef, View, found
from chassis.transaction import ReadTransaction
from contracts.applications import Policy


class PublicationView(View):
    stage: str = Field(examples=["preliminary"])
    published_at: datetime
    appeals_until: datetime | None = Field(description="First moment too late for an appeal")


class YearView(View):
    year: int = Field(examples=[2025])
    policy: Policy
    opened_at: datetime
    results: list[PublicationView]


class CallView(View):
    id: str = Field(examples=["cal_0194f0c5c1de7c3ab8d2f1a0b3c4d5e6"])
    year: int = Field(examples=[2025])
    kinds: list[Kind]
    tracks: list[Track]
    opens_at: datetime
    deadline: datetime = Field(description="First moment that is late")
    extended_until: datetime | None = Field(description="First moment that is late for the school that asks")
    state: CallState
    closed_at: datetime | None


class ExtensionView(View):
    school: SchoolRef
    until: datetime
    reason: str = Field(examples=["system_outage"])
    granted_at: datetime


_YEAR: Final = """
  select year, policy, opened_at, (
    select coalesce(json_agg(json_build_object(
      'stage', stage, 'published_at', published_at, 'appeals_until', appeals_until
    ) order by published_at), '[]')
    from publication p where p.year = y.year) as results
  from programme_year y"""


_CALL: Final = """
  select c.id, c.year, c.kinds, c.tracks, c.opens_at, c.deadline, e.until as extended_until, c.state,
    c.closed_at
  from call_for_applications c left join extension e on e.call = c.id and e.school = $1"""


async def years(tx: ReadTransaction) -> list[YearView]:
    return [_year(dict(row)) for row in await tx.fetch(f"{_YEAR} order by year")]


async def year(tx: ReadTransaction, year: int) -> YearView:
    return _year(found(await tx.fetchrow(f"{_YEAR} where year = $1", year), "programme_year"))


async def calls(tx: ReadTransaction, year: int | None, asking: str | None) -> list[CallView]:
    rows = await tx.fetch(f"{_CALL} where $2::integer is null or c.year = $2 order by c.id", asking, year)
    return [CallView(**row) for row in rows]


async def call(tx: ReadTransaction, call: str, asking: str | None) -> CallView:
    """The call, with the extension of the school that asks, if one does."""
    return CallView(**found(await tx.fetchrow(f"{_CALL} where c.id = $2", asking, call), "call"))


async def extensions(tx: ReadTransaction, call: str) -> list[ExtensionView]:
    rows = await tx.fetch(
        "select school, until, reason, granted_at from extension where call = $1 order by school", call
    )
    return [ExtensionView(**row) for row in rows]


def _year(row: Mapping[str, Any]) -> YearView:
    decoded = {name: json.loads(row[name]) for name in ("policy", "results")}
    return YearView.model_validate({**row, **decoded})
