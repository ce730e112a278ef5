"""What must not slip by between the stages of a year."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.asking import done, refused
from tests.evaluation.town import AFTER_APPEALS, CALL, CLOSED, SEED, YEAR, Town, policy, sheet

from contracts import applications as told
from contracts.examples import example

RUNS = f"/programme-years/{YEAR}/runs"
CLOSE = f"/programme-years/{YEAR}/scoring-closure"
AFTER_THE_LOT = datetime(2025, 2, 25, tzinfo=UTC)


async def test_a_promotion_is_no_run_that_an_officer_may_propose(town: Town) -> None:
    """It is published when it is made, so one officer alone would change what schools are shown."""
    await town.prepared({1: {}, 2: {}})
    await town.scored({1: 90, 2: 80})
    await town.published("preliminary")
    before = await town.state()
    answer = await town.officer.post(RUNS, {"stage": "promotion"})
    assert answer.status_code in {409, 422}
    assert await town.state() == before


async def test_an_application_that_came_after_scoring_closed_is_not_left_out_in_silence(town: Town) -> None:
    tells = town.applications
    await town.prepared({1: {}})
    await town.scored({1: 90})
    manifest = [{"application": "app_2", "sequence": 1}]
    await town.receive(
        tells.tells(example(told.CallOpened, programme_year=YEAR, call="cal_2", kinds=["new"])),
        tells.registers("sch_2"),
        tells.submits("app_2", "sch_2", call="cal_2"),
        tells.tells(
            example(told.CallClosed, programme_year=YEAR, call="cal_2", closed_at=CLOSED, manifest=manifest)
        ),
    )
    answer = await town.officer.post(RUNS, {"stage": "preliminary"})
    refused(answer, 409, ("applications", "applications_unscored"))


async def test_a_call_announced_after_scoring_closed_is_scored_and_decided_with_the_others(
    town: Town,
) -> None:
    tells = town.applications
    score = {"scores": sheet(90)}
    await town.prepared({1: {}})
    await town.assigned(2)
    for number in (1, 2):
        done(await town.reviewer(number).post("/reviews/app_1/scores", score), 201)
    await town.at(AFTER_THE_LOT)
    done(await town.officer.post(CLOSE), 201)
    done(await town.officer.put(f"/programme-years/{YEAR}/lot", {"lot_seed": SEED}))
    overtaken = await town.proposed("preliminary")
    manifest = [{"application": "app_2", "sequence": 1}]
    opened = tells.tells(example(told.CallOpened, programme_year=YEAR, call="cal_2", kinds=["new"]))
    await town.receive(opened, tells.registers("sch_2"), tells.submits("app_2", "sch_2", call="cal_2"))
    await town.receive(
        tells.tells(
            example(told.CallClosed, programme_year=YEAR, call="cal_2", closed_at=CLOSED, manifest=manifest)
        )
    )
    digests = {name: overtaken[name] for name in ("snapshot_sha256", "result_sha256")} | {"lot_seed": SEED}
    answer = await town.officer.post(f"/runs/{overtaken['id']}/approval", digests)
    refused(answer, 409, ("state", "wrong_state"))
    refused(await town.officer.post(RUNS, {"stage": "preliminary"}), 409, ("stage", "wrong_stage"))
    done(await town.officer.post(f"/programme-years/{YEAR}/assignments"), 201)
    refused(await town.officer.post(CLOSE), 409, ("sheets", "scores_missing"))
    for number in (1, 2):
        done(await town.reviewer(number).post("/reviews/app_2/scores", score), 201)
    assert done(await town.officer.post(CLOSE), 201)["scored"] == 2
    run = await town.proposed("preliminary")
    snapshot = done(await town.officer.get(f"/runs/{run['id']}/snapshot"))
    assert [each["id"] for each in snapshot["applicants"]] == ["sch_1", "sch_2"]


async def test_the_final_result_of_a_year_starts_the_evaluation_of_the_next(town: Town) -> None:
    await town.prepared({1: {}})
    await town.scored({1: 90})
    await town.published("preliminary")
    tells, following = town.applications, {"programme_year": YEAR + 1, "call": "cal_next"}
    rules = told.Policy.model_validate(policy())
    submitted: dict[str, Any] = {"kind": "continuing", "accepted_at": CLOSED + timedelta(days=365)}
    manifest = [{"application": "app_next", "sequence": 1}]
    await town.receive(
        tells.tells(told.ProgrammeYearOpened(programme_year=YEAR + 1, policy=rules, opened_at=AFTER_APPEALS)),
        tells.tells(example(told.CallOpened, kinds=["continuing"], **following)),
        tells.submits("app_next", "sch_1", **following, **submitted),
        tells.tells(example(told.CallClosed, closed_at=CLOSED, manifest=manifest, **following)),
    )
    assert await town.told("eligibility-decided", key="app_next") == []
    await town.at(AFTER_APPEALS)
    await town.published("final")
    [(_, decided)] = await town.told("eligibility-decided", key="app_next")
    assert decided["eligible"]


async def test_a_withdrawal_that_is_still_on_its_way_does_not_shut_out_what_replaced_it(town: Town) -> None:
    tells = town.applications
    done(await town.officer.post(f"/programme-years/{YEAR - 1}/participants", {"participants": []}), 201)
    first = tells.submits("app_1", "sch_1", accepted_at=CLOSED - timedelta(days=3))
    withdrawn = tells.withdraws("app_1", "sch_1", late=False)
    second = tells.submits("app_2", "sch_1", call=CALL)
    await town.receive(*tells.opens(), tells.registers("sch_1"), first, second, tells.closes(["app_2"]))
    await town.receive(withdrawn)
    told_of = {event["application"]: event["eligible"] for _, event in await town.told("eligibility-decided")}
    assert told_of == {"app_2": True}


async def test_a_participant_named_twice_is_refused_by_its_place_in_the_list(town: Town) -> None:
    await town.receive(town.applications.registers("sch_1"))
    body = {"participants": [{"school": "sch_1"}, {"school": "sch_1"}]}
    answer = await town.officer.post(f"/programme-years/{YEAR - 1}/participants", body)
    refused(answer, 422, ("participants.1.school", "distinct"))


async def test_nobody_brings_in_participants_of_a_year_that_is_decided_here(town: Town) -> None:
    """They would start the next year before this one is final."""
    await town.prepared({1: {}})
    answer = await town.officer.post(f"/programme-years/{YEAR}/participants", {"participants": []})
    refused(answer, 409, ("year", "year_decided_here"))
