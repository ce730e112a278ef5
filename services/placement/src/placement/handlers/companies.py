"""Use cases of companies: they register, an officer approves."""

from collections.abc import Sequence

from chassis import audit, identifiers, outbox
from chassis.refusals import Conflict
from chassis.transaction import Transaction
from placement import announce
from placement.domain.companies import Company, CompanyFacts, register
from placement.domain.vocabulary import CompanyId, Year
from placement.store import companies as store


async def register_company(tx: Transaction, facts: CompanyFacts) -> Company:
    company = register(CompanyId(identifiers.new("cmp")), facts, await tx.now())
    if not await store.add(tx, company, tx.actor):
        raise Conflict(
            "registered_already", "A company with this number is registered", "registration_number"
        )
    return company


async def approve_companies(
    tx: Transaction, year: Year, companies: Sequence[CompanyId], reason: str | None
) -> list[Company]:
    """Approve companies, all or none."""
    now = await tx.now()
    approved = [company.approve(now) for company in await store.for_update(tx, companies)]
    await store.save(tx, approved)
    for company in approved:
        await audit.record(tx, action="company_approved", subject=company.id, reason=reason)
        outbox.add(tx, announce.company_approved(company, year, now))
    return approved
