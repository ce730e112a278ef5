"""A year in which a school may get two designations, to offers of a second one."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tests.asking import done, refused
from tests.evaluation.town import YEAR, Town

from evaluation.worker import expire_due

BOTH = ["new_technology", "work_study"]
SCHOOLS: dict[int, tuple[int, Mapping[str, Any]]] = {
    1: (95, {"tracks": BOTH}),
    2: (90, {"tracks": BOTH}),
    3: (85, {"tracks": ["work_study", "new_technology"]}),
    4: (80, {"tracks": BOTH, "accepts_general": False}),
    5: (75, {}),
    6: (70, {"tracks": ["new_technology"], "accepts_general": False}),
}
RULES: dict[str, Any] = {
    "designations_per_school": 2,
    "quotas": [
        {"name": "regional", "tracks": ["regional_key_industry", "work_study"], "at_least": 2, "at_most": 2},
        {"name": "new_technology", "tracks": ["new_technology"], "at_least": 2, "at_most": 3},
    ],
}
REASON = {"reason": "too_few_students"}


async def held(town: Town) -> dict[str, list[str]]:
    shown = await town.standings()
    assert all(quota["held"] + quota["offered"] <= quota["at_most"] for quota in shown["quotas"])
    return {each["school"]: each["designations"] for each in shown["schools"] if each["state"] == "selected"}


async def test_schools_hold_two_designations_within_both_groups(town: Town) -> None:
    await town.finished(SCHOOLS, **RULES)
    assert await held(town) == {
        "sch_1": BOTH,
        "sch_2": BOTH,
        "sch_3": ["new_technology"],
        "sch_5": [],
    }
    own = done(await town.school(3).get(f"/programme-years/{YEAR}/result"))["outcome"]
    assert [(each["award"], each["by"]) for each in own["facts"]["missed"]] == [
        (["work_study", "new_technology"], "group_full"),
        (["work_study"], "group_full"),
    ]
    fourth = done(await town.school(4).get(f"/programme-years/{YEAR}/result"))["outcome"]
    assert [each["by"] for each in fourth["facts"]["missed"]] == ["group_full"] * 3


async def test_a_holder_is_offered_a_second_designation_that_fell_free(town: Town) -> None:
    await town.finished(SCHOOLS, **RULES)
    done(await town.school(1).post(f"/programme-years/{YEAR}/relinquishment", REASON), 201)
    upgrade, newcomer = await town.offer_of(3), await town.offer_of(4)
    assert upgrade is not None
    assert (upgrade["upgrade"], upgrade["designations"]) == (True, ["work_study", "new_technology"])
    assert upgrade["added"] == ["work_study"]
    assert newcomer is not None
    assert (newcomer["upgrade"], newcomer["designations"]) == (False, ["new_technology"])
    done(await town.school(3).post(f"/offers/{upgrade['id']}/acceptance"), 201)
    done(await town.school(4).post(f"/offers/{newcomer['id']}/acceptance"), 201)
    after = await held(town)
    assert (after["sch_3"], after["sch_4"]) == (["work_study", "new_technology"], ["new_technology"])


async def test_an_upgrade_that_is_declined_or_runs_out_leaves_what_is_held_and_goes_to_the_next(
    town: Town,
) -> None:
    await town.finished(SCHOOLS, **RULES)
    path = f"/programme-years/{YEAR}/schools/sch_1/revocation"
    done(await town.officer.post(path, {"reason": "false_report"}), 201)
    upgrade, newcomer = await town.offer_of(3), await town.offer_of(4)
    assert upgrade is not None
    assert newcomer is not None
    done(await town.school(3).post(f"/offers/{upgrade['id']}/refusal"), 201)
    assert (await held(town))["sch_3"] == ["new_technology"]
    assert await town.offer_of(3) is None
    done(await town.school(4).post(f"/offers/{newcomer['id']}/acceptance"), 201)
    second = await town.offer_of(4)
    assert second is not None
    assert (second["upgrade"], second["added"]) == (True, ["work_study"])
    await town.at(datetime(2025, 5, 1, tzinfo=UTC))
    await expire_due(town.runtime.pool)
    assert (await held(town))["sch_4"] == ["new_technology"]
    assert await town.offer_of(4) is None
    offers = await town.rows("select state, count(*) from offer group by state order by state")
    assert [(row["state"], row["count"]) for row in offers] == [
        ("accepted", 1),
        ("declined", 1),
        ("expired", 1),
    ]


async def test_several_withdrawals_in_one_batch_are_promoted_one_by_one_within_every_limit(
    town: Town,
) -> None:
    await town.finished(SCHOOLS, **RULES)
    tells = town.applications
    await town.receive(*(tells.withdraws(f"app_{n}", f"sch_{n}", late=True) for n in (1, 2, 4)))
    assert await held(town) == {"sch_3": ["new_technology"], "sch_5": []}
    states = await town.states()
    assert [states[f"sch_{n}"] for n in (1, 2, 4)] == ["relinquished"] * 3
    # What was offered to the fourth between the withdrawals fell with its own.
    assert [event["school"] for _, event in await town.told("offer-declined")] == ["sch_4"]
    upgrade, newcomer = await town.offer_of(3), await town.offer_of(6)
    assert upgrade is not None
    assert newcomer is not None
    assert upgrade["added"] == ["work_study"]
    assert newcomer["designations"] == ["new_technology"]


async def test_a_revoked_school_loses_what_it_was_offered_beside_what_it_holds(town: Town) -> None:
    await town.finished(SCHOOLS, **RULES)
    done(await town.school(1).post(f"/programme-years/{YEAR}/relinquishment", REASON), 201)
    upgrade = await town.offer_of(3)
    assert upgrade is not None
    path = f"/programme-years/{YEAR}/schools/sch_3/revocation"
    done(await town.officer.post(path, {"reason": "false_report"}), 201)
    assert [kind for kind, _ in await town.told("offer-declined", "school-revoked", key="sch_3")] == [
        "offer-declined",
        "school-revoked",
    ]
    answer = await town.school(3).post(f"/offers/{upgrade['id']}/acceptance")
    refused(answer, 409, ("state", "offer_settled"))
    assert await held(town) == {"sch_2": BOTH, "sch_5": []}
    [newcomer] = [each for n in (4, 6) if (each := await town.offer_of(n)) and each["school"] == "sch_6"]
    assert newcomer["designations"] == ["new_technology"]
