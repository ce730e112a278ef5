"""Companies: what is written of them, and what is read to decide."""

from collections.abc import Sequence

import asyncpg

from chassis.transaction import Transaction
from placement.domain.companies import Company, CompanyFacts
from placement.domain.vocabulary import CompanyId, CompanyState, SmeStatus
from placement.store.rows import all_found, found


async def add(tx: Transaction, company: Company, by: str) -> bool:
    """Keep a company; False where its registration number is known already."""
    return bool(await add_all(tx, [company], by))


async def add_all(tx: Transaction, companies: Sequence[Company], by: str) -> set[CompanyId]:
    """Keep companies; answers those kept, the registration numbers of the others are known already."""
    facts = [company.facts for company in companies]
    rows = await tx.fetch(
        """
        insert into company (id, state, registered_at, registration_number, name_ko, name_en, province,
          industry, employees, sme_status, sme_confirmed_until, registered_by)
        select u.*, $12 from unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::text[],
          $6::text[], $7::text[], $8::text[], $9::integer[], $10::text[], $11::date[]) as u
        on conflict (registration_number) do nothing returning id
        """,
        [company.id for company in companies],
        [company.state for company in companies],
        [company.registered_at for company in companies],
        [each.registration_number for each in facts],
        [each.name_ko for each in facts],
        [each.name_en for each in facts],
        [each.province for each in facts],
        [each.industry for each in facts],
        [each.employees for each in facts],
        [each.sme_status for each in facts],
        [each.sme_confirmed_until for each in facts],
        by,
    )
    return {CompanyId(row["id"]) for row in rows}


async def for_update(tx: Transaction, companies: Sequence[CompanyId]) -> list[Company]:
    """These companies, in the order of their ids."""
    rows = await tx.fetch(
        "select * from company where id = any($1) order by id for no key update", list(companies)
    )
    return [_company(row) for row in all_found(rows, list(companies), "company")]


async def one(tx: Transaction, company: CompanyId) -> Company:
    """A company, which stays as it is until this transaction ends."""
    row = await tx.fetchrow("select * from company where id = $1 for share", company)
    return _company(found(row, "company"))


async def several(tx: Transaction, companies: Sequence[CompanyId]) -> dict[CompanyId, Company]:
    rows = await tx.fetch(
        "select * from company where id = any($1) order by id for share", list(set(companies))
    )
    known = (_company(row) for row in rows)
    return {company.id: company for company in known}


async def save(tx: Transaction, companies: Sequence[Company]) -> None:
    await tx.execute(
        """
        update company c set state = u.state, approved_at = u.approved_at, suspended_at = u.suspended_at,
          suspended_reason = u.suspended_reason
        from unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::text[])
          as u (id, state, approved_at, suspended_at, suspended_reason)
        where c.id = u.id
        """,
        [company.id for company in companies],
        [company.state for company in companies],
        [company.approved_at for company in companies],
        [company.suspended_at for company in companies],
        [company.suspended_reason for company in companies],
    )


async def save_status(tx: Transaction, company: Company) -> None:
    await tx.execute(
        "update company set sme_status = $2, sme_confirmed_until = $3, employees = $4 where id = $1",
        company.id,
        company.facts.sme_status,
        company.facts.sme_confirmed_until,
        company.facts.employees,
    )


async def at_work(tx: Transaction, company: CompanyId) -> int:
    """How many students work at a company now."""
    count: int = await tx.fetchval(
        "select count(*) from placement where company = $1 and state = 'active'", company
    )
    return count


def _company(row: asyncpg.Record) -> Company:
    facts = CompanyFacts(
        registration_number=row["registration_number"],
        name_ko=row["name_ko"],
        name_en=row["name_en"],
        province=row["province"],
        industry=row["industry"],
        employees=row["employees"],
        sme_status=SmeStatus(row["sme_status"]),
        sme_confirmed_until=row["sme_confirmed_until"],
    )
    return Company(
        id=CompanyId(row["id"]),
        facts=facts,
        state=CompanyState(row["state"]),
        registered_at=row["registered_at"],
        approved_at=row["approved_at"],
        suspended_at=row["suspended_at"],
        suspended_reason=row["suspended_reason"],
    )
