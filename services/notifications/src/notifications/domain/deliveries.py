"""A delivery: one notice, to one recipient, over one channel, at most once and never late."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal, NewType
from uuid import UUID, uuid5

Party = NewType("Party", str)
DeliveryId = NewType("DeliveryId", str)
Language = Literal["ko", "en"]

LANGUAGES: Final[tuple[Language, ...]] = ("ko", "en")
DEFAULT_LANGUAGE: Final[Language] = "ko"


class Channel(StrEnum):
    INBOX = "inbox"
    MAIL = "mail"


class State(StrEnum):
    """`waiting` for a contact, `due`, and three ends: `delivered`, `failed`, `lapsed`."""

    WAITING = "waiting"
    DUE = "due"
    DELIVERED = "delivered"
    FAILED = "failed"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True)
class Text:
    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Notice:
    """What one event says in one template, and what is needed to go on in its trace."""

    event_id: UUID
    template: str
    event_type: str
    programme_year: int
    occurred_at: datetime
    not_after: datetime
    texts: Mapping[Language, Text]
    correlation: str
    traceparent: str | None
    tracestate: str | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One row of the delivery log as it is first written down."""

    event_id: UUID
    template: str
    recipient: Party
    channel: Channel
    state: State

    @property
    def id(self) -> DeliveryId:
        return delivery_id(self.event_id, self.recipient, self.template, self.channel)


def delivery_id(event_id: UUID, recipient: Party, template: str, channel: Channel) -> DeliveryId:
    """The same four things give the same id, on every database that ever reads the event.

    So a mail that a rebuilt service should send again bears the Message-ID of the first one.
    """
    return DeliveryId(f"dlv_{uuid5(event_id, f'{recipient}:{template}:{channel}').hex}")


def deliveries(
    event_id: UUID, template: str, recipient: Party, *, reachable: bool, late: bool
) -> tuple[Delivery, Delivery]:
    """A notice reaches a party's inbox at once, and its mail as soon as there is a contact; or neither."""
    inbox, mail = (State.DELIVERED, State.DUE if reachable else State.WAITING)
    if late:
        inbox = mail = State.LAPSED
    return (
        Delivery(event_id, template, recipient, Channel.INBOX, inbox),
        Delivery(event_id, template, recipient, Channel.MAIL, mail),
    )


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the event about a settled delivery has to say, and the trace it goes on in.

    `taken_at` is the machine's time at which it was taken into hand.
    """

    delivery: DeliveryId
    recipient: Party
    template: str
    programme_year: int
    attempt: int
    language: Language
    event_id: UUID
    event_type: str
    correlation: str
    traceparent: str | None
    tracestate: str | None
    taken_at: datetime


@dataclass(frozen=True, slots=True)
class Claimed:
    """A mail that a worker has in hand. What it says and to whom is not for logs."""

    receipt: Receipt
    name: str
    address: str
    text: Text
    at: datetime

    def __repr__(self) -> str:
        return f"Claimed({self.receipt.delivery}, attempt={self.receipt.attempt})"


@dataclass(frozen=True, slots=True)
class Sent:
    """The channel took it."""


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not now; `reason` is a code."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Never; `reason` is a code."""

    reason: str


Outcome = Sent | Deferred | Refused


@dataclass(frozen=True, slots=True)
class Rest:
    """Try again after `pause`."""

    pause: timedelta


@dataclass(frozen=True, slots=True)
class Retries:
    """How often one delivery is tried, and how long it rests between two attempts."""

    attempts: int = 8
    first: timedelta = timedelta(seconds=30)
    longest: timedelta = timedelta(hours=1)

    def after(self, outcome: Outcome, attempt: int, chance: float) -> Sent | Rest | Refused:
        """What follows from the outcome of attempt 1, 2, …; the last one ends as if it was refused.

        The rest doubles from attempt to attempt, up to the longest; `chance` in [0, 1) puts it between half
        and the whole of that, so that what failed together does not come back together.
        """
        if not isinstance(outcome, Deferred):
            return outcome
        if attempt >= self.attempts:
            return Refused(outcome.reason)
        whole = min(self.first * (1 << min(attempt - 1, 30)), self.longest)
        return Rest(whole * (0.5 + chance / 2))


def is_late(not_after: datetime, now: datetime) -> bool:
    """Half-open as all windows here: at `not_after` itself it is too late."""
    return now >= not_after
