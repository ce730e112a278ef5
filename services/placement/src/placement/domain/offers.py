"""Offers of a matching round.

offer        offered ──▶ accepted | declined | expired | withdrawn
"""

from dataclasses import dataclass, replace
from datetime import datetime

from chassis.refusals import Conflict
from placement.domain.vocabulary import (
    ClassId,
    OfferId,
    OfferState,
    OpeningId,
    RoundId,
    StudentId,
    Year,
)


@dataclass(frozen=True, slots=True)
class Offer:
    """A place held for a student until `expires_at`, the first moment that is too late to answer.

    `preference` is the opening's place in the student's own list, from 1.
    """

    id: OfferId
    year: Year
    round: RoundId
    student: StudentId
    employment_class: ClassId
    opening: OpeningId
    preference: int
    offered_at: datetime
    expires_at: datetime
    state: OfferState = OfferState.OFFERED
    answered_at: datetime | None = None
    withdrawn_reason: str | None = None

    def accept(self, now: datetime) -> "Offer":
        return self._answered(OfferState.ACCEPTED, now)

    def decline(self, now: datetime) -> "Offer":
        return self._answered(OfferState.DECLINED, now)

    def expire(self, now: datetime) -> "Offer":
        self._require_open()
        if now < self.expires_at:
            raise Conflict(
                "offer_runs", f"It can be answered until {self.expires_at.isoformat()}", "expires_at"
            )
        return replace(self, state=OfferState.EXPIRED, answered_at=now)

    def take_back(self, reason: str, now: datetime) -> "Offer":
        """The company declines: it stops hiring, or the work is no longer what was offered."""
        return replace(self._answered(OfferState.WITHDRAWN, now), withdrawn_reason=reason)

    def withdraw(self, reason: str, now: datetime) -> "Offer":
        """What the offer stood on is gone: the agreement, the company's approval, the stay in the class."""
        self._require_open()
        return replace(self, state=OfferState.WITHDRAWN, answered_at=now, withdrawn_reason=reason)

    def _answered(self, state: OfferState, now: datetime) -> "Offer":
        self._require_open()
        if now >= self.expires_at:
            raise Conflict(
                "offer_expired", f"It could be answered until {self.expires_at.isoformat()}", "expires_at"
            )
        return replace(self, state=state, answered_at=now)

    def _require_open(self) -> None:
        if self.state is not OfferState.OFFERED:
            raise Conflict("offer_answered", f"The offer is {self.state} already", "state")
