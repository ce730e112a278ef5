"""After the final result: offers, departures, promotion; quotas hold at every committed state."""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from tests.asking import done, refused
from tests.evaluation.town import YEAR, Town

from chassis.transaction import Command, begin
from contracts import applications as told_by_applications
from contracts.examples import example
from embedded.clock import move_to
from evaluation.worker import expire_due, expire_offers

RELINQUISH = f"/programme-years/{YEAR}/relinquishment"
REASON = {"reason": "too_few_students"}
SEATS, ROUNDS = 6, 5
EXPIRES = datetime(2025, 4, 6, 15, tzinfo=UTC)
TEN: dict[int, tuple[int, Mapping[str, Any]]] = {
    1: (95, {}),
    2: (90, {"tracks": ["new_technology"]}),
    3: (85, {"tracks": ["new_technology"]}),
    4: (80, {"tracks": ["work_study"]}),
    5: (78, {"tracks": ["new_technology"]}),
    6: (75, {"tracks": ["new_technology"], "accepts_general": False}),
    7: (70, {}),
}


async def within_limits(town: Town) -> None:
    """The counts agree with the rows, and stand within the limits."""
    quotas = {each["name"]: each for each in (await town.standings())["quotas"]}
    held = await town.rows("select school, designations from standing where state = 'selected'")
    offered = await town.rows("select upgrade, added from offer where state = 'pending'")
    groups = {"regional": {"regional_key_industry", "work_study"}, "new_technology": {"new_technology"}}
    assert quotas["*"]["held"] == len(held)
    assert quotas["*"]["offered"] == sum(not each["upgrade"] for each in offered)
    for name, tracks in groups.items():
        assert quotas[name]["held"] == sum(bool(tracks & set(each["designations"])) for each in held)
        assert quotas[name]["offered"] == sum(bool(tracks & set(each["added"])) for each in offered)
    assert all(each["held"] + each["offered"] <= each["at_most"] for each in quotas.values())


async def test_a_reserve_is_promoted_when_a_school_gives_up_its_place(town: Town) -> None:
    await town.finished(TEN)
    await within_limits(town)
    answer = done(await town.school(1).post(RELINQUISH, REASON), 201)
    assert answer["state"] == "relinquished"
    offer = await town.offer_of(5)
    assert offer is not None
    assert (offer["upgrade"], offer["designations"]) == (False, [])
    assert offer["expires_at"] == "2025-04-06T15:00:00Z"
    await within_limits(town)
    done(await town.school(5).post(f"/offers/{offer['id']}/acceptance"), 201)
    assert (await town.states())["sch_5"] == "selected"
    await within_limits(town)
    told = await town.told("school-relinquished", "offer-made", "offer-accepted", "school-promoted")
    assert [kind for kind, _ in told] == [
        "school-relinquished",
        "offer-made",
        "offer-accepted",
        "school-promoted",
    ]
    assert told[0][1]["held"] == "selected"


async def test_an_explanation_calls_an_offer_an_offer_until_it_is_accepted(town: Town) -> None:
    async def explained() -> str:
        result = done(await town.school(5).get(f"/programme-years/{YEAR}/result"))
        return str(result["outcome"]["explanation_en"])

    await town.finished(TEN)
    done(await town.school(1).post(RELINQUISH, REASON), 201)
    offer = await town.offer_of(5)
    assert offer is not None
    assert "Outcome: offered (general support), held once it is accepted." in await explained()
    done(await town.school(5).post(f"/offers/{offer['id']}/acceptance"), 201)
    assert "Outcome: selected (general support)." in await explained()


async def test_holders_keep_what_they_hold_and_may_be_offered_more(town: Town) -> None:
    schools = {**TEN, 5: (92, {"tracks": ["new_technology"]}), 6: (50, {}), 7: (40, {})}
    # 5 and 2 hold new technology, 3 a general place beside 1; 4 is next.
    await town.finished({**schools, 4: (70, {})})
    before = {each["school"]: each["designations"] for each in (await town.standings())["schools"]}
    assert before["sch_3"] == []
    done(await town.school(2).post(RELINQUISH, REASON), 201)
    upgrade, newcomer = await town.offer_of(3), await town.offer_of(4)
    assert upgrade is not None
    assert (upgrade["upgrade"], upgrade["added"]) == (True, ["new_technology"])
    assert newcomer is not None
    assert newcomer["designations"] == []
    await within_limits(town)
    done(await town.school(3).post(f"/offers/{upgrade['id']}/acceptance"), 201)
    after = {each["school"]: each["designations"] for each in (await town.standings())["schools"]}
    assert after["sch_3"] == ["new_technology"]
    assert after["sch_1"] == []
    await within_limits(town)


async def test_what_was_declined_is_offered_to_the_next_and_never_again(town: Town) -> None:
    await town.finished(TEN)
    done(await town.school(1).post(RELINQUISH, REASON), 201)
    offer = await town.offer_of(5)
    assert offer is not None
    done(await town.school(5).post(f"/offers/{offer['id']}/refusal"), 201)
    assert await town.offer_of(5) is None
    following = await town.offer_of(7)
    assert following is not None
    done(await town.school(7).post(f"/offers/{following['id']}/refusal"), 201)
    # Nobody left accepts a general place; a designation may still be offered to those who declined.
    offers = await town.rows("select school from offer where state = 'pending'")
    assert offers == []
    done(await town.school(2).post(RELINQUISH, REASON), 201)
    fifth = await town.offer_of(5)
    assert fifth is not None
    assert fifth["designations"] == ["new_technology"]
    await within_limits(town)


async def test_an_offer_is_answered_once_in_time_and_by_its_school(town: Town) -> None:
    await town.finished(TEN)
    done(await town.school(1).post(RELINQUISH, REASON), 201)
    offer = await town.offer_of(5)
    assert offer is not None
    path = f"/offers/{offer['id']}"
    before = await town.state()
    refused(await town.school(7).post(f"{path}/acceptance"), 404, ("offer", "offer_not_found"))
    refused(await town.school(5).post("/offers/off_9/acceptance"), 404, ("offer", "offer_not_found"))
    await town.at(EXPIRES)
    refused(await town.school(5).post(f"{path}/acceptance"), 409, ("expires_at", "offer_expired"))
    refused(await town.school(5).post(f"{path}/refusal"), 409, ("expires_at", "offer_expired"))
    assert await town.state() == before
    await town.at(EXPIRES - timedelta(microseconds=1))
    done(await town.school(5).post(f"{path}/acceptance"), 201)
    refused(await town.school(5).post(f"{path}/acceptance"), 409, ("state", "offer_settled"))
    refused(await town.school(5).post(f"{path}/refusal"), 409, ("state", "offer_settled"))


async def test_offers_expire_also_when_their_time_passed_while_the_service_was_down(town: Town) -> None:
    await town.finished(TEN)
    done(await town.school(1).post(RELINQUISH, REASON), 201)
    offer = await town.offer_of(5)
    assert offer is not None
    await town.at(EXPIRES + timedelta(days=30))
    async with asyncio.TaskGroup() as tasks:
        worker = tasks.create_task(expire_offers(town.runtime))
        async with asyncio.timeout(20):
            while await town.offer_of(7) is None:
                await asyncio.sleep(0.05)
        town.runtime.stopping.set()
        await worker
    [expired] = await town.rows("select state, answered_at from offer where id = $1", offer["id"])
    assert expired["state"] == "expired"
    assert [kind for kind, _ in await town.told("offer-expired")] == ["offer-expired"]
    next_offer = await town.offer_of(7)
    assert next_offer is not None
    assert next_offer["expires_at"] > offer["expires_at"]
    await within_limits(town)


async def test_a_withdrawn_application_frees_its_place(town: Town) -> None:
    await town.finished(TEN)
    await town.receive(town.applications.withdraws("app_4", "sch_4", late=True))
    [(_, event)] = await town.told("school-relinquished")
    assert (event["school"], event["designations"]) == ("sch_4", ["work_study"])
    assert event["reason"] == "no_longer_interested"
    assert (await town.states())["sch_4"] == "relinquished"
    assert await town.offer_of(5) is not None
    await within_limits(town)


async def test_withdrawing_after_giving_up_tells_nothing_more(town: Town) -> None:
    await town.finished(TEN)
    done(await town.school(4).post(RELINQUISH, REASON), 201)
    refused(await town.school(4).post(RELINQUISH, REASON), 409, ("state", "nothing_held"))
    await town.receive(town.applications.withdraws("app_4", "sch_4", late=True))
    assert len(await town.told("school-relinquished")) == 1


async def test_a_number_on_the_reserve_list_can_be_given_up(town: Town) -> None:
    await town.finished(TEN)
    done(await town.school(5).post(RELINQUISH, REASON), 201)
    [(_, event)] = await town.told("school-relinquished")
    assert event["held"] == "reserve"
    done(await town.school(1).post(RELINQUISH, REASON), 201)
    assert await town.offer_of(5) is None
    assert await town.offer_of(7) is not None
    own = done(await town.school(6).get(f"/programme-years/{YEAR}/result"))
    assert own["outcome"]["reserve"] == 1


async def test_a_school_with_an_offer_that_leaves_declines_it(town: Town) -> None:
    await town.finished(TEN)
    done(await town.school(1).post(RELINQUISH, REASON), 201)
    done(await town.school(5).post(RELINQUISH, REASON), 201)
    assert [kind for kind, _ in await town.told("offer-declined", "school-relinquished", key="sch_5")] == [
        "offer-declined",
        "school-relinquished",
    ]
    assert await town.offer_of(7) is not None
    await within_limits(town)


async def test_a_school_that_leaves_after_its_offer_was_over_let_it_expire(town: Town) -> None:
    """Also where no worker has looked since."""
    await town.finished(TEN)
    done(await town.school(1).post(RELINQUISH, REASON), 201)
    await town.at(EXPIRES)
    done(await town.school(5).post(RELINQUISH, REASON), 201)
    assert [kind for kind, _ in await town.told("offer-declined", "offer-expired", key="sch_5")] == [
        "offer-expired"
    ]


async def test_an_officer_takes_a_place_away(town: Town) -> None:
    await town.finished(TEN)
    path = f"/programme-years/{YEAR}/schools/sch_2/revocation"
    done(await town.officer.post(path, {"reason": "false_report"}), 201)
    [(_, event)] = await town.told("school-revoked")
    assert (event["school"], event["reason"]) == ("sch_2", "false_report")
    refused(await town.officer.post(path, {"reason": "false_report"}), 409, ("state", "nothing_held"))
    offer = await town.offer_of(5)
    assert offer is not None
    assert offer["designations"] == ["new_technology"]


async def test_a_closed_school_is_offered_nothing(town: Town) -> None:
    await town.finished(TEN)
    closing = example(told_by_applications.SchoolClosed, school="sch_5", reason="merged")
    await town.receive(town.applications.tells(closing))
    done(await town.school(1).post(RELINQUISH, REASON), 201)
    assert await town.offer_of(5) is None
    assert await town.offer_of(7) is not None


async def test_several_schools_leaving_at_once_keep_every_limit(town: Town) -> None:
    await town.finished(TEN)
    leaving = [town.school(n).post(RELINQUISH, REASON) for n in (1, 2, 3)]
    answers = await asyncio.gather(*leaving)
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    await within_limits(town)
    offers = {n: offer for n in (5, 6, 7) if (offer := await town.offer_of(n)) is not None}
    assert offers
    accepted = await asyncio.gather(
        *(town.school(n).post(f"/offers/{offer['id']}/acceptance") for n, offer in offers.items())
    )
    assert {answer.status_code for answer in accepted} == {201}
    await within_limits(town)


async def test_accepting_and_refusing_at_once_settle_an_offer_once(town: Town) -> None:
    await town.finished(TEN)
    done(await town.school(1).post(RELINQUISH, REASON), 201)
    offer = await town.offer_of(5)
    assert offer is not None
    answers = await asyncio.gather(
        *(town.school(5).post(f"/offers/{offer['id']}/{how}") for how in ("acceptance", "refusal") * 3)
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409, 409]
    await within_limits(town)


async def test_acceptances_and_expiries_at_the_same_deadline_have_one_effect_each(town: Town) -> None:
    """Answers come from before the deadline until after it, while offers are let expire all the time."""
    schools = SEATS * (ROUNDS + 2)
    await town.finished({n: (99 - n, {}) for n in range(1, schools + 1)}, seats=SEATS, cut_line="0")
    for number in range(1, SEATS + 1):
        done(await town.school(number).post(RELINQUISH, REASON), 201)
    ended: Counter[str] = Counter()
    for _ in range(ROUNDS):
        offers = await town.rows(
            "select id, school, expires_at from offer where state = 'pending' order by id"
        )
        assert len(offers) == SEATS
        accepted = await raced(town, offers)
        states = await one_effect_each(town, offers, accepted)
        ended.update(states)
        await within_limits(town)
        for school in accepted:
            done(await town.caller("school", party=school).post(RELINQUISH, REASON), 201)
    assert ended.keys() == {"accepted", "expired"}
    assert ended.total() == SEATS * ROUNDS


async def raced(town: Town, offers: Sequence[Mapping[str, Any]]) -> set[str]:
    """The schools whose acceptance was confirmed, of one after another around the deadline they share."""
    [deadline] = {offer["expires_at"] for offer in offers}
    await move_to([town.database.admin_url], deadline - timedelta(seconds=0.6))

    async def accept(offer: Mapping[str, Any], after: float) -> str | None:
        await asyncio.sleep(after)
        caller = town.caller("school", party=offer["school"])
        answer = await caller.post(f"/offers/{offer['id']}/acceptance")
        assert answer.status_code in (201, 409)
        return str(offer["school"]) if answer.status_code == 201 else None

    async def sweep(answers: asyncio.Future[list[str | None]]) -> None:
        while not answers.done():
            await expire_due(town.runtime.pool)

    answers = asyncio.gather(*(accept(offer, place / SEATS) for place, offer in enumerate(offers)))
    await asyncio.gather(sweep(answers), sweep(answers))
    await town.at(deadline)
    await expire_due(town.runtime.pool)
    return {school for school in await answers if school is not None}


async def one_effect_each(
    town: Town, offers: Sequence[Mapping[str, Any]], accepted: Collection[str]
) -> list[str]:
    """How the offers ended: as it was answered, in time, told once and on record once."""
    states = []
    for offer in offers:
        [row] = await town.rows("select state, answered_at, expires_at from offer where id = $1", offer["id"])
        assert row["state"] == ("accepted" if offer["school"] in accepted else "expired")
        assert (row["answered_at"] < row["expires_at"]) == (row["state"] == "accepted")
        kinds = ("offer-accepted", "offer-declined", "offer-expired", "school-promoted")
        told = [kind for kind, event in await town.told(*kinds, key=offer["school"])]
        follows = ["school-promoted"] if row["state"] == "accepted" else []
        assert told == [f"offer-{row['state']}", *follows]
        recorded = await town.rows(
            "select action from messaging.audit where subject = $1 and action <> 'offer_made'", offer["id"]
        )
        assert [each["action"] for each in recorded] == [f"offer_{row['state']}"]
        standing = "selected" if row["state"] == "accepted" else "reserve"
        assert (await town.states())[offer["school"]] == standing
        states.append(row["state"])
    return states


@pytest.mark.parametrize(
    "statement",
    [
        "update standing set state = 'selected' where school = 'sch_7'",
        "update standing set designations = '{work_study}' where school = 'sch_1'",
        """
        insert into offer (id, year, school, run, state, upgrade, designations, added, made_at, expires_at)
        select 'off_1', 2025, 'sch_7', id, 'pending', false, '{}', '{}', now(), now() + interval '1 day'
        from run where stage = 'final'
        """,
        "update quota set held = held + 1 where name = '*'",
    ],
)
async def test_the_database_itself_refuses_to_go_above_a_limit(town: Town, statement: str) -> None:
    await town.finished(TEN)
    with pytest.raises(asyncpg.CheckViolationError, match="never_above_the_limit"):
        async with begin(town.runtime.pool, Command(actor="test")) as tx:
            await tx.execute(statement)
    await within_limits(town)


async def test_nothing_is_given_up_before_the_final_result(town: Town) -> None:
    await town.prepared({n: wishes for n, (_, wishes) in TEN.items()})
    refused(await town.school(1).post(RELINQUISH, REASON), 409, ("stage", "wrong_stage"))
    refused(await town.school(1).get(f"/programme-years/{YEAR}/result"), 404, ("result", "result_not_found"))


async def test_a_school_sees_its_own_offers_alone(town: Town) -> None:
    await town.finished(TEN)
    done(await town.school(1).post(RELINQUISH, REASON), 201)
    assert done(await town.school(7).get(f"/programme-years/{YEAR}/offers")) == []
    everything = done(await town.officer.get(f"/programme-years/{YEAR}/offers"))
    assert [offer["school"] for offer in everything] == ["sch_5"]


async def test_a_promotion_is_a_run_that_can_be_recomputed(town: Town) -> None:
    await town.finished(TEN)
    done(await town.school(1).post(RELINQUISH, REASON), 201)
    runs = done(await town.officer.get(f"/programme-years/{YEAR}/runs"))
    assert [run["stage"] for run in runs] == ["preliminary", "final", "promotion"]
    snapshot = done(await town.officer.get(f"/runs/{runs[-1]['id']}/snapshot"))
    assert snapshot["holders"] == {
        "sch_2": ["new_technology"],
        "sch_3": ["new_technology"],
        "sch_4": ["work_study"],
    }
    assert "sch_1" not in {each["id"] for each in snapshot["applicants"]}


async def test_the_worker_stops_when_the_service_does(town: Town) -> None:
    town.runtime.stopping.set()
    async with asyncio.timeout(5):
        await expire_offers(town.runtime)


async def offered_to_two(town: Town) -> tuple[str, str]:
    """Two offers whose time is up."""
    await town.finished(TEN)
    for leaving in (1, 2):
        done(await town.school(leaving).post(RELINQUISH, REASON), 201)
    first, second = await town.rows("select id from offer where state = 'pending' order by id")
    await town.at(EXPIRES)
    return first["id"], second["id"]


async def test_offers_that_are_due_together_expire_before_what_they_held_is_offered_on(town: Town) -> None:
    both = await offered_to_two(town)
    await expire_due(town.runtime.pool)
    rows = await town.rows("select id, school from offer where state = 'expired' order by id")
    assert tuple(row["id"] for row in rows) == both
    [promotion] = await town.rows("select run from offer where state = 'pending' group by run")
    snapshot = done(await town.officer.get(f"/runs/{promotion['run']}/snapshot"))
    assert not {row["school"] for row in rows} & snapshot["holders"].keys()


async def test_an_offer_that_cannot_expire_holds_up_no_other_and_is_tried_again(town: Town) -> None:
    broken, sound = await offered_to_two(town)
    owner = await asyncpg.connect(town.database.owner_url)
    await owner.execute(
        f"""
        create function break() returns trigger language plpgsql as $$ begin raise 'broken'; end $$;
        create trigger breaks before update on offer
          for each row when (new.id = '{broken}') execute function break()
        """
    )
    states = "select id, state from offer where id = any($1)"
    await expire_due(town.runtime.pool)
    rows = await town.rows(states, [broken, sound])
    assert {row["id"]: row["state"] for row in rows} == {broken: "pending", sound: "expired"}
    await within_limits(town)
    await owner.execute("drop trigger breaks on offer")
    await owner.close()
    await expire_due(town.runtime.pool)
    rows = await town.rows(states, [broken, sound])
    assert {row["state"] for row in rows} == {"expired"}
    await within_limits(town)


async def test_a_year_whose_promotion_fails_holds_up_no_other_year(town: Town) -> None:
    _, second = await offered_to_two(town)
    async with begin(town.runtime.pool, Command(actor="test")) as tx:
        # A year without a final result: nothing can be promoted in it.
        await tx.execute(
            "insert into programme_year (year, policy, opened_at, stage, appeals_until)"
            " select 2024, policy, opened_at, stage, appeals_until from programme_year"
        )
        await tx.execute(
            "insert into standing (year, school, application, state, designations, since)"
            " select 2024, school, application, 'reserve', '{}', since from standing where school = 'sch_7'"
        )
        await tx.execute(
            "insert into offer (id, year, school, run, state, upgrade, designations, added, made_at,"
            " expires_at) select 'off_broken', 2024, 'sch_7', run, state, upgrade, designations, added,"
            " made_at, expires_at from offer where id = $1",
            second,
        )
    await expire_due(town.runtime.pool)
    rows = await town.rows("select id from offer where state = 'pending' and expires_at <= $1", EXPIRES)
    assert [row["id"] for row in rows] == ["off_broken"]
