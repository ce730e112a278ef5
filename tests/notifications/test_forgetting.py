"""What was told long ago is let go of; what is still on its way is not."""

from datetime import timedelta
from typing import Final

from tests.notifications.desk import NOW, Desk
from tests.notifications.test_telling import registered, submitted

from chassis import retention
from contracts.applications import CallOpened
from contracts.examples import example
from notifications.handlers.forgetting import told_before

KEPT: Final = timedelta(days=1826)
SIX_YEARS: Final = timedelta(days=6 * 366)


async def forget(desk: Desk, at_once: int = 100) -> int:
    return await retention.forget(desk.pool, told_before(KEPT), at_once)


async def counted(desk: Desk) -> tuple[int, int, int]:
    """Notices, audiences that they are meant for, deliveries."""
    (row,) = await desk.rows(
        """
        select (select count(*) from notice) as notices, (select count(*) from addressed) as addressed,
          (select count(*) from delivery) as deliveries
        """
    )
    return row["notices"], row["addressed"], row["deliveries"]


async def test_what_was_told_long_ago_is_let_go_of_in_small_steps(desk: Desk) -> None:
    for n in range(3):
        await desk.has_contact(f"sch_{n}", address=f"simulated{n}@school.example")
    await desk.arrive(*registered(0, 1, 2))
    await desk.arrive(example(CallOpened))
    await desk.arrive(*(submitted(n) for n in range(3)))
    assert await desk.courier().send_batch() > 0
    notices, addressed, deliveries = await counted(desk)
    assert addressed == 1
    assert await forget(desk) == 0
    await desk.at(NOW + SIX_YEARS)
    assert await forget(desk, at_once=2) >= deliveries
    assert await counted(desk) == (0, 0, 0)
    assert notices > 3


async def test_what_is_younger_stays(desk: Desk) -> None:
    await desk.has_contact("sch_1")
    await desk.arrive(submitted(1))
    await desk.courier().send_batch()
    await desk.at(NOW + SIX_YEARS)
    await desk.arrive(submitted(2), time=NOW + SIX_YEARS)
    await forget(desk)
    assert await desk.deliveries("inbox") == [("sch_2", "application_submitted", "delivered")]
    assert (await counted(desk))[0] == 1


async def test_mail_on_its_way_keeps_its_notice_until_it_is_settled(desk: Desk) -> None:
    await desk.arrive(submitted(1))
    await desk.at(NOW + SIX_YEARS)
    await forget(desk)
    assert await desk.deliveries("inbox") == []
    assert [state for _, _, state in await desk.deliveries()] == ["waiting"]
    assert (await counted(desk))[0] == 1
    await desk.courier().send_batch()
    assert [state for _, _, state in await desk.deliveries()] == ["lapsed"]
    await forget(desk)
    assert await counted(desk) == (0, 0, 0)


async def test_an_event_that_comes_again_after_that_is_too_late_for_everybody(desk: Desk) -> None:
    await desk.has_contact("sch_1")
    records = await desk.arrive(submitted(1))
    assert await desk.courier().send_batch() == 1
    await desk.at(NOW + SIX_YEARS)
    await forget(desk)
    await desk.rebuild()
    await desk.receive(*records)
    states = {state for channel in ("inbox", "mail") for _, _, state in await desk.deliveries(channel)}
    assert states == {"lapsed"}
    assert await desk.courier().send_batch() == 0
