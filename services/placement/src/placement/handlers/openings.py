"""Use cases of openings: a company publishes what it offers."""

from collections.abc import Sequence

from chassis import identifiers, outbox
from chassis.refusals import Conflict
from chassis.transaction import Transaction
from placement import announce
from placement.domain.agreements import day_of
from placement.domain.openings import Opening, OpeningFacts, check_openings, publish
from placement.domain.vocabulary import CompanyId, OpeningId, Year
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
    partners = await bipartite.partners(tx, year, day_of(now), company=company)
    if not partners:
        raise Conflict("agreement_not_in_force", "The company has no agreement in force today", "company")
    check_openings(openings, day_of(now))
    published = [publish(OpeningId(identifiers.new("opn")), year, company, each) for each in openings]
    await store.add(tx, published, now)
    for opening in published:
        outbox.add(tx, announce.opening_published(opening, owner, (s for s, _ in partners), now))
    return published
