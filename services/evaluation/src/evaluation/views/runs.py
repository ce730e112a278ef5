"""Runs, their documents, and what they say to each school."""

from typing import Final

import asyncpg

from chassis.transaction import ReadTransaction
from evaluation.domain.vocabulary import RunId, SchoolId, Year
from evaluation.views.places import offer_of
from evaluation.views.shapes import LeftOutView, OutcomeView, OwnResultView, RunView, found, plain

_RUN: Final = """
    select r.id, r.year, r.version, r.stage, r.state, r.snapshot_sha256, r.result_sha256, r.rule, r.code,
      r.proposed_by, r.proposed_at, r.approved_by, r.approved_at, r.published_at, coalesce((
      select jsonb_object_agg(outcome, n)
      from (select outcome, count(*) as n from outcome o where o.run = r.id group by outcome) as counted
    ), '{}') as counts
    from run r
"""
_OUTCOME: Final = """
    select o.*, a.name_ko, a.name_en, a.province, a.kind
    from outcome o join application a on a.id = o.application
"""


async def runs(tx: ReadTransaction, year: Year) -> list[RunView]:
    rows = await tx.fetch(f"{_RUN} where r.year = $1 order by r.version", year)
    return [RunView(**plain(row)) for row in rows]


async def run(tx: ReadTransaction, of: RunId) -> RunView:
    row = await tx.fetchrow(f"{_RUN} where r.id = $1", of)
    return RunView(**plain(found(row, "run")))


async def snapshot(tx: ReadTransaction, of: RunId) -> bytes:
    """The snapshot as it was hashed."""
    row = await tx.fetchrow("select snapshot from run where id = $1", of)
    document: bytes = found(row, "run")["snapshot"]
    return document


async def result(tx: ReadTransaction, of: RunId) -> bytes:
    """The result as it was hashed, its hash included."""
    row = await tx.fetchrow("select result from run where id = $1", of)
    document: bytes = found(row, "run")["result"]
    return document


async def ranking(tx: ReadTransaction, of: RunId) -> list[OutcomeView]:
    rows = await tx.fetch(f"{_OUTCOME} where o.run = $1 order by o.rank nulls last, o.school", of)
    return [OutcomeView(**plain(row)) for row in rows]


async def own_result(tx: ReadTransaction, year: Year, school: SchoolId) -> OwnResultView:
    """What the newest published run says to a school; nothing of any other."""
    row = await tx.fetchrow(
        """
        select r.id, r.year, r.version, r.stage, r.published_at, r.result_sha256, y.appeals_until, s.state,
          s.designations as held, o.application
        from outcome o join run r on r.id = o.run join programme_year y on y.year = r.year
        left join standing s on s.year = r.year and s.school = o.school
        where r.year = $1 and o.school = $2 and r.state = 'published' order by r.version desc limit 1
        """,
        year,
        school,
    )
    newest = found(row, "result")
    outcome = await tx.fetchrow(f"{_OUTCOME} where o.run = $1 and o.school = $2", newest["id"], school)
    return OwnResultView(
        year=newest["year"],
        stage=newest["stage"],
        published_at=newest["published_at"],
        appeals_until=newest["appeals_until"],
        result_sha256=newest["result_sha256"],
        outcome=OutcomeView(**plain(found(outcome, "result"))),
        state=newest["state"],
        designations=newest["held"],
        offer=await offer_of(tx, year, school),
        left_out=await _left_out(tx, newest),
    )


async def _left_out(tx: ReadTransaction, named: asyncpg.Record) -> LeftOutView | None:
    """The final result after the newest run that names an application, where that is an earlier one.

    Who is left out of a promotion gave up its place or lost it; its standing says so.
    """
    row = await tx.fetchrow(
        """
        select r.stage, r.published_at, r.result_sha256,
          case when a.eligible then array['application_withdrawn'] else a.reasons end as reasons
        from run r join application a on a.id = $3
        where r.year = $1 and r.version > $2 and r.stage = 'final' and r.state = 'published'
        """,
        named["year"],
        named["version"],
        named["application"],
    )
    return None if row is None else LeftOutView(**row)
