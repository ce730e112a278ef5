from tests.asking import done
from tests.placement.world import World


async def test_from_a_selected_school_to_a_student_at_work(world: World) -> None:
    await world.year_opens()
    settled, [offer] = await world.offered()
    [student] = settled.students

    placement = await world.placed(settled, student, offer)

    [(_, event)] = await world.told("student-placed")
    assert event["placement"] == placement
    assert event["student"] == student.party
    assert event["route"] == "matching"
    shown = done(await student.get(f"/students/{student.party}"))
    assert shown["progress"] == "placed"
    assert shown["rounds"][0]["choice"] == 1
    assert [kind for kind, _ in await world.told()] == [
        "company-approved",
        "agreement-proposed",
        "agreement-in-force",
        "class-opened",
        "student-enrolled",
        "opening-published",
        "preferences-opened",
        "student-offered",
        "student-accepted",
        "student-placed",
        "opening-filled",
    ]
