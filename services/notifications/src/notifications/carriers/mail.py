"""From a notice and a contact to the bytes of a mail (RFC 5322, MIME).

Assembled by hand, since `email.message.EmailMessage` takes 2 ms a mail and `email.header.Header` half of one:
every header below is either made here or encoded, and the tests read the result back with the standard
library's parser.
"""

from base64 import b64encode, encodebytes
from dataclasses import dataclass
from email.utils import format_datetime, formataddr
from typing import Final

from notifications.domain.deliveries import Claimed, DeliveryId
from notifications.texts import KST, catalogue


@dataclass(frozen=True, slots=True)
class Sender:
    """Who writes: `domain` also ends every Message-ID."""

    address: str

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


_WORD: Final = 45
"""Bytes whose base64 and frame fill an encoded word."""
_PLAIN: Final = 66
"""Characters that fit a line behind the name of their field."""


def message_id(delivery: DeliveryId, domain: str) -> str:
    return f"<{delivery}@{domain}>"


def content(claimed: Claimed, sender: Sender) -> bytes:
    """The mail with CRLF line ends; base64, so that no line is too long and no byte above 127."""
    receipt, words = claimed.receipt, catalogue(claimed.receipt.language)
    headers = {
        "From": _mailbox(words.sender, sender.address),
        "To": _mailbox(claimed.name, claimed.address),
        "Subject": _words(claimed.text.subject),
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
    """`name <address>`; only a plain name stands as it is, quoted where it needs to be."""
    if name.isascii() and "=?" not in name:
        return formataddr((name, address))
    return f"{_words(name)}\r\n <{address}>"


def _words(text: str) -> str:
    """As it is where it is plain and short, else in encoded words (RFC 2047), a line each.

    Each of them holds whole characters and has at most 75 bytes.
    """
    if text.isascii() and len(text) <= _PLAIN and "=?" not in text:
        return text
    words, word = [], b""
    for character in text:
        encoded = character.encode()
        if len(word) + len(encoded) > _WORD:
            words.append(word)
            word = b""
        word += encoded
    return "\r\n ".join(f"=?utf-8?b?{b64encode(each).decode()}?=" for each in (*words, word))
