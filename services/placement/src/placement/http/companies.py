"""Routes of companies: registration and approval."""

from typing import Annotated

from fastapi import Depends, Query
from pydantic import Field

from contracts import values
from placement.domain.companies import CompanyFacts
from placement.domain.vocabulary import CompanyId, Year
from placement.handlers import companies as handlers
from placement.http.bodies import Body, CompanyPath, Province
from placement.http.identity import Officer, Overseer, Registrant
from placement.views import companies as views
from placement.views.companies import CompanyFilter, CompanyView
from placement.views.shapes import Page
from web import Principal, Read, Role, Router, Tx, require

router = Router(tags=["companies"])

_Reader = Annotated[Principal, Depends(require(Role.COMPANY, Role.SCHOOL, Role.OFFICER, Role.AUDITOR))]


class RegisterCompany(Body):
    registration_number: str = Field(
        max_length=12, description="Ten digits, with or without hyphens", examples=["116-82-00276"]
    )
    name_ko: values.OrganisationName = Field(examples=["한빛정밀"])
    name_en: values.OrganisationName | None = Field(default=None, examples=["Hanbit Precision"])
    province: Province
    industry: values.Code = Field(examples=["machinery"])
    employees: int = Field(ge=1, le=100_000, examples=[35])

    def facts(self) -> CompanyFacts:
        return CompanyFacts(**self.model_dump())


class ApproveCompanies(Body):
    programme_year: values.ProgrammeYear
    companies: Annotated[list[CompanyId], Field(min_length=1, max_length=1000)]
    reason: values.Reason | None = Field(default=None, examples=["sme_certificate_checked"])


@router.post("/companies", status_code=201)
async def register(body: RegisterCompany, _: Registrant, tx: Tx) -> CompanyView:
    """Register a company; its id is the `party` of its people's tokens from then on."""
    company = await handlers.register_company(tx, body.facts())
    return await views.company(tx, company.id)


@router.post("/companies/approvals", status_code=201)
async def approve(body: ApproveCompanies, _: Officer, tx: Tx) -> list[CompanyView]:
    """Approve companies, all or none."""
    await handlers.approve_companies(tx, Year(body.programme_year), body.companies, body.reason)
    return await views.companies_of(tx, [*body.companies])


@router.get("/companies")
async def list_companies(
    wanted: Annotated[CompanyFilter, Query()], _: Overseer, read: Read
) -> Page[CompanyView]:
    return await views.companies(read, wanted)


@router.get("/companies/{company}")
async def show(company: CompanyPath, caller: _Reader, read: Read) -> CompanyView:
    """A company, for itself, for officers, and for schools that think of an agreement."""
    if Role.SCHOOL not in caller.roles:
        caller.must_be(company, Role.OFFICER, Role.AUDITOR)
    return await views.company(read, company)
