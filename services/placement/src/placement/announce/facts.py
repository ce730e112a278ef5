"""Facts that several events carry, as they were when it happened."""

from collections.abc import Iterable
from typing import Any

from placement.domain.agreements import Bipartite
from placement.domain.classes import EmploymentClass, Enrolled
from placement.domain.companies import Company
from placement.domain.offers import Offer
from placement.domain.openings import Opening, Work
from placement.domain.placements import Placement, Told
from placement.domain.programme import School
from placement.domain.vocabulary import SchoolId


def company_facts(company: Company) -> dict[str, Any]:
    facts = company.facts
    return {
        "company": company.id,
        "company_name_ko": facts.name_ko,
        "company_name_en": facts.name_en,
    }


def school_facts(school: School) -> dict[str, Any]:
    return {
        "school": school.id,
        "school_name_ko": school.name_ko,
        "school_name_en": school.name_en,
        "province": school.province,
    }


def agreement_facts(agreement: Bipartite, school: School, company: Company) -> dict[str, Any]:
    return {
        "programme_year": agreement.year,
        **school_facts(school),
        **company_facts(company),
        "agreement": agreement.id,
        "company_province": company.facts.province,
        "starts_on": agreement.term.starts_on,
        "ends_on": agreement.term.ends_on,
    }


def opening_facts(opening: Opening, company: Company, schools: Iterable[SchoolId]) -> dict[str, Any]:
    facts = opening.facts
    return {
        "programme_year": opening.year,
        **company_facts(company),
        "opening": opening.id,
        "places": facts.places,
        "schools": tuple(sorted(schools)),
        "province": facts.province,
        "field": facts.field,
        "wage_krw_per_hour": facts.wage_krw_per_hour,
        "hours_per_week": facts.hours_per_week,
        "starts_on": facts.starts_on,
    }


def class_facts(described: EmploymentClass, school: School) -> dict[str, Any]:
    return {
        "programme_year": described.year,
        **school_facts(school),
        "employment_class": described.id,
        "track": described.plan.track,
    }


def student_facts(enrolled: Enrolled) -> dict[str, Any]:
    school = enrolled.school
    return {
        "student": enrolled.student,
        "school": school.id,
        "school_name_ko": school.name_ko,
        "school_name_en": school.name_en,
        "school_province": school.province,
        "employment_class": enrolled.employment_class,
    }


def work_facts(work: Work) -> dict[str, Any]:
    return {
        "opening": work.opening,
        "company": work.company,
        "company_name_ko": work.company_name_ko,
        "company_name_en": work.company_name_en,
        "work_province": work.province,
    }


def offer_facts(offer: Offer, student: Enrolled, work: Work) -> dict[str, Any]:
    return {
        "programme_year": offer.year,
        **student_facts(student),
        **work_facts(work),
        "offer": offer.id,
    }


def placement_facts(of: Placement, whose: Told) -> dict[str, Any]:
    return {
        "programme_year": of.parties.year,
        **student_facts(whose.student),
        **work_facts(whose.work),
        "placement": of.id,
    }


def end_facts(ended: Placement) -> dict[str, Any]:
    return {"reason": ended.ended_reason, "ended_on": ended.ended_on}
