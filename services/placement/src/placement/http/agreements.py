"""Routes of bipartite agreements: proposed by a school or a company, signed by the other."""

from typing import Annotated

from fastapi import Query
from pydantic import Field
from starlette.responses import Response

from contracts import values
from placement.domain.agreements import BipartiteDraft
from placement.domain.vocabulary import CompanyId, SchoolId, Side, Year
from placement.handlers import agreements as handlers
from placement.http.bodies import AgreementPath, Body, GivenAgreement, Line, TermBody
from placement.http.identity import ConfinedOrganisation, Organisation, OrganisationOrOfficer, Signatory
from placement.http.printing import printed
from placement.views import agreements as views
from placement.views import documents
from placement.views.agreements import BipartiteDetail, BipartiteFilter, BipartiteView
from placement.views.shapes import Page
from web import Read, Router, Tx

router = Router(tags=["agreements"])


class ProposedAgreement(TermBody):
    partner: Line = Field(
        max_length=64,
        description="The company, where a school proposes; the school, where a company does",
        examples=["cmp_0194f0c5c1de7c3ab8d2f1a0b3c4d5e6"],
    )

    def draft(self, year: Year, by: Signatory) -> BipartiteDraft:
        school, company = (by.party, self.partner) if by.side is Side.SCHOOL else (self.partner, by.party)
        return BipartiteDraft(year, SchoolId(school), CompanyId(company), self.term())


class ProposeAgreements(Body):
    programme_year: values.ProgrammeYear
    agreements: Annotated[list[ProposedAgreement], Field(min_length=1, max_length=500)]


class EndAgreement(Body):
    reason: values.Reason = Field(examples=["by_mutual_consent"])


class SignAgreements(Body):
    agreements: Annotated[list[GivenAgreement], Field(min_length=1, max_length=500)]


@router.post("/agreements", status_code=201)
async def propose_agreements(body: ProposeAgreements, by: Organisation, tx: Tx) -> list[BipartiteView]:
    """Propose agreements, all or none; who proposes has signed thereby."""
    year = Year(body.programme_year)
    drafts = [each.draft(year, by) for each in body.agreements]
    proposed = await handlers.propose_agreements(tx, year, drafts, by.side)
    return await views.bipartite_of(tx, [each.id for each in proposed])


@router.post("/agreements/signatures", status_code=201)
async def sign_agreements(body: SignAgreements, by: Organisation, tx: Tx) -> list[BipartiteView]:
    """Sign what the other party proposed, all or none; the agreements are in force thereby."""
    await handlers.sign_agreements(tx, body.agreements, by.side, by.party)
    return await views.bipartite_of(tx, [*body.agreements])


@router.post("/agreements/{agreement}/terms", status_code=201)
async def want_term(agreement: AgreementPath, body: TermBody, by: Organisation, tx: Tx) -> BipartiteView:
    """Want another term for an agreement in force; the present one stands until the other party signs."""
    await handlers.want_term(tx, agreement, body.term(), by.side, by.party)
    return (await views.bipartite_of(tx, [agreement]))[0]


@router.post("/agreements/{agreement}/terms/signature", status_code=201)
async def settle_term(agreement: AgreementPath, by: Organisation, tx: Tx) -> BipartiteView:
    """Sign the term that the other party wants."""
    await handlers.settle_term(tx, agreement, by.side, by.party)
    return (await views.bipartite_of(tx, [agreement]))[0]


@router.post("/agreements/{agreement}/end", status_code=201)
async def end_agreement(
    agreement: AgreementPath, body: EndAgreement, who: OrganisationOrOfficer, tx: Tx
) -> BipartiteView:
    """Withdraw a proposal, or end an agreement in force before its last day.

    Offers and unsigned agreements between the two are withdrawn, the school's open classes go on without the
    company, and the company's openings are withdrawn where no other school is left; work goes on.
    """
    await handlers.end_agreement(tx, agreement, who.by, who.party, body.reason)
    return (await views.bipartite_of(tx, [agreement]))[0]


@router.get("/agreements/{agreement}")
async def show_agreement(agreement: AgreementPath, own: ConfinedOrganisation, read: Read) -> BipartiteDetail:
    """An agreement with every version of it."""
    return await views.bipartite_detail(read, agreement, None if own is None else (own.side, own.party))


@router.get("/agreements/{agreement}/document", response_class=Response)
async def print_agreement(agreement: AgreementPath, own: ConfinedOrganisation, read: Read) -> Response:
    """The agreement as it stands, to be printed (PDF)."""
    shown = await views.bipartite_detail(read, agreement, None if own is None else (own.side, own.party))
    return await printed("bipartite", await documents.bipartite(read, shown))


@router.get("/agreements")
async def list_agreements(
    wanted: Annotated[BipartiteFilter, Query()], own: ConfinedOrganisation, read: Read
) -> Page[BipartiteView]:
    """Agreements of a year: one's own; officers and auditors see all."""
    return await views.bipartite(read, wanted if own is None else wanted.of(own.side, own.party))
