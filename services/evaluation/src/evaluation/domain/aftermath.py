"""What explains a promotion beside its decisions: what was asked, struck, held, offered, and what waits."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from evaluation.domain.places import Offer, Promotion, Standing
from evaluation.domain.selection import Award
from evaluation.domain.snapshot import Applicant, Quota, Snapshot
from evaluation.domain.vocabulary import OfferState, SchoolId

StruckBy = Literal["declined", "expired", "school_closed"]
_Refused = Mapping[tuple[SchoolId, tuple[str, ...]], StruckBy]


@dataclass(frozen=True, slots=True)
class Struck:
    """A wish that is granted no more, a designation or (empty) general support, and why."""

    award: tuple[str, ...]
    by: StruckBy


@dataclass(frozen=True, slots=True)
class Waiting:
    """What the rule gives a school beyond its open offer: nobody holds it, and nobody was offered it."""

    school: SchoolId
    rank: int | None
    tracks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Aftermath:
    """How a school stands with a promotion.

    `asked` is the applicant of the final result, `held` what it holds, `offered` all that it would hold by an
    open offer; None where there is none. `waiting` is what waits for answers, of all schools.
    """

    asked: Applicant
    struck: tuple[Struck, ...] = ()
    held: tuple[str, ...] | None = None
    offered: tuple[str, ...] | None = None
    waiting: tuple[Waiting, ...] = ()

    def kept_for(self, quota: Quota, rank: int) -> tuple[SchoolId, ...]:
        """Schools above a rank for which a designation of a group waits."""
        return tuple(
            each.school
            for each in self.waiting
            if each.rank is not None and each.rank < rank and set(each.tracks) & set(quota.tracks)
        )


def aftermaths(
    final: Snapshot,
    decided: tuple[Snapshot, Sequence[Award]],
    standings: Mapping[SchoolId, Standing],
    offers: Sequence[Offer],
    promotions: Iterable[Promotion],
) -> dict[SchoolId, Aftermath]:
    """How each school stands with a promotion `decided` from its snapshot.

    `offers` are all that were made in the year before it, `promotions` what it offers.
    """
    snapshot, awards = decided
    wishes = {each.id: each for each in snapshot.applicants}
    held = {each.school: each.designations for each in standings.values() if each.holds}
    offered = {each.school: each.designations for each in offers if each.state is OfferState.PENDING}
    offered |= {each.school: each.designations for each in promotions}
    refused = dict(_refused(offers))
    waiting = tuple(_waiting(awards, held | offered))
    return {
        asked.id: Aftermath(
            asked,
            tuple(_struck(asked, wishes[asked.id], refused)),
            held.get(asked.id),
            offered.get(asked.id),
            waiting,
        )
        for asked in final.applicants
        if asked.id in wishes
    }


def _refused(offers: Iterable[Offer]) -> Iterator[tuple[tuple[SchoolId, tuple[str, ...]], StruckBy]]:
    for offer in offers:
        if offer.state is OfferState.DECLINED:
            yield from (((offer.school, award), "declined") for award in offer.strikes)
        elif offer.state is OfferState.EXPIRED:
            yield from (((offer.school, award), "expired") for award in offer.strikes)


def _struck(asked: Applicant, left: Applicant, refused: _Refused) -> Iterator[Struck]:
    """Wishes that the promotion was decided without; what no offer struck is a closed school's."""
    gone: list[tuple[str, ...]] = [(track,) for track in asked.tracks if track not in left.tracks]
    gone += [()] if asked.accepts_general and not left.accepts_general else []
    yield from (Struck(award, refused.get((asked.id, award), "school_closed")) for award in gone)


def _waiting(awards: Iterable[Award], theirs: Mapping[SchoolId, tuple[str, ...]]) -> Iterator[Waiting]:
    for award in awards:
        more = tuple(track for track in award.designations if track not in theirs.get(award.id, ()))
        if more:
            yield Waiting(award.id, award.rank, more)
