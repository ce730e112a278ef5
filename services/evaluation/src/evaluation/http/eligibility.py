"""Routes of eligibility: what was decided and why, sanctions, and officers who decide otherwise."""

from datetime import date
from typing import Annotated

from fastapi import Path
from pydantic import Field

from contracts import values
from evaluation.domain.vocabulary import SchoolId
from evaluation.handlers import eligibility as handlers
from evaluation.http.bodies import ApplicationPath, Body, ReasonBody, YearPath
from evaluation.http.identity import Confined, Officer
from evaluation.views import eligibility as views
from evaluation.views.eligibility import EligibilityView, SanctionView
from web import Read, Router, Tx

router = Router(tags=["eligibility"])

SanctionPath = Annotated[str, Path(max_length=64)]


class DecisionBody(Body):
    """What an officer decides against the rule, or against an earlier officer."""

    eligible: bool = Field(examples=[True])
    ground: values.Reason = Field(description="Why, as a code", examples=["document_received_on_paper"])


class SanctionBody(Body):
    school: values.SchoolId
    reason: values.Reason = Field(examples=["subsidy_misused"])
    since: date = Field(description="Its first day, in Korea", examples=["2025-01-01"])
    until: date | None = Field(
        default=None, description="Its last day; null is without end", examples=["2026-12-31"]
    )


@router.get("/programme-years/{year}/eligibility")
async def list_eligibility(year: YearPath, school: Confined, read: Read) -> list[EligibilityView]:
    """Who is evaluated and who is not, with every word and its reasons; a school sees its own."""
    return await views.eligibility(read, year, school)


@router.post("/applications/{application}/eligibility", status_code=201)
async def decide_eligibility(
    application: ApplicationPath, body: DecisionBody, _: Officer, tx: Tx
) -> EligibilityView:
    """Decide otherwise than what stands; the reason is kept, the school is told."""
    await handlers.decide_otherwise(tx, application, body.ground, eligible=body.eligible)
    return await views.of_application(tx, application)


@router.post("/sanctions", status_code=201)
async def record_sanction(body: SanctionBody, _: Officer, tx: Tx) -> SanctionView:
    """Put on record that a school may not be supported; calls that close in these days count it."""
    recorded = await handlers.record_sanction(tx, SchoolId(body.school), body.reason, body.since, body.until)
    return await views.sanction(tx, recorded.id)


@router.get("/sanctions")
async def list_sanctions(school: Confined, read: Read) -> list[SanctionView]:
    """All sanctions on record; a school sees its own."""
    return await views.sanctions(read, school)


@router.post("/sanctions/{sanction}/lifting", status_code=201)
async def lift_sanction(sanction: SanctionPath, body: ReasonBody, _: Officer, tx: Tx) -> SanctionView:
    """Lift a sanction, for what is decided from now on."""
    await handlers.lift_sanction(tx, sanction, body.reason)
    return await views.sanction(tx, sanction)
