"""The port through which a mail leaves this service, whatever stands behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from notifications.domain.deliveries import DeliveryId, Outcome


class CarrierDownError(Exception):
    """Nothing can be sent at present; no mail is to blame, so none loses an attempt. `reason` is a code."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the carrier cannot be reached: {reason}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail ready to go: `content` is RFC 5322 with CRLF and 7-bit clean. Neither part may be logged."""

    delivery: DeliveryId
    attempt: int
    address: str
    content: bytes

    def __repr__(self) -> str:
        return f"Mail({self.delivery}, attempt={self.attempt})"


class Carrier(Protocol):
    """Takes mails over.

    Two calls with the same delivery must leave one mail, or two that bear the same Message-ID where the
    other side gives no more (SMTP).
    """

    @property
    def batch(self) -> int:
        """How many mails to hand over at once: a crash before their receipts repeats as many."""
        ...

    async def carry(self, mails: Sequence[Mail], seconds: float) -> Mapping[DeliveryId, Outcome]:
        """What became of each; a mail that `seconds` left no time for is missing from the answer.

        Raises:
            CarrierDownError: if nothing at all could be sent.
        """
        ...

    async def close(self) -> None: ...
