"""Use cases of openings: a company publishes what it offers, changes it, withdraws it."""

from collections.abc import Sequence

from chassis import audit, identifiers, outbox
from chassis.refusals import Conflict, NotFound
from chassis.transaction import Transaction
from placement import announce
from placement.domain.agreements import day_of
from placement.domain.openings import Opening, OpeningFacts, broken_rules, check_openings, publish
from placement.domain.rules import refuse
from placement.domain.vocabulary import CompanyId, OpeningId, SchoolId, Year
from placement.store import bipartite, companies, programme
from placement.store import openings as store


async def publish_openings(
    tx: Transaction, year: Year, company: CompanyId, openings: Sequence[OpeningFacts]
) -> list[Opening]:
    """Publish openings, all or none, on agreements in force that stay so until the commit."""
    await programme.rules(tx, year)
    owner = await companies.one(tx, company)
    owner.require_approved()
    now = await tx.now()
    schools = await _schools(tx, year, company)
    check_openings(openings, day_of(now))
    published = [publish(OpeningId(identifiers.new("opn")), year, company, each) for each in openings]
    await store.add(tx, published, now)
    for opening in published:
        outbox.add(tx, announce.opening_published(opening, owner, schools, now))
    return published


async def change_opening(
    tx: Transaction, opening: OpeningId, company: CompanyId, facts: OpeningFacts
) -> Opening:
    """Change what an opening offers, under the rules for a new one; see `Opening.change`."""
    owner = await companies.one(tx, company)
    owner.require_approved()
    present = await _own(tx, opening, company)
    now = await tx.now()
    schools = await _schools(tx, present.year, company)
    # Work that has begun began on the day that was announced.
    today = min(day_of(now), present.facts.starts_on)
    refuse(broken_rules(facts, today))
    changed = present.change(facts)
    await store.save_facts(tx, changed, now)
    outbox.add(tx, announce.opening_changed(changed, owner, schools, now))
    return changed


async def withdraw_opening(tx: Transaction, opening: OpeningId, company: CompanyId, reason: str) -> Opening:
    """Offer no place of an opening to anyone new; what is held goes on."""
    owner = await companies.one(tx, company)
    withdrawn = (await _own(tx, opening, company)).withdraw()
    now = await tx.now()
    await store.withdraw(tx, [withdrawn], reason, now)
    await audit.record(tx, action="opening_withdrawn", subject=opening, reason=reason)
    outbox.add(tx, announce.opening_withdrawn(withdrawn, owner, reason, now))
    return withdrawn


async def _schools(tx: Transaction, year: Year, company: CompanyId) -> list[SchoolId]:
    """Schools with an agreement in force, which stays so until the commit; there has to be one."""
    partners = await bipartite.partners(tx, year, day_of(await tx.now()), company=company)
    if not partners:
        raise Conflict("agreement_not_in_force", "The company has no agreement in force today", "company")
    return sorted(school for school, _ in partners)


async def _own(tx: Transaction, opening: OpeningId, company: CompanyId) -> Opening:
    present = (await store.for_update(tx, [opening]))[opening]
    if present.company != company:
        raise NotFound("opening_not_found", "There is no such opening", "opening")
    return present
