"""A mail as the other side reads it."""

import mailbox
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.notifications.desk import NOW

from chassis.refusals import Invalid
from notifications.carriers.mail import Sender, content
from notifications.carriers.maildir import MaildirCarrier
from notifications.carriers.port import CarrierDownError, Mail
from notifications.domain.contacts import NAME_LENGTH, Contact
from notifications.domain.deliveries import (
    Claimed,
    Deferred,
    DeliveryId,
    Party,
    Receipt,
    Refused,
    Rest,
    Retries,
    Sent,
    Text,
)

SENDER = Sender("no-reply@ieum.example")
RECEIPT = Receipt(
    delivery=DeliveryId("dlv_0194f0c5c1de7c3ab8d2f1a0b3c4d5e6"),
    recipient=Party("sch_1"),
    template="offer_made",
    programme_year=2025,
    attempt=1,
    language="ko",
    event_id=UUID(int=1),
    event_type="ieum.evaluation.offer-made.v1",
    correlation="correlation-1",
    traceparent=None,
    tracestate=None,
    taken_at=NOW,
)
CLAIMED = Claimed(RECEIPT, "가상 담당자", "office@school.example", Text("제안이 왔습니다", "기한: 내일"), NOW)


def parsed(claimed: Claimed) -> EmailMessage:
    message = message_from_bytes(content(claimed, SENDER), policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def body_of(message: EmailMessage) -> str:
    return str(message.get_content()).replace("\r\n", "\n")


def mail(number: int = 1, attempt: int = 1) -> Mail:
    return Mail(DeliveryId(f"dlv_{number}"), attempt, "office@school.example", content(CLAIMED, SENDER))


def test_a_mail_names_its_delivery_sender_reader_and_language() -> None:
    message = parsed(CLAIMED)
    assert message["Message-ID"] == "<dlv_0194f0c5c1de7c3ab8d2f1a0b3c4d5e6@ieum.example>"
    assert message["From"] == "이음 <no-reply@ieum.example>"
    assert message["To"] == "가상 담당자 <office@school.example>"
    assert message["Subject"] == "제안이 왔습니다"
    assert message["Content-Language"] == "ko"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime == NOW
    assert message["Date"].endswith("+0900")
    assert body_of(message).startswith("가상 담당자 님께\n\n기한: 내일\n\n-- \n이음")


def test_an_english_mail_is_english_throughout() -> None:
    english = replace(
        CLAIMED,
        receipt=replace(RECEIPT, language="en"),
        name="A. Person",
        text=Text("An offer", "Due: tomorrow"),
    )
    message = parsed(english)
    assert message["From"] == "Ieum <no-reply@ieum.example>"
    assert body_of(message).startswith("Dear A. Person,\n\nDue: tomorrow\n\n-- \nIeum")
    assert body_of(message).isascii()


@given(
    name=st.text(min_size=1, max_size=NAME_LENGTH).filter(lambda t: t.isprintable() and t.strip() == t),
    subject=st.text(min_size=1, max_size=300).map(lambda t: " ".join(t.split())).filter(str.isprintable),
    body=st.text(max_size=2000).filter(lambda t: "\r" not in t),
)
@example(name='O\'Brien, "Q" <x@y.example>', subject="=?utf-8?b?eA==?=", body=".\n.\n")
@example(name="가" * NAME_LENGTH, subject="나" * 300, body="")
def test_whatever_a_name_or_a_text_holds_the_head_keeps_its_shape(name: str, subject: str, body: str) -> None:
    raw = content(replace(CLAIMED, name=name, text=Text(subject, body)), SENDER)
    head, _, _ = raw.partition(b"\r\n\r\n")
    fields = [line.split(b":")[0] for line in head.split(b"\r\n") if not line.startswith(b" ")]
    assert fields == [
        b"From",
        b"To",
        b"Subject",
        b"Date",
        b"Message-ID",
        b"Content-Language",
        b"Auto-Submitted",
        b"MIME-Version",
        b"Content-Type",
        b"Content-Transfer-Encoding",
    ]
    assert raw.isascii()
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert b"\n" not in raw.replace(b"\r\n", b"")
    message = message_from_bytes(raw, policy=policy.default)
    [reader] = message["To"].addresses
    assert reader.addr_spec == "office@school.example"
    assert _blanks_aside(reader.display_name) == _blanks_aside(name)
    assert _blanks_aside(message["Subject"]) == _blanks_aside(subject)


def _blanks_aside(text: str) -> str:
    """What the parser makes of blanks at the edge of encoded words is its own affair."""
    return "".join(text.split())


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "a@b",
        "a b@school.example",
        "a@school.example\r\nBcc: b@school.example",
        "a@school.example, b@school.example",
        "담당자@school.example",
        "<a@school.example>",
        "a@-school.example",
        f"{'a' * 250}@school.example",
        "a@school.example\n",
    ],
)
def test_an_address_that_no_mail_head_can_hold_is_refused_without_being_repeated(address: str) -> None:
    with pytest.raises(Invalid) as refused:
        Contact(Party("sch_1"), "Somebody", address, "ko")
    assert refused.value.rule == "address_not_mailable"
    assert not address or address not in refused.value.detail


@pytest.mark.parametrize("name", ["", " ", "x" * (NAME_LENGTH + 1), "a\r\nBcc: b@school.example", "a\x00b"])
def test_a_name_that_no_mail_head_can_hold_is_refused(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        Contact(Party("sch_1"), name, "a@school.example", "ko")
    assert refused.value.rule == "name_not_plain"


def test_nothing_personal_is_in_what_python_shows_of_a_mail_or_a_contact() -> None:
    contact = Contact(Party("sch_1"), "가상 담당자", "office@school.example", "ko")
    shown = f"{contact!r} {CLAIMED!r} {mail()!r} {[contact, CLAIMED]}"
    assert "office" not in shown
    assert "담당자" not in shown
    assert "제안" not in shown


@given(attempt=st.integers(1, 29), chance=st.floats(0, 1, exclude_max=True))
def test_a_pause_lies_between_half_and_the_whole_of_a_doubling(attempt: int, chance: float) -> None:
    retries = Retries(attempts=30, first=timedelta(seconds=2), longest=timedelta(seconds=100))
    rest = retries.after(Deferred("smtp_451"), attempt, chance)
    assert isinstance(rest, Rest)
    whole = min(2.0 * 2 ** (attempt - 1), 100.0)
    assert whole / 2 <= rest.pause.total_seconds() <= whole


def test_the_last_attempt_is_the_end_and_a_refusal_is_so_at_once() -> None:
    retries = Retries(attempts=3)
    assert isinstance(retries.after(Deferred("smtp_451"), 2, 0), Rest)
    assert retries.after(Deferred("smtp_451"), 3, 0) == Refused("smtp_451")
    assert retries.after(Refused("smtp_550"), 1, 0) == Refused("smtp_550")
    assert retries.after(Sent(), 1, 0) == Sent()


async def test_a_folder_takes_a_mail_as_any_mail_program_reads_it(tmp_path: Path) -> None:
    assert await MaildirCarrier(tmp_path / "m").carry([mail()], 60) == {"dlv_1": Sent()}
    box = mailbox.Maildir(tmp_path / "m", create=False)
    [(key, message)] = box.items()
    assert key == "dlv_1"
    assert message["Message-ID"].startswith("<dlv_")
    assert b"\r" not in box.get_bytes(key)
    box.close()
    assert list((tmp_path / "m" / "tmp").iterdir()) == []


@pytest.mark.parametrize("attempt", [1, 2])
async def test_a_folder_takes_the_same_delivery_once(tmp_path: Path, attempt: int) -> None:
    carrier = MaildirCarrier(tmp_path)
    await carrier.carry([mail()], 60)
    assert await carrier.carry([mail(attempt=attempt)], 60) == {"dlv_1": Sent()}
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["dlv_1"]


async def test_a_folder_knows_a_mail_again_that_its_reader_has_moved_and_flagged(tmp_path: Path) -> None:
    await MaildirCarrier(tmp_path).carry([mail()], 60)
    (tmp_path / "new" / "dlv_1").rename(tmp_path / "cur" / "dlv_1:2,S")
    assert await MaildirCarrier(tmp_path).carry([mail(attempt=2)], 60) == {"dlv_1": Sent()}
    assert list((tmp_path / "new").iterdir()) == []


async def test_a_folder_that_cannot_be_written_is_a_carrier_that_is_down(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CarrierDownError) as down:
        await MaildirCarrier(tmp_path / "file").carry([mail()], 60)
    assert down.value.reason == "mailbox_not_writable"


async def test_a_folder_leaves_what_its_time_is_too_short_for(tmp_path: Path) -> None:
    assert await MaildirCarrier(tmp_path).carry([mail(n) for n in range(3)], -1) == {}
