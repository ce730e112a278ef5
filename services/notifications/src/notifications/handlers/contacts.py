"""Use cases of a party's own contact and inbox."""

from collections.abc import Sequence

from chassis import access, audit, encryption
from chassis.access import Reader
from chassis.keyring import Keyring
from chassis.refusals import NotFound
from chassis.transaction import Transaction
from notifications.domain.contacts import Contact, Written
from notifications.domain.deliveries import DeliveryId, Party
from notifications.store import contacts as store
from notifications.store import mail, notices

OWN_CONTACT = "own_contact"
"""What a party reads its contact for, as the access log has it."""


async def write_contact(tx: Transaction, keyring: Keyring, contact: Contact) -> None:
    """Keep how a party wishes to be written to, and let the mail go that waited for it.

    Mail that had failed goes again where the address is another one.
    """
    now = await tx.now()
    before = await store.for_update(tx, keyring, contact.party)
    await store.save(tx, await encryption.sealer(tx, keyring), contact, now)
    moved = before is not None and before.contact.address != contact.address
    await mail.wake(tx, contact.party, now, failed_too=moved)
    await audit.record(tx, action="contact_written", subject=contact.party)


async def reveal_contact(tx: Transaction, keyring: Keyring, reader: Reader, party: Party) -> Written:
    """A party's own contact; that it was read goes on record."""
    written = await store.for_update(tx, keyring, party)
    if written is None:
        raise NotFound("contact_not_found", "The party has no contact")
    await access.record(tx, reader, OWN_CONTACT, [party])
    return written


async def forget_contact(tx: Transaction, party: Party) -> None:
    """Delete a contact; mail that has not left waits for another one until it lapses."""
    if not await forget_contacts(tx, [party]):
        raise NotFound("contact_not_found", "The party has no contact")


async def forget_contacts(tx: Transaction, parties: Sequence[Party]) -> list[Party]:
    """Delete the contacts of parties; answers which of them had one."""
    deleted = await store.delete(tx, parties)
    await mail.hold(tx, deleted)
    for party in deleted:
        await audit.record(tx, action="contact_deleted", subject=party)
    return deleted


async def read_message(tx: Transaction, message: DeliveryId, reader: Party) -> None:
    """Note that a party has read a message of its own inbox."""
    if not await notices.mark_read(tx, message, reader, await tx.now()):
        raise NotFound("message_not_found", "The inbox has no such message", field="message")
