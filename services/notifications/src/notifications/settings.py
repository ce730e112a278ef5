"""The environment of this service, and the carrier that it asks for."""

from datetime import timedelta
from pathlib import Path
from typing import Final, Self
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import Field, SecretStr, model_validator

from chassis.settings import PersonalDataSettings
from notifications.carriers.maildir import MaildirCarrier
from notifications.carriers.port import Carrier
from notifications.carriers.smtp import Security, SmtpCarrier, SmtpServer
from notifications.domain.contacts import ADDRESS
from notifications.domain.deliveries import Retries

_SECURITY: Final[dict[str, tuple[Security, int]]] = {
    "smtp": ("none", 25),
    "smtp+starttls": ("starttls", 587),
    "smtps": ("tls", 465),
}


class Settings(PersonalDataSettings):
    mailbox_dir: Path = Path("mailbox")
    """Where mail is written as files while no SMTP server is named."""
    smtp_url: SecretStr | None = None
    """`smtp://`, `smtp+starttls://` or `smtps://`, with user, password and port where needed."""
    smtp_connections: int = Field(default=4, ge=1, le=64)
    mail_from: str = Field(default="no-reply@ieum.example", pattern=ADDRESS)
    """The sender's address; what follows the @ ends every Message-ID."""
    mail_poll_seconds: float = Field(default=0.5, ge=0.05, le=60)
    mail_lease_seconds: float = Field(default=120, ge=1, le=3600)
    """How long a claimed mail is out of other workers' sight; half of it is given to sending."""
    mail_attempts: int = Field(default=8, ge=1, le=30)
    mail_first_pause_seconds: float = Field(default=30, ge=0.01, le=3600)
    mail_longest_pause_seconds: float = Field(default=3600, ge=0.01, le=86400)
    notices_kept_days: int = Field(default=1826, ge=1)
    """How long it stays who was told what, from when it was too late to tell it.

    Five years are a default of this software, not an official value.
    """

    @model_validator(mode="after")
    def _smtp_url_is_one(self) -> Self:
        self.carrier()
        return self

    def carrier(self) -> Carrier:
        """SMTP where a server is named, else a folder.

        Raises:
            ValueError: SMTP_URL is no address of a server; its text is not repeated, it may hold a password.
        """
        if self.smtp_url is None:
            return MaildirCarrier(self.mailbox_dir)
        return SmtpCarrier(self._server(urlsplit(self.smtp_url.get_secret_value())), self.mail_from)

    def _server(self, url: SplitResult) -> SmtpServer:
        if url.scheme not in _SECURITY or url.hostname is None or url.path not in ("", "/") or url.query:
            raise ValueError(f"SMTP_URL must be like {'://HOST:PORT, '.join(_SECURITY)}://HOST:PORT")
        security, port = _SECURITY[url.scheme]
        return SmtpServer(
            host=url.hostname,
            port=url.port or port,
            security=security,
            username=unquote(url.username) if url.username else None,
            password=unquote(url.password) if url.password else None,
            connections=self.smtp_connections,
        )

    def retries(self) -> Retries:
        return Retries(
            attempts=self.mail_attempts,
            first=timedelta(seconds=self.mail_first_pause_seconds),
            longest=timedelta(seconds=self.mail_longest_pause_seconds),
        )
