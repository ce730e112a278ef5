"""Routes of matching rounds: lists, rankings, the run and its proof."""

import decimal
from typing import Annotated

from fastapi import Query
from pydantic import AwareDatetime, Field
from starlette.responses import Response

from contracts import values
from placement.domain.rounds import Ranking, Terms
from placement.domain.vocabulary import StudentId, TakeBackReason, Year
from placement.handlers import matching, offers
from placement.handlers import rounds as handlers
from placement.http.bodies import Body, Decimal, GivenOpening, GivenStudent, Line, OfferPath, RoundPath
from placement.http.identity import Anyone, Company, Officer, Overseer, Student
from placement.views import rounds as views
from placement.views.rounds import CandidatesOfOpening, RoundView, WaitingView
from web import Read, Router, Tx

router = Router(tags=["matching"])


class OpenRound(Body):
    programme_year: values.ProgrammeYear
    preferences_until: AwareDatetime = Field(
        description="First moment too late for a student's list", examples=["2025-10-10T09:00:00Z"]
    )
    rankings_until: AwareDatetime = Field(
        description="First moment too late for a company's ranking", examples=["2025-10-17T09:00:00Z"]
    )
    lot_source: Line = Field(
        max_length=200,
        description="The public drawing after both deadlines that settles equal scores",
        examples=["Lotto 6/45, draw 1194, winning numbers in ascending order"],
    )


class ListPreferences(Body):
    openings: Annotated[list[GivenOpening], Field(max_length=100)] = Field(
        description="The opening liked best first; an empty list takes everything back"
    )


class RankingBody(Body):
    """An order, best first, or scores, the higher the better; exactly one of them."""

    opening: GivenOpening
    students: Annotated[list[GivenStudent], Field(max_length=5000)] | None = None
    scores: Annotated[dict[StudentId, Decimal], Field(max_length=5000)] | None = Field(
        default=None, examples=[None]
    )

    def ranking(self) -> Ranking:
        scores = self.scores
        return Ranking(
            self.opening,
            None if self.students is None else tuple(self.students),
            None if scores is None else {each: decimal.Decimal(score) for each, score in scores.items()},
        )


class RankStudents(Body):
    rankings: Annotated[list[RankingBody], Field(min_length=1, max_length=200)]


class RunMatching(Body):
    lot_seed: Line | None = Field(
        default=None,
        max_length=200,
        description="The drawing's outcome; needed where a company gave scores",
        examples=["3,11,15,29,35,44"],
    )


class TakeBack(Body):
    reason: TakeBackReason = Field(examples=["hiring_stopped"])


class TakenBackView(Body):
    offer: str
    state: str = Field(examples=["withdrawn"])
    reason: TakeBackReason


class PreferencesView(Body):
    round: str
    openings: list[str]


class RankedView(Body):
    round: str
    rankings: int = Field(description="Openings ranked by this request")


@router.post("/rounds", status_code=201)
async def open_round(body: OpenRound, _: Officer, tx: Tx) -> RoundView:
    """Open the next round of a year; every student without work is invited to list openings."""
    terms = Terms(body.preferences_until, body.rankings_until, body.lot_source)
    opened = await handlers.open_matching_round(tx, Year(body.programme_year), terms)
    return await views.round_(tx, opened.id)


@router.get("/rounds")
async def list_rounds(
    programme_year: Annotated[int, Query(ge=2008, le=2999)], _: Anyone, read: Read
) -> list[RoundView]:
    """A year's matching rounds, with their deadlines and figures."""
    return await views.rounds(read, programme_year)


@router.get("/rounds/{matching_round}")
async def show_round(matching_round: RoundPath, _: Anyone, read: Read) -> RoundView:
    """A matching round, with its deadlines and figures."""
    return await views.round_(read, matching_round)


@router.get("/rounds/{matching_round}/waiting")
async def show_waiting(matching_round: RoundPath, _: Overseer, read: Read) -> WaitingView:
    """Who has not listed and which companies have not ranked, while they can still be reminded."""
    return await views.waiting(read, matching_round)


@router.put("/rounds/{matching_round}/preferences")
async def list_preferences(
    matching_round: RoundPath, body: ListPreferences, student: Student, tx: Tx
) -> PreferencesView:
    """Keep one's own list; the last one before the deadline counts."""
    await handlers.list_preferences(tx, matching_round, student, body.openings)
    return PreferencesView(round=matching_round, openings=[*body.openings])


@router.get("/rounds/{matching_round}/candidates")
async def list_candidates(
    matching_round: RoundPath, company: Company, read: Read
) -> list[CandidatesOfOpening]:
    """Who lists the company's openings, once the students' deadline has passed."""
    return await views.candidates(read, matching_round, company)


@router.put("/rounds/{matching_round}/rankings")
async def rank_students(
    matching_round: RoundPath, body: RankStudents, company: Company, tx: Tx
) -> RankedView:
    """Rank students for openings of one's own, all or none; the last rankings before the deadline count."""
    rankings = [each.ranking() for each in body.rankings]
    await handlers.rank_students(tx, matching_round, company, rankings)
    return RankedView(round=matching_round, rankings=len(rankings))


@router.post("/rounds/{matching_round}/closing", status_code=201)
async def close_round(matching_round: RoundPath, _: Officer, tx: Tx) -> RoundView:
    """Close a round whose windows have passed."""
    await handlers.close_matching_round(tx, matching_round)
    return await views.round_(tx, matching_round)


@router.post("/rounds/{matching_round}/run", status_code=201)
async def run_matching(matching_round: RoundPath, body: RunMatching, _: Officer, tx: Tx) -> RoundView:
    """Decide a closed round: the proof is stored, offers are made, everybody can read why."""
    await matching.run_matching(tx, matching_round, body.lot_seed)
    return await views.round_(tx, matching_round)


@router.get("/rounds/{matching_round}/snapshot", response_class=Response)
async def download_snapshot(matching_round: RoundPath, _: Overseer, read: Read) -> Response:
    """What the run decided over, as the bytes that were hashed; `placement recompute` takes this file."""
    return _file(await views.snapshot(read, matching_round))


@router.get("/rounds/{matching_round}/result", response_class=Response)
async def download_result(matching_round: RoundPath, _: Overseer, read: Read) -> Response:
    """What the run came to, as the bytes that were hashed; `placement recompute --expect` takes this file."""
    return _file(await views.result(read, matching_round))


@router.post("/offers/{offer}/withdrawal", status_code=201)
async def take_back_offer(offer: OfferPath, body: TakeBack, company: Company, tx: Tx) -> TakenBackView:
    """Take back an open offer of one's own opening; the student is told why and can join the next round."""
    taken_back = await offers.take_back_offer(tx, offer, company, body.reason)
    return TakenBackView(offer=taken_back.id, state=taken_back.state, reason=body.reason)


def _file(content: bytes) -> Response:
    return Response(content, media_type="application/json")
