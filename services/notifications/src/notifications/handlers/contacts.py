"""Use cases of a party's own contact and inbox."""

from chassis import audit
from chassis.refusals import NotFound
from chassis.transaction import Transaction
from notifications import store
from notifications.domain.contacts import Contact
from notifications.domain.deliveries import DeliveryId, Party


async def write_contact(tx: Transaction, contact: Contact) -> None:
    """Keep how a party wishes to be written to, and let the mail go that waited for it.

    Mail that had failed goes again where the address is another one.
    """
    now = await tx.now()
    before = await store.contact_for_update(tx, contact.party)
    await store.save_contact(tx, contact, now)
    moved = before is not None and before.address != contact.address
    await store.wake_mail_of(tx, contact.party, now, failed_too=moved)
    await audit.record(tx, action="contact_written", subject=contact.party)


async def forget_contact(tx: Transaction, party: Party) -> None:
    """Delete a contact; mail that has not left waits for another one until it lapses."""
    if not await store.delete_contact(tx, party):
        raise NotFound("contact_not_found", "The party has no contact")
    await store.hold_mail_of(tx, party)
    await audit.record(tx, action="contact_deleted", subject=party)


async def read_message(tx: Transaction, message: DeliveryId, reader: Party) -> None:
    """Note that a party has read a message of its own inbox."""
    if not await store.mark_read(tx, message, reader, await tx.now()):
        raise NotFound("message_not_found", "The inbox has no such message", field="message")
