"""Routes of tripartite agreements beside their signatures: one with its versions, and the way out of it."""

from pydantic import Field

from contracts import values
from placement.handlers import tripartite as handlers
from placement.http.bodies import AgreementPath, Body
from placement.http.identity import AnyoneInvolved, Confined
from placement.views import agreements as views
from placement.views.agreements import TripartiteDetail, TripartiteView
from web import Read, Router, Tx

router = Router(tags=["agreements"])


class WithdrawAgreement(Body):
    reason: values.Reason = Field(examples=["position_cancelled"])


@router.post("/tripartite-agreements/{agreement}/withdrawal", status_code=201)
async def withdraw(
    agreement: AgreementPath, body: WithdrawAgreement, who: AnyoneInvolved, tx: Tx
) -> TripartiteView:
    """Take back an agreement that not all three have signed, as one of them or as an officer.

    The place it held is free again; a placement is ended by its own route.
    """
    await handlers.withdraw_agreement(tx, agreement, who.by, who.party, body.reason)
    return await views.one_tripartite(tx, agreement)


@router.get("/tripartite-agreements/{agreement}")
async def show(agreement: AgreementPath, own: Confined, read: Read) -> TripartiteDetail:
    """An agreement with the work it is about and every version of it."""
    return await views.tripartite_detail(read, agreement, None if own is None else (own.side, own.party))
