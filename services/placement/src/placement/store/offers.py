"""Offers and placements."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from chassis.refusals import Conflict
from chassis.transaction import Transaction
from placement.domain.agreements import Parties
from placement.domain.offers import Offer
from placement.domain.vocabulary import (
    ClassId,
    CompanyId,
    OfferId,
    OfferState,
    OpeningId,
    RoundId,
    SchoolId,
    StudentId,
    Year,
)
from placement.store.rows import Affected, found


async def add_offers(tx: Transaction, offers: Sequence[Offer]) -> None:
    await tx.execute(
        """
        insert into offer (id, programme_year, round, student, employment_class, opening, preference, state,
          offered_at, expires_at)
        select * from unnest($1::text[], $2::integer[], $3::text[], $4::text[], $5::text[], $6::text[],
          $7::integer[], $8::text[], $9::timestamptz[], $10::timestamptz[])
        """,
        [offer.id for offer in offers],
        [offer.year for offer in offers],
        [offer.round for offer in offers],
        [offer.student for offer in offers],
        [offer.employment_class for offer in offers],
        [offer.opening for offer in offers],
        [offer.preference for offer in offers],
        [offer.state for offer in offers],
        [offer.offered_at for offer in offers],
        [offer.expires_at for offer in offers],
    )


async def offer_for_update(tx: Transaction, offer: OfferId) -> Offer:
    row = await tx.fetchrow("select * from offer where id = $1 for no key update", offer)
    return _offer(found(row, "offer"))


async def due_for_update(tx: Transaction, now: datetime, at_most: int) -> list[Offer]:
    """Offers whose time is up and that nobody is answering at this moment."""
    rows = await tx.fetch(
        """
        select * from offer where state = 'offered' and expires_at <= $1
        order by expires_at, id limit $2 for no key update skip locked
        """,
        now,
        at_most,
    )
    return [_offer(row) for row in rows]


async def save_offers(tx: Transaction, offers: Sequence[Offer]) -> None:
    await tx.execute(
        """
        update offer o set state = u.state, answered_at = u.answered_at, withdrawn_reason = u.reason
        from unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[])
          as u (id, state, answered_at, reason)
        where o.id = u.id
        """,
        [offer.id for offer in offers],
        [offer.state for offer in offers],
        [offer.answered_at for offer in offers],
        [offer.withdrawn_reason for offer in offers],
    )


async def open_for_update(tx: Transaction, affected: Affected) -> list[Offer]:
    """Offers that wait for an answer, of students, companies or both, in the order of their ids."""
    rows = await tx.fetch(
        """
        select f.* from offer f join opening o on o.id = f.opening join student s on s.id = f.student
        where f.state = 'offered'
          and ($1::text[] is null or f.student = any($1)) and ($2::text is null or o.company = $2)
          and ($3::integer[] is null or (f.programme_year, s.school, o.company) in (
            select * from unnest($3, $4::text[], $5::text[])
          ))
        order by f.id for no key update of f
        """,
        *affected.arguments(),
    )
    return [_offer(row) for row in rows]


async def require_free(tx: Transaction, student: StudentId) -> None:
    """Refuse where a student has work, or a place that waits for it; the student's row must be locked."""
    row = await tx.fetchrow(
        """
        select exists (select from placement where student = $1 and state = 'active') as placed,
          exists (select from tripartite_agreement where student = $1 and state = 'drafted') as drafted,
          exists (select from offer where student = $1 and state = 'offered') as offered
        """,
        student,
    )
    taken = dict(found(row, "student"))
    if taken["placed"]:
        raise Conflict("placed_already", "The student has an active placement", "student")
    if taken["drafted"]:
        raise Conflict("agreement_waits", "An agreement of the student waits for signatures", "student")
    if taken["offered"]:
        raise Conflict("offer_waits", "The student has an offer to answer", "student")


def _offer(row: asyncpg.Record) -> Offer:
    return Offer(
        id=OfferId(row["id"]),
        year=Year(row["programme_year"]),
        round=RoundId(row["round"]),
        student=StudentId(row["student"]),
        employment_class=ClassId(row["employment_class"]),
        opening=OpeningId(row["opening"]),
        preference=row["preference"],
        offered_at=row["offered_at"],
        expires_at=row["expires_at"],
        state=OfferState(row["state"]),
        answered_at=row["answered_at"],
        withdrawn_reason=row["withdrawn_reason"],
    )


def parties_of(row: asyncpg.Record) -> Parties:
    return Parties(
        year=Year(row["programme_year"]),
        student=StudentId(row["student"]),
        school=SchoolId(row["school"]),
        employment_class=ClassId(row["employment_class"]),
        company=CompanyId(row["company"]),
        opening=OpeningId(row["opening"]),
    )
