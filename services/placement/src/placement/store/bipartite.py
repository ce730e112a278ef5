"""Agreements of schools and companies."""

from collections.abc import Collection, Sequence
from datetime import date

import asyncpg

from chassis.transaction import Transaction
from placement.domain.agreements import Bipartite, Term
from placement.domain.vocabulary import AgreementId, BipartiteState, CompanyId, SchoolId, Side, Year
from placement.store.rows import all_found


async def add(tx: Transaction, agreements: Sequence[Bipartite]) -> set[AgreementId]:
    """Keep proposals; answers those kept, the others' school and company have an agreement in the year."""
    rows = await tx.fetch(
        """
        insert into bipartite_agreement (id, programme_year, school, company, state, starts_on, ends_on,
          proposed_by, proposed_at, school_signed_at, company_signed_at)
        select * from unnest($1::text[], $2::integer[], $3::text[], $4::text[], $5::text[], $6::date[],
          $7::date[], $8::text[], $9::timestamptz[], $10::timestamptz[], $11::timestamptz[])
        on conflict (programme_year, school, company) do nothing returning id
        """,
        [agreement.id for agreement in agreements],
        [agreement.year for agreement in agreements],
        [agreement.school for agreement in agreements],
        [agreement.company for agreement in agreements],
        [agreement.state for agreement in agreements],
        [agreement.term.starts_on for agreement in agreements],
        [agreement.term.ends_on for agreement in agreements],
        [agreement.proposed_by for agreement in agreements],
        [agreement.proposed_at for agreement in agreements],
        [agreement.signed.get(Side.SCHOOL) for agreement in agreements],
        [agreement.signed.get(Side.COMPANY) for agreement in agreements],
    )
    return {AgreementId(row["id"]) for row in rows}


async def for_update(tx: Transaction, agreements: Sequence[AgreementId]) -> list[Bipartite]:
    """These agreements, in the order of their ids."""
    rows = await tx.fetch(
        "select * from bipartite_agreement where id = any($1) order by id for no key update", list(agreements)
    )
    return [_agreement(row) for row in all_found(rows, list(agreements), "agreement")]


async def save(tx: Transaction, agreements: Sequence[Bipartite]) -> None:
    await tx.execute(
        """
        update bipartite_agreement a
        set state = u.state, school_signed_at = u.school_signed_at, company_signed_at = u.company_signed_at
        from unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[])
          as u (id, state, school_signed_at, company_signed_at)
        where a.id = u.id
        """,
        [agreement.id for agreement in agreements],
        [agreement.state for agreement in agreements],
        [agreement.signed.get(Side.SCHOOL) for agreement in agreements],
        [agreement.signed.get(Side.COMPANY) for agreement in agreements],
    )


async def partners(
    tx: Transaction,
    year: Year,
    day: date,
    *,
    school: SchoolId | None = None,
    company: CompanyId | None = None,
) -> set[tuple[SchoolId, CompanyId]]:
    """Who has an agreement in force on a day; it stays so until this transaction ends."""
    rows = await tx.fetch(
        """
        select school, company from bipartite_agreement
        where programme_year = $1 and state = 'in_force' and $2 between starts_on and ends_on
          and school = coalesce($3, school) and company = coalesce($4, company)
        order by id for share
        """,
        year,
        day,
        school,
        company,
    )
    return {(SchoolId(row["school"]), CompanyId(row["company"])) for row in rows}


async def in_force(
    tx: Transaction, pairs: Collection[tuple[Year, SchoolId, CompanyId]], day: date
) -> set[tuple[Year, SchoolId, CompanyId]]:
    """Of these schools and companies those with an agreement in force, until this transaction ends."""
    wanted = list(pairs)
    rows = await tx.fetch(
        """
        select a.programme_year, a.school, a.company from bipartite_agreement a
        join unnest($1::integer[], $2::text[], $3::text[]) as u (programme_year, school, company)
          using (programme_year, school, company)
        where a.state = 'in_force' and $4 between a.starts_on and a.ends_on
        order by a.id for share of a
        """,
        [year for year, _, _ in wanted],
        [school for _, school, _ in wanted],
        [company for _, _, company in wanted],
        day,
    )
    return {(Year(row["programme_year"]), SchoolId(row["school"]), CompanyId(row["company"])) for row in rows}


def _agreement(row: asyncpg.Record) -> Bipartite:
    signatures = {Side.SCHOOL: row["school_signed_at"], Side.COMPANY: row["company_signed_at"]}
    return Bipartite(
        id=AgreementId(row["id"]),
        year=Year(row["programme_year"]),
        school=SchoolId(row["school"]),
        company=CompanyId(row["company"]),
        term=Term(row["starts_on"], row["ends_on"]),
        proposed_by=Side(row["proposed_by"]),
        proposed_at=row["proposed_at"],
        state=BipartiteState(row["state"]),
        signed={side: at for side, at in signatures.items() if at is not None},
    )
