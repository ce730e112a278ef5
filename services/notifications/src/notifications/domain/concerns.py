"""Which event concerns whom, in which words, and until when it is worth telling.

The table below is the whole rule. An event of another service stands in it, or in `SILENT` with the reason
why nobody is told; a test holds that for every event there is.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NewType, assert_never

from notifications.domain.deliveries import Party

Audience = NewType("Audience", str)
"""A group of parties that events let grow: all registered schools, or the school behind an application."""

Facts = Mapping[str, Any]
"""An event's fields by name."""

OFFICE: Final = Party("office:programme")
"""The Ministry's officers share one inbox: whoever of them comes first takes the matter up."""

SCHOOLS: Final = Audience("schools")

INFORMATION: Final = timedelta(days=60)
"""How long news that asks for nothing is still news."""


@dataclass(frozen=True, slots=True)
class One:
    """The party that a field of the event names."""

    field: str


@dataclass(frozen=True, slots=True)
class Each:
    """Every party that a field of the event lists."""

    field: str


@dataclass(frozen=True, slots=True)
class Office:
    """The Ministry's officers."""


@dataclass(frozen=True, slots=True)
class Everybody:
    """Everyone in an audience, those who join it before it is too late included."""

    audience: Audience


@dataclass(frozen=True, slots=True)
class Standing:
    """The schools behind the applications of the event's manifest."""


To = One | Each | Office | Everybody | Standing

SCHOOL: Final = One("school")
COMPANY: Final = One("company")
STUDENT: Final = One("student")
REVIEWER: Final = One("reviewer")


@dataclass(frozen=True, slots=True)
class Concern:
    """One message that an event sets off: a template, its readers, and the field that holds its deadline."""

    template: str
    to: To
    until: str | None = None

    def not_after(self, facts: Facts, occurred_at: datetime) -> datetime:
        """The first moment at which telling is too late to be of use, or misleads."""
        if self.until is None:
            return occurred_at + INFORMATION
        deadline: datetime = facts[self.until]
        return deadline

    def readers(self, facts: Facts) -> "Readers":
        match self.to:
            case One(field):
                return Readers(parties=(facts[field],))
            case Each(field):
                return Readers(parties=tuple(dict.fromkeys(facts[field])))
            case Office():
                return Readers(parties=(OFFICE,))
            case Everybody(audience):
                return Readers(audiences=(audience,))
            case Standing():
                return Readers(audiences=tuple(Audience(each.application) for each in facts["manifest"]))
            case _:
                assert_never(self.to)


@dataclass(frozen=True, slots=True)
class Readers:
    """Whom a message goes to: parties known by name, and audiences whose members have to be looked up."""

    parties: tuple[Party, ...] = ()
    audiences: tuple[Audience, ...] = ()


CONCERNS: Final[Mapping[str, tuple[Concern, ...]]] = {
    "ieum.applications.school-registered.v1": (Concern("school_registered", SCHOOL),),
    "ieum.applications.school-renamed.v1": (Concern("school_renamed", SCHOOL),),
    "ieum.applications.school-closed.v1": (Concern("school_closed", SCHOOL),),
    "ieum.applications.call-opened.v1": (Concern("call_opened", Everybody(SCHOOLS), until="closes_at"),),
    "ieum.applications.call-amended.v1": (Concern("call_amended", Everybody(SCHOOLS), until="closes_at"),),
    "ieum.applications.call-closed.v1": (Concern("call_closed", Standing()),),
    "ieum.applications.extension-granted.v1": (Concern("extension_granted", SCHOOL, until="until"),),
    "ieum.applications.application-submitted.v1": (Concern("application_submitted", SCHOOL),),
    "ieum.applications.application-amended.v1": (Concern("application_amended", SCHOOL),),
    "ieum.applications.application-withdrawn.v1": (Concern("application_withdrawn", SCHOOL),),
    "ieum.evaluation.run-proposed.v1": (Concern("run_proposed", Office()),),
    "ieum.evaluation.run-approved.v1": (Concern("run_approved", Office()),),
    "ieum.evaluation.results-published.v1": (Concern("results_published", Office()),),
    "ieum.evaluation.preliminary-outcome-announced.v1": (Concern("preliminary_outcome", SCHOOL),),
    "ieum.evaluation.school-selected.v1": (Concern("school_selected", SCHOOL),),
    "ieum.evaluation.school-reserved.v1": (Concern("school_reserved", SCHOOL),),
    "ieum.evaluation.school-not-selected.v1": (Concern("school_not_selected", SCHOOL),),
    "ieum.evaluation.school-relinquished.v1": (
        Concern("school_relinquished", SCHOOL),
        Concern("school_relinquished_office", Office()),
    ),
    "ieum.evaluation.school-revoked.v1": (Concern("school_revoked", SCHOOL),),
    "ieum.evaluation.offer-made.v1": (Concern("offer_made", SCHOOL, until="expires_at"),),
    "ieum.evaluation.offer-accepted.v1": (Concern("offer_accepted", SCHOOL),),
    "ieum.evaluation.offer-declined.v1": (Concern("offer_declined", SCHOOL),),
    "ieum.evaluation.offer-expired.v1": (Concern("offer_expired", SCHOOL),),
    "ieum.evaluation.school-promoted.v1": (Concern("school_promoted", SCHOOL),),
    "ieum.evaluation.eligibility-decided.v1": (Concern("eligibility_decided", SCHOOL),),
    "ieum.evaluation.evaluation-scheduled.v1": (Concern("evaluation_scheduled", SCHOOL, until="ends_at"),),
    "ieum.evaluation.appeal-received.v1": (
        Concern("appeal_received", SCHOOL),
        Concern("appeal_received_office", Office()),
    ),
    "ieum.evaluation.appeal-decided.v1": (Concern("appeal_decided", SCHOOL),),
    "ieum.evaluation.reviewer-assigned.v1": (Concern("reviewer_assigned", REVIEWER, until="due_at"),),
    "ieum.evaluation.reviewer-recused.v1": (Concern("reviewer_recused", REVIEWER),),
    "ieum.evaluation.reviewer-released.v1": (Concern("reviewer_released", REVIEWER),),
    "ieum.placement.agreement-proposed.v1": (
        Concern("agreement_proposed_school", SCHOOL),
        Concern("agreement_proposed_company", COMPANY),
    ),
    "ieum.placement.agreement-in-force.v1": (
        Concern("agreement_in_force_school", SCHOOL),
        Concern("agreement_in_force_company", COMPANY),
    ),
    "ieum.placement.agreement-changed.v1": (
        Concern("agreement_changed_school", SCHOOL),
        Concern("agreement_changed_company", COMPANY),
    ),
    "ieum.placement.agreement-ended.v1": (
        Concern("agreement_ended_school", SCHOOL),
        Concern("agreement_ended_company", COMPANY),
    ),
    "ieum.placement.class-changed.v1": (Concern("class_changed", SCHOOL),),
    "ieum.placement.class-opened.v1": (
        Concern("class_opened_school", SCHOOL),
        Concern("class_opened_company", Each("companies")),
    ),
    "ieum.placement.class-closed.v1": (Concern("class_closed", SCHOOL),),
    "ieum.placement.company-approved.v1": (Concern("company_approved", COMPANY),),
    "ieum.placement.company-suspended.v1": (
        Concern("company_suspended", COMPANY),
        Concern("company_suspended_office", Office()),
    ),
    "ieum.placement.company-reinstated.v1": (Concern("company_reinstated", COMPANY),),
    "ieum.placement.opening-changed.v1": (Concern("opening_changed", Each("schools")),),
    "ieum.placement.opening-withdrawn.v1": (Concern("opening_withdrawn", COMPANY),),
    "ieum.placement.opening-published.v1": (
        Concern("opening_published_company", COMPANY),
        Concern("opening_published_school", Each("schools")),
    ),
    "ieum.placement.opening-filled.v1": (Concern("opening_filled", COMPANY),),
    "ieum.students.student-enrolled.v1": (Concern("student_enrolled", STUDENT),),
    "ieum.students.student-forgotten.v1": (Concern("student_forgotten", STUDENT),),
    "ieum.students.student-transferred.v1": (Concern("student_transferred", STUDENT),),
    "ieum.students.student-left.v1": (Concern("student_left", STUDENT),),
    "ieum.students.student-offer-withdrawn.v1": (
        Concern("student_offer_withdrawn", STUDENT),
        Concern("student_offer_withdrawn_company", COMPANY),
        Concern("student_offer_withdrawn_school", SCHOOL),
    ),
    "ieum.students.student-agreement-drafted.v1": (
        Concern("student_agreement_drafted", STUDENT, until="sign_until"),
        Concern("student_agreement_drafted_company", COMPANY, until="sign_until"),
        Concern("student_agreement_drafted_school", SCHOOL, until="sign_until"),
    ),
    "ieum.students.student-agreement-ended.v1": (
        Concern("student_agreement_ended", STUDENT),
        Concern("student_agreement_ended_company", COMPANY),
        Concern("student_agreement_ended_school", SCHOOL),
    ),
    "ieum.students.preferences-opened.v1": (Concern("preferences_opened", STUDENT, until="until"),),
    "ieum.students.student-unmatched.v1": (Concern("student_unmatched", STUDENT),),
    "ieum.students.student-offered.v1": (
        Concern("student_offered", STUDENT, until="expires_at"),
        Concern("student_offered_company", COMPANY, until="expires_at"),
        Concern("student_offered_school", SCHOOL, until="expires_at"),
    ),
    "ieum.students.student-accepted.v1": (
        Concern("student_accepted", STUDENT),
        Concern("student_accepted_company", COMPANY),
        Concern("student_accepted_school", SCHOOL),
    ),
    "ieum.students.student-declined.v1": (
        Concern("student_declined_company", COMPANY),
        Concern("student_declined_school", SCHOOL),
    ),
    "ieum.students.student-offer-expired.v1": (
        Concern("student_offer_expired", STUDENT),
        Concern("student_offer_expired_company", COMPANY),
        Concern("student_offer_expired_school", SCHOOL),
    ),
    "ieum.students.student-placed.v1": (
        Concern("student_placed", STUDENT),
        Concern("student_placed_company", COMPANY),
        Concern("student_placed_school", SCHOOL),
    ),
    "ieum.students.placement-ended.v1": (
        Concern("placement_ended", STUDENT),
        Concern("placement_ended_company", COMPANY),
        Concern("placement_ended_school", SCHOOL),
    ),
    "ieum.students.placement-end-corrected.v1": (
        Concern("placement_end_corrected_company", COMPANY),
        Concern("placement_end_corrected_school", SCHOOL),
    ),
    "ieum.students.placement-resumed.v1": (
        Concern("placement_resumed", STUDENT),
        Concern("placement_resumed_company", COMPANY),
        Concern("placement_resumed_school", SCHOOL),
    ),
    "ieum.students.retention-due.v1": (
        Concern("retention_due_company", COMPANY),
        Concern("retention_due_school", SCHOOL),
    ),
    "ieum.students.retention-checked.v1": (
        Concern("retention_checked_company", COMPANY),
        Concern("retention_checked_school", SCHOOL),
    ),
    "ieum.placement.outcome-reported.v1": (Concern("outcome_reported", SCHOOL),),
    "ieum.placement.outcome-corrected.v1": (Concern("outcome_corrected", SCHOOL),),
    "ieum.placement.outcome-reporting-closed.v1": (Concern("outcome_reporting_closed", Office()),),
}
"""By event type."""

SILENT: Final[Mapping[str, str]] = {
    "ieum.applications.programme-year-opened.v1": "the policy is public, and schools are told of the call",
    "ieum.applications-audit.applications-audit-sealed.v1": "other services keep it, no person needs it",
    "ieum.evaluation-audit.evaluation-audit-sealed.v1": "other services keep it, no person needs it",
    "ieum.placement-audit.placement-audit-sealed.v1": "other services keep it, no person needs it",
    "ieum.notifications-audit.notifications-audit-sealed.v1": "other services keep it, no person needs it",
}
"""Events of others that tell nobody, and why."""


def concerns_of(event_type: str, facts: Facts) -> tuple[Concern, ...]:
    """What an event has to tell; an earlier year that was brought in is nobody's news."""
    return () if facts.get("origin") == "imported" else CONCERNS[event_type]


@dataclass(frozen=True, slots=True)
class Membership:
    audience: Audience
    party: Party


def joins(event_type: str, facts: Facts) -> Iterator[Membership]:
    """Who becomes part of which audience by this event."""
    match event_type:
        case "ieum.applications.school-registered.v1":
            yield Membership(SCHOOLS, facts["school"])
        case "ieum.applications.application-submitted.v1":
            yield Membership(Audience(facts["application"]), facts["school"])
        case _:
            return


def leaves(event_type: str, facts: Facts) -> Iterator[Membership]:
    """Who is no longer part of which audience."""
    if event_type == "ieum.applications.school-closed.v1":
        yield Membership(SCHOOLS, facts["school"])


def templates(concerns: Iterable[Sequence[Concern]] = CONCERNS.values()) -> frozenset[str]:
    return frozenset(concern.template for told in concerns for concern in told)
