"""A planted student in the real stack: no file of it, save the mail, says who that is."""

import asyncio
import mmap
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

import httpx2
import pytest
from tests.asking import Caller
from tests.placement.test_persons import ADDRESS, BORN, NAME, planted
from tests.placement.world import SPRING, World

from chassis.keyring import Keyring
from chassis.transaction import open_pool
from embedded import stack
from embedded.clock import stop_at
from embedded.databases import Database
from embedded.stack import Stack

pytestmark = pytest.mark.timeout(300)

NEEDLES: Final = (NAME, "심어둔학생", BORN, ADDRESS)


async def test_who_a_student_is_stands_in_no_file_of_the_stack_but_the_mail(working_folder: Path) -> None:
    async with stack.running(working_folder, services=["placement", "notifications"]) as running:
        student = await played(running)
        mailbox = running.folder.mailbox
        await until_mailed(mailbox)
        await until_told(running)
    found = {needle: set(files_with(working_folder, needle)) for needle in NEEDLES}
    mails = set((mailbox / "new").iterdir())
    # An address stands in a mail as it is, a name in the encoding of its head and body.
    assert found == {NAME: set(), "심어둔학생": set(), BORN: set(), ADDRESS: mails}
    knowing = {file.relative_to(working_folder).parts[0] for file in files_with(working_folder, student)}
    assert knowing >= {"postgres", "kafka"}


async def played(running: Stack) -> str:
    """A student goes the whole way and leaves an address; answers the pseudonym."""
    database = running.database("placement")
    pool = await open_pool(database.url, connections=2)
    keys = Keyring(running.personal_data_keys["placement"])
    await stop_at([running.database("notifications").admin_url], SPRING)
    try:
        async with httpx2.AsyncClient(base_url=running.services["placement"].url) as client:
            world = World(database, pool, client, running.issuer, stopped, keys)
            await world.year_opens()
            settled, _ = await planted(world)
    finally:
        await pool.close()
    [student] = settled.students
    async with httpx2.AsyncClient(base_url=running.services["notifications"].url) as client:
        token = running.issuer.token("student-1", ["student"], student.party)
        contact = {"name": NAME, "address": ADDRESS, "language": "ko"}
        answer = await Caller(client, token, "student-1", student.party).put("/contacts/me", contact)
        assert answer.status_code == 204, answer.text
    return str(student.party)


async def stopped(of: Database, moment: datetime) -> None:
    await stop_at([of.admin_url], moment)


async def until_mailed(mailbox: Path) -> None:
    async with asyncio.timeout(60):
        while not await asyncio.to_thread(lambda: list(mailbox.glob("new/*"))):
            await asyncio.sleep(0.2)


async def until_told(running: Stack) -> None:
    """All that placement has to tell is in Kafka."""
    pool = await open_pool(running.database("placement").url, connections=2)
    try:
        async with asyncio.timeout(60):
            while True:
                async with pool.acquire() as connection:
                    if not await connection.fetchval("select count(*) from messaging.outbox"):
                        return
                await asyncio.sleep(0.2)
    finally:
        await pool.close()


def files_with(folder: Path, needle: str) -> Iterator[Path]:
    """Files below a folder in whose bytes `needle` stands."""
    for file in folder.rglob("*"):
        if file.is_file() and file.stat().st_size:
            with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
                if content.find(needle.encode()) >= 0:
                    yield file
