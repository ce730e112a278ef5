"""The contact book, sealed."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from chassis.encryption import SealedTable
from chassis.keyring import Keyring, Sealer
from chassis.transaction import Transaction
from notifications.domain.contacts import Contact, Written
from notifications.domain.deliveries import Party

CONTACTS: Final = SealedTable("contact", "party", ("name", "address"))


async def for_update(tx: Transaction, keyring: Keyring, party: Party) -> Written | None:
    """Raises: Unreadable."""
    row = await tx.fetchrow(
        "select name, address, language, written_at from contact where party = $1 for update", party
    )
    if row is None:
        return None
    plain = CONTACTS.open(keyring, party, row)
    contact = Contact(party, plain["name"].decode(), plain["address"].decode(), row["language"])
    return Written(contact, row["written_at"])


async def save(tx: Transaction, sealer: Sealer, contact: Contact, now: datetime) -> None:
    plain = {"name": contact.name.encode(), "address": contact.address.encode()}
    sealed = CONTACTS.seal(sealer, contact.party, plain)
    await tx.execute(
        """
        insert into contact (party, name, address, language, written_at) values ($1, $2, $3, $4, $5)
        on conflict (party) do update
        set name = excluded.name, address = excluded.address, language = excluded.language,
          written_at = excluded.written_at
        """,
        contact.party,
        sealed["name"],
        sealed["address"],
        contact.language,
        now,
    )


async def delete(tx: Transaction, parties: Iterable[Party]) -> list[Party]:
    """Delete contacts; answers whose there were."""
    rows = await tx.fetch("delete from contact where party = any($1) returning party", list(parties))
    return [row["party"] for row in rows]


async def reachable(tx: Transaction, parties: Iterable[Party]) -> set[Party]:
    """Those of the parties that have a contact."""
    rows = await tx.fetch("select party from contact where party = any($1)", list(parties))
    return {row["party"] for row in rows}
