"""A planted name and address: in the mail, sealed in the contact book, and nowhere else."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.notifications.desk import Desk
from tests.notifications.post_office import open_post_office
from tests.notifications.test_smtp import carrier
from tests.notifications.test_telling import submitted
from tests.planting import logged_by, tables_with

from notifications.carriers.maildir import MaildirCarrier
from notifications.carriers.port import CarrierDownError

PLANTED_NAME = "PLANTED-심어둔이름"
PLANTED_ADDRESS = "planted.person.7f3a@school.example"
NEEDLES = ("PLANTED", "심어둔이름", "planted.person")


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    with logged_by("notifications") as written:
        yield written


async def test_a_planted_name_and_address_are_readable_in_the_mail_and_nowhere_else(
    desk: Desk, logged: io.StringIO, tmp_path: Path
) -> None:
    staff = desk.caller("school", party="sch_1")
    contact = {"name": PLANTED_NAME, "address": PLANTED_ADDRESS, "language": "ko"}
    problems = [
        await staff.put("/contacts/me", contact | {"language": "PLANTED"}),
        await staff.put("/contacts/me", contact | {"address": f"{PLANTED_ADDRESS}, {PLANTED_ADDRESS}"}),
        await staff.put("/contacts/me", contact | {"surplus": PLANTED_NAME}),
    ]
    assert (await staff.put("/contacts/me", contact, key="one")).status_code == 204
    assert (await staff.put("/contacts/me", contact, key="one")).status_code == 204
    problems.append(await staff.put("/contacts/me", contact | {"name": "PLANTED other"}, key="one"))
    await desk.arrive(submitted(1))

    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CarrierDownError) as down:
        await desk.courier(MaildirCarrier(tmp_path / "file")).send_batch()
    async with open_post_office() as office:
        office.answers = [f"451 {PLANTED_ADDRESS} later"]
        await desk.courier(carrier(office)).send_batch()
        await desk.wait_over()
        office.refused_recipients = {PLANTED_ADDRESS}
        await desk.courier(carrier(office)).send_batch()
    await staff.put("/contacts/me", contact | {"address": f"x{PLANTED_ADDRESS}"})
    await desk.courier().send_batch()

    assert {kind for kind, _, _ in await desk.emitted()} == {"notification-failed", "notification-delivered"}
    [mail] = (desk.folder / "new").iterdir()
    assert "planted.person" in mail.read_text()
    said = " ".join([logged.getvalue(), str(down.value), *(problem.text for problem in problems)])
    assert "request" in logged.getvalue()
    shown = (await staff.get("/contacts/me")).json()
    assert (shown["name"], shown["address"]) == (PLANTED_NAME, f"x{PLANTED_ADDRESS}")
    for needle in NEEDLES:
        assert await tables_with(desk.rows, needle) == set()
        assert needle.lower() not in said.lower()
    assert await tables_with(desk.rows, "application_submitted") >= {"public.notice", "public.delivery"}


async def test_a_deleted_contact_leaves_nothing_personal_behind(desk: Desk) -> None:
    staff = desk.caller("school", party="sch_1")
    await staff.put("/contacts/me", {"name": PLANTED_NAME, "address": PLANTED_ADDRESS, "language": "ko"})
    await desk.arrive(submitted(1))
    await desk.courier().send_batch()
    await staff.delete("/contacts/me")
    for needle in NEEDLES:
        assert await tables_with(desk.rows, needle) == set()
