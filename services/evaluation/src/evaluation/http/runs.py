"""Routes of the selection: the lot, runs, and what they say."""

from fastapi.responses import Response

from chassis.transaction import ReadTransaction
from evaluation.domain.runs import Run
from evaluation.handlers import runs as handlers
from evaluation.handlers.exports import read_scores
from evaluation.http.bodies import ApprovalBody, LotBody, ProposalBody, RunPath, YearPath
from evaluation.http.identity import Officer, Overseer, OwnSchool
from evaluation.views import runs as views
from evaluation.views.shapes import OutcomeView, OwnResultView, RunView
from web import Read, Recorded, Router, Tx

router = Router(tags=["selection"])


@router.put("/programme-years/{year}/lot")
async def enter_lot(year: YearPath, body: LotBody, _: Officer, tx: Tx) -> LotBody:
    """Enter the outcome of the drawing the policy names, once drawn; corrected, it voids a run in hand."""
    await handlers.enter_lot(tx, year, body.lot_seed)
    return body


@router.post("/programme-years/{year}/runs", status_code=201)
async def propose_run(year: YearPath, body: ProposalBody, _: Officer, tx: Tx) -> RunView:
    """Compute a result from the present state and propose it; a run in hand is set aside."""
    return await _shown(tx, await handlers.propose_run(tx, year, body.stage))


@router.get("/programme-years/{year}/runs")
async def list_runs(year: YearPath, _: Overseer, read: Read) -> list[RunView]:
    """The year's runs of selection, in the order they were proposed."""
    return await views.runs(read, year)


@router.get("/runs/{run}")
async def show_run(run: RunPath, _: Overseer, read: Read) -> RunView:
    """A run: its state, who proposed and approved it, and its digests."""
    return await views.run(read, run)


@router.get("/runs/{run}/ranking")
async def show_ranking(run: RunPath, _: Overseer, tx: Recorded) -> list[OutcomeView]:
    """Every school's rank, scores by part, award and explanation; that they were read is on record."""
    await views.run(tx, run)
    await read_scores(tx, run, document="ranking")
    return await views.ranking(tx, run)


@router.get("/runs/{run}/snapshot", response_class=Response)
async def download_snapshot(run: RunPath, _: Overseer, tx: Recorded) -> Response:
    """The snapshot as it was hashed, for `evaluation recompute`."""
    await read_scores(tx, run, document="snapshot")
    return Response(await views.snapshot(tx, run), media_type="application/json")


@router.get("/runs/{run}/result", response_class=Response)
async def download_result(run: RunPath, _: Overseer, tx: Recorded) -> Response:
    """The result as it was hashed, for `evaluation recompute --expect`."""
    await read_scores(tx, run, document="result")
    return Response(await views.result(tx, run), media_type="application/json")


@router.post("/runs/{run}/approval", status_code=201)
async def approve_run(run: RunPath, body: ApprovalBody, _: Officer, tx: Tx) -> RunView:
    """Approve, as another officer than the proposer, the digests that were read and the lot as drawn."""
    return await _shown(tx, await handlers.approve_run(tx, run, body.digests(), body.lot_seed))


@router.post("/runs/{run}/publication", status_code=201)
async def publish_run(run: RunPath, _: Officer, tx: Tx) -> RunView:
    """Publish an approved run: every school is told."""
    return await _shown(tx, await handlers.publish_run(tx, run))


@router.get("/programme-years/{year}/result")
async def show_own_result(year: YearPath, school: OwnSchool, read: Read) -> OwnResultView:
    """What the caller's school got, why, and where it stands now."""
    return await views.own_result(read, year, school)


async def _shown(tx: ReadTransaction, run: Run) -> RunView:
    return await views.run(tx, run.id)
