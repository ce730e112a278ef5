"""What the environment may say, and what it is told when it may not."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from notifications.carriers.maildir import MaildirCarrier
from notifications.carriers.smtp import SmtpCarrier, SmtpServer
from notifications.settings import Settings

URL = "postgresql://notifications@localhost/notifications"


def settings(monkeypatch: pytest.MonkeyPatch, **environment: str) -> Settings:
    monkeypatch.setenv("DATABASE_URL", URL)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return Settings()


def test_mail_goes_to_a_folder_unless_a_server_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert isinstance(settings(monkeypatch, MAILBOX_DIR=str(tmp_path / "m")).carrier(), MaildirCarrier)
    assert not (tmp_path / "m").exists(), "nothing is written before there is mail"


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://post.example", SmtpServer("post.example", 25)),
        ("smtp+starttls://u:p%40ss@post.example", SmtpServer("post.example", 587, "starttls", "u", "p@ss")),
        ("smtps://post.example:2465", SmtpServer("post.example", 2465, "tls")),
    ],
)
def test_an_address_of_a_server_says_all_that_is_needed(
    monkeypatch: pytest.MonkeyPatch, url: str, server: SmtpServer
) -> None:
    carrier = settings(monkeypatch, SMTP_URL=url).carrier()
    assert isinstance(carrier, SmtpCarrier)
    assert carrier.server == server


@pytest.mark.parametrize(
    "url", ["post.example", "http://post.example", "smtp://", "smtp://post.example/path", "smtp://h:99999"]
)
def test_an_address_that_is_none_is_refused_without_being_repeated(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    secret = url.replace("//", "//user:hunter2@")
    with pytest.raises(ValidationError) as refused:
        settings(monkeypatch, SMTP_URL=secret)
    messages = [error["msg"] for error in refused.value.errors()]
    assert messages
    assert "hunter2" not in " ".join(messages)


@pytest.mark.parametrize(
    ("name", "value"),
    [("MAIL_FROM", "nobody"), ("MAIL_ATTEMPTS", "0"), ("MAIL_LEASE_SECONDS", "0"), ("SMTP_CONNECTIONS", "0")],
)
def test_a_setting_out_of_range_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    with pytest.raises(ValidationError) as refused:
        settings(monkeypatch, **{name: value})
    assert refused.value.errors()[0]["loc"] == (name.lower(),)


def test_a_password_is_not_in_what_python_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    made = settings(monkeypatch, SMTP_URL="smtps://user:hunter2@post.example")
    carrier = made.carrier()
    assert isinstance(carrier, SmtpCarrier)
    assert "hunter2" not in f"{made!r} {made} {carrier.server!r}"
