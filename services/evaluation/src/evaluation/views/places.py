"""Where schools stand after the final result, what is offered, and how full the quotas are."""

from chassis.transaction import ReadTransaction
from evaluation.domain.vocabulary import OfferId, SchoolId, Year
from evaluation.views.shapes import OfferView, QuotaView, StandingsView, StandingView, found


async def standings(tx: ReadTransaction, year: Year) -> StandingsView:
    quotas = await tx.fetch(
        "select name, at_most, held, offered from quota where year = $1 order by name", year
    )
    schools = await tx.fetch(
        """
        select s.school, a.name_ko, a.province, a.kind, s.state, s.designations, s.since, o.rank, o.reserve,
          f.id as offer
        from standing s join application a on a.id = s.application
        left join lateral (
          select o.rank, o.reserve from outcome o join run r on r.id = o.run
          where o.school = s.school and r.year = s.year and r.state = 'published'
          order by r.version desc limit 1
        ) o on true
        left join offer f on f.year = s.year and f.school = s.school and f.state = 'pending'
        where s.year = $1 order by o.rank nulls last, s.school
        """,
        year,
    )
    return StandingsView(
        quotas=[QuotaView(**row) for row in quotas], schools=[StandingView(**row) for row in schools]
    )


async def offers(tx: ReadTransaction, year: Year, school: SchoolId | None) -> list[OfferView]:
    """The offers of a year, those of one school unless it is None."""
    rows = await tx.fetch(
        "select * from offer where year = $1 and ($2::text is null or school = $2) order by made_at, id",
        year,
        school,
    )
    return [OfferView(**row) for row in rows]


async def offer(tx: ReadTransaction, of: OfferId) -> OfferView:
    row = await tx.fetchrow("select * from offer where id = $1", of)
    return OfferView(**found(row, "offer"))


async def offer_of(tx: ReadTransaction, year: Year, school: SchoolId) -> OfferView | None:
    """The offer that waits for a school's answer."""
    row = await tx.fetchrow(
        "select * from offer where year = $1 and school = $2 and state = 'pending'", year, school
    )
    return None if row is None else OfferView(**row)
