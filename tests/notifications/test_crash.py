"""Mail workers that die between sending and recording, and workers beside each other."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from signal import Signals

import pytest
from tests.killing import until
from tests.notifications.desk import Desk
from tests.notifications.post_office import open_post_office
from tests.notifications.test_sending import mails
from tests.notifications.test_telling import submitted
from tests.patience import PATIENCE

PROGRAM = Path(__file__).with_name("courier_process.py")
RECEIPTS_NOT_COMMITTED = "command.before_commit:3"
RECEIPTS_COMMITTED = "command.after_commit:3"
"""A worker's transactions: looking for what missed each other, the claim, the receipts."""

Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
async def start(desk: Desk) -> AsyncIterator[Start]:
    processes: list[subprocess.Popen[bytes]] = []

    def begin(**settings: str) -> "subprocess.Popen[bytes]":
        environment = {
            "DATABASE_URL": desk.database.url,
            "PERSONAL_DATA_KEYS": str(desk.keys.file),
            "MAILBOX_DIR": str(desk.folder),
            "MAIL_LEASE_SECONDS": "1",
            "MAIL_POLL_SECONDS": "0.05",
        }
        process = subprocess.Popen([sys.executable, str(PROGRAM)], env=environment | settings)
        processes.append(process)
        return process

    yield begin
    for process in processes:
        if process.poll() is None:
            process.send_signal(Signals.SIGTERM)
        await asyncio.to_thread(process.wait, PATIENCE)


async def with_mail(desk: Desk, count: int) -> Callable[[], Awaitable[bool]]:
    """Lets so many mails be due; answers the condition that all were delivered."""
    for n in range(count):
        await desk.has_contact(f"sch_{n}", address=f"simulated{n}@school.example")
    await desk.arrive(*(submitted(n) for n in range(count)))

    async def settled() -> bool:
        return {state for _, _, state in await desk.deliveries()} == {"delivered"}

    return settled


async def ended(process: "subprocess.Popen[bytes]") -> int:
    return await asyncio.to_thread(process.wait, PATIENCE)


@pytest.mark.crash
@pytest.mark.parametrize("point", [RECEIPTS_NOT_COMMITTED, RECEIPTS_COMMITTED])
async def test_a_worker_killed_between_mail_and_receipt_leaves_one_mail_in_the_folder(
    desk: Desk, start: Start, point: str
) -> None:
    settled = await with_mail(desk, 5)
    assert await ended(start(CRASH_AT=point)) == -Signals.SIGKILL
    assert len(mails(desk.folder)) == 5
    assert await settled() == (point == RECEIPTS_COMMITTED)
    start()
    await until(settled)
    assert len(mails(desk.folder)) == 5
    emitted = await desk.emitted()
    assert [kind for kind, _, _ in emitted] == ["notification-delivered"] * 5
    assert len({headers["ce_id"] for _, _, headers in emitted}) == 5


@pytest.mark.crash
async def test_a_worker_killed_between_smtp_and_receipt_repeats_under_the_same_message_id(
    desk: Desk, start: Start
) -> None:
    settled = await with_mail(desk, 5)
    async with open_post_office() as office:
        smtp = {"SMTP_URL": f"smtp://127.0.0.1:{office.port}"}
        assert await ended(start(CRASH_AT=RECEIPTS_NOT_COMMITTED, **smtp)) == -Signals.SIGKILL
        first = sorted(office.ids)
        assert len(set(first)) == 5
        start(**smtp)
        await until(settled)
    assert sorted(office.ids) == sorted(first * 2)
    assert len(await desk.emitted()) == 5


async def test_two_processes_send_each_mail_once(desk: Desk, start: Start) -> None:
    settled = await with_mail(desk, 300)
    async with open_post_office() as office:
        smtp = {"SMTP_URL": f"smtp://127.0.0.1:{office.port}", "MAIL_LEASE_SECONDS": "60"}
        start(**smtp)
        start(**smtp)
        await until(settled)
    assert len(office.ids) == len(set(office.ids)) == 300
    assert len(await desk.emitted()) == 300
    attempts = await desk.rows("select distinct attempt from delivery where channel = 'mail'")
    assert attempts == [{"attempt": 1}]


async def test_a_worker_that_is_told_to_stop_finishes_what_it_has_in_hand(desk: Desk, start: Start) -> None:
    await with_mail(desk, 300)
    process = start()
    await until(lambda: some_delivered(desk))
    process.send_signal(Signals.SIGTERM)
    assert await ended(process) == 0
    states = [state for _, _, state in await desk.deliveries()]
    delivered = states.count("delivered")
    assert len(mails(desk.folder)) == len(await desk.emitted()) == delivered
    in_hand = await desk.rows("select from delivery where state = 'due' and due_at > clock_timestamp()")
    assert in_hand == []


async def some_delivered(desk: Desk) -> bool:
    return bool(
        await desk.rows("select from delivery where channel = 'mail' and state = 'delivered' limit 1")
    )
