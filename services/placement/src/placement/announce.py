"""What happened here, as the events of the contracts tell it."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from contracts import placement as told
from contracts import students
from placement.domain.agreements import Bipartite, Tripartite
from placement.domain.classes import EmploymentClass, Enrolled
from placement.domain.companies import Company
from placement.domain.offers import Offer
from placement.domain.openings import Opening, Work
from placement.domain.outcomes import Origin, Report
from placement.domain.placements import Placement, Told
from placement.domain.programme import School
from placement.domain.retention import Check, answer_until
from placement.domain.rounds import Round
from placement.domain.vocabulary import SchoolId, StudentId, Year


def company_approved(company: Company, year: Year, now: datetime) -> told.CompanyApproved:
    facts = company.facts
    return told.CompanyApproved(
        programme_year=year,
        **_company(company),
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
        **_company(company),
        province=company.facts.province,
        reason=reason,
        students=students,
        suspended_at=now,
    )


def company_reinstated(company: Company, year: Year, now: datetime) -> told.CompanyReinstated:
    return told.CompanyReinstated(programme_year=year, **_company(company), reinstated_at=now)


def agreement_proposed(agreement: Bipartite, school: School, company: Company) -> told.AgreementProposed:
    return told.AgreementProposed(**_agreement(agreement, school, company), proposed_at=agreement.proposed_at)


def agreement_in_force(
    agreement: Bipartite, school: School, company: Company, now: datetime
) -> told.AgreementInForce:
    return told.AgreementInForce(**_agreement(agreement, school, company), in_force_at=now)


def agreement_changed(
    agreement: Bipartite, school: School, company: Company, now: datetime
) -> told.AgreementChanged:
    return told.AgreementChanged(**_agreement(agreement, school, company), changed_at=now)


def agreement_ended(agreement: Bipartite, school: School, company: Company) -> told.AgreementEnded:
    """Raises ValueError where the agreement goes on."""
    if agreement.over is None:
        raise ValueError(f"{agreement.id} is not over")
    return told.AgreementEnded(
        **_agreement(agreement, school, company),
        was_in_force=len(agreement.signed) > 1,
        reason=agreement.over.reason,
        ended_by=agreement.over.by,
        ended_at=agreement.over.at,
    )


def class_opened(opened: EmploymentClass, school: School) -> told.ClassOpened:
    plan = opened.plan
    return told.ClassOpened(
        **_class(opened, school),
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
        **_class(changed, school),
        field=plan.field,
        hours=plan.hours,
        capacity=plan.capacity,
        companies=plan.companies,
        starts_on=plan.term.starts_on,
        ends_on=plan.term.ends_on,
        changed_at=now,
    )


def class_closed(closed: EmploymentClass, school: School, reason: str, now: datetime) -> told.ClassClosed:
    return told.ClassClosed(**_class(closed, school), students=closed.enrolled, reason=reason, closed_at=now)


def opening_published(
    opening: Opening, company: Company, schools: Iterable[SchoolId], now: datetime
) -> told.OpeningPublished:
    return told.OpeningPublished(**_opening(opening, company, schools), published_at=now)


def opening_changed(
    opening: Opening, company: Company, schools: Iterable[SchoolId], now: datetime
) -> told.OpeningChanged:
    return told.OpeningChanged(**_opening(opening, company, schools), changed_at=now)


def opening_withdrawn(
    opening: Opening, company: Company, reason: str, now: datetime
) -> told.OpeningWithdrawn:
    return told.OpeningWithdrawn(
        programme_year=opening.year,
        **_company(company),
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


def student_enrolled(
    student: StudentId, into: EmploymentClass, school: School, now: datetime
) -> students.StudentEnrolled:
    enrolled = Enrolled(student, school, into.id, into.plan.track)
    return students.StudentEnrolled(
        programme_year=into.year, **_student(enrolled), track=into.plan.track, enrolled_at=now
    )


def student_transferred(
    student: StudentId, before: EmploymentClass, into: EmploymentClass, school: School, now: datetime
) -> students.StudentTransferred:
    enrolled = Enrolled(student, school, into.id, into.plan.track)
    return students.StudentTransferred(
        programme_year=into.year,
        **_student(enrolled),
        from_class=before.id,
        track=into.plan.track,
        transferred_at=now,
    )


def student_left(
    student: StudentId, left: EmploymentClass, school: School, reason: str, now: datetime
) -> students.StudentLeft:
    enrolled = Enrolled(student, school, left.id, left.plan.track)
    return students.StudentLeft(programme_year=left.year, **_student(enrolled), reason=reason, left_at=now)


def student_forgotten(year: Year, student: Enrolled, reason: str, now: datetime) -> students.StudentForgotten:
    return students.StudentForgotten(
        programme_year=year, **_student(student), reason=reason, forgotten_at=now
    )


def preferences_opened(opened: Round, student: Enrolled, openings: int) -> students.PreferencesOpened:
    return students.PreferencesOpened(
        programme_year=opened.year,
        **_student(student),
        round=opened.number,
        openings=openings,
        opened_at=opened.opened_at,
        until=opened.terms.preferences_until,
    )


def offered(offer: Offer, student: Enrolled, work: Work, number: int) -> students.StudentOffered:
    return students.StudentOffered(
        **_offer(offer, student, work),
        matching=offer.round,
        round=number,
        preference=offer.preference,
        offered_at=offer.offered_at,
        expires_at=offer.expires_at,
    )


def unmatched(
    decided: Round, student: Enrolled, reasons: tuple[str, ...], now: datetime
) -> students.StudentUnmatched:
    return students.StudentUnmatched(
        programme_year=decided.year,
        **_student(student),
        matching=decided.id,
        round=decided.number,
        reasons=reasons,
        decided_at=now,
    )


def accepted(
    offer: Offer, student: Enrolled, work: Work, agreement: Tripartite, now: datetime
) -> students.StudentAccepted:
    return students.StudentAccepted(**_offer(offer, student, work), agreement=agreement.id, accepted_at=now)


def declined(offer: Offer, student: Enrolled, work: Work, now: datetime) -> students.StudentDeclined:
    return students.StudentDeclined(**_offer(offer, student, work), declined_at=now)


def expired(offer: Offer, student: Enrolled, work: Work, now: datetime) -> students.StudentOfferExpired:
    return students.StudentOfferExpired(**_offer(offer, student, work), expired_at=now)


def offer_withdrawn(offer: Offer, student: Enrolled, work: Work) -> students.StudentOfferWithdrawn:
    return students.StudentOfferWithdrawn(
        **_offer(offer, student, work), reason=offer.withdrawn_reason, withdrawn_at=offer.answered_at
    )


def student_agreement_drafted(
    agreement: Tripartite, student: Enrolled, work: Work, now: datetime
) -> students.StudentAgreementDrafted:
    return students.StudentAgreementDrafted(
        programme_year=agreement.parties.year,
        **_student(student),
        **_work(work),
        agreement=agreement.id,
        reason=agreement.reason,
        drafted_at=now,
        sign_until=agreement.sign_until,
    )


def student_agreement_ended(
    agreement: Tripartite, student: Enrolled, work: Work
) -> students.StudentAgreementEnded:
    """Raises ValueError where the agreement goes on."""
    if agreement.over is None:
        raise ValueError(f"{agreement.id} is not over")
    return students.StudentAgreementEnded(
        programme_year=agreement.parties.year,
        **_student(student),
        **_work(work),
        agreement=agreement.id,
        reason=agreement.over.reason,
        ended_by=agreement.over.by,
        ended_at=agreement.over.at,
    )


def placed(
    placement: Placement, agreement: Tripartite, student: Enrolled, work: Work
) -> students.StudentPlaced:
    return students.StudentPlaced(
        programme_year=placement.parties.year,
        **_student(student),
        **_work(work),
        placement=placement.id,
        agreement=agreement.id,
        track=student.track,
        route=agreement.route,
        starts_on=placement.starts_on,
        placed_at=placement.placed_at,
    )


def placement_ended(ended: Placement, whose: Told) -> students.PlacementEnded:
    return students.PlacementEnded(**_placement(ended, whose), **_end(ended), ended_at=ended.ended_at)


def placement_end_corrected(corrected: Placement, whose: Told) -> students.PlacementEndCorrected:
    return students.PlacementEndCorrected(
        **_placement(corrected, whose),
        **_end(corrected),
        revision=corrected.end_revision,
        corrected_at=corrected.ended_at,
    )


def retention_due(check: Check, of: Placement, whose: Told) -> students.RetentionDue:
    return students.RetentionDue(
        **_placement(of, whose),
        months=check.months,
        due_on=check.due_on,
        answer_until=answer_until(check.due_on),
    )


def retention_checked(check: Check, of: Placement, whose: Told) -> students.RetentionChecked:
    return students.RetentionChecked(
        **_placement(of, whose),
        months=check.months,
        due_on=check.due_on,
        retained=check.retained,
        source=check.source,
        revision=check.revision,
        checked_at=check.answered_at,
    )


def outcome(report: Report) -> told.OutcomeReported | told.OutcomeCorrected:
    """A first report, or a correction of one that was told before."""
    facts: dict[str, Any] = {
        "programme_year": report.year,
        **_school(report.school),
        "as_of": report.as_of,
        "revision": report.revision,
        **report.figures.counts(),
        "origin": report.origin.value,
    }
    if report.reason is None:
        return told.OutcomeReported(**facts, reported_at=report.reported_at)
    return told.OutcomeCorrected(**facts, reason=report.reason, corrected_at=report.reported_at)


def outcome_reporting_closed(
    year: Year, as_of: date, manifest: Mapping[str, int], unconfirmed: int, origin: Origin, now: datetime
) -> told.OutcomeReportingClosed:
    return told.OutcomeReportingClosed(
        programme_year=year,
        as_of=as_of,
        schools=len(manifest),
        unconfirmed=unconfirmed,
        manifest=tuple(
            told.OutcomeStream(school=school, sequence=manifest[school]) for school in sorted(manifest)
        ),
        origin=origin.value if origin is Origin.IMPORTED else None,
        closed_at=now,
    )


def _company(company: Company) -> dict[str, Any]:
    facts = company.facts
    return {
        "company": company.id,
        "company_name_ko": facts.name_ko,
        "company_name_en": facts.name_en,
    }


def _school(school: School) -> dict[str, Any]:
    return {
        "school": school.id,
        "school_name_ko": school.name_ko,
        "school_name_en": school.name_en,
        "province": school.province,
    }


def _agreement(agreement: Bipartite, school: School, company: Company) -> dict[str, Any]:
    return {
        "programme_year": agreement.year,
        **_school(school),
        **_company(company),
        "agreement": agreement.id,
        "company_province": company.facts.province,
        "starts_on": agreement.term.starts_on,
        "ends_on": agreement.term.ends_on,
    }


def _opening(opening: Opening, company: Company, schools: Iterable[SchoolId]) -> dict[str, Any]:
    facts = opening.facts
    return {
        "programme_year": opening.year,
        **_company(company),
        "opening": opening.id,
        "places": facts.places,
        "schools": tuple(sorted(schools)),
        "province": facts.province,
        "field": facts.field,
        "wage_krw_per_hour": facts.wage_krw_per_hour,
        "hours_per_week": facts.hours_per_week,
        "starts_on": facts.starts_on,
    }


def _class(described: EmploymentClass, school: School) -> dict[str, Any]:
    return {
        "programme_year": described.year,
        **_school(school),
        "employment_class": described.id,
        "track": described.plan.track,
    }


def _student(enrolled: Enrolled) -> dict[str, Any]:
    school = enrolled.school
    return {
        "student": enrolled.student,
        "school": school.id,
        "school_name_ko": school.name_ko,
        "school_name_en": school.name_en,
        "school_province": school.province,
        "employment_class": enrolled.employment_class,
    }


def _work(work: Work) -> dict[str, Any]:
    return {
        "opening": work.opening,
        "company": work.company,
        "company_name_ko": work.company_name_ko,
        "company_name_en": work.company_name_en,
        "work_province": work.province,
    }


def _offer(offer: Offer, student: Enrolled, work: Work) -> dict[str, Any]:
    return {
        "programme_year": offer.year,
        **_student(student),
        **_work(work),
        "offer": offer.id,
    }


def _placement(of: Placement, whose: Told) -> dict[str, Any]:
    return {
        "programme_year": of.parties.year,
        **_student(whose.student),
        **_work(whose.work),
        "placement": of.id,
    }


def _end(ended: Placement) -> dict[str, Any]:
    return {"reason": ended.ended_reason, "ended_on": ended.ended_on}
