"""Agreements of schools and companies."""

from collections.abc import Collection, Sequence
from datetime import date

import asyncpg

from chassis.transaction import Transaction
from placement.domain.agreements import Bipartite, Over, Term, Wanted
from placement.domain.vocabulary import AgreementId, BipartiteState, CompanyId, OverBy, SchoolId, Side, Year
from placement.store.rows import all_found

Pair = tuple[Year, SchoolId, CompanyId]
"""A school and a company that agree, or agreed, for a year."""


async def add(tx: Transaction, agreements: Sequence[Bipartite]) -> set[AgreementId]:
    """Keep proposals; answers those kept, the others' school and company have an agreement in the year."""
    rows = await tx.fetch(
        """
        insert into bipartite_agreement (id, programme_year, school, company, state, starts_on, ends_on,
          proposed_by, proposed_at, school_signed_at, company_signed_at)
        select * from unnest($1::text[], $2::integer[], $3::text[], $4::text[], $5::text[], $6::date[],
          $7::date[], $8::text[], $9::timestamptz[], $10::timestamptz[], $11::timestamptz[])
        on conflict (programme_year, school, company) where state in ('proposed', 'in_force') do nothing
        returning id
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


async def over_for_update(tx: Transaction, day: date, at_most: int) -> list[Bipartite]:
    """Agreements, signed or not, whose last day is before `day`, and that nobody has in hand."""
    rows = await tx.fetch(
        """
        select * from bipartite_agreement where state in ('proposed', 'in_force') and ends_on < $1
        order by ends_on, id limit $2 for no key update skip locked
        """,
        day,
        at_most,
    )
    return [_agreement(row) for row in rows]


async def save(tx: Transaction, agreements: Sequence[Bipartite]) -> None:
    wanted = [agreement.wanted for agreement in agreements]
    over = [agreement.over for agreement in agreements]
    await tx.execute(
        """
        update bipartite_agreement a
        set state = u.state, school_signed_at = u.school_signed_at, company_signed_at = u.company_signed_at,
          starts_on = u.starts_on, ends_on = u.ends_on, wanted_starts_on = u.wanted_starts_on,
          wanted_ends_on = u.wanted_ends_on, wanted_by = u.wanted_by, over_at = u.over_at,
          over_reason = u.over_reason, over_by = u.over_by
        from unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::date[], $6::date[],
          $7::date[], $8::date[], $9::text[], $10::timestamptz[], $11::text[], $12::text[])
          as u (id, state, school_signed_at, company_signed_at, starts_on, ends_on, wanted_starts_on,
            wanted_ends_on, wanted_by, over_at, over_reason, over_by)
        where a.id = u.id
        """,
        [agreement.id for agreement in agreements],
        [agreement.state for agreement in agreements],
        [agreement.signed.get(Side.SCHOOL) for agreement in agreements],
        [agreement.signed.get(Side.COMPANY) for agreement in agreements],
        [agreement.term.starts_on for agreement in agreements],
        [agreement.term.ends_on for agreement in agreements],
        [each and each.term.starts_on for each in wanted],
        [each and each.term.ends_on for each in wanted],
        [each and each.by for each in wanted],
        [each and each.at for each in over],
        [each and each.reason for each in over],
        [each and each.by for each in over],
    )


async def partners(
    tx: Transaction,
    year: Year,
    day: date,
    *,
    school: SchoolId | None = None,
    company: CompanyId | None = None,
) -> set[tuple[SchoolId, CompanyId]]:
    """Who may place students where on a day; it stays so until this transaction ends.

    Their agreement is in force, and the company is not suspended.
    """
    rows = await tx.fetch(
        """
        select school, company from partnership
        where programme_year = $1 and $2 between starts_on and ends_on
          and school = coalesce($3, school) and company = coalesce($4, company)
        order by id for share
        """,
        year,
        day,
        school,
        company,
    )
    return {(SchoolId(row["school"]), CompanyId(row["company"])) for row in rows}


async def in_force(tx: Transaction, pairs: Collection[Pair], day: date) -> set[Pair]:
    """Of these schools and companies those that `partners` names, until this transaction ends."""
    wanted = list(pairs)
    rows = await tx.fetch(
        """
        select a.programme_year, a.school, a.company from partnership a
        join unnest($1::integer[], $2::text[], $3::text[]) as u (programme_year, school, company)
          using (programme_year, school, company)
        where $4 between a.starts_on and a.ends_on
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
        wanted=_wanted(row),
        over=over_of(row),
    )


def _wanted(row: asyncpg.Record) -> Wanted | None:
    if row["wanted_by"] is None:
        return None
    return Wanted(Term(row["wanted_starts_on"], row["wanted_ends_on"]), Side(row["wanted_by"]))


def over_of(row: asyncpg.Record) -> Over | None:
    """How an agreement of either kind came to its end, from its row."""
    if row["over_at"] is None:
        return None
    return Over(row["over_at"], row["over_reason"], OverBy(row["over_by"]))
