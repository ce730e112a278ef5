"""A contact: how a party wishes to be written to. Personal data; its representation says nothing."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from chassis.refusals import Invalid
from notifications.domain.deliveries import Language, Party

NAME_LENGTH: Final = 80
ADDRESS_LENGTH: Final = 254
"""RFC 5321, 4.5.3.1.3, without the angle brackets."""

ADDRESS: Final = (
    r"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}$"
)
"""The plain form of an address (RFC 5321 `Mailbox` without quotes and literals)."""


@dataclass(frozen=True, slots=True)
class Contact:
    party: Party
    name: str
    address: str
    language: Language

    def __post_init__(self) -> None:
        """Refuse what could not be written into a mail's head.

        Raises:
            Invalid: rules `name_not_plain`, `address_not_mailable`; neither repeats what was given.
        """
        if not self.name.strip() or len(self.name) > NAME_LENGTH or not self.name.isprintable():
            raise Invalid(
                "name_not_plain", f"name must be 1 to {NAME_LENGTH} printable characters", field="name"
            )
        if len(self.address) > ADDRESS_LENGTH or not re.fullmatch(ADDRESS, self.address):
            raise Invalid(
                "address_not_mailable",
                "address must be one e-mail address of ASCII characters, like office@school.example",
                field="address",
            )

    def __repr__(self) -> str:
        return f"Contact({self.party})"


@dataclass(frozen=True, slots=True)
class Written:
    """A contact, and when it was written."""

    contact: Contact
    at: datetime
