"""Tripartite agreements."""

from collections.abc import Sequence
from datetime import date, datetime

import asyncpg

from chassis.transaction import Transaction
from placement.domain.agreements import Tripartite
from placement.domain.vocabulary import (
    AgreementId,
    ClassId,
    CompanyId,
    OfferId,
    Side,
    TripartiteState,
)
from placement.store.bipartite import over_of
from placement.store.offers import parties_of
from placement.store.rows import Affected, all_found, found


async def add(tx: Transaction, drafted: Tripartite, now: datetime) -> None:
    parties = drafted.parties
    await tx.execute(
        """
        insert into tripartite_agreement (id, programme_year, student, school, employment_class, company,
          opening, offer, route, reason, state, drafted_at, student_signed_at, school_signed_at,
          company_signed_at, sign_until)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
        """,
        drafted.id,
        parties.year,
        parties.student,
        parties.school,
        parties.employment_class,
        parties.company,
        parties.opening,
        drafted.offer,
        drafted.route,
        drafted.reason,
        drafted.state,
        now,
        drafted.signed.get(Side.STUDENT),
        drafted.signed.get(Side.SCHOOL),
        drafted.signed.get(Side.COMPANY),
        drafted.sign_until,
    )


async def for_update(tx: Transaction, agreement: AgreementId) -> Tripartite:
    row = await tx.fetchrow("select * from tripartite_agreement where id = $1 for no key update", agreement)
    return _agreement(found(row, "agreement"))


async def several_for_update(tx: Transaction, agreements: Sequence[AgreementId]) -> list[Tripartite]:
    """These agreements, in the order of their ids."""
    rows = await tx.fetch(
        "select * from tripartite_agreement where id = any($1) order by id for no key update",
        list(agreements),
    )
    return [_agreement(row) for row in all_found(rows, list(agreements), "agreement")]


async def over_for_update(tx: Transaction, day: date, at_most: int) -> list[Tripartite]:
    """Agreements in force whose work ended before `day`, and that nobody has in hand."""
    rows = await tx.fetch(
        """
        select a.* from tripartite_agreement a join opening o on o.id = a.opening
        where a.state = 'in_force' and o.ends_on < $1
        order by o.ends_on, a.id limit $2 for no key update of a skip locked
        """,
        day,
        at_most,
    )
    return [_agreement(row) for row in rows]


async def unsigned_of_class(tx: Transaction, employment_class: ClassId) -> list[Tripartite]:
    """What the school has not signed yet of a class, in the order of the ids."""
    rows = await tx.fetch(
        """
        select * from tripartite_agreement
        where employment_class = $1 and state = 'drafted' and school_signed_at is null
          and sign_until > programme_clock()
        order by id for no key update
        """,
        employment_class,
    )
    return [_agreement(row) for row in rows]


async def unsigned_of_company(tx: Transaction, company: CompanyId) -> list[Tripartite]:
    """What a company has not signed yet, in the order of the ids."""
    rows = await tx.fetch(
        """
        select * from tripartite_agreement
        where company = $1 and state = 'drafted' and company_signed_at is null
          and sign_until > programme_clock()
        order by id for no key update
        """,
        company,
    )
    return [_agreement(row) for row in rows]


async def save(tx: Transaction, agreements: Sequence[Tripartite]) -> None:
    await tx.execute(
        """
        update tripartite_agreement a set state = u.state, student_signed_at = u.student,
          school_signed_at = u.school, company_signed_at = u.company, over_at = u.over_at,
          over_reason = u.over_reason, over_by = u.over_by
        from unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[],
          $6::timestamptz[], $7::text[], $8::text[])
          as u (id, state, student, school, company, over_at, over_reason, over_by)
        where a.id = u.id
        """,
        [agreement.id for agreement in agreements],
        [agreement.state for agreement in agreements],
        [agreement.signed.get(Side.STUDENT) for agreement in agreements],
        [agreement.signed.get(Side.SCHOOL) for agreement in agreements],
        [agreement.signed.get(Side.COMPANY) for agreement in agreements],
        [agreement.over and agreement.over.at for agreement in agreements],
        [agreement.over and agreement.over.reason for agreement in agreements],
        [agreement.over and agreement.over.by for agreement in agreements],
    )


async def drafts_for_update(tx: Transaction, affected: Affected) -> list[Tripartite]:
    """Agreements that wait for signatures, of students, companies or both, in the order of their ids."""
    rows = await tx.fetch(
        """
        select * from tripartite_agreement
        where state = 'drafted'
          and ($1::text[] is null or student = any($1)) and ($2::text is null or company = $2)
          and ($3::integer[] is null or (programme_year, school, company) in (
            select * from unnest($3, $4::text[], $5::text[])
          ))
        order by id for no key update
        """,
        *affected.arguments(),
    )
    return [_agreement(row) for row in rows]


async def late_for_update(tx: Transaction, now: datetime, at_most: int) -> list[Tripartite]:
    """Agreements that can be signed no more and that nobody has in hand."""
    rows = await tx.fetch(
        """
        select * from tripartite_agreement where state = 'drafted' and sign_until <= $1
        order by sign_until, id limit $2 for no key update skip locked
        """,
        now,
        at_most,
    )
    return [_agreement(row) for row in rows]


def _agreement(row: asyncpg.Record) -> Tripartite:
    signatures = {side: row[f"{side}_signed_at"] for side in Side}
    return Tripartite(
        id=AgreementId(row["id"]),
        parties=parties_of(row),
        offer=row["offer"] and OfferId(row["offer"]),
        reason=row["reason"],
        state=TripartiteState(row["state"]),
        signed={side: at for side, at in signatures.items() if at is not None},
        sign_until=row["sign_until"],
        over=over_of(row),
    )
