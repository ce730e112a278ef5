"""Keys of the contact book: made, used, and retired by console commands while the service runs."""

import asyncio
import sys
from pathlib import Path

import pytest
from tests.notifications.desk import ADDRESS, NAME, Desk
from tests.notifications.test_telling import submitted

from chassis import encryption
from chassis.keyring import Keyring, key_of
from chassis.refusals import Conflict
from chassis.transaction import Command, Unavailable, begin
from contracts.examples import example
from contracts.students import StudentForgotten
from notifications.store.contacts import CONTACTS

SCRIPT = Path(sys.executable).parent / "notifications"


async def keys(desk: Desk, *arguments: str, status: int = 0) -> str:
    """What `notifications keys …` prints."""
    process = await asyncio.create_subprocess_exec(
        *(str(SCRIPT), "keys", *arguments),
        env={"DATABASE_URL": desk.database.url, "PERSONAL_DATA_KEYS": str(desk.keys.file), "COLUMNS": "200"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == status, said.decode()
    return said.decode()


async def filled(desk: Desk, count: int) -> None:
    async with begin(desk.pool, Command(actor="test")) as tx:
        sealer = await encryption.sealer(tx, desk.keys)
        rows = []
        for number in range(count):
            party = f"sch_{number}"
            sealed = CONTACTS.seal(sealer, party, {"name": NAME.encode(), "address": ADDRESS.encode()})
            rows.append((party, sealed["name"], sealed["address"]))
        await tx.executemany("insert into contact values ($1, $2, $3, 'ko', now())", rows)


async def used(desk: Desk) -> set[str]:
    return {key_of(row["name"]) for row in await desk.rows("select name from contact")}


async def test_keys_are_rotated_by_commands_while_the_service_goes_on(desk: Desk) -> None:
    await filled(desk, 1203)
    first = desk.keys.primary().key
    said = await keys(desk, "new")
    second = desk.keys.primary().key
    assert second in said
    assert second != first
    # Written meanwhile: the running service took up the new key by itself.
    await desk.has_contact("sch_new")
    assert await used(desk) == {first, second}
    refused = await keys(desk, "retire", first, "--reason", "rotation", status=1)
    assert "1203 rows of contact" in refused
    said = await keys(desk, "reseal")
    assert "1203 rows sealed anew" in said
    assert "100%" in said
    assert await used(desk) == {second}
    assert "0 rows sealed anew" in await keys(desk, "reseal")
    await keys(desk, "retire", first, "--reason", "rotation")
    assert first not in desk.keys.file.read_text()
    assert "1204" in await keys(desk, "list")
    shown = (await desk.caller("school", party="sch_7").get("/contacts/me")).json()
    assert (shown["name"], shown["address"]) == (NAME, ADDRESS)
    [audited] = await desk.rows("select subject, reason from messaging.audit where action = 'key_retired'")
    assert audited == {"subject": first, "reason": "rotation"}


async def test_sealing_anew_that_is_broken_off_goes_on_where_it_was(desk: Desk) -> None:
    await filled(desk, 25)
    desk.keys.keys.with_new().write(desk.keys.file)
    told: list[tuple[int, int]] = []

    def break_off(done: int, total: int) -> None:
        told.append((done, total))
        if done >= 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await encryption.seal_anew(desk.pool, desk.keys, CONTACTS, "test", break_off, batch=10)
    assert told == [(0, 25), (10, 25), (20, 25)]
    assert len(await used(desk)) == 2
    left = await encryption.seal_anew(desk.pool, desk.keys, CONTACTS, "test", lambda *_: None, batch=10)
    assert left == 5
    assert await used(desk) == {desk.keys.primary().key}


async def test_nothing_is_sealed_with_a_key_that_was_retired_a_moment_ago(desk: Desk) -> None:
    old = desk.keys.primary()
    desk.keys.keys.with_new().write(desk.keys.file)
    async with begin(desk.pool, Command(actor="test")) as tx:
        await encryption.retire(tx, desk.keys, [CONTACTS], old.key, "rotation")
    with pytest.raises(Unavailable):
        async with begin(desk.pool, Command(actor="test")) as tx:
            await encryption.sealer(tx, _Stuck(old))  # type: ignore[arg-type]  # knows no newer key


class _Stuck:
    """A keyring that never sees its file change."""

    def __init__(self, sealer: object) -> None:
        self._sealer = sealer

    def primary(self) -> object:
        return self._sealer


async def test_a_key_is_not_retired_while_somebody_writes_with_it(desk: Desk) -> None:
    old = desk.keys.primary()
    async with begin(desk.pool, Command(actor="test")) as tx:
        await encryption.sealer(tx, desk.keys)
    desk.keys.keys.with_new().write(desk.keys.file)

    async def retire() -> None:
        async with begin(desk.pool, Command(actor="test")) as tx:
            await encryption.retire(tx, desk.keys, [CONTACTS], old.key, "rotation")

    async with begin(desk.pool, Command(actor="test")) as tx:
        await encryption.sealer(tx, _Stuck(old))  # type: ignore[arg-type]  # as slow as a keyring can be
        retiring = asyncio.create_task(retire())
        await asyncio.sleep(0.2)
        assert not retiring.done()
        sealed = CONTACTS.seal(old, "sch_1", {"name": NAME.encode(), "address": ADDRESS.encode()})
        await tx.execute("insert into contact values ('sch_1', $1, $2, 'ko', now())", *sealed.values())
    with pytest.raises(Conflict, match="1 rows of contact"):
        await retiring


async def test_mail_waits_for_a_missing_key_and_then_goes_out(desk: Desk) -> None:
    await desk.has_contact("sch_1")
    await desk.arrive(submitted(1))
    whole = desk.keys.keys
    whole.with_new().without(whole.primary).write(desk.keys.file)
    courier = desk.courier()
    courier.keys = Keyring(desk.keys.file)
    running = asyncio.Event()
    task = asyncio.create_task(courier.run(running))
    await asyncio.sleep(0.3)
    assert await desk.deliveries() == [("sch_1", "application_submitted", "due")]
    whole.write(desk.keys.file)
    for _ in range(100):
        if await desk.deliveries() == [("sch_1", "application_submitted", "delivered")]:
            break
        await asyncio.sleep(0.05)
    running.set()
    await task
    assert await desk.deliveries() == [("sch_1", "application_submitted", "delivered")]


async def test_a_contact_moved_to_another_party_is_not_written_to(desk: Desk) -> None:
    await desk.has_contact("sch_1")
    await desk.has_contact("sch_2", address="other@school.example")
    await desk.change(
        """
        update contact c set address = other.address from contact other
        where other.party = 'sch_2' and c.party = 'sch_1'
        """
    )
    await desk.arrive(submitted(1), submitted(2))
    await desk.courier().send_batch()
    assert await desk.deliveries() == [
        ("sch_1", "application_submitted", "failed"),
        ("sch_2", "application_submitted", "delivered"),
    ]
    [told] = [data for kind, data, _ in await desk.emitted() if kind == "notification-failed"]
    assert told["reason"] == "contact_unreadable"


async def test_each_read_of_a_contact_is_on_record_and_its_party_sees_it(desk: Desk) -> None:
    await desk.has_contact("sch_1")
    staff = desk.caller("school", party="sch_1", sub="person-kim")
    await staff.get("/contacts/me")
    shown = (await staff.get("/contacts/me/accesses")).json()
    assert [(each["account"], each["action"], each["party"]) for each in shown["items"]] == [
        ("person-kim", "own_contact", "sch_1")
    ]
    [row] = await desk.rows("select account, origin, person, action from messaging.access")
    assert row == {"account": "person-kim", "origin": "127.0.0.1", "person": "sch_1", "action": "own_contact"}
    other = desk.caller("school", party="sch_2")
    assert (await other.get("/contacts/me/accesses")).json()["items"] == []


async def test_the_contact_of_a_forgotten_student_is_gone_and_the_inbox_says_so(desk: Desk) -> None:
    await desk.has_contact("stu_1")
    await desk.has_contact("stu_2")
    await desk.arrive(example(StudentForgotten, student="stu_1"))
    assert [row["party"] for row in await desk.rows("select party from contact")] == ["stu_2"]
    inbox = (await desk.caller("student", party="stu_1").get("/inbox", language="en")).json()
    assert "erased" in inbox["items"][0]["subject"]
    await desk.courier().send_batch()
    assert ("stu_1", "student_forgotten", "waiting") in await desk.deliveries()
