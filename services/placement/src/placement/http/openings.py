"""Routes of openings."""

from datetime import date
from typing import Annotated

from fastapi import Query
from pydantic import Field

from contracts import values
from placement.domain.openings import OpeningFacts
from placement.domain.vocabulary import Year
from placement.handlers import openings as handlers
from placement.http.bodies import Body, Line, OpeningPath, Province
from placement.http.identity import Company, ConfinedCompany
from placement.views import companies as views
from placement.views.companies import OpeningDetail, OpeningFilter, OwnOpeningView
from placement.views.shapes import Page
from web import Read, Router, Tx

router = Router(tags=["openings"])


class OfferedOpening(Body):
    field: values.Code = Field(description="Kind of work", examples=["smart_factory"])
    title: Line = Field(max_length=120, examples=["설비 보전 담당"])
    province: Province
    wage_krw_per_hour: int = Field(ge=1, le=1_000_000, examples=[10500])
    hours_per_week: int = Field(ge=1, le=168, examples=[35])
    starts_on: date = Field(examples=["2026-01-05"])
    places: int = Field(ge=1, le=1000, examples=[2])

    def facts(self) -> OpeningFacts:
        return OpeningFacts(**self.model_dump())


class PublishOpenings(Body):
    programme_year: values.ProgrammeYear
    openings: Annotated[list[OfferedOpening], Field(min_length=1, max_length=200)]


@router.post("/openings", status_code=201)
async def publish(body: PublishOpenings, company: Company, tx: Tx) -> list[OwnOpeningView]:
    """Publish openings, all or none; each that breaks a public rule is named with the rule's source."""
    facts = [each.facts() for each in body.openings]
    published = await handlers.publish_openings(tx, Year(body.programme_year), company, facts)
    return await views.openings_of(tx, [each.id for each in published])


@router.get("/openings")
async def list_openings(
    wanted: Annotated[OpeningFilter, Query()], company: ConfinedCompany, read: Read
) -> Page[OwnOpeningView]:
    """Openings of a year: one's own; officers and auditors see all. Students have `/students/…/openings`."""
    return await views.openings(read, wanted, company)


@router.get("/openings/{opening}")
async def show(opening: OpeningPath, company: ConfinedCompany, read: Read) -> OpeningDetail:
    """An opening, and what became of each student its company ranked."""
    return await views.opening(read, opening, company)
