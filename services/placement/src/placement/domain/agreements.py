"""Agreements: bipartite (2자 협약) of school and company, tripartite (3자 협약) with the student.

bipartite    proposed ── the other signs ──▶ in force ── ended early ──▶ ended
             proposed ──▶ withdrawn          proposed, in force ── last day over ──▶ expired
tripartite   drafted ── school, company and student have signed ──▶ in force ──▶ ended | expired
             drafted ──▶ withdrawn | lapsed, and the place that it held is free
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

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
    OverBy,
    Route,
    SchoolId,
    Side,
    StudentId,
    TripartiteState,
    Year,
)

TERM_OVER: Final = "term_over"
NOT_SIGNED: Final = "not_signed_in_time"


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
class Over:
    """When, why (a code) and by whom an agreement came to its end."""

    at: datetime
    reason: str
    by: OverBy


@dataclass(frozen=True, slots=True)
class Wanted:
    """Another term that one party wants; the present one stands until the other signs."""

    term: Term
    by: Side


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
    wanted: Wanted | None = None
    over: Over | None = None

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

    def want(self, term: Term, side: Side, now: datetime) -> "Bipartite":
        """One party wants another term; what was wanted before, by either, is dropped."""
        self._require_in_force(now)
        term.require_order()
        if not term.covers(day_of(now)) and self.term.covers(day_of(now)):
            raise Invalid("term_covers_today", "The agreement is in force today; end it instead", "ends_on")
        return replace(self, wanted=Wanted(term, side))

    def settle(self, side: Side, now: datetime) -> "Bipartite":
        """The other party signs the term that is wanted, which stands from then on."""
        self._require_in_force(now)
        if self.wanted is None:
            raise Conflict("nothing_wanted", "Nobody wants another term", "term")
        if self.wanted.by is side:
            raise Conflict("signed_already", f"The {side} has signed; the other party has not", "signature")
        if self.wanted.term.ends_on < day_of(now):
            raise Conflict("term_over", "The term that was wanted is over", "ends_on")
        return replace(
            self, term=self.wanted.term, wanted=None, signed={**self.signed, side: now, self.wanted.by: now}
        )

    def end(self, by: OverBy, reason: str, now: datetime) -> "Bipartite":
        """A party, or an officer, wants it no longer: a proposal is withdrawn, what is in force ends."""
        match self.state:
            case BipartiteState.PROPOSED:
                state = BipartiteState.WITHDRAWN
            case BipartiteState.IN_FORCE:
                state = BipartiteState.ENDED
            case _:
                raise Conflict("agreement_over", f"The agreement is {self.state} already", "state")
        return replace(self, state=state, wanted=None, over=Over(now, reason, by))

    def expire(self, now: datetime) -> "Bipartite":
        """Its last day is over; signed or not."""
        if self.state not in (BipartiteState.PROPOSED, BipartiteState.IN_FORCE):
            raise Conflict("agreement_over", f"The agreement is {self.state} already", "state")
        if day_of(now) <= self.term.ends_on:
            raise Conflict("term_runs", f"The term runs to {self.term.ends_on.isoformat()}", "ends_on")
        over = Over(now, TERM_OVER, OverBy.DEADLINE)
        return replace(self, state=BipartiteState.EXPIRED, wanted=None, over=over)

    def _require_in_force(self, now: datetime) -> None:
        if self.state is not BipartiteState.IN_FORCE or day_of(now) > self.term.ends_on:
            raise Conflict("agreement_not_in_force", "The agreement is not in force", "state")


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
    """The agreement that makes a placement; by an accepted offer, or by an officer's hand with a reason.

    `sign_until` is the first moment that is too late for a signature; the place that it holds is free then.
    """

    id: AgreementId
    parties: Parties
    offer: OfferId | None
    reason: str | None
    state: TripartiteState
    signed: Mapping[Side, datetime]
    sign_until: datetime
    over: Over | None = None

    @property
    def route(self) -> Route:
        return Route.OFFICER if self.offer is None else Route.MATCHING

    def sign(self, side: Side, now: datetime) -> "Tripartite":
        """One of the three signs; with the last signature it is in force.

        Raises:
            Conflict: It is in force or over already, this party has signed, or it is too late.
        """
        self._require_drafted()
        if side in self.signed:
            raise Conflict("signed_already", f"The {side} has signed already", "signature")
        if now >= self.sign_until:
            raise Conflict(
                "signing_too_late", f"It could be signed until {self.sign_until.isoformat()}", "sign_until"
            )
        signed = {**self.signed, side: now}
        state = TripartiteState.IN_FORCE if len(signed) == len(Side) else self.state
        return replace(self, state=state, signed=signed)

    def withdraw(self, by: OverBy, reason: str, now: datetime) -> "Tripartite":
        """A party, or an officer, takes it back before all three have signed."""
        self._require_drafted()
        return replace(self, state=TripartiteState.WITHDRAWN, over=Over(now, reason, by))

    def lapse(self, now: datetime) -> "Tripartite":
        """Not all three signed in time."""
        self._require_drafted()
        if now < self.sign_until:
            raise Conflict(
                "signing_runs", f"It can be signed until {self.sign_until.isoformat()}", "sign_until"
            )
        return replace(self, state=TripartiteState.LAPSED, over=Over(now, NOT_SIGNED, OverBy.DEADLINE))

    def end(self, by: OverBy, reason: str, now: datetime) -> "Tripartite":
        """It was in force and is no longer: its placement ended, or by its own last day it expired."""
        if self.state is not TripartiteState.IN_FORCE:
            raise Conflict("agreement_not_in_force", f"The agreement is {self.state}", "state")
        state = TripartiteState.EXPIRED if by is OverBy.DEADLINE else TripartiteState.ENDED
        return replace(self, state=state, over=Over(now, reason, by))

    def resume(self) -> "Tripartite":
        """The end of its placement is taken back; one whose last day is over cannot come back."""
        if self.state is not TripartiteState.ENDED:
            raise Conflict("agreement_not_ended", f"The agreement is {self.state}", "state")
        return replace(self, state=TripartiteState.IN_FORCE, over=None)

    def _require_drafted(self) -> None:
        if self.state is not TripartiteState.DRAFTED:
            raise Conflict("agreement_not_drafted", f"The agreement is {self.state} already", "state")


def draft(
    agreement: AgreementId,
    parties: Parties,
    sign_until: datetime,
    *,
    offer: OfferId | None = None,
    reason: str | None = None,
) -> Tripartite:
    """An agreement to be signed: by an accepted offer, or with the reason of the officer who records it."""
    if (offer is None) == (reason is None):
        raise Invalid(
            "offer_or_reason", "Either an offer was accepted or an officer gives a reason", "reason"
        )
    return Tripartite(agreement, parties, offer, reason, TripartiteState.DRAFTED, {}, sign_until)
