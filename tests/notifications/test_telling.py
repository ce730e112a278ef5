"""An event has come: who is told what, once, and never late."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from tests.notifications.desk import NOW, Desk

from contracts.applications import (
    ApplicationSubmitted,
    CallAmended,
    CallClosed,
    CallOpened,
    SchoolClosed,
    SchoolRegistered,
    StandingApplication,
)
from contracts.catalogue import EVENTS
from contracts.evaluation import OfferMade, SchoolRelinquished
from contracts.event import Event
from contracts.examples import example
from contracts.placement import ClassOpened
from contracts.students import StudentPlaced
from notifications.domain.concerns import CONCERNS, OFFICE
from notifications.domain.deliveries import Channel, Party, delivery_id

CALL_CLOSES = example(CallOpened).closes_at


def registered(*numbers: int) -> list[SchoolRegistered]:
    return [example(SchoolRegistered, school=f"sch_{n}", origin=None) for n in numbers]


def submitted(number: int) -> ApplicationSubmitted:
    return example(ApplicationSubmitted, application=f"app_{number}", school=f"sch_{number}")


def closed(*applications: int) -> CallClosed:
    manifest = tuple(StandingApplication(application=f"app_{n}", sequence=1) for n in applications)
    return example(CallClosed).model_copy(update={"manifest": manifest})


async def told(desk: Desk, template: str, state: str = "delivered") -> list[str]:
    """Recipients of a template whose inbox delivery is in a state."""
    return [r for r, t, s in await desk.deliveries("inbox") if t == template and s == state]


async def test_a_submission_is_told_to_its_school_with_the_receipt_number(desk: Desk) -> None:
    [record] = await desk.arrive(submitted(1))
    assert await desk.deliveries("inbox") == [("sch_1", "application_submitted", "delivered")]
    assert await desk.deliveries("mail") == [("sch_1", "application_submitted", "waiting")]
    [notice] = await desk.rows("select * from notice")
    assert str(notice["event_id"]) == dict(record.headers)["ce_id"].decode()  # type: ignore[union-attr]  # never null
    assert "2025-000123" in notice["subject_ko"]
    assert "2025-000123" in notice["subject_en"]
    assert notice["programme_year"] == 2025
    assert notice["not_after"] == NOW + timedelta(days=60)


async def test_a_party_with_a_contact_is_written_to_as_well(desk: Desk) -> None:
    await desk.has_contact("sch_1")
    await desk.arrive(submitted(1), submitted(2))
    assert await desk.deliveries("mail") == [
        ("sch_1", "application_submitted", "due"),
        ("sch_2", "application_submitted", "waiting"),
    ]


async def test_a_placement_is_told_to_student_company_and_school_each_in_their_own_words(desk: Desk) -> None:
    placed = example(StudentPlaced)
    await desk.arrive(placed)
    assert await desk.deliveries("inbox") == [
        (placed.company, "student_placed_company", "delivered"),
        (placed.school, "student_placed_school", "delivered"),
        (placed.student, "student_placed", "delivered"),
    ]


async def test_a_class_is_told_to_each_of_its_companies_once(desk: Desk) -> None:
    await desk.arrive(example(ClassOpened, companies=["cmp_1", "cmp_2", "cmp_1"]))
    assert await told(desk, "class_opened_company") == ["cmp_1", "cmp_2"]


async def test_a_place_that_fell_free_is_told_to_the_office(desk: Desk) -> None:
    await desk.arrive(example(SchoolRelinquished))
    assert await told(desk, "school_relinquished_office") == [OFFICE]


async def test_every_event_that_concerns_somebody_is_told(desk: Desk) -> None:
    await desk.arrive(*registered(1), submitted(1))
    events = [
        closed(1) if kind == CallClosed.type else _news(EVENTS[kind])
        for kind in CONCERNS
        if kind != SchoolClosed.type
    ]
    await desk.arrive(*events)
    told_templates = {
        template for _, template, state in await desk.deliveries("inbox") if state == "delivered"
    }
    assert told_templates == {c.template for told in CONCERNS.values() for c in told} - {"school_closed"}


def _news(kind: type[Event]) -> Event:
    """An example that is not of an earlier year."""
    told = example(kind)
    return example(kind, origin=None) if getattr(told, "origin", None) == "imported" else told


async def test_an_opened_call_is_told_to_every_registered_school(desk: Desk) -> None:
    await desk.arrive(*registered(1, 2, 3))
    await desk.arrive(example(CallOpened))
    assert await told(desk, "call_opened") == ["sch_1", "sch_2", "sch_3"]


async def test_a_school_that_is_registered_while_a_call_is_open_is_told_of_it(desk: Desk) -> None:
    await desk.arrive(example(CallOpened))
    await desk.arrive(*registered(1))
    assert await told(desk, "call_opened") == ["sch_1"]
    await desk.at(CALL_CLOSES)
    await desk.arrive(*registered(2))
    assert await told(desk, "call_opened") == ["sch_1"]
    assert await told(desk, "call_opened", "lapsed") == []


async def test_a_school_that_has_closed_is_told_of_no_call(desk: Desk) -> None:
    await desk.arrive(*registered(1, 2))
    await desk.arrive(example(SchoolClosed, school="sch_2"))
    await desk.arrive(example(CallAmended))
    assert await told(desk, "call_amended") == ["sch_1"]


async def test_the_close_of_a_call_is_told_to_the_applicants_of_its_manifest(desk: Desk) -> None:
    await desk.arrive(*registered(1, 2, 3, 4), *(submitted(n) for n in (1, 2, 3)))
    await desk.arrive(closed(1, 3))
    assert await told(desk, "call_closed") == ["sch_1", "sch_3"]


async def test_an_applicant_whose_submission_comes_after_the_close_is_told_then(desk: Desk) -> None:
    await desk.arrive(submitted(1))
    await desk.arrive(closed(1, 2))
    assert await told(desk, "call_closed") == ["sch_1"]
    await desk.arrive(submitted(2), submitted(3))
    assert await told(desk, "call_closed") == ["sch_1", "sch_2"]


@pytest.mark.parametrize("opens_first", [True, False])
async def test_a_call_and_a_school_that_come_at_the_same_moment_do_not_miss_each_other(
    desk: Desk, *, opens_first: bool
) -> None:
    opened, school = desk.told(example(CallOpened)), desk.told(registered(1)[0])
    first, second = (opened, school) if opens_first else (school, opened)
    await asyncio.gather(desk.receive(first), desk.receive(second))
    assert await told(desk, "call_opened") == ["sch_1"]


async def test_many_that_join_and_many_that_address_run_beside_each_other(desk: Desk) -> None:
    batches = [[desk.told(one) for one in registered(*range(n * 10, n * 10 + 10))] for n in range(6)]
    opened = [
        desk.told(example(CallOpened, programme_year=year, call=f"cal_{year}")) for year in range(2025, 2031)
    ]
    await asyncio.gather(*(desk.receive(*batch) for batch in batches), *(desk.receive(one) for one in opened))
    assert len(await told(desk, "call_opened")) == 60 * 6


async def test_an_event_that_is_read_again_tells_nobody_twice(desk: Desk) -> None:
    await desk.has_contact("sch_1")
    records = [desk.told(event) for event in (*registered(1, 2), submitted(1), example(CallOpened))]
    await desk.receive(*records)
    await desk.change("update delivery set state = 'delivered', settled_at = $1 where state = 'due'", NOW)
    before = await desk.rows("select * from delivery order by delivery")
    await desk.rebuild()
    await desk.receive(*records)
    assert await desk.rows("select * from delivery order by delivery") == before
    assert len({row["delivery"] for row in before}) == len(before) == 10


async def test_a_service_that_is_built_anew_gives_its_deliveries_the_same_ids(desk: Desk) -> None:
    records = [desk.told(submitted(1)), desk.told(example(StudentPlaced))]
    await desk.receive(*records)
    before = await desk.rows("select delivery from delivery order by 1")
    await desk.rebuild()
    await desk.change("delete from delivery")
    await desk.change("delete from notice")
    await desk.receive(*records)
    assert await desk.rows("select delivery from delivery order by 1") == before


def test_a_delivery_is_named_by_event_recipient_template_and_channel() -> None:
    event, other = UUID(int=1), UUID(int=2)
    party, template = Party("sch_1"), "offer_made"
    ids = {
        delivery_id(event, party, template, Channel.MAIL),
        delivery_id(other, party, template, Channel.MAIL),
        delivery_id(event, Party("sch_2"), template, Channel.MAIL),
        delivery_id(event, party, "offer_expired", Channel.MAIL),
        delivery_id(event, party, template, Channel.INBOX),
    }
    assert len(ids) == 5
    assert delivery_id(event, party, template, Channel.MAIL) in ids


async def test_years_of_history_are_recorded_as_lapsed_and_tell_nobody(desk: Desk) -> None:
    await desk.has_contact("sch_1")
    history = [submitted(1), *registered(2), example(CallOpened), example(OfferMade, school="sch_1")]
    await desk.at(NOW + timedelta(days=900))
    await desk.arrive(*history)
    states = {state for channel in ("inbox", "mail") for _, _, state in await desk.deliveries(channel)}
    assert states == {"lapsed"}
    assert await desk.courier().send_batch() == 0
    assert not desk.folder.exists()
    assert await desk.emitted() == []
    assert (await desk.caller("school", party="sch_1").get("/inbox")).json()["items"] == []


@pytest.mark.parametrize(("early_by", "state"), [(timedelta(microseconds=1), "due"), (timedelta(), "lapsed")])
async def test_an_offer_is_told_up_to_the_moment_it_expires(
    desk: Desk, early_by: timedelta, state: str
) -> None:
    offer = example(OfferMade)
    await desk.has_contact(offer.school)
    await desk.at(offer.expires_at - early_by)
    await desk.arrive(offer)
    assert await desk.deliveries("mail") == [(offer.school, "offer_made", state)]


async def test_an_event_of_a_later_version_with_more_in_it_is_told_all_the_same(desk: Desk) -> None:
    record = desk.told(submitted(1))
    value = (record.value or b"").replace(b'{"programme_year"', b'{"of_a_later_version":[1],"programme_year"')
    await desk.receive(type(record)(record.topic, record.key, value, record.headers))
    assert await told(desk, "application_submitted") == ["sch_1"]
