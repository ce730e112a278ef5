"""The year after, called while the students of this one are followed: its first schools are confirmed."""

from dataclasses import replace
from functools import partial
from typing import Any, Final

from demo.cast import Applicant, Outcomes, Reviewer
from demo.people import DemoFailed, Route, together
from demo.play import applying, calendar, evaluating, policy, reporting
from demo.play.market import Market
from demo.play.stage import Application, Stage
from demo.report.story import Label

OUTCOMES: Final = Route("placement", "GET", "/programme-years/{year}/outcomes")
SUPPORT: Final = Route("evaluation", "GET", "/programme-years/{year}/continued-support")

APPLYING: Final = 12
"""Schools that the play follows into the year after, at most."""


class Coming:
    """The year after as far as it is played."""

    def __init__(self) -> None:
        self.call = ""
        self.applications: list[Application] = []


async def announce(stage: Stage) -> Coming:
    """The year after opens under a policy of its own, and its call is announced."""
    coming = Coming()
    with stage.phase(Label("2026년 공고", "the call of 2026"), 3) as step:
        await stage.clock_to(calendar.NEXT_ANNOUNCED)
        await reporting.import_retention(stage)
        step()
        rules = policy.of_next(stage.cast.size)
        await stage.desk.ask(stage.officer, applying.OPEN_YEAR, rules, year=calendar.NEXT)
        step()
        call = await stage.desk.ask(
            stage.officer,
            applying.ANNOUNCE,
            {
                "kinds": ["continuing", "new"],
                "tracks": ["regional_key_industry", "work_study", "new_technology"],
                "opens_at": calendar.NEXT_OPENS.isoformat(),
                "deadline": calendar.NEXT_DEADLINE.isoformat(),
            },
            year=calendar.NEXT,
        )
        coming.call = call["id"]
    return coming


async def apply(stage: Stage, market: Market, coming: Coming) -> None:
    """Some of this year's schools file for the next, with the figures of the cohort that was counted."""
    schools = [each.school for each in market.classes][:APPLYING]
    with stage.phase(Label("2026년 계속지원 신청", "continuing applications for 2026"), len(schools)) as step:
        await stage.clock_to(calendar.NEXT_APPLYING)
        by_school = {stage.known.schools[e.school.register_key]: e for e in stage.cast.applicants}
        coming.applications = await together(
            [partial(_apply, stage, coming, school, by_school[school]) for school in schools], step
        )
        stage.known.applications.extend(coming.applications)


async def _apply(stage: Stage, coming: Coming, school: str, before: Applicant) -> Application:
    staff = stage.school(school)
    shown = await stage.desk.see(staff, OUTCOMES, {"by": "school"}, year=calendar.YEAR)
    [own] = shown["rows"]
    outcomes = Outcomes(
        graduates=own["graduates"],
        employed=own["employed"],
        advanced=own["advanced"],
        enlisted=own["enlisted"],
        excluded=own["excluded"],
        retained=own["employed"],
    )
    applicant = replace(before, kind="continuing", conduct="plain", outcomes=outcomes)
    drafted = await stage.desk.ask(staff, applying.DRAFT, {"call": coming.call, "kind": "continuing"})
    application = Application(applicant, staff, drafted["id"])
    await applying.save(stage, application)
    await applying.submit(stage, application)
    return application


async def score(stage: Stage, coming: Coming) -> None:
    """The call closes, and reviewers score what the outcomes do not say."""
    year, reviewers = calendar.NEXT, stage.cast.reviewers
    with stage.phase(Label("2026년 계속지원 평가", "continued support for 2026"), len(reviewers)) as step:
        await stage.clock_to(calendar.NEXT_CLOSING)
        await stage.desk.ask(stage.officer, applying.CLOSE, call=coming.call)
        await stage.clock_to(calendar.NEXT_SCORING)
        await stage.desk.ask(stage.officer, evaluating.ASSIGN, year=year)
        rubric = await stage.desk.see(stage.officer, evaluating.RUBRIC, name=f"default_{calendar.YEAR}")
        await together([partial(_review, stage, each, rubric["kinds"]) for each in reviewers], step)
        await reporting.settle_missing(stage, year, "not_in_2024")
        await stage.desk.ask(stage.officer, evaluating.CLOSE_SCORING, year=year)


async def _review(stage: Stage, reviewer: Reviewer, kinds: dict[str, Any]) -> None:
    person = evaluating.signed_in(stage, reviewer)
    reviews = await stage.desk.see(person, evaluating.REVIEWS)
    sheets = [
        {"application": each["application"], "scores": evaluating.marks_for(stage, reviewer, each, kinds)}
        for each in reviews
        if each["open"] and each["submitted_at"] is None
    ]
    if sheets:
        await stage.desk.ask(person, evaluating.SCORES, {"sheets": sheets})


async def confirm(stage: Stage, coming: Coming) -> None:
    """Who is confirmed by the figures, corrected ones among them; each year keeps its own rules."""
    with stage.phase(Label("2026년 계속지원 확정", "confirmed for 2026"), 1):
        await stage.clock_to(calendar.NEXT_CONFIRMING)
        support = await stage.desk.see(stage.officer, SUPPORT, year=calendar.NEXT)
        if len(support) != len(coming.applications):
            raise DemoFailed(f"{len(coming.applications)} schools applied, {len(support)} were evaluated")
        used = [_revision(each) for each in support]
        if used.count(2) != 1:
            raise DemoFailed(f"One school's corrected figures should count, the revisions are {used}")
        stage.known.shown["support"] = support


def _revision(support: dict[str, Any]) -> int | None:
    """Of the figures of this year's cohort."""
    outcomes = [each["outcome"] for each in support["figures"] if each["outcome"]]
    return next((each["revision"] for each in outcomes if each["cohort"] == calendar.YEAR), None)
