"""Agreements: bipartite (2자 협약) of school and company, tripartite (3자 협약) with the student.

bipartite    proposed ── the other signs ──▶ in force
tripartite   drafted ── school, company and student have signed ──▶ in force
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from chassis.refusals import Conflict, Invalid
from placement.domain.companies import Company
from placement.domain.programme import Participation
from placement.domain.vocabulary import (
    KST,
    AgreementId,
    BipartiteState,
    ClassId,
    CompanyId,
    OfferId,
    OpeningId,
    Route,
    SchoolId,
    Side,
    StudentId,
    TripartiteState,
    Year,
)


@dataclass(frozen=True, slots=True)
class Term:
    """From one day in Korea to another, both included."""

    starts_on: date
    ends_on: date

    def covers(self, day: date) -> bool:
        return self.starts_on <= day <= self.ends_on

    def require_order(self, field: str = "ends_on") -> None:
        if self.ends_on < self.starts_on:
            raise Invalid("term_in_order", "The term's last day is before its first", field)


def day_of(now: datetime) -> date:
    """The day it is in Korea."""
    return now.astimezone(KST).date()


@dataclass(frozen=True, slots=True)
class Bipartite:
    """An agreement of a school and a company for a year; the one who proposes it has signed it thereby."""

    id: AgreementId
    year: Year
    school: SchoolId
    company: CompanyId
    term: Term
    proposed_by: Side
    proposed_at: datetime
    state: BipartiteState
    signed: Mapping[Side, datetime]

    def sign(self, side: Side, now: datetime) -> "Bipartite":
        """The other party signs, and the agreement is in force.

        Raises:
            Conflict: It is in force already, the proposer signs a second time, or its term is over.
        """
        if self.state is not BipartiteState.PROPOSED:
            raise Conflict("agreement_not_proposed", f"The agreement is {self.state} already", "state")
        if side in self.signed:
            raise Conflict("signed_already", f"The {side} has signed; the other party has not", "signature")
        if day_of(now) > self.term.ends_on:
            raise Conflict("term_over", "The agreement's term is over", "ends_on")
        return replace(self, state=BipartiteState.IN_FORCE, signed={**self.signed, side: now})

    def in_force_on(self, day: date) -> bool:
        return self.state is BipartiteState.IN_FORCE and self.term.covers(day)


@dataclass(frozen=True, slots=True)
class BipartiteDraft:
    """What one party proposes to the other."""

    year: Year
    school: SchoolId
    company: CompanyId
    term: Term

    def require_parties(self, place: Participation | None, partner: Company | None) -> None:
        """Refuse a school that takes no part (`place` is None without one) and a company not approved."""
        if place is None:
            raise Conflict("school_not_taking_part", f"The school is not selected in {self.year}", "school")
        place.require_taking_part()
        if partner is None:
            raise Conflict("company_not_approved", "There is no such company", "company")
        partner.require_approved()


def propose(agreement: AgreementId, draft: BipartiteDraft, by: Side, now: datetime) -> Bipartite:
    """One party proposes an agreement and has signed it thereby."""
    draft.term.require_order()
    if day_of(now) > draft.term.ends_on:
        raise Invalid("term_over", "The agreement's term is over before it begins", "ends_on")
    return Bipartite(
        id=agreement,
        year=draft.year,
        school=draft.school,
        company=draft.company,
        term=draft.term,
        proposed_by=by,
        proposed_at=now,
        state=BipartiteState.PROPOSED,
        signed={by: now},
    )


@dataclass(frozen=True, slots=True)
class Parties:
    """Whom a tripartite agreement binds, and for what."""

    year: Year
    student: StudentId
    school: SchoolId
    employment_class: ClassId
    company: CompanyId
    opening: OpeningId


@dataclass(frozen=True, slots=True)
class Tripartite:
    """The agreement that makes a placement; by an accepted offer, or by an officer's hand with a reason."""

    id: AgreementId
    parties: Parties
    offer: OfferId | None
    reason: str | None
    state: TripartiteState
    signed: Mapping[Side, datetime]

    @property
    def route(self) -> Route:
        return Route.OFFICER if self.offer is None else Route.MATCHING

    def sign(self, side: Side, now: datetime) -> "Tripartite":
        """One of the three signs; with the last signature it is in force.

        Raises:
            Conflict: It is in force already, or this party has signed.
        """
        if self.state is not TripartiteState.DRAFTED:
            raise Conflict("agreement_not_drafted", f"The agreement is {self.state} already", "state")
        if side in self.signed:
            raise Conflict("signed_already", f"The {side} has signed already", "signature")
        signed = {**self.signed, side: now}
        state = TripartiteState.IN_FORCE if len(signed) == len(Side) else self.state
        return replace(self, state=state, signed=signed)


def draft(
    agreement: AgreementId, parties: Parties, *, offer: OfferId | None = None, reason: str | None = None
) -> Tripartite:
    """An agreement to be signed: by an accepted offer, or with the reason of the officer who records it."""
    if (offer is None) == (reason is None):
        raise Invalid(
            "offer_or_reason", "Either an offer was accepted or an officer gives a reason", "reason"
        )
    return Tripartite(agreement, parties, offer, reason, TripartiteState.DRAFTED, {})
