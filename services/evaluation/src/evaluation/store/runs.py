"""Statements about runs and what they say to each school."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import asyncpg

from chassis.refusals import NotFound
from chassis.transaction import ReadTransaction, Transaction
from evaluation.domain.explaining import Explanation
from evaluation.domain.intake import Scored
from evaluation.domain.runs import Digests, Outcome, Run
from evaluation.domain.selection import Award
from evaluation.domain.snapshot import Applicant
from evaluation.domain.vocabulary import ApplicationId, RunId, RunStage, RunState, SchoolId, Year
from evaluation.domain.wording import BELOW_CUT_LINE
from evaluation.store.intake import party_of


@dataclass(frozen=True, slots=True)
class Documents:
    """Snapshot and result, canonical JSON."""

    snapshot: bytes
    result: bytes


async def next_version(tx: Transaction, year: Year) -> int:
    version: int = await tx.fetchval(
        "update programme_year set versions = versions + 1 where year = $1 returning versions", year
    )
    return version


async def supersede(tx: Transaction, year: Year) -> list[RunId]:
    """Set aside the run in hand, if there is one."""
    rows = await tx.fetch(
        """
        update run set state = 'superseded' where year = $1 and state in ('proposed', 'approved')
        returning id
        """,
        year,
    )
    return [RunId(row["id"]) for row in rows]


async def add(tx: Transaction, run: Run, documents: Documents) -> None:
    await tx.execute(
        """
        insert into run (id, year, version, stage, state, snapshot, snapshot_sha256, result, result_sha256,
          rule, code, proposed_by, proposed_at, published_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        """,
        run.id,
        run.year,
        run.version,
        run.stage,
        run.state,
        documents.snapshot,
        run.digests.snapshot,
        documents.result,
        run.digests.result,
        run.rule,
        run.code,
        run.proposed_by,
        run.proposed_at,
        run.published_at,
    )


async def save(tx: Transaction, run: Run) -> None:
    await tx.execute(
        """
        update run set state = $2, approved_by = $3, approved_at = $4, published_at = $5 where id = $1
        """,
        run.id,
        run.state,
        run.approved_by,
        run.approved_at,
        run.published_at,
    )


async def year_of(tx: Transaction, run: RunId) -> Year:
    """The year of a run, so that the year can be locked before the run."""
    year: int | None = await tx.fetchval("select year from run where id = $1", run)
    if year is None:
        raise NotFound("run_not_found", "There is no such run: run", "run")
    return Year(year)


async def for_update(tx: Transaction, run: RunId) -> Run:
    row = await tx.fetchrow("select * from run where id = $1 for update", run)
    if row is None:
        raise NotFound("run_not_found", "There is no such run: run", "run")
    return run_of(row)


async def final_snapshot(tx: Transaction, year: Year) -> bytes:
    """The snapshot of the published final result."""
    snapshot: bytes = await tx.fetchval(
        "select snapshot from run where year = $1 and stage = 'final' and state = 'published'", year
    )
    return snapshot


async def add_outcomes(
    tx: Transaction,
    run: RunId,
    outcomes: Sequence[tuple[Award, Applicant, Explanation]],
    applications: Mapping[SchoolId, ApplicationId],
) -> None:
    await tx.executemany(
        """
        insert into outcome (run, school, application, rank, outcome, designations, reserve, score, parts,
          reasons, facts, explanation_ko, explanation_en)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb, $10, $11::jsonb, $12, $13)
        """,
        [
            (
                run,
                award.id,
                applications[award.id],
                award.rank,
                award.outcome,
                list(award.designations),
                award.reserve,
                applicant.score,
                json.dumps({part: f"{points:f}" for part, points in applicant.criteria.items()}),
                list(explanation.reasons),
                json.dumps(explanation.facts),
                explanation.ko,
                explanation.en,
            )
            for award, applicant, explanation in outcomes
        ],
    )


async def outcomes(tx: Transaction, run: RunId) -> list[Outcome]:
    """What a run says to each school, in rank order, then those not passed."""
    rows = await tx.fetch(
        """
        select a.*, o.rank, o.outcome, o.designations, o.reserve, o.reasons as told
        from outcome o join application a on a.id = o.application
        where o.run = $1 order by o.rank nulls last, o.school
        """,
        run,
    )
    return [
        Outcome(
            party_of(row),
            Award(
                SchoolId(row["school"]),
                row["rank"],
                row["outcome"],
                tuple(row["designations"]),
                row["reserve"],
            ),
            tuple(row["told"]),
        )
        for row in rows
    ]


async def published_total(tx: ReadTransaction, year: Year, school: SchoolId) -> Scored | None:
    """What the newest published result of a year, preliminary or final, starts from for a school."""
    row = await tx.fetchrow(
        """
        select a.*, o.score, o.parts, o.reasons as told
        from outcome o join application a on a.id = o.application join run r on r.id = o.run
        where r.year = $1 and r.state = 'published' and r.stage in ('preliminary', 'final') and o.school = $2
        order by r.version desc limit 1
        """,
        year,
        school,
    )
    if row is None:
        return None
    return Scored(
        party_of(row),
        tuple(row["tracks"]),
        row["accepts_general"],
        row["score"],
        {part: Decimal(points) for part, points in json.loads(row["parts"]).items()},
        tuple(reason for reason in row["told"] if reason != BELOW_CUT_LINE),
    )


def run_of(row: asyncpg.Record) -> Run:
    return Run(
        id=RunId(row["id"]),
        year=Year(row["year"]),
        version=row["version"],
        stage=RunStage(row["stage"]),
        state=RunState(row["state"]),
        digests=Digests(row["snapshot_sha256"], row["result_sha256"]),
        rule=row["rule"],
        code=row["code"],
        proposed_by=row["proposed_by"],
        proposed_at=row["proposed_at"],
        approved_by=row["approved_by"],
        approved_at=row["approved_at"],
        published_at=row["published_at"],
    )
