"""From the totals to the final result: what-ifs, two officers, appeals, and reserves that move up."""

import asyncio
import random
import time
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from demo.people import DemoFailed, Route
from demo.play import calendar, evaluating
from demo.play.stage import Stage
from demo.report.story import Label

LOT: Final = Route("evaluation", "PUT", "/programme-years/{year}/lot")
PROPOSE: Final = Route("evaluation", "POST", "/programme-years/{year}/runs")
APPROVE: Final = Route("evaluation", "POST", "/runs/{run}/approval")
PUBLISH: Final = Route("evaluation", "POST", "/runs/{run}/publication")
RANKING: Final = Route("evaluation", "GET", "/runs/{run}/ranking")
WHAT_IF: Final = Route("evaluation", "POST", "/programme-years/{year}/what-ifs")
WHAT_IF_COMPARED: Final = Route("evaluation", "GET", "/what-ifs/{what_if}/comparison")
APPEAL: Final = Route("evaluation", "POST", "/programme-years/{year}/appeals")
PANEL: Final = Route("evaluation", "POST", "/appeals/{appeal}/panel")
ANSWER: Final = Route("evaluation", "POST", "/appeals/{appeal}/decision")
COMPARED: Final = Route("evaluation", "GET", "/appeals/{appeal}/comparison")
STANDINGS: Final = Route("evaluation", "GET", "/programme-years/{year}/standings")
OWN_RESULT: Final = Route("evaluation", "GET", "/programme-years/{year}/result")
RELINQUISH: Final = Route("evaluation", "POST", "/programme-years/{year}/relinquishment")
REVOKE: Final = Route("evaluation", "POST", "/programme-years/{year}/schools/{school}/revocation")
OFFERS: Final = Route("evaluation", "GET", "/programme-years/{year}/offers")
ACCEPT: Final = Route("evaluation", "POST", "/offers/{offer}/acceptance")

ROUNDS: Final = 6
"""Offers lead to offers; after so many rounds there must be none left."""
PATIENCE: Final = 20.0
"""Seconds within which offers that are over must be let go."""
CONVINCED: Final = Decimal(97)
"""What the panel of the appeal that is upheld sees in the school, out of 100."""
FIRST_STAGE: Final = {"new": "documents", "continuing": "performance"}


@dataclass(frozen=True, slots=True)
class Appeal:
    """A school's appeal: whether it will be upheld, and the stage it is about."""

    id: str
    school: str
    upheld: bool
    stage: str


async def select(stage: Stage) -> None:
    """Two officers and the lot make the preliminary result; after appeals it becomes final."""
    desk, officer, year = stage.desk, stage.officer, calendar.YEAR
    with stage.phase(Label("예비 결과", "preliminary result"), 3) as step:
        await desk.try_in_vain(officer, PROPOSE, {"stage": "preliminary"}, year=year, rule="lot_missing")
        await stage.clock_to(calendar.PRELIMINARY)
        await desk.ask(officer, LOT, {"lot_seed": _drawn(stage)}, year=year)
        await _what_ifs(stage)
        step()
        run = await _decide(stage, "preliminary")
        await desk.try_in_vain(officer, PROPOSE, {"stage": "final"}, year=year, rule="appeal_window_open")
        step()
    with stage.phase(Label("이의신청과 재심", "appeals, heard by others"), 3) as step:
        appeals = await _appeal(stage, run)
        step()
        await _hear(stage, appeals)
        step()
        await _answer(stage, appeals)
    with stage.phase(Label("최종 결과", "final result"), 1):
        await stage.clock_to(calendar.FINAL)
        late = stage.school(appeals[0].school)
        await desk.try_in_vain(late, APPEAL, _GROUNDS, year=year, rule="appeal_window_over")
        await _decide(stage, "final")
        await stage.drain.drained()


def _drawn(stage: Stage) -> str:
    """The numbers of the public drawing, as anybody can read them."""
    dice = random.Random(f"{stage.cast.seed}:lot")  # noqa: S311 - a simulated drawing
    return "-".join(map(str, sorted(dice.sample(range(1, 46), 6))))


async def _what_ifs(stage: Stage) -> None:
    """What fewer seats, or scores as they were given, would have come to; nobody is told of it."""
    fewer, changes = 5, {"seats": stage.cast.size.seats - 5}
    made = await stage.desk.ask(stage.officer, WHAT_IF, changes, year=calendar.YEAR)
    compared = await stage.desk.see(stage.officer, WHAT_IF_COMPARED, what_if=made["id"])
    if compared["changes"].get("dropped") != fewer:
        raise DemoFailed(f"{fewer} seats fewer, and {compared['changes']}")
    given = await stage.desk.ask(stage.officer, WHAT_IF, {"normalisation": "off"}, year=calendar.YEAR)
    stage.known.shown["seats"] = compared
    stage.known.shown["as_given"] = await stage.desk.see(stage.officer, WHAT_IF_COMPARED, what_if=given["id"])


async def _decide(stage: Stage, what: str) -> str:
    """One officer proposes, another approves what was read; the proposer's own approval is refused."""
    desk, officer = stage.desk, stage.officer
    run = await desk.ask(officer, PROPOSE, {"stage": what}, year=calendar.YEAR)
    seen = {name: run[name] for name in ("snapshot_sha256", "result_sha256")} | {"lot_seed": _drawn(stage)}
    identity: str = run["id"]
    await desk.try_in_vain(officer, PUBLISH, run=identity, rule="wrong_state")
    await desk.try_in_vain(officer, APPROVE, seen, run=identity, rule="approver_is_proposer")
    other = seen | {"result_sha256": "0" * 64}
    await desk.try_in_vain(stage.second_officer, APPROVE, other, run=identity, rule="digest_differs")
    misread = seen | {"lot_seed": "1-2-3-4-5-6"}
    await desk.try_in_vain(stage.second_officer, APPROVE, misread, run=identity, rule="lot_differs")
    await desk.ask(stage.second_officer, APPROVE, seen, run=identity)
    await desk.ask(officer, PUBLISH, run=identity)
    return identity


_GROUNDS: Final = {
    "grounds": ["facts_overlooked"],
    "statement": "모의 이의신청: 협약기업 현황이 평가에 반영되지 않았습니다. (simulated)",
}


async def _appeal(stage: Stage, run: str) -> list[Appeal]:
    """The first on the reserve list and the best that did not pass do not agree."""
    await stage.clock_to(calendar.APPEALING)
    ranking = await stage.desk.see(stage.officer, RANKING, run=run)
    first = next(each for each in ranking if each["reserve"] == 1)
    low = next(each for each in ranking if each["outcome"] == "not_passed")
    appeals = []
    for each, upheld in ((first, True), (low, False)):
        filed = await stage.desk.ask(stage.school(each["school"]), APPEAL, _GROUNDS, year=calendar.YEAR)
        appeals.append(Appeal(filed["id"], each["school"], upheld, FIRST_STAGE[each["kind"]]))
    again = stage.school(first["school"])
    await stage.desk.try_in_vain(again, APPEAL, _GROUNDS, year=calendar.YEAR, rule="appeal_filed_already")
    return appeals


async def _hear(stage: Stage, appeals: list[Appeal]) -> None:
    """Reviewers who never had the application score it again."""
    await stage.clock_to(calendar.HEARING)
    rubric = await stage.desk.see(stage.officer, evaluating.RUBRIC, name=f"default_{calendar.YEAR}")
    reviewers = {each.sub: each for each in stage.cast.reviewers}
    for appeal in appeals:
        body = {"stages": [appeal.stage], "due_at": calendar.HEARD_UNTIL.isoformat()}
        convened = await stage.desk.ask(stage.officer, PANEL, body, appeal=appeal.id)
        for each in convened["panel"]:
            person = evaluating.signed_in(stage, reviewers[each["reviewer"]])
            reviews = await stage.desk.see(person, evaluating.REVIEWS)
            review = next(r for r in reviews if r["application"] == convened["application"] and r["appeal"])
            quality = CONVINCED if appeal.upheld else None
            scores = evaluating.marks_for(
                stage, reviewers[each["reviewer"]], review, rubric["kinds"], quality
            )
            await stage.desk.ask(
                person, evaluating.SCORE, {"scores": scores}, application=review["application"]
            )


async def _answer(stage: Stage, appeals: list[Appeal]) -> None:
    """One is upheld and changes the list, one is rejected with reasons."""
    await stage.clock_to(calendar.ANSWERING_APPEALS)
    for appeal in appeals:
        verdict = {
            "upheld": appeal.upheld,
            "reasons": ["scores_corrected" if appeal.upheld else "scores_confirmed"],
            "answer": "모의 답변: 다른 평가위원이 다시 평가한 결과입니다. (simulated)",
        }
        await stage.desk.ask(stage.officer, ANSWER, verdict, appeal=appeal.id)
    upheld = next(appeal for appeal in appeals if appeal.upheld)
    compared = await stage.desk.see(stage.officer, COMPARED, appeal=upheld.id)
    if not compared["changes"].get("selected"):
        raise DemoFailed(f"The appeal was upheld, and the list stayed as it was: {compared['changes']}")
    stage.known.shown["appeal"] = compared


async def promote(stage: Stage) -> None:
    """A place is given up and one taken away; one offer is not answered in time, the others are accepted."""
    with stage.phase(Label("포기·취소와 예비 승계", "reserves move up"), 4) as step:
        await stage.clock_to(calendar.RELINQUISHING)
        leaving, revoked = await _without_designation(stage, 2)
        await stage.desk.ask(stage.school(leaving), RELINQUISH, evaluating.LEAVING, year=calendar.YEAR)
        await stage.desk.try_in_vain(
            stage.school(leaving), RELINQUISH, evaluating.LEAVING, year=calendar.YEAR, rule="nothing_held"
        )
        step()
        await stage.clock_to(calendar.ANSWERING)
        await _accept_all(stage, bystander=leaving)
        step()
        await stage.clock_to(calendar.REVOKING)
        body = {"reason": "plan_not_carried_out"}
        await stage.desk.ask(stage.officer, REVOKE, body, year=calendar.YEAR, school=revoked)
        step()
        await _let_expire(stage)
        await _accept_all(stage, bystander=revoked)
        step()
        await stage.drain.drained()
        await _learn_results(stage)


async def _without_designation(stage: Stage, count: int) -> list[str]:
    """The last of the selected schools, which hold a general place."""
    standings = await stage.desk.see(stage.officer, STANDINGS, year=calendar.YEAR)
    selected = [each for each in standings["schools"] if each["state"] == "selected"]
    return [each["school"] for each in reversed(selected) if not each["designations"]][:count]


async def _every_offer(stage: Stage) -> list[dict[str, Any]]:
    offers: list[dict[str, Any]] = await stage.desk.see(stage.officer, OFFERS, year=calendar.YEAR)
    return offers


async def _pending(stage: Stage) -> list[dict[str, Any]]:
    return [offer for offer in await _every_offer(stage) if offer["state"] == "pending"]


async def _let_expire(stage: Stage) -> None:
    """Nobody answers until the offers are over: they expire by the clock, and the next are asked."""
    before = await _pending(stage)
    if not before:
        raise DemoFailed("A place was taken away, and nobody on the reserve list was offered it")
    await stage.clock_to(calendar.OFFER_OVER)
    started = time.monotonic()
    while not _next_are_asked(before, await _pending(stage)):
        if time.monotonic() - started > PATIENCE:
            raise DemoFailed(f"{len(before)} offers are over, and nobody else was asked")
        await asyncio.sleep(0.1)
    late = before[0]
    await stage.desk.try_in_vain(stage.school(late["school"]), ACCEPT, offer=late["id"], rule="offer_settled")


def _next_are_asked(before: list[dict[str, Any]], pending: list[dict[str, Any]]) -> bool:
    return bool(pending) and not {each["id"] for each in pending} & {each["id"] for each in before}


async def _accept_all(stage: Stage, bystander: str) -> None:
    promoted = 0
    for _ in range(ROUNDS):
        pending = await _pending(stage)
        if not pending:
            break
        await stage.desk.try_in_vain(
            stage.school(bystander), ACCEPT, offer=pending[0]["id"], rule="offer_not_found"
        )
        for offer in pending:
            school = stage.school(offer["school"])
            own = await stage.desk.see(school, OWN_RESULT, year=calendar.YEAR)
            await stage.desk.ask(school, ACCEPT, offer=own["offer"]["id"])
            promoted += 1
    if not promoted:
        raise DemoFailed("A place fell free, and nobody on the reserve list was offered it")


async def _learn_results(stage: Stage) -> None:
    standings = await stage.desk.see(stage.officer, STANDINGS, year=calendar.YEAR)
    for each in standings["schools"]:
        if each["state"] == "selected":
            stage.known.selected.append(each["school"])
            stage.known.designations[each["school"]] = tuple(each["designations"])
    stage.known.unselected = next(
        each["school"] for each in standings["schools"] if each["state"] in {"not_selected", "reserve"}
    )
    accepted = [each for each in await _every_offer(stage) if each["state"] == "accepted"]
    below = next(each["school"] for each in standings["schools"] if each["state"] == "not_selected")
    told = {"selected": stage.known.selected[0], "promoted": accepted[0]["school"], "not_passed": below}
    for name, school in told.items():
        own = await stage.desk.see(stage.school(school), OWN_RESULT, year=calendar.YEAR)
        stage.known.shown[name] = own
