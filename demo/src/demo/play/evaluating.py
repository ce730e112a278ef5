"""From the reviewers' scores to the final result, and to the reserve school that moves up."""

import random
from decimal import Decimal
from functools import partial
from typing import Any, Final

from demo.cast import Applicant, Reviewer
from demo.people import DemoFailed, Person, Route, together
from demo.play import calendar
from demo.play.applying import CONTACT, WITHDRAW, contact, with_conduct
from demo.play.stage import Stage
from demo.report.story import Label

PARTICIPANTS: Final = Route("evaluation", "POST", "/programme-years/{year}/participants")
PROGRESS: Final = Route("evaluation", "GET", "/programme-years/{year}/progress")
REVIEWERS: Final = Route("evaluation", "POST", "/reviewers")
ASSIGN: Final = Route("evaluation", "POST", "/programme-years/{year}/assignments")
RUBRIC: Final = Route("evaluation", "GET", "/rubrics/{name}")
REVIEWS: Final = Route("evaluation", "GET", "/reviews")
SCORES: Final = Route("evaluation", "POST", "/reviews/scores")
SCORE: Final = Route("evaluation", "POST", "/reviews/{application}/scores")
CLOSE_SCORING: Final = Route("evaluation", "POST", "/programme-years/{year}/scoring-closure")
LOT: Final = Route("evaluation", "PUT", "/programme-years/{year}/lot")
PROPOSE: Final = Route("evaluation", "POST", "/programme-years/{year}/runs")
APPROVE: Final = Route("evaluation", "POST", "/runs/{run}/approval")
PUBLISH: Final = Route("evaluation", "POST", "/runs/{run}/publication")
STANDINGS: Final = Route("evaluation", "GET", "/programme-years/{year}/standings")
OWN_RESULT: Final = Route("evaluation", "GET", "/programme-years/{year}/result")
RELINQUISH: Final = Route("evaluation", "POST", "/programme-years/{year}/relinquishment")
OFFERS: Final = Route("evaluation", "GET", "/programme-years/{year}/offers")
ACCEPT: Final = Route("evaluation", "POST", "/offers/{offer}/acceptance")

ONE_BY_ONE: Final = 4
"""Every so many-th reviewer hands in sheet by sheet, the others their whole stack at once."""
ROUNDS: Final = 6
"""Offers lead to offers; after so many rounds there must be none left."""


async def import_last_year(stage: Stage) -> None:
    """Who took part in 2024 (simulated choice) is brought in."""
    participants = stage.cast.participants
    with stage.phase(Label("2024년 참여 학교", "participants of 2024"), 1):
        body = {
            "participants": [
                {
                    "school": stage.known.schools[each.school.register_key],
                    "kind": "continuing",
                    "designations": list(each.designations),
                }
                for each in participants
            ]
        }
        await stage.drain.drained(mail=False)
        await stage.desk.ask(stage.officer, PARTICIPANTS, body, year=calendar.YEAR - 1)


async def score(stage: Stage) -> None:
    """Reviewers are registered and assigned, and score what is theirs."""
    cast, desk, year = stage.cast, stage.desk, calendar.YEAR
    with stage.phase(Label("평가위원 배정", "reviewers and assignments"), len(cast.reviewers) + 2) as step:
        await stage.clock_to(calendar.SCORING)
        for application in with_conduct(stage, "withdraws_late"):
            await desk.ask(application.school, WITHDRAW, _LEAVING, application=application.id)
        await stage.drain.drained()
        progress = await desk.see(stage.officer, PROGRESS, year=year)
        if not all(call["started_at"] for call in progress["calls"]):
            raise DemoFailed(f"Evaluation has not started: {progress['calls']}")
        step()
        body = {"reviewers": [{"id": each.sub, "province": each.province} for each in cast.reviewers]}
        await desk.ask(stage.officer, REVIEWERS, body)
        await together([partial(_reachable, stage, reviewer) for reviewer in cast.reviewers], step)
        await desk.ask(stage.officer, ASSIGN, year=year)
        step()
    with stage.phase(Label("평가", "scoring"), len(cast.reviewers)) as step:
        await desk.try_in_vain(stage.officer, CLOSE_SCORING, year=year, rule="scores_missing")
        rubric = await desk.see(stage.officer, RUBRIC, name=f"default_{year}")
        await together(
            [partial(_review, stage, number, rubric) for number in range(len(cast.reviewers))], step
        )
        await desk.ask(stage.officer, CLOSE_SCORING, year=year)


_LEAVING: Final = {"reason": "no_longer_interested"}


def _signed_in(stage: Stage, reviewer: Reviewer) -> Person:
    return stage.person(reviewer.sub, "reviewer", reviewer.sub)


async def _reachable(stage: Stage, reviewer: Reviewer) -> None:
    told = contact("평가위원", reviewer.sub, reviewer.language)
    await stage.desk.ask(_signed_in(stage, reviewer), CONTACT, told)


async def _review(stage: Stage, number: int, rubric: dict[str, Any]) -> None:
    """One reviewer scores what was assigned to them, and nothing else."""
    reviewer = stage.cast.reviewers[number]
    person = _signed_in(stage, reviewer)
    assigned = await stage.desk.see(person, REVIEWS)
    applicants = {each.id: each.applicant for each in stage.known.applications}
    sheets = [
        {
            "application": each["application"],
            "scores": _scores(stage, reviewer, applicants[each["application"]], rubric["kinds"]),
        }
        for each in assigned
    ]
    if number == 0:
        await _refused_sheets(stage, person, sheets)
    if number % ONE_BY_ONE == 0:
        for sheet in sheets:
            await stage.desk.ask(person, SCORE, {"scores": sheet["scores"]}, application=sheet["application"])
    elif sheets:
        await stage.desk.ask(person, SCORES, {"sheets": sheets})


async def _refused_sheets(stage: Stage, person: Person, sheets: list[dict[str, Any]]) -> None:
    own = {sheet["application"] for sheet in sheets}
    foreign = next(each.id for each in stage.known.applications if each.id not in own)
    await stage.desk.try_in_vain(
        person, SCORE, {"scores": sheets[0]["scores"]}, application=foreign, rule="not_assigned"
    )
    beyond = dict.fromkeys(sheets[0]["scores"], "1000")
    await stage.desk.try_in_vain(
        person, SCORE, {"scores": beyond}, application=sheets[0]["application"], rule="score_out_of_scale"
    )


def _scores(
    stage: Stage, reviewer: Reviewer, applicant: Applicant, kinds: dict[str, dict[str, Any]]
) -> dict[str, str]:
    """What a reviewer sees in an applicant: its quality, their severity, and a little chance."""
    # Dice of their own, so that the scores do not depend on who asks first.
    dice = random.Random(f"{stage.cast.seed}:{reviewer.sub}:{applicant.school.register_key}")  # noqa: S311
    return {
        criterion["name"]: _marks(
            applicant.quality + reviewer.severity + Decimal(dice.randint(-60, 60)) / 10,
            Decimal(criterion["scale"]),
            Decimal(criterion["step"]),
        )
        for criterion in kinds[applicant.kind]["criteria"]
        if criterion["scored_by"] == "reviewers"
    }


def _marks(percent: Decimal, scale: Decimal, step: Decimal) -> str:
    """Marks out of `scale`, in whole steps."""
    marks = min(max(percent, Decimal(0)), Decimal(100)) * scale / 100
    return str((marks / step).to_integral_value() * step)


async def select(stage: Stage) -> None:
    """Two officers and the lot make the preliminary, then the final result."""
    desk, officer, year = stage.desk, stage.officer, calendar.YEAR
    with stage.phase(Label("예비 결과와 최종 결과", "preliminary and final result"), 3) as step:
        await desk.try_in_vain(officer, PROPOSE, {"stage": "preliminary"}, year=year, rule="lot_missing")
        await stage.clock_to(calendar.PRELIMINARY)
        dice = random.Random(f"{stage.cast.seed}:lot")  # noqa: S311 - a simulated drawing
        numbers = sorted(dice.sample(range(1, 46), 6))
        await desk.ask(officer, LOT, {"lot_seed": "-".join(map(str, numbers))}, year=year)
        step()
        await _decide(stage, "preliminary")
        await desk.try_in_vain(officer, PROPOSE, {"stage": "final"}, year=year, rule="appeal_window_open")
        step()
        await stage.clock_to(calendar.FINAL)
        await _decide(stage, "final")
        step()
        await stage.drain.drained()


async def _decide(stage: Stage, what: str) -> None:
    """One officer proposes, another approves what was read; the proposer's own approval is refused."""
    desk, officer = stage.desk, stage.officer
    run = await desk.ask(officer, PROPOSE, {"stage": what}, year=calendar.YEAR)
    seen = {name: run[name] for name in ("snapshot_sha256", "result_sha256")}
    identity = run["id"]
    await desk.try_in_vain(officer, PUBLISH, run=identity, rule="wrong_state")
    await desk.try_in_vain(officer, APPROVE, seen, run=identity, rule="approver_is_proposer")
    other = seen | {"result_sha256": "0" * 64}
    await desk.try_in_vain(stage.second_officer, APPROVE, other, run=identity, rule="digest_differs")
    await desk.ask(stage.second_officer, APPROVE, seen, run=identity)
    await desk.ask(officer, PUBLISH, run=identity)


async def promote(stage: Stage) -> None:
    """A selected school gives up its place; whoever is offered it accepts, until nothing is left to offer."""
    with stage.phase(Label("포기와 예비 승계", "a reserve moves up"), 3) as step:
        await stage.clock_to(calendar.RELINQUISHING)
        standings = await stage.desk.see(stage.officer, STANDINGS, year=calendar.YEAR)
        selected = [each for each in standings["schools"] if each["state"] == "selected"]
        leaving = next(each["school"] for each in reversed(selected) if not each["designations"])
        await stage.desk.ask(stage.school(leaving), RELINQUISH, _LEAVING, year=calendar.YEAR)
        await stage.desk.try_in_vain(
            stage.school(leaving), RELINQUISH, _LEAVING, year=calendar.YEAR, rule="nothing_held"
        )
        step()
        await stage.clock_to(calendar.ANSWERING)
        await _accept_all(stage, bystander=leaving)
        step()
        await stage.drain.drained()
        await _learn_results(stage)


async def _accept_all(stage: Stage, bystander: str) -> None:
    promoted = 0
    for _ in range(ROUNDS):
        offers = await stage.desk.see(stage.officer, OFFERS, year=calendar.YEAR)
        pending = [offer for offer in offers if offer["state"] == "pending"]
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
