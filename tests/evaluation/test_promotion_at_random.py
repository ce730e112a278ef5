"""Whatever happens after the final result: limits hold, none loses what it holds, what is told is true."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

import pytest
from tests.asking import done
from tests.evaluation.test_explanations_hold import assert_told_the_truth
from tests.evaluation.town import AFTER_APPEALS, YEAR, Town

from contracts import applications as told
from contracts.examples import example
from evaluation.worker import expire_due

SCHOOLS: Final = 24
STEPS: Final = 25
CLOSURES: Final = 3
GROUPS: Final = {"regional": {"regional_key_industry", "work_study"}, "new_technology": {"new_technology"}}
TRACKS: Final = ("regional_key_industry", "work_study", "new_technology")
RULES: Final[dict[str, Any]] = {
    "seats": 9,
    "designations_per_school": 2,
    "quotas": [
        {"name": "regional", "tracks": ["regional_key_industry", "work_study"], "at_least": 2, "at_most": 4},
        {"name": "new_technology", "tracks": ["new_technology"], "at_least": 3, "at_most": 5},
    ],
}
REASON: Final = {"reason": "too_few_students"}
GONE: Final = {"relinquished", "revoked"}


@dataclass
class Aftermath:
    """What a year goes through, with what has to be true after every step."""

    town: Town
    chance: Random
    now: datetime = AFTER_APPEALS
    held: dict[str, set[str]] = field(default_factory=dict)
    refused: dict[str, set[str]] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    offered: set[str] = field(default_factory=set)

    async def step(self) -> None:
        act: Callable[[], Awaitable[None]] = self.chance.choice(
            [*[self.answer] * 3, *[self.leave] * 2, self.revoke, self.let_expire, self.close]
        )
        await act()
        await self.check()

    async def pending(self) -> list[dict[str, Any]]:
        return await self.town.rows("select * from offer where state = 'pending' order by school")

    async def schools(self, *states: str) -> list[str]:
        rows = await self.town.rows("select school from standing where state = any($1) order by 1", states)
        return [row["school"] for row in rows]

    async def answer(self) -> None:
        """Several offers are answered at once, each as its school likes."""
        offers = await self.pending()
        chosen = self.chance.sample(offers, min(len(offers), self.chance.randint(1, 3)))
        answers = []
        for offer in chosen:
            how = self.chance.choice(["acceptance", "acceptance", "refusal"])
            if how == "refusal":
                self.refused.setdefault(offer["school"], set()).update(offer["added"] or {"general"})
            caller = self.town.caller("school", party=offer["school"])
            answers.append(caller.post(f"/offers/{offer['id']}/{how}"))
        for answered in await asyncio.gather(*answers):
            done(answered, 201)

    async def leave(self) -> None:
        """Schools give up their place or number at once, or withdraw their application."""
        staying = await self.schools("selected", "reserve")
        leaving = self.chance.sample(staying, min(len(staying), self.chance.randint(1, 2)))
        if self.chance.random() < 0.4:
            tells = self.town.applications
            await self.town.receive(
                *(tells.withdraws(school.replace("sch", "app"), school, late=True) for school in leaving)
            )
            return
        path = f"/programme-years/{YEAR}/relinquishment"
        callers = [self.town.caller("school", party=school) for school in leaving]
        for answered in await asyncio.gather(*(caller.post(path, REASON) for caller in callers)):
            done(answered, 201)

    async def revoke(self) -> None:
        holders = await self.schools("selected")
        if holders:
            path = f"/programme-years/{YEAR}/schools/{self.chance.choice(holders)}/revocation"
            done(await self.town.officer.post(path, {"reason": "false_report"}), 201)

    async def let_expire(self) -> None:
        for offer in await self.pending():
            self.refused.setdefault(offer["school"], set()).update(offer["added"] or {"general"})
        self.now += timedelta(days=10)
        await self.town.at(self.now)
        await expire_due(self.town.runtime.pool)

    async def close(self) -> None:
        """The register closes a school; another leaves, so that it is decided anew."""
        staying = await self.schools("selected", "reserve")
        if len(self.closed) < CLOSURES and staying:
            school = self.chance.choice(staying)
            self.closed |= {school}
            closing = example(told.SchoolClosed, school=school, reason="merged")
            await self.town.receive(self.town.applications.tells(closing))
        await self.leave()

    async def check(self) -> None:
        offers = await self.pending()
        rows = await self.town.rows("select school, state, designations from standing")
        holding = {row["school"]: set(row["designations"]) for row in rows if row["state"] == "selected"}
        gone = {row["school"] for row in rows if row["state"] in GONE}
        self.within_limits(holding, offers)
        assert not gone & {offer["school"] for offer in offers}
        for school, before in self.held.items():
            assert school in gone or before <= holding[school], school
        for offer in offers:
            again = self.refused.get(offer["school"], set()) & set(offer["added"] or {"general"})
            assert not again, offer
            assert set(offer["designations"]) == holding.get(offer["school"], set()) | set(offer["added"])
            assert offer["upgrade"] == (offer["school"] in holding)
            assert offer["id"] in self.offered or offer["school"] not in self.closed
        self.offered |= {offer["id"] for offer in offers}
        self.held = holding
        await assert_told_the_truth(self.town)

    @staticmethod
    def within_limits(holding: dict[str, set[str]], offers: list[dict[str, Any]]) -> None:
        newcomers = [offer for offer in offers if not offer["upgrade"]]
        assert len(holding) + len(newcomers) <= RULES["seats"]
        for quota in RULES["quotas"]:
            tracks = GROUPS[quota["name"]]
            taken = [len(tracks & each) for each in holding.values()]
            taken += [len(tracks & set(offer["added"])) for offer in offers]
            assert max(taken, default=0) <= 1
            assert sum(taken) <= quota["at_most"]


@pytest.mark.parametrize("seed", range(3))
async def test_limits_hold_after_every_step_and_nobody_is_offered_twice_what_it_refused(
    town: Town, seed: int
) -> None:
    chance = Random(f"aftermath {seed}")
    await town.finished(
        {
            number: (
                chance.randint(55, 99),
                {
                    "tracks": chance.sample(TRACKS, chance.randint(0, 3)),
                    "accepts_general": chance.random() < 0.7,
                },
            )
            for number in range(1, SCHOOLS + 1)
        },
        **RULES,
    )
    aftermath = Aftermath(town, chance)
    await aftermath.check()
    for _ in range(STEPS):
        await aftermath.step()
    assert len(await town.rows("select id from offer")) >= 3
