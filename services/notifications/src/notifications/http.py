"""The HTTP interface: request, command, handler, response."""

from typing import Annotated

from fastapi import Depends, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from chassis.refusals import NotAllowed
from notifications import views
from notifications.domain.concerns import OFFICE
from notifications.domain.contacts import ADDRESS_LENGTH, NAME_LENGTH, Contact
from notifications.domain.deliveries import DeliveryId, Language, Party
from notifications.handlers import contacts as handlers
from notifications.views import (
    AccessesView,
    AccessFilter,
    ContactView,
    CountView,
    FailureFilter,
    FailuresView,
    InboxFilter,
    InboxView,
)
from web import Keys, Principal, Read, ReadBy, Recorded, Role, Router, Tx, require
from web import api as make

router = Router(tags=["contacts and inbox"])
oversight = Router(tags=["deliveries"])

Caller = Annotated[Principal, Depends(require())]
Overseer = Annotated[Principal, Depends(require(Role.OFFICER, Role.AUDITOR, Role.OPERATOR))]


async def own_party(caller: Caller) -> Party:
    """Whose contact and inbox are the caller's own.

    That of the party acted for; officers share their office's; a reviewer is a party of their own.
    """
    if caller.party is not None:
        return Party(caller.party)
    if Role.OFFICER in caller.roles:
        return OFFICE
    if Role.REVIEWER in caller.roles:
        return Party(caller.sub)
    raise NotAllowed("party_missing", "The token's party must be the one whose inbox this is", "token.party")


Own = Annotated[Party, Depends(own_party)]


class WriteContact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=NAME_LENGTH, examples=["Admissions office (simulated)"])
    address: str = Field(
        min_length=3,
        max_length=ADDRESS_LENGTH,
        description="E-mail address, ASCII",
        examples=["office@school.example"],
    )
    language: Language = Field(examples=["ko"])


@router.put("/contacts/me", status_code=204, response_class=Response)
async def write_contact(body: WriteContact, own: Own, tx: Tx, keys: Keys) -> None:
    """Keep how the own party wishes to be written to.

    Mail that waited for a contact and is not late goes out. The answer is empty, so that the record that
    repeats it for the same Idempotency-Key holds nothing personal.
    """
    await handlers.write_contact(tx, keys, Contact(own, body.name.strip(), body.address, body.language))


@router.get("/contacts/me")
async def show_contact(own: Own, tx: Recorded, keys: Keys, by: ReadBy) -> ContactView:
    """The own contact; that it was read goes on record."""
    return ContactView.of(await handlers.reveal_contact(tx, keys, by, own))


@router.get("/contacts/me/accesses")
async def show_accesses(own: Own, wanted: Annotated[AccessFilter, Query()], read: Read) -> AccessesView:
    """Who read the own contact here, the latest first. What was mailed is in the inbox."""
    return await views.accesses(read, own, wanted)


@router.delete("/contacts/me", status_code=204, response_class=Response)
async def forget_contact(own: Own, tx: Tx) -> None:
    """Delete the own contact: nothing personal is left here, and mail waits for another contact."""
    await handlers.forget_contact(tx, own)


@router.get("/inbox")
async def show_inbox(wanted: Annotated[InboxFilter, Query()], own: Own, read: Read) -> InboxView:
    """The messages of the own party, the newest first, in the contact's language or the one asked for."""
    return await views.inbox(read, own, wanted)


@router.post("/inbox/{message}/read", status_code=204, response_class=Response)
async def read_message(message: Annotated[DeliveryId, Path(max_length=64)], own: Own, tx: Tx) -> None:
    """Note that a message was read; the first time counts."""
    await handlers.read_message(tx, message, own)


@oversight.get("/deliveries/statistics")
async def show_statistics(
    _: Overseer, read: Read, programme_year: Annotated[int | None, Query(ge=2008, le=2999)] = None
) -> list[CountView]:
    """Deliveries by year, template, channel and state."""
    return await views.statistics(read, programme_year)


@oversight.get("/deliveries/failures")
async def show_failures(wanted: Annotated[FailureFilter, Query()], _: Overseer, read: Read) -> FailuresView:
    """Deliveries that were given up, the latest first: who has to be told in another way."""
    return await views.failures(read, wanted)


api = make(
    title="Ieum notifications",
    description="Contact book, messages in Korean and English, deliveries and receipts.",
    routers=[router, oversight],
)
