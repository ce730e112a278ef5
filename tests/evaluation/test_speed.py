"""What has to be done in a moment is: best of several, in time of the processor, as others share the machine.

A promotion at 250 applicants, its offer committed, took 66 ms of service and database together.
"""

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from random import Random
from time import perf_counter, process_time
from typing import Any, Final

import httpx2
from tests.asking import done
from tests.evaluation.town import YEAR, Town
from tests.processors import worked

from chassis.transaction import open_pool
from evaluation import http, snapshots
from evaluation.domain.explaining import explain
from evaluation.domain.rubric import Criterion, Rubric, StageRule
from evaluation.domain.scoring import Beside, Scores, Sheet, totals
from evaluation.domain.snapshot import Applicant, Policy, Quota, Snapshot
from evaluation.domain.vocabulary import ApplicationId, ReviewerId, ReviewStage, SchoolId
from evaluation.domain.wording import Names

SCHOOLS: Final = 250
PROMOTIONS: Final = 5
LIMIT: Final = 0.2
"""Seconds for a promotion, its offer committed."""
RELINQUISH: Final = f"/programme-years/{YEAR}/relinquishment"
APPLICANTS: Final = 6_000
REVIEWERS: Final = 500
PER_APPLICATION: Final = 3
TRACKS: Final = ("new_technology", "regional_key_industry", "work_study")


@asynccontextmanager
async def over_one_connection(town: Town) -> AsyncIterator[Town]:
    """The service once more, so that one backend of PostgreSQL does all the work that is measured."""
    pool = await open_pool(town.database.url, connections=1)
    runtime = replace(town.runtime, pool=pool)
    transport = httpx2.ASGITransport(http.api(runtime))
    try:
        async with httpx2.AsyncClient(transport=transport, base_url="http://evaluation") as client:
            yield replace(town, runtime=runtime, client=client)
    finally:
        await pool.close()


async def test_a_promotion_at_250_applicants_is_committed_within_a_fifth_of_a_second(town: Town) -> None:
    """Of service and database together, the first promotion of a service that just started counted in."""
    chance = Random(250)
    schools: dict[int, tuple[int, dict[str, Any]]] = {
        number: (
            chance.randint(55, 99),
            {"tracks": chance.sample(TRACKS, chance.randint(0, 2)), "accepts_general": chance.random() < 0.8},
        )
        for number in range(1, SCHOOLS + 1)
    }
    quotas = [
        {"name": "regional", "tracks": list(TRACKS[1:]), "at_least": 10, "at_most": 10},
        {"name": "new_technology", "tracks": [TRACKS[0]], "at_least": 25, "at_most": 25},
    ]
    await town.finished(schools, seats=180, quotas=quotas, designations_per_school=2)
    holders = [each["school"] for each in (await town.standings())["schools"] if each["state"] == "selected"]
    quickest = math.inf
    async with over_one_connection(town) as alone:
        [backend] = await alone.rows("select pg_backend_pid() as pid")
        before = worked(backend["pid"])
        for school in holders[:PROMOTIONS]:
            caller = alone.caller("school", party=school)
            began = perf_counter()
            done(await caller.post(RELINQUISH, {"reason": "too_few_students"}), 201)
            quickest = min(quickest, perf_counter() - began)
        after = worked(backend["pid"])
    took = math.inf if before is None or after is None else (after - before) / PROMOTIONS
    print(f"a promotion: {took * 1000:.0f} ms, quickest {quickest * 1000:.0f} ms")  # noqa: T201 - with -s
    offered = await town.rows("select count(*) as n from offer")
    assert offered[0]["n"] >= PROMOTIONS
    assert min(took, quickest) < LIMIT


def rubric() -> Rubric:
    criteria = tuple(
        Criterion(
            name=name,
            name_ko=name,
            name_en=name,
            stage=ReviewStage.DOCUMENTS,
            part=part,
            weight=Decimal(20),
            scale=Decimal(10),
            step=Decimal("0.5"),
        )
        for name, part in (
            ("a", "quantitative"),
            ("b", "quantitative"),
            ("c", "qualitative"),
            ("d", "qualitative"),
            ("e", "qualitative"),
        )
    )
    return Rubric(stages=(StageRule(ReviewStage.DOCUMENTS),), criteria=criteria)


def raw_scores(chance: Random) -> Scores:
    sheets = [
        Sheet(
            ApplicationId(f"app_{number}"),
            ReviewerId(f"rev_{(number * PER_APPLICATION + turn) % REVIEWERS}"),
            {name: Decimal(chance.randint(8, 20)) / 2 for name in "abcde"},
        )
        for number in range(APPLICANTS)
        for turn in range(PER_APPLICATION)
    ]
    beside = {ApplicationId(f"app_{number}"): Beside() for number in range(APPLICANTS)}
    return Scores({ReviewStage.DOCUMENTS: sheets}, beside, {})


def test_six_thousand_awards_are_explained_within_three_seconds_of_their_raw_scores() -> None:
    chance = Random(6)
    scores = raw_scores(chance)
    quotas = tuple(Quota(f"g{n}", (f"t{n}a", f"t{n}b"), 300, 600) for n in range(3))
    tracks = [track for quota in quotas for track in quota.tracks]
    policy = Policy(3_000, 2, (("new",),), quotas, Decimal(60), ("quantitative",), "a lottery", "1-2-3")
    wishes = [tuple(chance.sample(tracks, chance.randint(0, 3))) for _ in range(APPLICANTS)]
    names = Names({}, {}, quotas)
    took, told = [], []
    for _ in range(2):
        began = process_time()
        summed = totals(scores, rubric(), "z_score", "trimmed_mean")
        applicants = tuple(
            Applicant(
                SchoolId(f"sch_{n}"), "new", total.total, total.parts, wishes[n], n % 5 > 0, total.barred
            )
            for n, total in enumerate(summed)
        )
        decided = snapshots.decided(Snapshot(YEAR, policy, applicants))
        by_school = {each.id: each for each in applicants}
        told = [explain(each, by_school[each.award.id], {}, names) for each in decided.decisions]
        took.append(process_time() - began)
    assert len(told) == APPLICANTS
    assert min(took) < 3, took
