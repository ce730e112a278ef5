"""Due mail: claimed once, sent, its receipt recorded with the event that tells it, or tried again."""

import asyncio
import mailbox
from datetime import timedelta
from pathlib import Path

import pytest
from tests.notifications.desk import NOW, TRACE, Desk
from tests.notifications.test_telling import submitted

from contracts.evaluation import OfferMade
from contracts.examples import example
from contracts.notifications import NotificationDelivered
from notifications.carriers.maildir import MaildirCarrier
from notifications.carriers.port import CarrierDownError
from notifications.domain.deliveries import Deferred, Refused, Retries, Sent


def mails(folder: Path) -> list[mailbox.MaildirMessage]:
    box = mailbox.Maildir(folder, create=False)
    try:
        return list(box)
    finally:
        box.close()


async def test_a_mail_is_written_and_its_receipt_told_in_the_trace_it_came_in(desk: Desk) -> None:
    await desk.has_contact("sch_1")
    [record] = await desk.arrive(submitted(1))
    assert await desk.courier().send_batch() == 1

    [mail] = mails(desk.folder)
    [row] = await desk.rows("select * from delivery where channel = 'mail'")
    assert mail["Message-ID"] == f"<{row['delivery']}@ieum.example>"
    assert (row["state"], row["attempt"], row["settled_at"]) == ("delivered", 1, NOW)
    [(kind, event, headers)] = await desk.emitted()
    cause = dict(record.headers)["ce_id"]
    assert cause is not None
    assert kind == "notification-delivered"
    assert event == {
        "programme_year": 2025,
        "delivery": row["delivery"],
        "recipient": "sch_1",
        "template": "application_submitted",
        "channel": "mail",
        "language": "ko",
        "attempt": 1,
        "cause": cause.decode(),
        "cause_type": "ieum.applications.application-submitted.v1",
        "delivered_at": "2025-02-01T03:00:00Z",
    }
    NotificationDelivered.model_validate(event)
    assert headers["ce_subject"] == row["delivery"]
    assert headers["ce_causationid"] == cause.decode()
    assert headers["ce_correlationid"] == "correlation-1"
    assert headers["ce_actor"] == "notifications"
    assert headers["traceparent"].split("-")[1] == TRACE


async def test_a_sent_mail_is_not_sent_again(desk: Desk) -> None:
    await desk.has_contact("sch_1")
    await desk.arrive(submitted(1))
    assert [await desk.courier().send_batch() for _ in range(3)] == [1, 0, 0]
    assert len(await desk.emitted()) == 1


async def test_a_mail_is_written_in_the_language_of_the_contact(desk: Desk) -> None:
    await desk.has_contact("sch_1", language="en", name="A. Person")
    await desk.arrive(submitted(1))
    await desk.courier().send_batch()
    [mail] = mails(desk.folder)
    assert str(mail["Content-Language"]) == "en"
    text = mail.get_payload(decode=True)
    assert isinstance(text, bytes)
    assert b"Dear A. Person," in text
    [(_, event, _)] = await desk.emitted()
    assert event["language"] == "en"


async def test_mail_that_waited_goes_out_once_there_is_a_contact(desk: Desk) -> None:
    await desk.arrive(submitted(1), submitted(2))
    assert await desk.courier().send_batch() == 0
    await desk.has_contact("sch_1")
    assert await desk.courier().send_batch() == 1
    assert await desk.deliveries() == [
        ("sch_1", "application_submitted", "delivered"),
        ("sch_2", "application_submitted", "waiting"),
    ]


async def test_mail_that_waited_until_it_was_too_late_lapses_and_no_contact_wakes_it(desk: Desk) -> None:
    offer = example(OfferMade)
    await desk.arrive(offer)
    await desk.at(offer.expires_at)
    await desk.has_contact(offer.school)
    assert await desk.courier().send_batch() == 0
    assert await desk.deliveries() == [(offer.school, "offer_made", "lapsed")]
    assert await desk.emitted() == []


async def test_due_mail_that_could_not_leave_in_time_lapses_and_operators_are_told(desk: Desk) -> None:
    offer = example(OfferMade)
    await desk.has_contact(offer.school)
    await desk.arrive(offer)
    await desk.at(offer.expires_at)
    assert await desk.courier().send_batch() == 0
    assert await desk.deliveries() == [(offer.school, "offer_made", "lapsed")]
    [(kind, event, _)] = await desk.emitted()
    assert (kind, event["reason"], event["attempt"]) == ("notification-failed", "too_late", 0)
    assert not desk.folder.exists()


async def test_mail_in_a_workers_hand_is_neither_claimed_nor_lapsed_by_another(desk: Desk) -> None:
    offer = example(OfferMade)
    await desk.has_contact(offer.school)
    await desk.arrive(offer)
    first, second = desk.courier(), desk.courier()
    [claimed] = await first.claim()
    await desk.at(offer.expires_at + timedelta(days=1))
    assert await second.send_batch() == 0
    assert await desk.deliveries() == [(offer.school, "offer_made", "due")]
    await first.record([claimed], {claimed.receipt.delivery: Sent()})
    assert await desk.deliveries() == [(offer.school, "offer_made", "delivered")]


async def test_mail_of_a_worker_that_is_gone_is_sent_when_its_lease_is_over(desk: Desk) -> None:
    await desk.has_contact("sch_1")
    await desk.arrive(submitted(1))
    await desk.courier(lease=timedelta(milliseconds=200)).claim()
    assert await desk.courier().send_batch() == 0
    await asyncio.sleep(0.25)
    assert await desk.courier().send_batch() == 1
    [(_, event, _)] = await desk.emitted()
    assert event["attempt"] == 2


async def test_a_late_receipt_of_a_worker_that_lost_its_lease_counts_once(desk: Desk) -> None:
    await desk.has_contact("sch_1")
    await desk.arrive(submitted(1))
    slow, quick = desk.courier(lease=timedelta()), desk.courier()
    claimed = await slow.claim()
    assert await quick.send_batch() == 1
    await slow.record(claimed, {claimed[0].receipt.delivery: Sent()})
    await slow.record(claimed, {claimed[0].receipt.delivery: Refused("smtp_550")})
    assert await desk.deliveries() == [("sch_1", "application_submitted", "delivered")]
    assert len(await desk.emitted()) == 1


async def test_a_worker_that_lost_its_lease_cannot_put_off_what_another_has_in_hand(desk: Desk) -> None:
    await desk.has_contact("sch_1")
    await desk.arrive(submitted(1))
    slow, quick = desk.courier(lease=timedelta()), desk.courier()
    old, new = await slow.claim(), await quick.claim()
    before = await desk.rows("select * from delivery where channel = 'mail'")
    delivery = old[0].receipt.delivery
    await slow.record(old, {delivery: Deferred("smtp_451")})
    await slow.record(old, {delivery: Refused("smtp_550")})
    await slow.record(old, {})
    assert await desk.rows("select * from delivery where channel = 'mail'") == before
    await quick.record(new, {delivery: Sent()})
    assert await desk.deliveries() == [("sch_1", "application_submitted", "delivered")]


async def test_a_deferred_mail_rests_twice_as_long_each_time_and_then_fails(desk: Desk) -> None:
    await desk.has_contact("sch_1")
    await desk.arrive(submitted(1))
    courier = desk.courier(retries=Retries(attempts=4, first=timedelta(minutes=1)))
    rests = []
    for _ in range(4):
        await desk.wait_over()
        claimed = await courier.claim()
        await courier.record(claimed, {claimed[0].receipt.delivery: Deferred("smtp_451")})
        [row] = await desk.rows(
            "select due_at - clock_timestamp() as rest from delivery where channel = 'mail'"
        )
        rests.append(row["rest"].total_seconds())
    for rest, whole in zip(rests[:3], (60, 120, 240), strict=True):
        assert whole / 2 - 5 < rest <= whole
    [row] = await desk.rows("select state, attempt, reason from delivery where channel = 'mail'")
    assert row == {"state": "failed", "attempt": 4, "reason": "smtp_451"}
    [(kind, event, headers)] = await desk.emitted()
    assert (kind, event["reason"], event["attempt"]) == ("notification-failed", "smtp_451", 4)
    assert headers["traceparent"].split("-")[1] == TRACE


async def test_mail_that_failed_goes_again_when_the_party_gives_another_address(desk: Desk) -> None:
    await desk.has_contact("sch_1")
    await desk.arrive(submitted(1))
    courier = desk.courier()
    claimed = await courier.claim()
    await courier.record(claimed, {claimed[0].receipt.delivery: Refused("smtp_550")})
    await desk.has_contact("sch_1", name="Another name")
    assert await courier.send_batch() == 0
    await desk.has_contact("sch_1", address="another.simulated@school.example")
    assert await courier.send_batch() == 1
    [mail] = mails(desk.folder)
    assert "another.simulated@school.example" in mail["To"]
    assert {kind for kind, _, _ in await desk.emitted()} == {"notification-failed", "notification-delivered"}


async def test_a_carrier_that_is_down_costs_no_mail_an_attempt(desk: Desk) -> None:
    await desk.has_contact("sch_1")
    await desk.arrive(submitted(1))
    (desk.folder.parent / "file").write_text("in the way")
    with pytest.raises(CarrierDownError):
        await desk.courier(MaildirCarrier(desk.folder.parent / "file")).send_batch()
    [row] = await desk.rows("select state, attempt from delivery where channel = 'mail'")
    assert dict(row) == {"state": "due", "attempt": 0}
    assert await desk.courier().send_batch() == 1


async def test_a_worker_outlasts_a_carrier_that_is_down(desk: Desk) -> None:
    await desk.has_contact("sch_1")
    await desk.arrive(submitted(1))
    blocked = desk.folder.parent / "file"
    blocked.write_text("in the way")
    stopping = asyncio.Event()
    running = asyncio.create_task(desk.courier(MaildirCarrier(blocked)).run(stopping))
    await asyncio.sleep(0.3)
    blocked.unlink()
    async with asyncio.timeout(20):
        while await desk.deliveries() != [("sch_1", "application_submitted", "delivered")]:
            await asyncio.sleep(0.05)
    stopping.set()
    await running
    assert len(mails(blocked)) == 1


async def test_two_workers_share_the_mail_and_send_each_once(desk: Desk) -> None:
    for n in range(40):
        await desk.has_contact(f"sch_{n}", address=f"simulated{n}@school.example")
    await desk.arrive(*(submitted(n) for n in range(40)))
    couriers = [desk.courier() for _ in range(4)]
    batches = await asyncio.gather(*(courier.claim() for courier in couriers))
    claimed = [one.receipt.delivery for batch in batches for one in batch]
    assert len(claimed) == len(set(claimed)) == 40


async def test_a_contact_and_a_notice_of_the_same_moment_find_each_other(desk: Desk) -> None:
    await desk.arrive(submitted(1), submitted(2))
    await desk.has_contact("sch_2")
    # What each would leave behind had neither seen the other yet.
    await desk.change("update delivery set state = 'waiting' where recipient = 'sch_2' and channel = 'mail'")
    await desk.change("update delivery set state = 'due' where recipient = 'sch_1' and channel = 'mail'")
    courier, stopping = desk.courier(), asyncio.Event()
    running = asyncio.create_task(courier.run(stopping))
    async with asyncio.timeout(20):
        while len(await desk.emitted()) < 1:
            await asyncio.sleep(0.05)
    stopping.set()
    await running
    assert await desk.deliveries() == [
        ("sch_1", "application_submitted", "waiting"),
        ("sch_2", "application_submitted", "delivered"),
    ]
