"""Routes of companies: registration, approval, SME status, suspension."""

from datetime import date
from typing import Annotated

from fastapi import Depends, Query
from pydantic import Field

from contracts import values
from placement.domain.companies import CompanyFacts
from placement.domain.vocabulary import SmeStatus, Year
from placement.handlers import companies as handlers
from placement.http.bodies import Body, CompanyPath, GivenCompany, Province
from placement.http.identity import Officer, Overseer, Registrant
from placement.views import companies as views
from placement.views.companies import CompanyFilter, CompanyView, FollowUpView
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
    sme_status: SmeStatus = Field(description="As the confirmation of SMEs says", examples=["small"])
    sme_confirmed_until: date | None = Field(
        default=None, description="Last day on which it is valid", examples=["2026-03-31"]
    )

    def facts(self) -> CompanyFacts:
        return CompanyFacts(**self.model_dump())


class ApproveCompanies(Body):
    programme_year: values.ProgrammeYear
    companies: Annotated[list[GivenCompany], Field(min_length=1, max_length=1000)]
    reason: values.Reason | None = Field(default=None, examples=["sme_certificate_checked"])


class RecordStatus(Body):
    sme_status: SmeStatus = Field(examples=["small"])
    sme_confirmed_until: date | None = Field(default=None, examples=["2027-03-31"])
    employees: int = Field(ge=1, le=100_000, examples=[41])


class SuspendCompany(Body):
    programme_year: values.ProgrammeYear
    reason: values.Reason = Field(examples=["labour_law_violation"])


class ReinstateCompany(Body):
    programme_year: values.ProgrammeYear
    reason: values.Reason = Field(examples=["violation_mended"])


@router.post("/companies", status_code=201)
async def register_company(body: RegisterCompany, _: Registrant, tx: Tx) -> CompanyView:
    """Register a company; its id is the `party` of its people's tokens from then on."""
    company = await handlers.register_company(tx, body.facts())
    return await views.company(tx, company.id)


@router.post("/companies/approvals", status_code=201)
async def approve_companies(body: ApproveCompanies, _: Officer, tx: Tx) -> list[CompanyView]:
    """Approve companies, all or none."""
    await handlers.approve_companies(tx, Year(body.programme_year), body.companies, body.reason)
    return await views.companies_of(tx, [*body.companies])


@router.post("/companies/{company}/sme-status", status_code=201)
async def record_sme_status(company: CompanyPath, body: RecordStatus, _: Officer, tx: Tx) -> CompanyView:
    """Enter what a company's newer confirmation of SME status says."""
    await handlers.record_status(tx, company, body.sme_status, body.sme_confirmed_until, body.employees)
    return await views.company(tx, company)


@router.post("/companies/{company}/suspension", status_code=201)
async def suspend_company(company: CompanyPath, body: SuspendCompany, _: Officer, tx: Tx) -> FollowUpView:
    """Let a company take no new students; answers those who are there, to be followed up."""
    await handlers.suspend_company(tx, Year(body.programme_year), company, body.reason)
    return await views.follow_up(tx, company)


@router.post("/companies/{company}/reinstatement", status_code=201)
async def reinstate_company(company: CompanyPath, body: ReinstateCompany, _: Officer, tx: Tx) -> CompanyView:
    """Let a suspended company take new students again."""
    await handlers.reinstate_company(tx, Year(body.programme_year), company, body.reason)
    return await views.company(tx, company)


@router.get("/companies/{company}/follow-up")
async def list_follow_up(company: CompanyPath, _: Overseer, read: Read) -> FollowUpView:
    """Students at work at a company, the longest first."""
    return await views.follow_up(read, company)


@router.get("/companies")
async def list_companies(
    wanted: Annotated[CompanyFilter, Query()], _: Overseer, read: Read
) -> Page[CompanyView]:
    """The companies that are registered, by state and province."""
    return await views.companies(read, wanted)


@router.get("/companies/{company}")
async def show_company(company: CompanyPath, caller: _Reader, read: Read) -> CompanyView:
    """A company, for itself, for officers, and for schools that think of an agreement."""
    if Role.SCHOOL not in caller.roles:
        caller.must_be(company, Role.OFFICER, Role.AUDITOR)
    return await views.company(read, company)
