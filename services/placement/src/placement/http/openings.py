"""Routes of openings."""

from datetime import date, time
from typing import Annotated

from fastapi import Query
from pydantic import Field
from starlette.responses import Response

from contracts import values
from placement.domain.openings import OpeningFacts
from placement.domain.vocabulary import Year
from placement.handlers import openings as handlers
from placement.http.bodies import Body, Line, OpeningPath, Province
from placement.http.files import XLSX, workbook
from placement.http.identity import Company, ConfinedCompany
from placement.views import companies as views
from placement.views.companies import OpeningDetail, OpeningFilter, OwnOpeningView
from placement.views.exports import opening_tables
from placement.views.shapes import Page
from web import Read, Router, Tx

router = Router(tags=["openings"])


class OfferedOpening(Body):
    field: values.Code = Field(description="Kind of work", examples=["smart_factory"])
    title: Line = Field(max_length=120, examples=["설비 보전 담당"])
    province: Province
    address: Line = Field(
        max_length=200, description="Where the work is", examples=["서울특별시 금천구 모의로 1"]
    )
    wage_krw_per_hour: int = Field(ge=1, le=1_000_000, examples=[10500])
    hours_per_day: int = Field(ge=1, le=24, examples=[7])
    hours_per_week: int = Field(ge=1, le=168, examples=[35])
    works_from: time = Field(description="Time of the day in Korea", examples=["09:00:00"])
    works_until: time = Field(description="The same, breaks included", examples=["17:00:00"])
    starts_on: date = Field(examples=["2026-01-05"])
    ends_on: date | None = Field(
        default=None, description="Last day of a limited employment", examples=[None]
    )
    criteria: Annotated[list[values.Code], Field(max_length=10)] = Field(
        default=[], description="What the company looks for", examples=[["licence_welding"]]
    )
    places: int = Field(ge=1, le=1000, examples=[2])

    def facts(self) -> OpeningFacts:
        return OpeningFacts(**self.model_dump() | {"criteria": tuple(self.criteria)})


class WithdrawOpening(Body):
    reason: values.Reason = Field(examples=["order_lost"])


class PublishOpenings(Body):
    programme_year: values.ProgrammeYear
    openings: Annotated[list[OfferedOpening], Field(min_length=1, max_length=200)]


@router.post("/openings", status_code=201)
async def publish_openings(body: PublishOpenings, company: Company, tx: Tx) -> list[OwnOpeningView]:
    """Publish openings, all or none; each that breaks a public rule is named with the rule's source."""
    facts = [each.facts() for each in body.openings]
    published = await handlers.publish_openings(tx, Year(body.programme_year), company, facts)
    return await views.openings_of(tx, [each.id for each in published])


@router.put("/openings/{opening}")
async def change_opening(
    opening: OpeningPath, body: OfferedOpening, company: Company, tx: Tx
) -> OwnOpeningView:
    """Change places and criteria at any time, other terms as long as nobody holds a place on these."""
    await handlers.change_opening(tx, opening, company, body.facts())
    return (await views.openings_of(tx, [opening]))[0]


@router.post("/openings/{opening}/withdrawal", status_code=201)
async def withdraw_opening(
    opening: OpeningPath, body: WithdrawOpening, company: Company, tx: Tx
) -> OwnOpeningView:
    """Offer no place to anyone new; offers, agreements and placements go on."""
    await handlers.withdraw_opening(tx, opening, company, body.reason)
    return (await views.openings_of(tx, [opening]))[0]


@router.get("/openings")
async def list_openings(
    wanted: Annotated[OpeningFilter, Query()], company: ConfinedCompany, read: Read
) -> Page[OwnOpeningView]:
    """Openings of a year: one's own; officers and auditors see all. Students have `/students/…/openings`."""
    return await views.openings(read, wanted, company)


@router.get("/openings.xlsx", response_class=Response, responses=XLSX)
async def export_openings(
    programme_year: Annotated[int, Query(ge=2008, le=2999)], company: Company, read: Read
) -> Response:
    """A company's openings and offers of a year as an Excel file."""
    return workbook(
        "openings", opening_tables(await views.openings_with_people(read, company, programme_year))
    )


@router.get("/openings/{opening}")
async def show_opening(opening: OpeningPath, company: ConfinedCompany, read: Read) -> OpeningDetail:
    """An opening, and what became of each student its company ranked."""
    return await views.opening(read, opening, company)
