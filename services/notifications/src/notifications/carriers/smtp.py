"""SMTP (RFC 5321), at least once.

A server may take a mail and lose the connection before it says so; the mail then goes out again under the
same Message-ID, by which the receiving side can tell the repeat.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Final, Literal

import aiosmtplib

from notifications.carriers.port import CarrierDownError, Mail
from notifications.domain.deliveries import Deferred, DeliveryId, Outcome, Refused, Sent

Security = Literal["none", "starttls", "tls"]

_LOST: Final = (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPTimeoutError, OSError)
_CLOSING: Final = 421
_FINAL: Final = 500
"""A reply of 500 and above is final (RFC 5321, 4.2.1)."""


@dataclass(frozen=True, slots=True)
class SmtpServer:
    host: str
    port: int
    security: Security = "none"
    username: str | None = None
    password: str | None = None
    connections: int = 4
    """Opened at once for a batch; a mail needs three answers of the server one after another."""
    timeout: float = 20
    """Seconds for one answer."""

    def __repr__(self) -> str:
        return f"SmtpServer({self.host}:{self.port}, {self.security})"


class SmtpCarrier:
    batch: Final = 100

    def __init__(self, server: SmtpServer, sender: str) -> None:
        self.server = server
        self._sender = sender

    async def carry(self, mails: Sequence[Mail], seconds: float) -> Mapping[DeliveryId, Outcome]:
        until = monotonic() + seconds
        lanes = [
            lane for n in range(self.server.connections) if (lane := mails[n :: self.server.connections])
        ]
        results = await asyncio.gather(*(self._lane(lane, until) for lane in lanes), return_exceptions=True)
        outcomes: dict[DeliveryId, Outcome] = {}
        failures: list[BaseException] = []
        for result in results:
            if isinstance(result, BaseException):
                failures.append(result)
            else:
                outcomes |= result
        for failure in failures:
            if not outcomes or not isinstance(failure, CarrierDownError):
                raise failure
        return outcomes

    async def close(self) -> None:
        """Connections live as long as a batch."""

    async def _lane(self, mails: Sequence[Mail], until: float) -> dict[DeliveryId, Outcome]:
        client = await self._connected()
        outcomes: dict[DeliveryId, Outcome] = {}
        try:
            for mail in mails:
                if monotonic() > until:
                    break
                outcomes[mail.delivery] = outcome = await self._send(client, mail)
                if not client.is_connected or outcome == Deferred(f"smtp_{_CLOSING}"):
                    break
        finally:
            await _leave(client)
        return outcomes

    async def _connected(self) -> aiosmtplib.SMTP:
        client = aiosmtplib.SMTP(
            hostname=self.server.host,
            port=self.server.port,
            username=self.server.username,
            password=self.server.password,
            timeout=self.server.timeout,
            use_tls=self.server.security == "tls",
            start_tls=self.server.security == "starttls",
        )
        try:
            await client.connect()
        except aiosmtplib.SMTPAuthenticationError as error:
            raise CarrierDownError("smtp_login_refused") from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise CarrierDownError("smtp_not_reachable") from error
        return client

    async def _send(self, client: aiosmtplib.SMTP, mail: Mail) -> Outcome:
        try:
            await client.sendmail(self._sender, [mail.address], mail.content)
        except aiosmtplib.SMTPRecipientsRefused as error:
            return _verdict(error.recipients[0].code)
        except aiosmtplib.SMTPSenderRefused as error:
            return Deferred(f"smtp_{error.code}")  # a fault of our settings, not of this mail
        except aiosmtplib.SMTPResponseException as error:
            return _verdict(error.code)
        except _LOST:
            client.close()
            return Deferred("smtp_connection_lost")
        return Sent()


def _verdict(code: int) -> Outcome:
    return Refused(f"smtp_{code}") if code >= _FINAL else Deferred(f"smtp_{code}")


async def _leave(client: aiosmtplib.SMTP) -> None:
    try:
        await client.quit()
    except (aiosmtplib.SMTPException, OSError):
        client.close()
