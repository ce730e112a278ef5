"""Statements about standings and offers; the triggers on both keep the quotas."""

import json
from collections.abc import Sequence
from datetime import datetime

import asyncpg

from chassis.refusals import NotFound
from chassis.transaction import ReadTransaction, Transaction
from evaluation.domain.places import Offer, Standing
from evaluation.domain.vocabulary import (
    ApplicationId,
    OfferId,
    OfferState,
    RunId,
    SchoolId,
    StandingState,
    Year,
)


async def add_standings(tx: Transaction, standings: Sequence[Standing]) -> None:
    await tx.execute(
        """
        insert into standing (year, school, application, state, designations, since)
        select year, school, application, state, array(select jsonb_array_elements_text(designations)), since
        from unnest($1::integer[], $2::text[], $3::text[], $4::text[], $5::jsonb[], $6::timestamptz[])
          as u (year, school, application, state, designations, since)
        """,
        [each.year for each in standings],
        [each.school for each in standings],
        [each.application for each in standings],
        [each.state for each in standings],
        [json.dumps(each.designations) for each in standings],
        [each.since for each in standings],
    )


async def standings(tx: Transaction, year: Year) -> dict[SchoolId, Standing]:
    rows = await tx.fetch("select * from standing where year = $1 order by school", year)
    return {SchoolId(row["school"]): _standing(row) for row in rows}


async def standing_for_update(tx: Transaction, year: Year, school: SchoolId) -> Standing | None:
    row = await tx.fetchrow("select * from standing where year = $1 and school = $2 for update", year, school)
    return None if row is None else _standing(row)


async def save_standing(tx: Transaction, standing: Standing) -> None:
    await tx.execute(
        """
        update standing
        set state = $3, designations = $4, struck_tracks = $5, struck_general = $6, since = $7
        where year = $1 and school = $2
        """,
        standing.year,
        standing.school,
        standing.state,
        list(standing.designations),
        list(standing.struck_tracks),
        standing.struck_general,
        standing.since,
    )


async def add_offers(tx: Transaction, offers: Sequence[Offer]) -> None:
    await tx.execute(
        """
        insert into offer (id, year, school, run, state, upgrade, designations, added, made_at, expires_at)
        select id, year, school, run, state, upgrade, array(select jsonb_array_elements_text(designations)),
          array(select jsonb_array_elements_text(added)), made_at, expires_at
        from unnest($1::text[], $2::integer[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::jsonb[],
          $8::jsonb[], $9::timestamptz[], $10::timestamptz[])
          as u (id, year, school, run, state, upgrade, designations, added, made_at, expires_at)
        """,
        [offer.id for offer in offers],
        [offer.year for offer in offers],
        [offer.school for offer in offers],
        [offer.run for offer in offers],
        [offer.state for offer in offers],
        [offer.upgrade for offer in offers],
        [json.dumps(offer.designations) for offer in offers],
        [json.dumps(offer.added) for offer in offers],
        [offer.made_at for offer in offers],
        [offer.expires_at for offer in offers],
    )


async def year_of(tx: Transaction, offer: OfferId, school: SchoolId) -> Year:
    """The year of a school's own offer, so that the year can be locked before the offer."""
    year: int | None = await tx.fetchval(
        "select year from offer where id = $1 and school = $2", offer, school
    )
    if year is None:
        raise NotFound("offer_not_found", "The school has no such offer: offer", "offer")
    return Year(year)


async def offer_for_update(tx: Transaction, offer: OfferId) -> Offer:
    row = await tx.fetchrow("select * from offer where id = $1 for update", offer)
    if row is None:
        raise NotFound("offer_not_found", "There is no such offer: offer", "offer")
    return _offer(row)


async def offers(tx: Transaction, year: Year) -> list[Offer]:
    """Every offer of a year, the settled ones too."""
    rows = await tx.fetch("select * from offer where year = $1 order by id", year)
    return [_offer(row) for row in rows]


async def pending(tx: Transaction, year: Year) -> list[Offer]:
    rows = await tx.fetch("select * from offer where year = $1 and state = 'pending' order by id", year)
    return [_offer(row) for row in rows]


async def save_offer(tx: Transaction, offer: Offer) -> None:
    await tx.execute(
        "update offer set state = $2, answered_at = $3 where id = $1",
        offer.id,
        offer.state,
        offer.answered_at,
    )


async def due(tx: ReadTransaction, now: datetime) -> dict[Year, list[OfferId]]:
    """Pending offers whose time is up, by year."""
    rows = await tx.fetch(
        "select year, id from offer where state = 'pending' and expires_at <= $1 order by year, id", now
    )
    found: dict[Year, list[OfferId]] = {}
    for row in rows:
        found.setdefault(Year(row["year"]), []).append(OfferId(row["id"]))
    return found


def _standing(row: asyncpg.Record) -> Standing:
    return Standing(
        Year(row["year"]),
        SchoolId(row["school"]),
        ApplicationId(row["application"]),
        StandingState(row["state"]),
        tuple(row["designations"]),
        row["since"],
        tuple(row["struck_tracks"]),
        row["struck_general"],
    )


def _offer(row: asyncpg.Record) -> Offer:
    return Offer(
        OfferId(row["id"]),
        Year(row["year"]),
        SchoolId(row["school"]),
        RunId(row["run"]),
        OfferState(row["state"]),
        row["upgrade"],
        tuple(row["designations"]),
        tuple(row["added"]),
        row["made_at"],
        row["expires_at"],
        row["answered_at"],
    )
