"""Routes after the final result: standings, offers, places given up or taken away."""

from evaluation.domain.vocabulary import SchoolId, Year
from evaluation.handlers import places as handlers
from evaluation.handlers.places import Departure
from evaluation.http.bodies import OfferPath, ReasonBody, SchoolPath, YearPath
from evaluation.http.identity import Confined, Officer, Overseer, OwnSchool
from evaluation.views import places as views
from evaluation.views import runs
from evaluation.views.shapes import OfferView, OwnResultView, StandingsView
from web import Read, Router, Tx

router = Router(tags=["places and offers"])


@router.get("/programme-years/{year}/standings")
async def show_standings(year: YearPath, _: Overseer, read: Read) -> StandingsView:
    """Who holds what, the reserve list, offers that wait, and how full the quotas are."""
    return await views.standings(read, year)


@router.get("/programme-years/{year}/offers")
async def list_offers(year: YearPath, school: Confined, read: Read) -> list[OfferView]:
    """The offers of the year; a school sees its own."""
    return await views.offers(read, year, school)


@router.post("/offers/{offer}/acceptance", status_code=201)
async def accept_offer(offer: OfferPath, school: OwnSchool, tx: Tx) -> OfferView:
    """Accept an offer; the school holds the place from then on."""
    await handlers.accept_offer(tx, offer, school)
    return await views.offer(tx, offer)


@router.post("/offers/{offer}/refusal", status_code=201)
async def decline_offer(offer: OfferPath, school: OwnSchool, tx: Tx) -> OfferView:
    """Decline an offer; it is never made again, and the next in line gets one."""
    await handlers.decline_offer(tx, offer, school)
    return await views.offer(tx, offer)


@router.post("/programme-years/{year}/relinquishment", status_code=201)
async def relinquish_place(year: YearPath, body: ReasonBody, school: OwnSchool, tx: Tx) -> OwnResultView:
    """Give up the place, or the number on the reserve list."""
    await handlers.relinquish(tx, year, Departure(school, body.reason))
    return await runs.own_result(tx, year, school)


@router.post("/programme-years/{year}/schools/{school}/revocation", status_code=201)
async def revoke_place(
    year: YearPath, school: SchoolPath, body: ReasonBody, _: Officer, tx: Tx
) -> StandingsView:
    """Take a selected school's place away."""
    await handlers.revoke(tx, Year(year), Departure(SchoolId(school), body.reason))
    return await views.standings(tx, year)
