"""Routes of tripartite agreements beside their signatures: one with its versions, and the way out of it."""

from typing import Final

from pydantic import Field
from starlette.responses import Response

from contracts import values
from placement.domain.persons import Action
from placement.domain.vocabulary import StudentId, TripartiteState
from placement.handlers import persons
from placement.handlers import tripartite as handlers
from placement.http.bodies import AgreementPath, Body
from placement.http.identity import AnyoneInvolved, AnyParty, Confined
from placement.http.printing import printed
from placement.views import agreements as views
from placement.views import documents
from placement.views.agreements import TripartiteDetail, TripartiteView
from web import Keys, Read, ReadBy, Recorded, Router, Tx

router = Router(tags=["agreements"])

_NEVER_IN_FORCE: Final = (TripartiteState.WITHDRAWN, TripartiteState.LAPSED)


class WithdrawAgreement(Body):
    reason: values.Reason = Field(examples=["position_cancelled"])


@router.post("/tripartite-agreements/{agreement}/withdrawal", status_code=201)
async def withdraw_tripartite_agreement(
    agreement: AgreementPath, body: WithdrawAgreement, who: AnyoneInvolved, tx: Tx
) -> TripartiteView:
    """Take back an agreement that not all three have signed, as one of them or as an officer.

    The place it held is free again; a placement is ended by its own route.
    """
    await handlers.withdraw_agreement(tx, agreement, who.by, who.party, body.reason)
    return await views.one_tripartite(tx, agreement)


@router.get("/tripartite-agreements/{agreement}/document", response_class=Response)
async def print_tripartite_agreement(
    agreement: AgreementPath, own: AnyParty, tx: Recorded, keys: Keys, by: ReadBy
) -> Response:
    """The agreement as it stands, to be printed (PDF); that it names the student goes on record.

    One that was withdrawn or lapsed never tied anybody, and names nobody.
    """
    shown = await views.tripartite_detail(tx, agreement, (own.side, own.party))
    student = StudentId(shown.student)
    named = [] if shown.state in _NEVER_IN_FORCE else [student]
    known = await persons.reveal(tx, keys, by, named, Action.AGREEMENT_PRINTED)
    return await printed("tripartite", await documents.tripartite(tx, shown, known.get(student)))


@router.get("/tripartite-agreements/{agreement}")
async def show_tripartite_agreement(agreement: AgreementPath, own: Confined, read: Read) -> TripartiteDetail:
    """An agreement with the work it is about and every version of it."""
    return await views.tripartite_detail(read, agreement, None if own is None else (own.side, own.party))
