from tests.asking import done
from tests.evaluation.town import YEAR, Town


async def test_a_year_runs_from_the_closed_call_to_a_promotion(town: Town) -> None:
    await town.finished(
        {
            1: (95, {"kind": "continuing"}),
            2: (90, {"kind": "continuing", "tracks": ["new_technology"]}),
            3: (85, {"tracks": ["work_study", "new_technology"]}),
            4: (80, {}),
            5: (75, {}),
            6: (70, {"tracks": ["new_technology"], "accepts_general": False}),
            7: (50, {}),
        }
    )
    states = await town.states()
    assert states == {
        "sch_1": "selected",
        "sch_2": "selected",
        "sch_3": "selected",
        "sch_4": "selected",
        "sch_5": "reserve",
        "sch_6": "reserve",
        "sch_7": "not_selected",
    }
    done(
        await town.school(4).post(f"/programme-years/{YEAR}/relinquishment", {"reason": "too_few_students"}),
        201,
    )
    offer = await town.offer_of(5)
    assert offer is not None
    done(await town.school(5).post(f"/offers/{offer['id']}/acceptance"), 201)
    states = await town.states()
    assert (states["sch_4"], states["sch_5"]) == ("relinquished", "selected")
    told = [kind for kind, _ in await town.told(key="sch_5")]
    assert told == [
        "preliminary-outcome-announced",
        "school-reserved",
        "offer-made",
        "offer-accepted",
        "school-promoted",
    ]
