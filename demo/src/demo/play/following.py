"""After the placements: who leaves and works again, who is still there, and what is counted of the cohort."""

import csv
import io
import random
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any, Final

from demo import facts
from demo.people import DemoFailed, File, Route, together
from demo.play import calendar
from demo.play.market import Class, Market
from demo.play.placing import POSSIBLE, SIGN_COMPANY
from demo.play.stage import Stage
from demo.play.waiting import until
from demo.report.story import Label

GO_ON: Final = Route("placement", "POST", "/programme-years/{year}/destinations")
END: Final = Route("placement", "POST", "/placements/{placement}/end")
BY_HAND: Final = Route("placement", "POST", "/placements")
SIGN_ONE: Final = Route("placement", "POST", "/tripartite-agreements/{agreement}/signature")
CHECKS: Final = Route("placement", "GET", "/retention-checks")
ANSWER: Final = Route("placement", "POST", "/retention-checks/answers")
INSURANCE: Final = Route("placement", "POST", "/retention-checks/insurance-records?drawn_on={drawn_on}")
COUNT: Final = Route("placement", "POST", "/programme-years/{year}/outcomes")
CLOSE: Final = Route("placement", "POST", "/programme-years/{year}/outcomes/closing")

ENLISTED: Final = 0.03
EXCLUDED: Final = 0.02
BY_THEMSELVES: Final = 0.6
"""Simulated shares: of those without a placement who enlist or are left out by the rule; and, of the share
that is at work by the public survey, those who found it by themselves."""
LEAVES: Final = 25
"""Every so many-th placement ends in its first winter."""
NOT_LASTING: Final = 0.07
FORGETFUL: Final = 5
"""Every so many-th company does not answer in time."""
_REASONS: Final = ("resignation", "military_service", "dismissal", "advanced_study")
_HEADER: Final = ("학교", "학생관리번호", "사업자등록번호", "취득일", "상실일", "상실사유")


async def go_on(stage: Stage, market: Market) -> None:
    """Schools say what became of the students whom no round placed; too early a count is refused."""
    schools = {stage.known.schools[each.register_key]: each for each in stage.cast.schools}
    with stage.phase(Label("진학과 그 밖의 진로", "other ways to go on"), len(market.classes)) as step:
        await stage.clock_to(calendar.DESTINATIONS)
        early = {"as_of": calendar.COUNTED.isoformat()}
        await stage.desk.try_in_vain(stage.officer, COUNT, early, year=calendar.YEAR, rule="day_to_come")
        await together(
            [partial(_destinations, stage, each, schools[each.school]) for each in market.classes], step
        )


async def _destinations(stage: Stage, of: Class, school: facts.School) -> None:
    dice = random.Random(f"{stage.cast.seed}:{school.register_key}:ways")  # noqa: S311 - a play
    since = calendar.GOING_ON.isoformat()
    drawn = [(student, _way(dice, school)) for student in of.students if student not in of.placed]
    rows = [{"student": student, "kind": kind, "since": since} for student, kind in drawn if kind]
    if rows:
        await stage.desk.ask(stage.school(of.school), GO_ON, {"rows": rows}, year=calendar.YEAR)


def _way(dice: random.Random, school: facts.School) -> str | None:
    """What becomes of a student, drawn by the shares of the school's own graduates in the public survey."""
    graduates = school.graduates or 0
    advanced = (school.advanced or 0) / graduates if graduates else 0.5
    employed = (school.employed or 0) / graduates if graduates else 0.25
    chance = dice.random()
    for kind, share in (
        ("military_service", ENLISTED),
        ("excluded", EXCLUDED),
        ("advanced_study", advanced * (1 - ENLISTED - EXCLUDED)),
        ("employed_elsewhere", employed * BY_THEMSELVES),
    ):
        if chance < share:
            return kind
        chance -= share
    return None


async def count(stage: Stage) -> None:
    """The cohort is counted as it stood at the end of the year, and its reporting is closed."""
    with stage.phase(Label("2025년 학생의 취업 집계", "employment of 2025 counted"), 1):
        await stage.clock_to(calendar.COUNTING)
        body = {"as_of": calendar.COUNTED.isoformat()}
        counted = await stage.desk.ask(stage.officer, CLOSE, body, year=calendar.YEAR)
        if counted["reported"] < len(stage.known.selected):
            raise DemoFailed(f"Not every school was counted: {counted}")
        await stage.desk.try_in_vain(stage.officer, CLOSE, body, year=calendar.YEAR, rule="reporting_closed")


async def leave(stage: Stage, market: Market) -> None:
    """Some leave; the first of them finds other work with an officer's help."""
    leaving = list(market.placements())[::LEAVES]
    with stage.phase(Label("퇴사와 다시 취업", "left, and placed again"), len(leaving) + 1) as step:
        await stage.clock_to(calendar.LEAVING)
        await together(
            [partial(_end, stage, number, *each) for number, each in enumerate(leaving)],
            step,
        )
        of, student, placement = leaving[0]
        again = {"reason": "resignation", "ended_on": calendar.LEFT.isoformat()}
        await stage.desk.try_in_vain(
            stage.school(of.school), END, again, placement=placement, rule="placement_ended"
        )
        await _placed_again(stage, of, student)
        for each, left, _ in leaving[1:]:
            del each.placed[left]


async def _end(stage: Stage, number: int, of: Class, _student: str, placement: str) -> None:
    body = {"reason": _REASONS[number % len(_REASONS)], "ended_on": calendar.LEFT.isoformat()}
    await stage.desk.ask(stage.school(of.school), END, body, placement=placement)


async def _placed_again(stage: Stage, of: Class, student: str) -> None:
    """At another place that is free; all three sign, one after the other."""
    desk = stage.desk
    free = await desk.see(stage.student(student), POSSIBLE, student=student)
    if not free:
        raise DemoFailed("Nowhere is a place free for a student who has left one")
    opening = free[-1]
    body = {"student": student, "opening": opening["id"], "reason": "work_ended"}
    agreement = (await desk.ask(stage.officer, BY_HAND, body))["id"]
    await desk.try_in_vain(stage.officer, BY_HAND, body, rule="agreement_waits")
    await desk.ask(stage.student(student), SIGN_ONE, agreement=agreement)
    await desk.ask(stage.school(of.school), SIGN_ONE, agreement=agreement)
    [signed] = await desk.ask(stage.company(opening["company"]), SIGN_COMPANY)
    of.placed[student] = signed["placement"]


async def known_late(stage: Stage, market: Market) -> None:
    """A school learns late that somebody left before the day that was counted: the figures are corrected."""
    of = next(each for each in market.classes if len(each.placed) > 1)
    student, placement = list(of.placed.items())[-1]
    with stage.phase(Label("늦게 알려진 퇴사와 정정", "a late correction"), 2) as step:
        await stage.clock_to(calendar.KNOWN_LATE)
        left = {"reason": "resignation", "ended_on": calendar.LEFT_EARLY.isoformat()}
        await stage.desk.ask(stage.school(of.school), END, left, placement=placement)
        del of.placed[student]
        step()
        body = {"as_of": calendar.COUNTED.isoformat(), "reason": "late_evidence"}
        counted = await stage.desk.ask(stage.officer, COUNT, body, year=calendar.YEAR)
        if counted["corrected"] != 1:
            raise DemoFailed(f"One school's figures should be corrected: {counted}")


async def six_months(stage: Stage, market: Market) -> None:
    """Companies answer after six months; an officer answers what is overdue."""
    companies = list(market.companies)
    with stage.phase(Label("6개월 유지취업 확인", "retention at 6 months"), 2 * len(companies)) as step:
        await stage.clock_to(calendar.SIX_MONTHS)
        await _come(stage, 6, calendar.SIX_MONTHS.date())
        prompt = [company for number, company in enumerate(companies) if number % FORGETFUL]
        await together([partial(_still_there, stage, market, company) for company in prompt], step)
        await stage.clock_to(calendar.OVERDUE)
        await _come(stage, 6, calendar.OVERDUE.date())
        overdue = await stage.desk.see(stage.officer, CHECKS, _wanted(state="overdue"))
        stage.known.shown["overdue"] = len(overdue["items"])
        answers = [_answer(each, retained=True) for each in overdue["items"]]
        if answers:
            await stage.desk.ask(stage.officer, ANSWER, {"answers": answers})
        await together([partial(_still_there, stage, market, company) for company in companies], step)


def _wanted(**wanted: Any) -> dict[str, Any]:
    return {"programme_year": calendar.YEAR, "limit": 500, **wanted}


async def _come(stage: Stage, months: int, today: date) -> None:
    """Wait until every check whose day has come is asked."""

    async def asked() -> bool:
        scheduled = await _every(stage, state="scheduled", months=months)
        return all(date.fromisoformat(each["due_on"]) > today for each in scheduled)

    await until(asked, f"checks after {months} months come due")


async def _still_there(stage: Stage, market: Market, company: str) -> None:
    """A company says who is still there, and who left when and why."""
    staff = stage.company(company)
    due = (await stage.desk.see(staff, CHECKS, _wanted(state="due")))["items"]
    if due:
        answers = [_answer(each, retained=market.dice.random() >= NOT_LASTING) for each in due]
        await stage.desk.ask(staff, ANSWER, {"answers": answers})


def _answer(check: dict[str, Any], *, retained: bool) -> dict[str, Any]:
    answer = {"placement": check["placement"], "months": check["months"], "retained": retained}
    if not retained:
        left = date.fromisoformat(check["due_on"]) - timedelta(days=20)
        answer |= {"ended_on": left.isoformat(), "reason": "resignation"}
    return answer


async def twelve_months(stage: Stage, market: Market) -> None:
    """After twelve months an officer takes in insurance records: they confirm, and tell who has left."""
    with stage.phase(Label("12개월 유지취업, 고용보험 자료", "retention at 12 months"), 3) as step:
        await stage.clock_to(calendar.TWELVE_MONTHS)
        await _come(stage, 12, calendar.TWELVE_MONTHS.date())
        due = await _every(stage, state="due")
        step()
        written = io.StringIO()
        csv.writer(written).writerows([_HEADER, *_insured(market, due)])
        file = File(written.getvalue().encode("utf-8-sig"), "text/csv", rows=len(due))
        done = await stage.desk.ask(stage.officer, INSURANCE, file, drawn_on=calendar.DRAWN.isoformat())
        if done["confirmed"] + done["ended"] != len(due):
            raise DemoFailed(f"{len(due)} checks were due, the records came to {done}")


async def _every(stage: Stage, **wanted: Any) -> list[dict[str, Any]]:
    """Checks of everybody, page by page."""
    found: list[dict[str, Any]] = []
    after: dict[str, str] = {}
    while True:
        page = await stage.desk.see(stage.officer, CHECKS, _wanted(**wanted) | after)
        found += page["items"]
        if not page["next"]:
            return found
        after = {"after": page["next"]}


def _insured(market: Market, due: Sequence[dict[str, Any]]) -> Iterator[Sequence[str]]:
    """Records as they might be: of everybody whose check is due, some of whom have lost the insurance."""
    references = {student: code for each in market.classes for student, code in each.references.items()}
    for check in due:
        number = market.companies[check["company"]].registration_number
        lost = date.fromisoformat(check["due_on"]) - timedelta(days=market.dice.randint(20, 120))
        left = market.dice.random() < 2 * NOT_LASTING
        yield (
            check["school"],
            references[check["student"]],
            number,
            check["starts_on"],
            lost.isoformat() if left else "",
            "자발적 퇴사" if left else "",
        )


async def close(stage: Stage) -> None:
    """The cohort's retention is counted and closed."""
    with stage.phase(Label("유지취업 집계와 마감", "retention counted and closed"), 1):
        await stage.clock_to(calendar.END)
        body = {"as_of": calendar.CLOSED.isoformat()}
        await stage.desk.ask(stage.officer, CLOSE, body, year=calendar.YEAR)
