"""Routes of what-ifs, and of results beside each other."""

from decimal import Decimal
from typing import Annotated

from fastapi import Path
from fastapi.responses import Response
from pydantic import Field

from contracts import values
from evaluation.domain.policy import Aggregation, Normalisation
from evaluation.domain.vocabulary import RunId, WhatIfId
from evaluation.domain.what_ifs import Changes, Limits
from evaluation.handlers import what_ifs as handlers
from evaluation.handlers.exports import read_scores
from evaluation.http.bodies import Body, RunPath, YearPath
from evaluation.http.identity import Officer, Overseer
from evaluation.views import what_ifs as views
from evaluation.views.comparing import ComparisonView
from evaluation.views.what_ifs import WhatIfView
from web import Read, Recorded, Router, Tx

WhatIfPath = Annotated[WhatIfId, Path(max_length=64)]
Limit = Annotated[int, Field(ge=0, le=values.LARGEST)]

router = Router(tags=["what-ifs"])


class LimitsBody(Body):
    at_least: Limit | None = None
    at_most: Limit | None = None


class ChangesBody(Body):
    """What is to be otherwise than the year's policy says; the rest stays."""

    seats: Limit | None = Field(default=None, examples=[175])
    designations_per_school: Annotated[int, Field(ge=0, le=2)] | None = Field(default=None, examples=[2])
    pools: Annotated[list[list[values.Code]], Field(max_length=8)] | None = Field(
        default=None, examples=[[["continuing", "new"]]]
    )
    quotas: dict[values.Code, LimitsBody] = Field(
        default={}, max_length=16, examples=[{"new_technology": {"at_least": 12, "at_most": 12}}]
    )
    cut_line: values.DecimalText | None = None
    tie_breaks: Annotated[list[values.Code], Field(max_length=16)] | None = Field(
        default=None, examples=[["quantitative"]]
    )
    normalisation: Normalisation | None = Field(default=None, examples=["mean_shift"])
    aggregation: Aggregation | None = Field(default=None, examples=["trimmed_mean"])

    def changes(self) -> Changes:
        return Changes(
            seats=self.seats,
            designations_per_school=self.designations_per_school,
            pools=None if self.pools is None else tuple(map(tuple, self.pools)),
            quotas={name: Limits(each.at_least, each.at_most) for name, each in self.quotas.items()},
            cut_line=None if self.cut_line is None else Decimal(self.cut_line),
            tie_breaks=None if self.tie_breaks is None else tuple(self.tie_breaks),
            normalisation=self.normalisation,
            aggregation=self.aggregation,
        )


@router.post("/programme-years/{year}/what-ifs", status_code=201)
async def make_what_if(year: YearPath, body: ChangesBody, _: Officer, tx: Tx) -> WhatIfView:
    """Run the selection on the real state with another policy; the result is kept and never published."""
    made = await handlers.make(tx, year, body.changes(), body.model_dump_json(exclude_defaults=True))
    return await views.what_if(tx, made)


@router.get("/programme-years/{year}/what-ifs")
async def list_what_ifs(year: YearPath, _: Overseer, read: Read) -> list[WhatIfView]:
    """The year's what-ifs, in the order they were made."""
    return await views.what_ifs(read, year)


@router.get("/what-ifs/{what_if}")
async def show_what_if(what_if: WhatIfPath, _: Overseer, read: Read) -> WhatIfView:
    """A what-if: what was changed, and its digests."""
    return await views.what_if(read, what_if)


@router.get("/what-ifs/{what_if}/comparison")
async def compare_what_if(what_if: WhatIfPath, _: Overseer, tx: Recorded) -> ComparisonView:
    """School by school: what the result is, and what it would be."""
    await read_scores(tx, what_if, document="comparison")
    return await views.compared(tx, what_if)


@router.get("/what-ifs/{what_if}/snapshot", response_class=Response)
async def download_changed_snapshot(what_if: WhatIfPath, _: Overseer, tx: Recorded) -> Response:
    """The changed snapshot as it was hashed, for `evaluation recompute`."""
    await read_scores(tx, what_if, document="snapshot")
    return Response(await views.document(tx, what_if, "snapshot"), media_type="application/json")


@router.get("/what-ifs/{what_if}/result", response_class=Response)
async def download_changed_result(what_if: WhatIfPath, _: Overseer, tx: Recorded) -> Response:
    """The changed result as it was hashed, for `evaluation recompute --expect`."""
    await read_scores(tx, what_if, document="result")
    return Response(await views.document(tx, what_if, "result"), media_type="application/json")


@router.get("/runs/{run}/comparison")
async def compare_runs(run: RunPath, before: RunId, _: Overseer, tx: Recorded) -> ComparisonView:
    """Two runs of a year beside each other, school by school."""
    await read_scores(tx, run, document="comparison")
    return await views.runs_compared(tx, before, run)
