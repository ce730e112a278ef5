"""Students, school, company and officers do what they like at the same time; every count stays right."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import httpx2
import pytest
from tests.asking import Caller, done
from tests.placement.world import RANKS_UNTIL, Settled, World

from chassis.transaction import Command, begin, repeated
from placement.handlers import tripartite

TURNS: Final = 10
MOST_TURNS: Final = 30
"""Who is served first is up to the machine: now and then it takes longer until all of `SHOWN` came about."""

SHOWN: Final = {"student-agreement-drafted", "student-agreement-ended"}

ANSWERS: Final = {200, 201, 404, 409, 422}
"""What may come back; everything else is a fault."""

WRONG: Final = {
    "places": """
      select o.id, o.held, o.active from opening o
      where o.active <> (select count(*) from placement p where p.opening = o.id and p.state = 'active')
        or o.held <> o.active
          + (select count(*) from offer f where f.opening = o.id and f.state = 'offered')
          + (select count(*) from tripartite_agreement a where a.opening = o.id and a.state = 'drafted')
    """,
    "seats": """
      select c.id, c.enrolled from employment_class c
      where c.enrolled <> (
        select count(*) from enrolment e where e.employment_class = c.id and e.state = 'active'
      )
    """,
    "students with two": """
      select student from (
        select student from offer where state = 'offered'
        union all select student from tripartite_agreement where state = 'drafted'
        union all select student from placement where state = 'active'
      ) held group by student having count(*) > 1
    """,
    "waiting with a suspended company": """
      select w.id from (
        select f.id, o.company from offer f join opening o on o.id = f.opening where f.state = 'offered'
        union all select id, company from tripartite_agreement where state = 'drafted'
      ) w join company c on c.id = w.company where c.state = 'suspended'
    """,
    "waiting without a class": """
      select w.student from (
        select student from offer where state = 'offered'
        union all select student from tripartite_agreement where state = 'drafted'
        union all select student from placement where state = 'active'
      ) w where not exists (select from enrolment e where e.student = w.student and e.state = 'active')
    """,
    "work without an agreement in force": """
      select p.id from placement p join tripartite_agreement a on a.id = p.agreement
      where (p.state = 'active') <> (a.state = 'in_force')
    """,
    "versions": """
      select a.id from tripartite_agreement a
      join lateral (
        select count(*) as versions, max(version) as last,
          (array_agg(terms ->> 'state' order by version desc))[1] as state
        from agreement_version v where v.agreement = a.id
      ) v on true
      where v.versions <> v.last or v.state <> a.state
    """,
}
"""What must never be found after any commit."""


@dataclass
class Storm:
    """Random requests of everybody."""

    world: World
    settled: Settled
    dice: random.Random

    @property
    def student(self) -> Caller:
        return self.dice.choice(self.settled.students)

    async def answer_offer(self) -> httpx2.Response:
        student = self.student
        offers = done(await student.get(f"/students/{student.party}"))["offers"]
        if not offers:
            return await self.by_hand()
        step, body = self.dice.choice([("acceptance", {"sign_agreement": True}), ("refusal", None)])
        return await student.post(f"/offers/{offers[-1]['id']}/{step}", body)

    async def by_hand(self) -> httpx2.Response:
        body = {"student": self.student.party, "opening": self.dice.choice(self.settled.openings)}
        return await self.world.officer.post("/placements", body | {"reason": "late_matching"})

    async def draft(self) -> tuple[str, Caller]:
        """Some agreement, more often than not an unsigned one, and its student."""
        rows = await self.world.rows(
            "select id, student from tripartite_agreement order by state, id limit 6"
        )
        if not rows:
            return "agr_none", self.student
        row = self.dice.choice(rows)
        [student] = [each for each in self.settled.students if each.party == row["student"]]
        return row["id"], student

    async def sign(self) -> httpx2.Response:
        agreement, student = await self.draft()
        answer: httpx2.Response | None = None
        for side in self.dice.sample([student, self.settled.school, self.settled.company], 3):
            answer = await side.post(f"/tripartite-agreements/{agreement}/signature")
        assert answer is not None
        return answer

    async def withdraw(self) -> httpx2.Response:
        agreement, student = await self.draft()
        side = self.dice.choice([student, self.settled.school, self.settled.company, self.world.officer])
        return await side.post(
            f"/tripartite-agreements/{agreement}/withdrawal", {"reason": "position_cancelled"}
        )

    async def end_work(self) -> httpx2.Response:
        rows = await self.world.rows("select id from placement where state = 'active'")
        placement = self.dice.choice(rows)["id"] if rows else "plc_none"
        return await self.settled.company.post(f"/placements/{placement}/end", {"reason": "resignation"})

    async def leave(self) -> httpx2.Response:
        path = f"/classes/{self.settled.employment_class}"
        student = self.student
        body = {"student": student.party, "reason": "changed_plans"}
        await self.settled.school.post(f"{path}/departures", body)
        [row] = await self.world.rows("select reference from student where id = $1", student.party)
        return await self.settled.school.post(f"{path}/students", {"reference": row["reference"]})

    async def suspend(self) -> httpx2.Response:
        path = f"/companies/{self.settled.company.party}"
        body = {"programme_year": 2025, "reason": "labour_law_violation"}
        await self.world.officer.post(f"{path}/suspension", body)
        return await self.world.officer.post(f"{path}/reinstatement", body)

    async def sweep(self) -> httpx2.Response:
        async def lapse() -> int:
            async with begin(self.world.pool, Command(actor="placement")) as tx:
                return await tripartite.lapse_agreements(tx, 500)

        # As the worker does it: of transactions that wait for each other, one is done again.
        await repeated(lapse)
        return httpx2.Response(200)

    def steps(self, count: int) -> list[Coroutine[Any, Any, httpx2.Response]]:
        often: list[Callable[[], Coroutine[Any, Any, httpx2.Response]]] = [
            self.answer_offer,
            self.by_hand,
            self.by_hand,
            self.sign,
            self.sign,
            self.withdraw,
            self.end_work,
            self.leave,
            self.suspend,
            self.sweep,
        ]
        return [step() for step in self.dice.choices(often, k=count)]


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.timeout(180)
async def test_whatever_everybody_does_at_once_every_count_is_right(world: World, seed: int) -> None:
    await world.year_opens()
    settled, _ = await world.offered(students=6, places=(6, 2, 1))
    storm = Storm(world, settled, random.Random(seed))
    for turn in range(MOST_TURNS):
        # Now and then two weeks go by, and what was not signed has lapsed.
        await world.at(RANKS_UNTIL + timedelta(days=15 * (turn // 4)))
        answers = await all_of(storm.steps(5))
        assert {answer.status_code for answer in answers} <= ANSWERS, [a.text for a in answers]
        for what, query in WRONG.items():
            assert await world.rows(query) == [], (what, seed, turn)
        if turn + 1 >= TURNS and {kind for kind, _ in await world.told()} >= SHOWN:
            break
    else:
        pytest.fail("such a storm shows little")


async def all_of(steps: list[Coroutine[Any, Any, httpx2.Response]]) -> list[httpx2.Response]:
    waiting: list[Awaitable[httpx2.Response]] = [asyncio.ensure_future(step) for step in steps]
    return list(await asyncio.gather(*waiting))
