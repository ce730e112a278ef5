"""From a notice and a contact to the bytes of a mail (RFC 5322, MIME).

Assembled by hand where `email.message.EmailMessage` would take 2 ms a mail: every header below is either
made here or encoded, and the tests read the result back with the standard library's parser.
"""

from base64 import encodebytes
from dataclasses import dataclass
from email.header import Header
from email.utils import format_datetime, formataddr

from notifications.domain.deliveries import Claimed, DeliveryId
from notifications.texts import KST, catalogue


@dataclass(frozen=True, slots=True)
class Sender:
    """Who writes: `domain` also ends every Message-ID."""

    address: str

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


def message_id(delivery: DeliveryId, domain: str) -> str:
    return f"<{delivery}@{domain}>"


def content(claimed: Claimed, sender: Sender) -> bytes:
    """The mail with CRLF line ends; base64, so that no line is too long and no byte above 127."""
    receipt, words = claimed.receipt, catalogue(claimed.receipt.language)
    headers = {
        "From": _mailbox(words.sender, sender.address),
        "To": _mailbox(claimed.name, claimed.address),
        "Subject": Header(claimed.text.subject, "utf-8", header_name="Subject").encode(linesep="\r\n"),
        "Date": format_datetime(claimed.at.astimezone(KST)),
        "Message-ID": message_id(receipt.delivery, sender.domain),
        "Content-Language": receipt.language,
        "Auto-Submitted": "auto-generated",
        "MIME-Version": "1.0",
        "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": "base64",
    }
    parts = (words.greeting.format(name=claimed.name), claimed.text.body, words.footer)
    text = "\n\n".join(parts).replace("\n", "\r\n") + "\r\n"
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return head.encode("ascii") + b"\r\n" + encodebytes(text.encode()).replace(b"\n", b"\r\n")


def _mailbox(name: str, address: str) -> str:
    if name.isascii():
        return formataddr((name, address))
    encoded = Header(name, "utf-8", header_name="Reply-To").encode(linesep="\r\n")
    return f"{encoded}\r\n <{address}>"
