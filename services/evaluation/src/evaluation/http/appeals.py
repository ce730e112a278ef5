"""Routes of appeals: filed by schools, heard by panels, decided by officers."""

from datetime import datetime
from typing import Annotated

from fastapi import Path
from pydantic import AwareDatetime, Field

from contracts import values
from evaluation.domain.appeals import Ground, Verdict
from evaluation.domain.vocabulary import AppealId, ApplicationId, ReviewStage
from evaluation.handlers import appeals as handlers
from evaluation.handlers.appeals import Filing
from evaluation.handlers.exports import read_scores
from evaluation.http.bodies import Body, YearPath
from evaluation.http.identity import Officer, Overseer, OwnSchool
from evaluation.views import appeals as views
from evaluation.views.appeals import AppealView, OwnAppealView
from evaluation.views.comparing import ComparisonView
from evaluation.views.what_ifs import compared_by_appeal
from web import Read, Recorded, Router, Tx

AppealPath = Annotated[AppealId, Path(max_length=64)]
Text = Annotated[str, Field(min_length=10, max_length=4000)]

router = Router(tags=["appeals"])


class AppealBody(Body):
    grounds: Annotated[list[Ground], Field(min_length=1, max_length=4, examples=[["facts_overlooked"]])]
    statement: Text = Field(
        description="What happened, in the school's own words; no names of persons",
        examples=["제출한 운영계획서의 협약기업 현황이 평가에 반영되지 않았습니다."],
    )
    application: values.ApplicationId | None = Field(
        default=None, description="Needed only where several of the school's were left out"
    )

    def filing(self) -> Filing:
        application = None if self.application is None else ApplicationId(self.application)
        return Filing(tuple(dict.fromkeys(self.grounds)), self.statement, application)


class PanelBody(Body):
    stages: list[ReviewStage] = Field(
        default=[],
        max_length=4,
        description="Stages to be reviewed again; all of them where none is named",
        examples=[["documents"]],
    )
    due_at: AwareDatetime = Field(
        description="First moment too late to score", examples=["2025-03-28T00:00:00+09:00"]
    )

    def due(self) -> datetime:
        return self.due_at


class VerdictBody(Body):
    upheld: bool = Field(examples=[True])
    reasons: Annotated[
        list[values.Reason], Field(min_length=1, max_length=10, examples=[["scores_corrected"]])
    ]
    answer: Text = Field(
        description="The reasoned answer that the school reads",
        examples=["재평가 결과 협약기업 현황이 누락된 사실이 확인되어 점수를 정정하였습니다."],
    )

    def verdict(self) -> Verdict:
        return Verdict(self.upheld, tuple(dict.fromkeys(self.reasons)), self.answer)


@router.post("/programme-years/{year}/appeals", status_code=201)
async def file_appeal(year: YearPath, body: AppealBody, school: OwnSchool, tx: Tx) -> OwnAppealView:
    """Appeal against the preliminary result, or against being left out, once, while the window is open."""
    appeal = await handlers.file_appeal(tx, year, school, body.filing())
    return next(each for each in await views.own(tx, year, school) if each.id == appeal)


@router.get("/programme-years/{year}/appeal")
async def show_own_appeal(year: YearPath, school: OwnSchool, read: Read) -> list[OwnAppealView]:
    """What the caller's school filed, and the answer."""
    return await views.own(read, year, school)


@router.get("/programme-years/{year}/appeals")
async def list_appeals(year: YearPath, _: Overseer, read: Read) -> list[AppealView]:
    """The year's appeals in the order they were filed, with grounds, panel and decision."""
    return await views.appeals(read, year)


@router.get("/appeals/{appeal}")
async def show_appeal(appeal: AppealPath, _: Overseer, read: Read) -> AppealView:
    """An appeal, with grounds, panel and decision."""
    return await views.appeal(read, appeal)


@router.post("/appeals/{appeal}/panel", status_code=201)
async def convene_panel(appeal: AppealPath, body: PanelBody, _: Officer, tx: Tx) -> AppealView:
    """Give the application a panel of reviewers who never had it; asked again, complete it.

    What was left out is heard wherever it was not reviewed yet, whatever stages are named.
    """
    await handlers.convene_panel(tx, appeal, body.stages, body.due())
    return await views.appeal(tx, appeal)


@router.post("/appeals/{appeal}/decision", status_code=201)
async def decide_appeal(appeal: AppealPath, body: VerdictBody, _: Officer, tx: Tx) -> AppealView:
    """Decide; upheld, the panel's scores take the place of the first ones and everything is run again.

    What was left out is let in, with the first reason as the ground of the officer's word.
    """
    await handlers.decide_appeal(tx, appeal, body.verdict())
    return await views.appeal(tx, appeal)


@router.get("/appeals/{appeal}/comparison")
async def compare_appeal(appeal: AppealPath, _: Overseer, tx: Recorded) -> ComparisonView:
    """What selection came to before and after the appeal was upheld, school by school."""
    await read_scores(tx, appeal, document="comparison")
    return await compared_by_appeal(tx, appeal)
