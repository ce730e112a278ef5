"""Rounds one after the other and whatever people do between them: all is true, no answer harms others."""

import json
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.asking import Caller, done
from tests.placement.test_next_rounds import of_others
from tests.placement.test_placements import expire
from tests.placement.truth import Truth
from tests.placement.world import LOT_SOURCE, RANKS_UNTIL, YEAR, Settled, World

ROUNDS = 3
COUNTS = """
  select o.id from opening o
  where o.held not between o.active and o.places
    or o.active <> (select count(*) from placement p where p.opening = o.id and p.state = 'active')
    or o.held <> o.active
      + (select count(*) from offer f where f.opening = o.id and f.state = 'offered')
      + (select count(*) from tripartite_agreement a where a.opening = o.id and a.state = 'drafted')
"""
TWICE = """
  select student from (
    select student from offer where state = 'offered'
    union all select student from tripartite_agreement where state = 'drafted'
    union all select student from placement where state = 'active'
  ) held group by student having count(*) > 1
"""


@dataclass
class Play:
    world: World
    settled: Settled
    dice: random.Random
    deck: list[str] = field(default_factory=list)

    async def round(self, number: int, until: datetime) -> None:
        await self.decide(await self.listed_and_ranked(until), until)
        assert await self.world.rows(COUNTS) == []
        for student in self.settled.students:
            await self.answer(student, number)
        await self.world.at(until + timedelta(days=9))
        await expire(self.world)
        assert await self.world.rows(COUNTS) == await self.world.rows(TWICE) == []

    async def listed_and_ranked(self, until: datetime) -> str:
        body = {
            "programme_year": YEAR,
            "preferences_until": until.isoformat(),
            "rankings_until": until.isoformat(),
            "lot_source": LOT_SOURCE,
        }
        path = f"/rounds/{done(await self.world.officer.post('/rounds', body), 201)['id']}"
        rows = await self.world.rows("select student from preference where round = $1", path.split("/")[2])
        names = [row["student"] for row in rows]
        for student in self.settled.students:
            if student.party in names:
                wishes = self.dice.sample(self.settled.openings, self.dice.randint(0, 4))
                done(await student.put(f"{path}/preferences", {"openings": wishes}))
        rankings = [self.ranking(opening, names) for opening in self.settled.openings]
        done(await self.settled.company.put(f"{path}/rankings", {"rankings": rankings}))
        return path

    def ranking(self, opening: str, names: list[str]) -> dict[str, Any]:
        wanted = [name for name in names if self.dice.random() < 0.9]
        self.dice.shuffle(wanted)
        if self.dice.random() < 0.5:
            return {"opening": opening, "students": wanted}
        return {"opening": opening, "scores": {name: str(self.dice.randint(1, 3)) for name in wanted}}

    async def decide(self, path: str, until: datetime) -> None:
        stand = await self.world.rows("select * from placement order by id")
        await self.world.at(until)
        done(await self.world.officer.post(f"{path}/closing"), 201)
        done(await self.world.officer.post(f"{path}/run", {"lot_seed": "3,11,15"}), 201)
        assert await self.world.rows("select * from placement order by id") == stand
        await self.assert_true(path)

    async def assert_true(self, path: str) -> None:
        snapshot = json.loads((await self.world.officer.get(f"{path}/snapshot")).content)
        result = json.loads((await self.world.officer.get(f"{path}/result")).content)
        matching_round, taking_part = path.split("/")[2], {each["id"] for each in snapshot["students"]}
        rows = await self.world.rows(
            "select student, openings from preference where round = $1", matching_round
        )
        lists = {row["student"]: row["openings"] for row in rows if row["student"] in taking_part}
        told = {
            row["subject"]: json.loads(row["told"])
            for row in await self.world.rows(
                "select subject, told from explanation where round = $1", matching_round
            )
        }
        Truth(snapshot, result, lists).check(told)

    def next_answer(self) -> str:
        """Each kind as often as any other, in no order."""
        if not self.deck:
            self.deck = ["place", "accept", "decline", "take_back", "wait"]
            self.dice.shuffle(self.deck)
        return self.deck.pop()

    async def answer(self, student: Caller, number: int) -> None:
        """Whatever somebody with an open offer may do, and nobody else loses by it."""
        offers = done(await student.get(f"/students/{student.party}"))["offers"]
        open_ones = [offer["id"] for offer in offers if offer["state"] == "offered"]
        if not open_ones:
            return
        [offer], before = open_ones, await of_others(self.world, student.party)
        match self.next_answer():
            case "place":
                await self.world.placed(self.settled, student, offer)
            case "accept":
                done(await student.post(f"/offers/{offer}/acceptance", {}), 201)
            case "decline":
                done(await student.post(f"/offers/{offer}/refusal"), 201)
            case "take_back":
                reason = {"reason": "work_changed"}
                done(await self.settled.company.post(f"/offers/{offer}/withdrawal", reason), 201)
            case _:
                """Nothing: the offer expires."""
        assert await of_others(self.world, student.party) == before, f"round {number}"


@pytest.mark.parametrize("seed", range(3))
async def test_rounds_over_what_is_left_are_true_and_no_answer_harms_others(world: World, seed: int) -> None:
    await world.year_opens(rounds=ROUNDS)
    settled = await world.settled(students=9, places=(1, 2, 1, 2))
    play = Play(world, settled, random.Random(seed))
    for number in range(1, ROUNDS + 1):
        await play.round(number, RANKS_UNTIL + timedelta(days=20 * (number - 1)))
    shown = done(await world.officer.get("/rounds", programme_year=YEAR))
    assert [each["state"] for each in shown] == ["decided"] * ROUNDS
    answers = await world.rows("select distinct state from offer")
    assert {row["state"] for row in answers} == {"accepted", "declined", "expired", "withdrawn"}
