"""Places after the final result: who holds what, who is offered what, and what moves when one falls free."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chassis.refusals import Conflict
from evaluation.domain.selection import Award
from evaluation.domain.snapshot import Applicant, Snapshot
from evaluation.domain.vocabulary import (
    ApplicationId,
    OfferId,
    OfferState,
    RunId,
    SchoolId,
    StandingState,
    Year,
)


@dataclass(frozen=True, slots=True)
class Offer:
    """A place, or a designation more, that a school may take until `expires_at`.

    `designations` is all it would hold, in its own order; `added` what it does not hold yet.
    """

    id: OfferId
    year: Year
    school: SchoolId
    run: RunId
    state: OfferState
    upgrade: bool
    designations: tuple[str, ...]
    added: tuple[str, ...]
    made_at: datetime
    expires_at: datetime
    answered_at: datetime | None = None

    @property
    def strikes(self) -> tuple[tuple[str, ...], ...]:
        """The wishes that go with it when it is not accepted: what it added, else general support."""
        return tuple((track,) for track in self.added) or ((),)

    def accept(self, now: datetime) -> "Offer":
        """Raises Conflict: rules `offer_settled`, `offer_expired`."""
        return self._answer(OfferState.ACCEPTED, now)

    def decline(self, now: datetime) -> "Offer":
        """Raises Conflict: rules `offer_settled`, `offer_expired`."""
        return self._answer(OfferState.DECLINED, now)

    def expire(self, now: datetime) -> "Offer":
        """Settle an offer that nobody answered in time.

        Raises:
            Conflict: rules `offer_settled`, `offer_running`.
        """
        self._must_be_pending()
        if now < self.expires_at:
            raise Conflict(
                "offer_running", f"The offer stands until {self.expires_at.isoformat()}", "expires_at"
            )
        return replace(self, state=OfferState.EXPIRED, answered_at=now)

    def lapse(self, now: datetime) -> "Offer":
        """Settle an offer whose school leaves: it counts as declined, or as expired where its time was up.

        Raises:
            Conflict: rule `offer_settled`.
        """
        return self.decline(now) if now < self.expires_at else self.expire(now)

    def _answer(self, state: OfferState, now: datetime) -> "Offer":
        self._must_be_pending()
        if now >= self.expires_at:
            raise Conflict(
                "offer_expired", f"The offer expired at {self.expires_at.isoformat()}", "expires_at"
            )
        return replace(self, state=state, answered_at=now)

    def _must_be_pending(self) -> None:
        if self.state is not OfferState.PENDING:
            raise Conflict(
                "offer_settled", f"The offer's state is {self.state}, only a pending one can change", "state"
            )


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a school stands after the final result; what it declined is struck from its wishes."""

    year: Year
    school: SchoolId
    application: ApplicationId
    state: StandingState
    designations: tuple[str, ...]
    since: datetime
    struck_tracks: tuple[str, ...] = ()
    struck_general: bool = False

    @property
    def holds(self) -> bool:
        return self.state is StandingState.SELECTED

    @property
    def gone(self) -> bool:
        return self.state in (StandingState.RELINQUISHED, StandingState.REVOKED)

    @property
    def may_leave(self) -> bool:
        """Whether there is a place or a number to give up."""
        return self.state in (StandingState.SELECTED, StandingState.RESERVE)

    def relinquish(self, now: datetime) -> "Standing":
        """Give up the place or the number on the reserve list.

        Raises:
            Conflict: rule `nothing_held`.
        """
        if not self.may_leave:
            raise Conflict(
                "nothing_held", f"The school's state is {self.state}, it holds no place or number", "state"
            )
        return replace(self, state=StandingState.RELINQUISHED, designations=(), since=now)

    def revoke(self, now: datetime) -> "Standing":
        """Take the place away.

        Raises:
            Conflict: rule `nothing_held`.
        """
        if self.state is not StandingState.SELECTED:
            raise Conflict("nothing_held", f"The school's state is {self.state}, it holds no place", "state")
        return replace(self, state=StandingState.REVOKED, designations=(), since=now)

    def hold(self, offer: Offer, now: datetime) -> "Standing":
        """Hold what was offered and accepted."""
        return replace(self, state=StandingState.SELECTED, designations=offer.designations, since=now)

    def strike(self, offer: Offer) -> "Standing":
        """Never be offered again what was declined or has expired."""
        return replace(
            self,
            struck_tracks=tuple(dict.fromkeys((*self.struck_tracks, *offer.added))),
            struck_general=self.struck_general or () in offer.strikes,
        )

    def wishes(self, applicant: Applicant) -> Applicant:
        """The applicant with what was struck left out."""
        return replace(
            applicant,
            tracks=tuple(track for track in applicant.tracks if track not in self.struck_tracks),
            accepts_general=applicant.accepts_general and not self.struck_general,
        )


def standing_now(
    final: Snapshot,
    standings: Mapping[SchoolId, Standing],
    pending: Sequence[Offer],
    closed: Container[SchoolId] = (),
) -> Snapshot:
    """What a promotion is decided from: everyone still standing, holders and pending offers as they are.

    A `closed` school wants no more than it holds or is offered already, so that it gets nothing new.
    """
    holders = {standing.school: standing.designations for standing in standings.values() if standing.holds}
    holders |= {offer.school: offer.designations for offer in pending}
    remaining = [
        each
        for each in final.applicants
        if not standings[each.id].gone and (each.id in holders or each.id not in closed)
    ]
    return Snapshot(
        programme_year=final.programme_year,
        policy=final.policy,
        applicants=tuple(
            _content_with(each, holders[each.id]) if each.id in closed else standings[each.id].wishes(each)
            for each in remaining
        ),
        holders=holders,
    )


def _content_with(applicant: Applicant, held: tuple[str, ...]) -> Applicant:
    tracks = tuple(track for track in applicant.tracks if track in held)
    return replace(applicant, tracks=tracks, accepts_general=not held)


@dataclass(frozen=True, slots=True)
class Promotion:
    """What is to be offered to a school: all it would hold, and what of it is new."""

    school: SchoolId
    designations: tuple[str, ...]
    added: tuple[str, ...]
    upgrade: bool


def promotions(
    awards: Iterable[Award], holders: Mapping[SchoolId, tuple[str, ...]], answering: Iterable[SchoolId]
) -> tuple[Promotion, ...]:
    """Newcomers and upgrades among the awards, in rank order.

    A school that has still to answer an offer is passed over; what the rule would add waits for its answer.
    """
    waiting = set(answering)
    made = []
    for award in awards:
        held = holders.get(award.id)
        if award.outcome != "selected" or award.id in waiting:
            continue
        if held is None or set(award.designations) != set(held):
            added = tuple(track for track in award.designations if track not in (held or ()))
            made.append(Promotion(award.id, award.designations, added, upgrade=held is not None))
    return tuple(made)
