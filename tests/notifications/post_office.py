"""A real SMTP server on a port of its own, whose answers a test chooses."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import Message
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

logging.getLogger("mail.log").disabled = True
"""What the post office writes down is not what the service does."""

TAKEN = "250 OK"
TAKEN_AND_LOST = "250 taken, and the connection is lost before anybody is told"


@dataclass
class PostOffice:
    """Keeps what it takes; `answers` are given one after another, then everything is taken."""

    port: int = 0
    answers: list[str] = field(default_factory=list)
    refused_recipients: set[str] = field(default_factory=set)
    taken: list[tuple[str, Message]] = field(default_factory=list)
    connections: int = 0

    @property
    def ids(self) -> list[str]:
        """The deliveries that the mails taken are of, in order."""
        return [str(message["Message-ID"]).strip("<>").partition("@")[0] for _, message in self.taken]

    async def handle_RCPT(  # noqa: N802 - aiosmtpd finds it by this name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.refused_recipients:
            return f"550 5.1.1 <{address}> no such mailbox here"
        envelope.rcpt_tos.append(address)
        return TAKEN

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd calls it so
        answer = self.answers.pop(0) if self.answers else TAKEN
        if answer in {TAKEN, TAKEN_AND_LOST}:
            assert isinstance(envelope.content, bytes)
            self.taken.append(
                (envelope.rcpt_tos[0], message_from_bytes(envelope.content, policy=policy.default))
            )
        if answer == TAKEN_AND_LOST:
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
        return answer


@asynccontextmanager
async def open_post_office(**settings: Any) -> AsyncIterator[PostOffice]:
    """Serve until the block ends; `settings` are those of `aiosmtpd.smtp.SMTP`."""
    office = PostOffice()

    def connected() -> SMTP:
        office.connections += 1
        return SMTP(office, hostname="post.example", loop=loop, **settings)

    loop = asyncio.get_running_loop()
    server = await loop.create_server(connected, "127.0.0.1", 0)
    office.port = server.sockets[0].getsockname()[1]
    try:
        yield office
    finally:
        server.close()
        await server.wait_closed()


def knows(user: str, password: str) -> Any:
    """An authenticator that lets one user in."""

    def authenticate(
        _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: LoginPassword
    ) -> AuthResult:
        right = given == LoginPassword(user.encode(), password.encode())
        return AuthResult(success=right, handled=False)

    return authenticate


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's TLS context with a certificate for 127.0.0.1, and the file of who vouches for it: itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "post.example")])
    start = datetime(2020, 1, 1, tzinfo=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=36500))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "certificate.pem", folder / "key.pem"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return context, public
