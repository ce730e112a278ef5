"""What schools and companies are told: companies, agreements, classes, openings."""

from collections.abc import Iterable
from datetime import datetime

from contracts import placement as told
from placement.announce.facts import agreement_facts, class_facts, company_facts, opening_facts
from placement.domain.agreements import Bipartite
from placement.domain.classes import EmploymentClass
from placement.domain.companies import Company
from placement.domain.openings import Opening, Work
from placement.domain.programme import School
from placement.domain.vocabulary import SchoolId, Year


def company_approved(company: Company, year: Year, now: datetime) -> told.CompanyApproved:
    facts = company.facts
    return told.CompanyApproved(
        programme_year=year,
        **company_facts(company),
        province=facts.province,
        industry=facts.industry,
        employees=facts.employees,
        approved_at=now,
    )


def company_suspended(
    company: Company, year: Year, reason: str, students: int, now: datetime
) -> told.CompanySuspended:
    return told.CompanySuspended(
        programme_year=year,
        **company_facts(company),
        province=company.facts.province,
        reason=reason,
        students=students,
        suspended_at=now,
    )


def company_reinstated(company: Company, year: Year, now: datetime) -> told.CompanyReinstated:
    return told.CompanyReinstated(programme_year=year, **company_facts(company), reinstated_at=now)


def agreement_proposed(agreement: Bipartite, school: School, company: Company) -> told.AgreementProposed:
    return told.AgreementProposed(
        **agreement_facts(agreement, school, company), proposed_at=agreement.proposed_at
    )


def agreement_in_force(
    agreement: Bipartite, school: School, company: Company, now: datetime
) -> told.AgreementInForce:
    return told.AgreementInForce(**agreement_facts(agreement, school, company), in_force_at=now)


def agreement_changed(
    agreement: Bipartite, school: School, company: Company, now: datetime
) -> told.AgreementChanged:
    return told.AgreementChanged(**agreement_facts(agreement, school, company), changed_at=now)


def agreement_ended(agreement: Bipartite, school: School, company: Company) -> told.AgreementEnded:
    """Raises ValueError where the agreement goes on."""
    if agreement.over is None:
        raise ValueError(f"{agreement.id} is not over")
    return told.AgreementEnded(
        **agreement_facts(agreement, school, company),
        was_in_force=len(agreement.signed) > 1,
        reason=agreement.over.reason,
        ended_by=agreement.over.by,
        ended_at=agreement.over.at,
    )


def class_opened(opened: EmploymentClass, school: School) -> told.ClassOpened:
    plan = opened.plan
    return told.ClassOpened(
        **class_facts(opened, school),
        field=plan.field,
        capacity=plan.capacity,
        companies=plan.companies,
        starts_on=plan.term.starts_on,
        ends_on=plan.term.ends_on,
        opened_at=opened.opened_at,
    )


def class_changed(changed: EmploymentClass, school: School, now: datetime) -> told.ClassChanged:
    plan = changed.plan
    return told.ClassChanged(
        **class_facts(changed, school),
        field=plan.field,
        hours=plan.hours,
        capacity=plan.capacity,
        companies=plan.companies,
        starts_on=plan.term.starts_on,
        ends_on=plan.term.ends_on,
        changed_at=now,
    )


def class_closed(closed: EmploymentClass, school: School, reason: str, now: datetime) -> told.ClassClosed:
    return told.ClassClosed(
        **class_facts(closed, school), students=closed.enrolled, reason=reason, closed_at=now
    )


def opening_published(
    opening: Opening, company: Company, schools: Iterable[SchoolId], now: datetime
) -> told.OpeningPublished:
    return told.OpeningPublished(**opening_facts(opening, company, schools), published_at=now)


def opening_changed(
    opening: Opening, company: Company, schools: Iterable[SchoolId], now: datetime
) -> told.OpeningChanged:
    return told.OpeningChanged(**opening_facts(opening, company, schools), changed_at=now)


def opening_withdrawn(
    opening: Opening, company: Company, reason: str, now: datetime
) -> told.OpeningWithdrawn:
    return told.OpeningWithdrawn(
        programme_year=opening.year,
        **company_facts(company),
        opening=opening.id,
        places=opening.facts.places,
        reason=reason,
        held=opening.held,
        withdrawn_at=now,
    )


def opening_filled(opening: Opening, work: Work, now: datetime) -> told.OpeningFilled:
    return told.OpeningFilled(
        programme_year=opening.year,
        company=work.company,
        company_name_ko=work.company_name_ko,
        company_name_en=work.company_name_en,
        opening=opening.id,
        places=opening.facts.places,
        filled_at=now,
    )
