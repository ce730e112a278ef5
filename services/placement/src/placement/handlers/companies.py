"""Use cases of companies: they register, an officer approves, suspends, reinstates."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from chassis import audit, identifiers, outbox
from chassis.refusals import Conflict
from chassis.transaction import Transaction
from placement import announce
from placement.domain.companies import Company, CompanyFacts, check_status, register
from placement.domain.vocabulary import CompanyId, OverBy, SmeStatus, Year
from placement.handlers import endings
from placement.store import companies as store
from placement.store.rows import Affected

SUSPENDED = "company_suspended"


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


async def suspend_company(tx: Transaction, year: Year, company: CompanyId, reason: str) -> Company:
    """Let a company take no new students: what is offered or drafted there falls away, work goes on."""
    [present] = await store.for_update(tx, [company])
    now = await tx.now()
    suspended = present.suspend(reason, now)
    await store.save(tx, [suspended])
    await endings.let_go(tx, Affected(company=company), endings.Why(OverBy.OFFICER, SUSPENDED, now))
    students = await store.at_work(tx, company)
    await audit.record(tx, action=SUSPENDED, subject=company, reason=reason, detail={"students": students})
    outbox.add(tx, announce.company_suspended(suspended, year, reason, students, now))
    return suspended


async def reinstate_company(tx: Transaction, year: Year, company: CompanyId, reason: str) -> Company:
    [present] = await store.for_update(tx, [company])
    now = await tx.now()
    reinstated = present.reinstate(now)
    await store.save(tx, [reinstated])
    await audit.record(tx, action="company_reinstated", subject=company, reason=reason)
    outbox.add(tx, announce.company_reinstated(reinstated, year, now))
    return reinstated


async def record_status(
    tx: Transaction, company: CompanyId, status: SmeStatus, confirmed_until: date | None, employees: int
) -> Company:
    """An officer enters what a newer confirmation of SME status says."""
    check_status(status, confirmed_until)
    [present] = await store.for_update(tx, [company])
    facts = replace(
        present.facts, sme_status=status, sme_confirmed_until=confirmed_until, employees=employees
    )
    changed = replace(present, facts=facts)
    await store.save_status(tx, changed)
    until = None if confirmed_until is None else confirmed_until.isoformat()
    detail = {"sme_status": status.value, "sme_confirmed_until": until, "employees": employees}
    await audit.record(tx, action="sme_status_recorded", subject=company, detail=detail)
    return changed
