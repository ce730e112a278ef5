"""SMTP against a real server: taken, put off, refused, lost, never in the clear where TLS is asked for."""

import asyncio
import socket
from pathlib import Path

import pytest
from tests.notifications.desk import Desk
from tests.notifications.post_office import (
    TAKEN,
    TAKEN_AND_LOST,
    PostOffice,
    certificate,
    knows,
    open_post_office,
)
from tests.notifications.test_telling import submitted

from notifications.carriers.port import CarrierDownError, Mail
from notifications.carriers.smtp import SmtpCarrier, SmtpServer
from notifications.domain.deliveries import Deferred, DeliveryId, Refused, Retries, Sent
from notifications.worker import Courier

SENDER = "no-reply@ieum.example"


def carrier(office: PostOffice, **settings: object) -> SmtpCarrier:
    defaults = {"host": "127.0.0.1", "port": office.port, "timeout": 5, "connections": 1}
    return SmtpCarrier(SmtpServer(**{**defaults, **settings}), SENDER)  # type: ignore[arg-type]  # as keywords


def mail(number: int, address: str | None = None) -> Mail:
    content = f"Message-ID: <dlv_{number}@ieum.example>\r\nSubject: {number}\r\n\r\nsimulated\r\n".encode()
    return Mail(DeliveryId(f"dlv_{number}"), 1, address or f"simulated{number}@school.example", content)


async def test_a_batch_goes_out_over_as_many_connections_as_allowed() -> None:
    async with open_post_office() as office:
        outcomes = await carrier(office, connections=3).carry([mail(n) for n in range(10)], 60)
    assert set(outcomes.values()) == {Sent()}
    assert sorted(office.ids) == sorted(outcomes) == sorted(f"dlv_{n}" for n in range(10))
    assert office.connections == 3


async def test_an_answer_of_400_puts_off_and_one_of_500_refuses_and_the_rest_goes_on() -> None:
    async with open_post_office() as office:
        office.answers = ["451 4.3.0 try later", "554 5.7.1 looks like spam", TAKEN]
        office.refused_recipients = {"simulated3@school.example"}
        outcomes = await carrier(office).carry([mail(n) for n in range(4)], 60)
    assert outcomes == {
        "dlv_0": Deferred("smtp_451"),
        "dlv_1": Refused("smtp_554"),
        "dlv_2": Sent(),
        "dlv_3": Refused("smtp_550"),
    }
    assert office.ids == ["dlv_2"]


async def test_a_connection_lost_after_the_mail_was_taken_makes_a_repeat_that_can_be_told() -> None:
    async with open_post_office() as office:
        office.answers = [TAKEN_AND_LOST]
        smtp = carrier(office)
        first = await smtp.carry([mail(1), mail(2)], 60)
        assert first == {"dlv_1": Deferred("smtp_connection_lost")}
        assert await smtp.carry([mail(1), mail(2)], 60) == {"dlv_1": Sent(), "dlv_2": Sent()}
    assert office.ids == ["dlv_1", "dlv_1", "dlv_2"]


async def test_a_server_that_says_goodbye_is_left_alone() -> None:
    async with open_post_office() as office:
        office.answers = ["421 4.3.2 shutting down"]
        assert await carrier(office).carry([mail(n) for n in range(5)], 60) == {"dlv_0": Deferred("smtp_421")}


async def test_a_server_that_is_not_there_is_a_carrier_that_is_down() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        office = PostOffice(port=free.getsockname()[1])
        with pytest.raises(CarrierDownError) as down:
            await carrier(office).carry([mail(1)], 60)
    assert down.value.reason == "smtp_not_reachable"


async def test_a_server_that_never_answers_is_given_up_after_the_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        office = PostOffice(port=silent.getsockname()[1])
        async with asyncio.timeout(10):
            with pytest.raises(CarrierDownError):
                await carrier(office, timeout=0.3).carry([mail(1)], 60)


async def test_what_there_is_no_time_for_is_left() -> None:
    async with open_post_office() as office:
        assert await carrier(office).carry([mail(1)], -1) == {}
    assert office.taken == []


async def test_a_login_lets_the_right_password_in_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, authority = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    async with open_post_office(
        tls_context=context, authenticator=knows("ieum", "right"), auth_required=True
    ) as office:
        right = carrier(office, security="starttls", username="ieum", password="right")
        assert await right.carry([mail(1)], 60) == {"dlv_1": Sent()}
        with pytest.raises(CarrierDownError) as down:
            await carrier(office, security="starttls", username="ieum", password="wrong").carry([mail(1)], 60)
    assert down.value.reason == "smtp_login_refused"


async def test_a_server_without_tls_gets_no_mail_that_was_to_be_encrypted() -> None:
    async with open_post_office() as office:
        with pytest.raises(CarrierDownError):
            await carrier(office, security="starttls").carry([mail(1)], 60)
    assert office.taken == []


async def test_a_certificate_that_nobody_vouches_for_gets_no_mail_and_a_trusted_one_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, authority = certificate(tmp_path)
    async with open_post_office(tls_context=context, require_starttls=True) as office:
        with pytest.raises(CarrierDownError):
            await carrier(office, security="starttls").carry([mail(1)], 60)
        assert office.taken == []
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        assert await carrier(office, security="starttls").carry([mail(1)], 60) == {"dlv_1": Sent()}


async def test_mail_of_the_service_gets_through_a_server_that_first_puts_it_off(desk: Desk) -> None:
    for n in range(6):
        await desk.has_contact(f"sch_{n}", address=f"simulated{n}@school.example", language="en")
    await desk.arrive(*(submitted(n) for n in range(6)))
    async with open_post_office() as office:
        office.answers = ["451 4.3.0 try later", "452 4.3.1 full", TAKEN_AND_LOST, TAKEN, "450 4.2.1 busy"]
        office.refused_recipients = {"simulated5@school.example"}
        courier = desk.courier(carrier(office, connections=2), retries=Retries(attempts=5))
        await until_settled(desk, courier)
    assert await desk.deliveries() == [
        *((f"sch_{n}", "application_submitted", "delivered") for n in range(5)),
        ("sch_5", "application_submitted", "failed"),
    ]
    assert len(set(office.ids)) == 5
    assert len(office.ids) == 6, "the one whose receipt was lost, and no other, comes twice"
    told = {(kind, event["recipient"], event.get("reason")) for kind, event, _ in await desk.emitted()}
    assert told == {
        *(("notification-delivered", f"sch_{n}", None) for n in range(5)),
        ("notification-failed", "sch_5", "smtp_550"),
    }
    for address, message in office.taken:
        assert address in message["To"]
        assert "2025-000123" in message["Subject"]


async def until_settled(desk: Desk, courier: Courier) -> None:
    for _ in range(20):
        await desk.wait_over()
        if not await courier.send_batch():
            return
    pytest.fail("mail is still due after twenty rounds")
