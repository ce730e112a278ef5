"""What applications and evaluation tell; records are handed to the inbox as Kafka's would be."""

from datetime import UTC, datetime
from typing import Any

from tests.asking import done, refused
from tests.placement.world import YEAR, World, class_body, final_result

from contracts import applications, evaluation
from contracts.catalogue import EVENTS
from contracts.examples import example
from placement import events


def registered(school: str, **facts: Any) -> applications.SchoolRegistered:
    return example(applications.SchoolRegistered, school=school, **facts)


async def names(world: World) -> dict[str, tuple[str, str | None]]:
    rows = await world.rows("select id, name_ko, name_en from school")
    return {row["id"]: (row["name_ko"], row["name_en"]) for row in rows}


async def test_schools_are_known_by_the_register_whatever_order_the_topics_come_in(world: World) -> None:
    await world.receive(
        registered("sch_1", name_ko="하나공고", name_en=None),
        registered("sch_2", name_ko="둘공고", name_en="Dul"),
    )
    stale: dict[str, Any] = {"programme_year": YEAR, "school_name_ko": "옛이름", "school_name_en": None}
    await world.receive(
        example(evaluation.SchoolSelected, school="sch_1", **stale),
        example(evaluation.SchoolSelected, school="sch_3", **stale),
    )
    assert await names(world) == {
        "sch_1": ("하나공고", None),
        "sch_2": ("둘공고", "Dul"),
        "sch_3": ("옛이름", None),
    }
    renamed = example(applications.SchoolRenamed, school="sch_2", name_ko="새둘공고", name_en="New Dul")
    await world.receive(registered("sch_3", name_ko="셋공고", name_en="Set"), renamed)
    assert (await names(world))["sch_3"] == ("셋공고", "Set")
    assert (await names(world))["sch_2"] == ("새둘공고", "New Dul")


async def test_a_promoted_school_takes_part_with_what_it_holds_then(world: World) -> None:
    await world.year_opens()
    school, company = await world.selected_school(), await world.company()
    await world.agreed(school, company)
    refused(await school.post("/classes", class_body(company)), 409, ("track", "track_not_held"))
    promotion = example(
        evaluation.SchoolPromoted,
        programme_year=YEAR,
        school=str(school.party),
        designations=("new_technology",),
    )
    await world.receive(promotion)
    done(await school.post("/classes", class_body(company)), 201)


async def test_a_school_that_left_and_was_promoted_again_takes_part_again(world: World) -> None:
    await world.year_opens()
    school, company = await world.selected_school("new_technology"), await world.company()
    facts: dict[str, Any] = {"programme_year": YEAR, "school": str(school.party)}
    await world.receive(example(evaluation.SchoolRelinquished, **facts, held="selected"))
    await world.receive(example(evaluation.SchoolPromoted, **facts, designations=("new_technology",)))
    await world.agreed(school, company)


async def test_who_gives_up_a_reserve_number_had_no_place_to_lose(world: World) -> None:
    await world.year_opens()
    gone = example(evaluation.SchoolRelinquished, programme_year=YEAR, school="sch_9", held="reserve")
    await world.receive(gone)
    assert await world.rows("select 1 from participation") == []
    assert await world.told() == []


async def test_a_closed_school_begins_nothing_new(world: World) -> None:
    await world.year_opens()
    school, company = await world.selected_school("new_technology"), await world.company()
    await world.agreed(school, company)
    closed_at = datetime(2025, 4, 1, tzinfo=UTC)
    closed = example(applications.SchoolClosed, school=str(school.party), closed_at=closed_at)
    await world.receive(closed)
    refused(await school.post("/classes", class_body(company)), 409, ("school", "school_closed"))


async def test_a_preliminary_result_opens_nothing(world: World) -> None:
    await world.year_opens()
    preliminary = final_result().model_copy(update={"stage": "preliminary", "programme_year": 2026})
    await world.receive(preliminary)
    assert await world.rows("select programme_year from final_result") == [{"programme_year": YEAR}]


async def test_events_told_twice_change_nothing_a_second_time(world: World) -> None:
    await world.year_opens()
    settled = await world.settled()
    gone = example(evaluation.SchoolRevoked, programme_year=YEAR, school=str(settled.school.party))
    record = world.teller.tells(gone)
    for _ in range(3):
        await world.receive_records(record)
    assert len(await world.told("class-closed")) == 1
    assert await world.rows("select 1 from messaging.parked") == []


async def test_a_broken_event_is_parked_and_changes_nothing(world: World) -> None:
    await world.year_opens()
    record = world.teller.tells(example(evaluation.SchoolSelected, programme_year=YEAR, school="sch_5"))
    await world.receive_records(record.broken())
    assert await world.rows("select 1 from participation") == []
    [parked] = await world.rows("select reason from messaging.parked")
    assert parked["reason"].startswith("schema")


def test_every_event_that_is_meant_for_this_service_is_handled() -> None:
    meant = {kind for kind, event in EVENTS.items() if "placement" in event.read_by}
    assert events.inbox.handled == meant
