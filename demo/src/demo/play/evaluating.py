"""Reviewers are chosen, step aside where they must, and score what is theirs."""

import random
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any, Final

from demo.cast import Reviewer
from demo.people import DemoFailed, Person, Route, together
from demo.play import calendar, reporting
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
DRAFT: Final = Route("evaluation", "PUT", "/reviews/{application}/draft")
DECLARE: Final = Route("evaluation", "POST", "/reviews/conflicts")
RECUSE: Final = Route("evaluation", "POST", "/reviews/{application}/recusal")
CLOSE_STAGE: Final = Route("evaluation", "POST", "/programme-years/{year}/stages/{kind}/{stage}/closure")
STATISTICS: Final = Route("evaluation", "GET", "/programme-years/{year}/stages/{kind}/{stage}/statistics")
CLOSE_SCORING: Final = Route("evaluation", "POST", "/programme-years/{year}/scoring-closure")

ONE_BY_ONE: Final = 4
"""Every so many-th reviewer hands in sheet by sheet, the others their whole stack at once."""
_TRACKS: Final = ("general", "regional_key_industry", "work_study", "new_technology")
_FIELDS: Final = ("industrial", "commercial", "agricultural", "home_economics", "fisheries")


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
    """Reviewers are registered and assigned, and score what is theirs, stage by stage."""
    cast, desk, year = stage.cast, stage.desk, calendar.YEAR
    with stage.phase(Label("평가위원 배정", "reviewers and assignments"), len(cast.reviewers) + 2) as step:
        await stage.clock_to(calendar.SCORING)
        for application in with_conduct(stage, "withdraws_late"):
            await desk.ask(application.school, WITHDRAW, LEAVING, application=application.id)
        await stage.drain.drained()
        progress = await desk.see(stage.officer, PROGRESS, year=year)
        if not all(call["started_at"] for call in progress["calls"]):
            raise DemoFailed(f"Evaluation has not started: {progress['calls']}")
        step()
        await desk.ask(stage.officer, REVIEWERS, {"reviewers": [_profile(stage, r) for r in cast.reviewers]})
        await together([partial(_reachable, stage, reviewer) for reviewer in cast.reviewers], step)
        await _declare(stage)
        await desk.ask(stage.officer, ASSIGN, year=year)
        step()
    with stage.phase(Label("서면·성과평가", "documents and performance"), len(cast.reviewers)) as step:
        await desk.try_in_vain(stage.officer, CLOSE_SCORING, year=year, rule="scores_missing")
        await _recuse(stage)
        await _scored(stage, step, first=True)
        stage.known.shown["statistics"] = await desk.see(
            stage.officer, STATISTICS, year=year, kind="new", stage="documents"
        )
        await reporting.settle_missing(stage)
        await desk.ask(stage.officer, CLOSE_STAGE, year=year, kind="new", stage="documents")
    with stage.phase(Label("발표평가", "presentations"), len(cast.reviewers)) as step:
        await desk.try_in_vain(stage.officer, CLOSE_SCORING, year=year, rule="reviewers_missing")
        await desk.ask(stage.officer, ASSIGN, year=year)
        await _scored(stage, step, first=False)
        await desk.ask(stage.officer, CLOSE_SCORING, year=year)


def _profile(stage: Stage, reviewer: Reviewer) -> dict[str, Any]:
    """A simulated reviewer's entry in the pool."""
    dice = random.Random(f"{stage.cast.seed}:{reviewer.sub}:expertise")  # noqa: S311 - a play
    return {
        "id": reviewer.sub,
        "province": reviewer.province,
        "tracks": sorted(dice.sample(_TRACKS, 2)),
        "fields": sorted(dice.sample(_FIELDS, 2)),
    }


async def _declare(stage: Stage) -> None:
    """One reviewer says before anything is assigned that a relative works at a school."""
    reviewer, school = stage.cast.reviewers[0], stage.known.applications[0].school.party
    body = {"schools": [school], "reason": "kinship"}
    await stage.desk.ask(signed_in(stage, reviewer), DECLARE, body)


async def _recuse(stage: Stage) -> None:
    """One reviewer sees when reading that they advised the school; somebody else gets the application."""
    person = signed_in(stage, stage.cast.reviewers[1])
    first, *_ = await stage.desk.see(person, REVIEWS)
    await stage.desk.ask(person, RECUSE, {"reason": "consulting"}, application=first["application"])
    await stage.desk.try_in_vain(
        person, DRAFT, {"scores": {}}, application=first["application"], rule="recused"
    )
    await stage.desk.ask(stage.officer, ASSIGN, year=calendar.YEAR)


async def _scored(stage: Stage, step: Callable[[], None], *, first: bool) -> None:
    """Every reviewer scores what they have in hand."""
    rubric = await stage.desk.see(stage.officer, RUBRIC, name=f"default_{calendar.YEAR}")
    await together(
        [partial(_review, stage, number, rubric, first=first) for number in range(len(stage.cast.reviewers))],
        step,
    )


LEAVING: Final = {"reason": "no_longer_interested"}


def signed_in(stage: Stage, reviewer: Reviewer) -> Person:
    return stage.person(reviewer.sub, "reviewer", reviewer.sub)


async def _reachable(stage: Stage, reviewer: Reviewer) -> None:
    told = contact("평가위원", reviewer.sub, reviewer.language)
    await stage.desk.ask(signed_in(stage, reviewer), CONTACT, told)


async def _review(stage: Stage, number: int, rubric: dict[str, Any], *, first: bool) -> None:
    """One reviewer scores what was assigned to them, and nothing else."""
    reviewer = stage.cast.reviewers[number]
    person = signed_in(stage, reviewer)
    assigned = [
        each
        for each in await stage.desk.see(person, REVIEWS)
        if each["open"] and each["submitted_at"] is None
    ]
    sheets = [
        {"application": each["application"], "scores": marks_for(stage, reviewer, each, rubric["kinds"])}
        for each in assigned
    ]
    if number == 0 and first:
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


def marks_for(
    stage: Stage,
    reviewer: Reviewer,
    review: dict[str, Any],
    kinds: dict[str, dict[str, Any]],
    quality: Decimal | None = None,
) -> dict[str, str]:
    """What a reviewer sees in an applicant: its quality, their severity, and a little chance."""
    applicant = next(e.applicant for e in stage.known.applications if e.id == review["application"])
    # Dice of their own, so that the scores do not depend on who asks first.
    dice = random.Random(  # noqa: S311 - a play
        f"{stage.cast.seed}:{reviewer.sub}:{applicant.school.register_key}:{review['stage']}"
    )
    seen = applicant.quality if quality is None else quality
    return {
        criterion["name"]: _marks(
            seen + reviewer.severity + Decimal(dice.randint(-60, 60)) / 10,
            Decimal(criterion["scale"]),
            Decimal(criterion["step"]),
        )
        for criterion in kinds[applicant.kind]["criteria"]
        if criterion["scored_by"] == "reviewers" and criterion["stage"] == review["stage"]
    }


def _marks(percent: Decimal, scale: Decimal, step: Decimal) -> str:
    """Marks out of `scale`, in whole steps."""
    marks = min(max(percent, Decimal(0)), Decimal(100)) * scale / 100
    return str((marks / step).to_integral_value() * step)
