"""What the applications service tells, in whatever order it comes; records are handed to the inbox."""

import asyncio
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from tests.asking import done, refused
from tests.evaluation.town import AFTER_APPEALS, CLOSED, RUBRIC, YEAR, Town
from tests.telling import Given

from chassis.transaction import Command, begin
from contracts import applications as told
from contracts.examples import example
from evaluation import events

PARTICIPANTS = f"/programme-years/{YEAR - 1}/participants"


async def progress(town: Town) -> dict[str, Any]:
    shown: dict[str, Any] = done(await town.officer.get(f"/programme-years/{YEAR}/progress"))
    return shown


async def decided(town: Town) -> dict[str, tuple[bool, list[str]]]:
    events = await town.told("eligibility-decided")
    return {event["application"]: (event["eligible"], event["reasons"]) for _, event in events}


ORDERS = [order for order in permutations(("school", "submission", "closing")) if order != ()]


@pytest.mark.parametrize("order", ORDERS, ids=" ".join)
@pytest.mark.parametrize("together", [True, False], ids=["one batch", "one by one"])
async def test_evaluation_starts_with_whichever_fact_comes_last(
    town: Town, order: tuple[str, ...], together: bool
) -> None:
    tells = town.applications
    done(await town.officer.put("/rubrics/plain", RUBRIC), 201)
    done(await town.officer.post(PARTICIPANTS, {"participants": []}), 201)
    opening = tells.opens()
    facts = {"school": tells.registers("sch_1"), "submission": tells.submits("app_1", "sch_1")}
    facts["closing"] = tells.closes(["app_1"])
    await town.receive(*opening)
    if together:
        await town.receive(*(facts[name] for name in order))
    else:
        for name in order[:-1]:
            await town.receive(facts[name])
            assert await decided(town) == {}
        await town.receive(facts[order[-1]])
    assert await decided(town) == {"app_1": (True, [])}
    scheduled = await town.told("evaluation-scheduled")
    assert [event["stage"] for _, event in scheduled] == ["documents"]


async def test_the_officer_sees_what_the_manifest_lists_and_was_not_read(town: Town) -> None:
    tells = town.applications
    first, second = tells.submits("app_1", "sch_1"), tells.submits("app_2", "sch_2")
    amended = tells.tells(
        example(told.ApplicationAmended, programme_year=YEAR, application="app_2", school="sch_2")
    )
    await town.receive(
        *tells.opens(), tells.registers("sch_1"), first, second, tells.closes(["app_1", "app_2"])
    )
    shown = await progress(town)
    assert shown["calls"][0]["missing"] == {"app_2": 2}
    assert shown["calls"][0]["schools_missing"] == ["sch_2"]
    assert shown["calls"][0]["started_at"] is None
    assert not shown["participants_known"]
    await town.receive(tells.registers("sch_2"), amended)
    done(await town.officer.post(PARTICIPANTS, {"participants": []}), 201)
    shown = await progress(town)
    assert shown["calls"][0]["missing"] == {}
    assert shown["calls"][0]["started_at"] is not None
    assert shown["eligible"] == 2


async def test_a_withdrawal_after_the_deadline_does_not_hold_up_the_start(town: Town) -> None:
    tells = town.applications
    opening = tells.opens()
    submitted = [tells.submits(f"app_{n}", f"sch_{n}") for n in (1, 2)]
    closing = tells.closes(["app_1", "app_2"])
    withdrawn = tells.withdraws("app_2", "sch_2", late=True)
    schools = [tells.registers(f"sch_{n}") for n in (1, 2)]
    await town.receive(*opening, *schools, *submitted, withdrawn, closing)
    done(await town.officer.post(PARTICIPANTS, {"participants": []}), 201)
    assert await decided(town) == {"app_1": (True, [])}


async def test_eligibility_is_decided_by_reason_codes(town: Town) -> None:
    tells = town.applications
    documents: list[Any] = []
    cases: dict[int, tuple[dict[str, Any], dict[str, Any], list[str]]] = {
        1: ({}, {}, []),
        2: ({}, {"kind": "continuing"}, []),
        3: ({}, {"kind": "continuing"}, ["not_a_participant"]),
        4: ({}, {"kind": "new"}, ["participant_already"]),
        5: ({"school_type": "meister"}, {}, ["school_type_not_eligible"]),
        6: ({}, {"documents": documents}, ["document_missing"]),
        7: ({}, {"documents": documents, "kind": "continuing"}, ["not_a_participant", "document_missing"]),
        8: ({}, {}, ["school_closed"]),
    }
    records: list[Given] = tells.opens()
    for n, (school, application, _) in cases.items():
        records.append(tells.registers(f"sch_{n}", **school))
        records.append(tells.submits(f"app_{n}", f"sch_{n}", **application))
    records.append(
        tells.tells(example(told.SchoolClosed, school="sch_8", school_type="specialised", reason="merged"))
    )
    await town.receive(*records, tells.closes([f"app_{n}" for n in cases]))
    participants = {"participants": [{"school": f"sch_{n}"} for n in (2, 4)]}
    done(await town.officer.post(PARTICIPANTS, participants), 201)
    assert await decided(town) == {f"app_{n}": (not reasons, reasons) for n, (_, _, reasons) in cases.items()}
    shown = done(await town.officer.get(f"/programme-years/{YEAR}/ineligible"))
    assert {each["application"] for each in shown} == {f"app_{n}" for n in range(3, 9)}


async def test_a_second_application_in_the_year_is_not_eligible(town: Town) -> None:
    tells = town.applications
    await town.receive(
        *tells.opens(),
        tells.tells(example(told.CallOpened, programme_year=YEAR, call="cal_2", kinds=["new"])),
        tells.registers("sch_1"),
        tells.submits("app_1", "sch_1", accepted_at=CLOSED - timedelta(days=3)),
        tells.submits("app_2", "sch_1", call="cal_2"),
        tells.closes(["app_1"]),
    )
    done(await town.officer.post(PARTICIPANTS, {"participants": []}), 201)
    manifest = [{"application": "app_2", "sequence": 1}]
    closing = example(told.CallClosed, programme_year=YEAR, call="cal_2", closed_at=CLOSED, manifest=manifest)
    await town.receive(tells.tells(closing))
    assert await decided(town) == {"app_1": (True, []), "app_2": (False, ["second_application"])}


async def test_an_amendment_replaces_what_was_submitted(town: Town) -> None:
    tells = town.applications
    submitted = tells.submits("app_1", "sch_1", tracks=["work_study"])
    amended = tells.tells(
        example(
            told.ApplicationAmended,
            programme_year=YEAR,
            application="app_1",
            school="sch_1",
            tracks=["new_technology", "work_study"],
            accepts_general=False,
        )
    )
    await town.receive(submitted, amended)
    rows = await town.rows("select tracks, accepts_general from application")
    assert rows == [{"tracks": ["new_technology", "work_study"], "accepts_general": False}]


async def test_participants_of_an_earlier_year_are_told_as_imported(town: Town) -> None:
    await town.receive(town.applications.registers("sch_1"))
    body = {"participants": [{"school": "sch_1", "designations": ["new_technology"]}]}
    answer = done(await town.officer.post(PARTICIPANTS, body), 201)
    assert answer == {"added": 1, "unchanged": 0}
    assert done(await town.officer.post(PARTICIPANTS, body), 201) == {"added": 0, "unchanged": 1}
    [(_, event)] = await town.told("school-selected", key="sch_1")
    assert event["programme_year"] == YEAR - 1
    assert event["origin"] == "imported"
    assert event["designations"] == ["new_technology"]
    assert event["run"] is None


async def test_an_unknown_participant_is_refused_by_its_place_in_the_list(town: Town) -> None:
    await town.receive(town.applications.registers("sch_1"))
    before = await town.state()
    body = {"participants": [{"school": "sch_1"}, {"school": "sch_9"}]}
    refused(await town.officer.post(PARTICIPANTS, body), 422, ("participants.1.school", "school_unknown"))
    assert await town.state() == before


async def test_participants_are_settled_once_the_next_year_started(town: Town) -> None:
    await town.prepared({1: {}})
    answer = await town.officer.post(PARTICIPANTS, {"participants": [{"school": "sch_1"}]})
    refused(answer, 409, ("year", "participants_settled"))


async def test_the_same_records_again_change_nothing(town: Town) -> None:
    tells = town.applications
    records = [
        *tells.opens(),
        tells.registers("sch_1"),
        tells.submits("app_1", "sch_1"),
        tells.closes(["app_1"]),
    ]
    await town.receive(*records)
    done(await town.officer.post(PARTICIPANTS, {"participants": []}), 201)
    before = await town.state()
    await town.receive(*records)
    assert await town.state() == before


async def test_schools_known_are_counted(town: Town) -> None:
    await town.at(AFTER_APPEALS)
    await town.receive(town.applications.registers("sch_1"), town.applications.registers("sch_2"))
    assert done(await town.officer.get("/schools")) == {"known": 2}


@pytest.mark.parametrize("first", ["closing", "submission"])
async def test_two_workers_that_read_the_last_two_facts_at_once_do_start_the_evaluation(
    town: Town, first: str
) -> None:
    """Neither sees what the other has not committed; one has to wait for the other."""
    tells = town.applications
    done(await town.officer.post(PARTICIPANTS, {"participants": []}), 201)
    await town.receive(*tells.opens(), tells.registers("sch_1"))
    facts = {"submission": tells.submits("app_1", "sch_1")}
    facts["closing"] = tells.closes(["app_1"])
    (second,) = facts.keys() - {first}
    async with begin(town.runtime.pool, Command(actor="inbox")) as tx:
        await events.inbox.apply(tx, events.inbox.understand([facts[first]]))
        other = asyncio.create_task(town.receive(facts[second]))
        await asyncio.sleep(0.5)
    await other
    assert await decided(town) == {"app_1": (True, [])}
