"""Routes that read persons: their answer is sent once it is on record who read whose data."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request

from chassis import transaction
from chassis.access import Reader
from chassis.keyring import Keyring
from chassis.transaction import Command, Transaction
from web.identity import authenticate

UNKNOWN_ORIGIN = "unknown"


async def _keys(request: Request) -> Keyring:
    keys: Keyring = request.app.state.runtime.keyring
    return keys


async def _reader(request: Request) -> Reader:
    principal = authenticate(request)
    return Reader(
        account=principal.sub,
        role="+".join(sorted(principal.roles)),
        party=principal.party,
        origin=request.client.host if request.client else UNKNOWN_ORIGIN,
        correlation=getattr(request.state, "correlation", None),
    )


async def _recorded(request: Request) -> AsyncIterator[Transaction]:
    cause = Command(actor=authenticate(request).sub, correlation=getattr(request.state, "correlation", None))
    async with transaction.begin(request.app.state.runtime.pool, cause) as tx:
        yield tx


Keys = Annotated[Keyring, Depends(_keys)]
"""The keys of the service's sealed columns."""

ReadBy = Annotated[Reader, Depends(_reader)]
"""Who asks, as `chassis.access.record` wants to know it."""

Recorded = Annotated[Transaction, Depends(_recorded, scope="function")]
"""For a GET that shows personal data: a transaction that keeps the record of it and is committed before the
answer is sent. Nothing else is to be changed in it."""
