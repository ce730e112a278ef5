"""What is told of students, under their pseudonyms: rosters, offers, placements, retention."""

from datetime import datetime

from contracts import students
from placement.announce.facts import end_facts, offer_facts, placement_facts, student_facts, work_facts
from placement.domain.agreements import Tripartite
from placement.domain.classes import EmploymentClass, Enrolled
from placement.domain.offers import Offer
from placement.domain.openings import Work
from placement.domain.placements import Placement, Told
from placement.domain.programme import School
from placement.domain.retention import Check, answer_until
from placement.domain.rounds import Round
from placement.domain.vocabulary import StudentId, Year


def student_enrolled(
    student: StudentId, into: EmploymentClass, school: School, now: datetime
) -> students.StudentEnrolled:
    enrolled = Enrolled(student, school, into.id, into.plan.track)
    return students.StudentEnrolled(
        programme_year=into.year, **student_facts(enrolled), track=into.plan.track, enrolled_at=now
    )


def student_transferred(
    student: StudentId, before: EmploymentClass, into: EmploymentClass, school: School, now: datetime
) -> students.StudentTransferred:
    enrolled = Enrolled(student, school, into.id, into.plan.track)
    return students.StudentTransferred(
        programme_year=into.year,
        **student_facts(enrolled),
        from_class=before.id,
        track=into.plan.track,
        transferred_at=now,
    )


def student_left(
    student: StudentId, left: EmploymentClass, school: School, reason: str, now: datetime
) -> students.StudentLeft:
    enrolled = Enrolled(student, school, left.id, left.plan.track)
    return students.StudentLeft(
        programme_year=left.year, **student_facts(enrolled), reason=reason, left_at=now
    )


def student_forgotten(year: Year, student: Enrolled, reason: str, now: datetime) -> students.StudentForgotten:
    return students.StudentForgotten(
        programme_year=year, **student_facts(student), reason=reason, forgotten_at=now
    )


def preferences_opened(opened: Round, student: Enrolled, openings: int) -> students.PreferencesOpened:
    return students.PreferencesOpened(
        programme_year=opened.year,
        **student_facts(student),
        round=opened.number,
        openings=openings,
        opened_at=opened.opened_at,
        until=opened.terms.preferences_until,
    )


def offered(offer: Offer, student: Enrolled, work: Work, number: int) -> students.StudentOffered:
    return students.StudentOffered(
        **offer_facts(offer, student, work),
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
        **student_facts(student),
        matching=decided.id,
        round=decided.number,
        reasons=reasons,
        decided_at=now,
    )


def accepted(
    offer: Offer, student: Enrolled, work: Work, agreement: Tripartite, now: datetime
) -> students.StudentAccepted:
    return students.StudentAccepted(
        **offer_facts(offer, student, work), agreement=agreement.id, accepted_at=now
    )


def declined(offer: Offer, student: Enrolled, work: Work, now: datetime) -> students.StudentDeclined:
    return students.StudentDeclined(**offer_facts(offer, student, work), declined_at=now)


def expired(offer: Offer, student: Enrolled, work: Work, now: datetime) -> students.StudentOfferExpired:
    return students.StudentOfferExpired(**offer_facts(offer, student, work), expired_at=now)


def offer_withdrawn(offer: Offer, student: Enrolled, work: Work) -> students.StudentOfferWithdrawn:
    return students.StudentOfferWithdrawn(
        **offer_facts(offer, student, work), reason=offer.withdrawn_reason, withdrawn_at=offer.answered_at
    )


def student_agreement_drafted(
    agreement: Tripartite, student: Enrolled, work: Work, now: datetime
) -> students.StudentAgreementDrafted:
    return students.StudentAgreementDrafted(
        programme_year=agreement.parties.year,
        **student_facts(student),
        **work_facts(work),
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
        **student_facts(student),
        **work_facts(work),
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
        **student_facts(student),
        **work_facts(work),
        placement=placement.id,
        agreement=agreement.id,
        track=student.track,
        route=agreement.route,
        starts_on=placement.starts_on,
        placed_at=placement.placed_at,
    )


def placement_ended(ended: Placement, whose: Told) -> students.PlacementEnded:
    return students.PlacementEnded(
        **placement_facts(ended, whose), **end_facts(ended), ended_at=ended.ended_at
    )


def placement_end_corrected(corrected: Placement, whose: Told) -> students.PlacementEndCorrected:
    return students.PlacementEndCorrected(
        **placement_facts(corrected, whose),
        **end_facts(corrected),
        revision=corrected.end_revision,
        corrected_at=corrected.ended_at,
    )


def placement_resumed(
    resumed: Placement, whose: Told, reason: str, now: datetime
) -> students.PlacementResumed:
    return students.PlacementResumed(
        **placement_facts(resumed, whose), revision=resumed.end_revision, reason=reason, resumed_at=now
    )


def retention_due(check: Check, of: Placement, whose: Told) -> students.RetentionDue:
    return students.RetentionDue(
        **placement_facts(of, whose),
        months=check.months,
        due_on=check.due_on,
        answer_until=answer_until(check.due_on),
    )


def retention_checked(check: Check, of: Placement, whose: Told) -> students.RetentionChecked:
    return students.RetentionChecked(
        **placement_facts(of, whose),
        months=check.months,
        due_on=check.due_on,
        retained=check.retained,
        source=check.source,
        revision=check.revision,
        checked_at=check.answered_at,
    )
