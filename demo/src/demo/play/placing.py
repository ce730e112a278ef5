"""From openings to signed placements: two matching rounds, the second over what the first one left."""

from collections.abc import Awaitable, Callable
from functools import partial
from random import Random
from typing import Any, Final

from demo.people import Route, together
from demo.play import calendar
from demo.play.applying import CONTACT, contact
from demo.play.market import Class, Market
from demo.play.preparing import REACHABLE, SEE_CLASS
from demo.play.stage import Stage
from demo.play.waiting import until
from demo.report.story import Label

PUBLISH: Final = Route("placement", "POST", "/openings")
OPEN_ROUND: Final = Route("placement", "POST", "/rounds")
POSSIBLE: Final = Route("placement", "GET", "/students/{student}/openings")
LIST: Final = Route("placement", "PUT", "/rounds/{matching_round}/preferences")
CANDIDATES: Final = Route("placement", "GET", "/rounds/{matching_round}/candidates")
RANK: Final = Route("placement", "PUT", "/rounds/{matching_round}/rankings")
CLOSE_ROUND: Final = Route("placement", "POST", "/rounds/{matching_round}/closing")
RUN: Final = Route("placement", "POST", "/rounds/{matching_round}/run")
OWN_PAGE: Final = Route("placement", "GET", "/students/{student}")
ACCEPT: Final = Route("placement", "POST", "/offers/{offer}/acceptance")
DECLINE: Final = Route("placement", "POST", "/offers/{offer}/refusal")
SIGN_CLASS: Final = Route("placement", "POST", "/classes/{employment_class}/signatures")
SIGN_COMPANY: Final = Route("placement", "POST", "/tripartite-agreements/signatures")

OPENINGS: Final = 2
"""Openings of a company."""
PLACES: Final = 6
"""Places of an opening."""
LISTED: Final = 4
"""Openings that a student lists at most."""
_TELL_APART: Final = (Label("1차", "round 1"), Label("2차", "round 2"))


class Round:
    """A matching round as it is played."""

    def __init__(self, number: int, days: calendar.Round) -> None:
        self.number: Final = number
        self.days: Final = days
        self.id = ""
        self.listing: dict[str, Class] = {}
        self.accepted: list[tuple[str, str]] = []
        self.declined = 0
        self.silent: list[str] = []

    def label(self, ko: str, en: str) -> Label:
        which = _TELL_APART[self.number - 1]
        return Label(f"{which.ko} {ko}", f"{which.en}: {en}")


async def place(stage: Stage, market: Market) -> None:
    """Openings are published; what two rounds bring together is signed."""
    await _openings(stage, market)
    for number, days in enumerate(calendar.ROUNDS, start=1):
        played = Round(number, days)
        for step in (_preferences, _rankings, _run, _answers, _sign):
            await step(stage, market, played)


async def _openings(stage: Stage, market: Market) -> None:
    with stage.phase(Label("구인 등록", "openings"), len(market.companies) + 1) as step:
        await stage.clock_to(calendar.OPENINGS)
        partners = {company for each in market.classes for company in each.companies}
        company = next(company for company in market.companies if company in partners)
        cheap = _opening(market, company) | {"wage_krw_per_hour": 9_000}
        body = {"programme_year": calendar.YEAR, "openings": [cheap]}
        await stage.desk.try_in_vain(stage.company(company), PUBLISH, body, rule="minimum_wage")
        step()
        await together([partial(_publish, stage, market, company) for company in sorted(partners)], step)


async def _publish(stage: Stage, market: Market, company: str) -> None:
    openings = [_opening(market, company) for _ in range(OPENINGS)]
    body = {"programme_year": calendar.YEAR, "openings": openings}
    await stage.desk.ask(stage.company(company), PUBLISH, body)


def _opening(market: Market, company: str) -> dict[str, Any]:
    described = market.companies[company]
    hours = market.dice.choice((7, 8))
    return {
        "field": described.industry,
        "title": f"모의 {described.industry} 직무",
        "province": described.province,
        "address": f"모의로 {market.dice.randint(1, 400)} (simulated)",
        "wage_krw_per_hour": market.dice.randrange(10_400, 13_000, 100),
        "hours_per_day": hours,
        "hours_per_week": hours * 5,
        "works_from": "09:00:00",
        "works_until": "18:00:00",
        "starts_on": calendar.WORK_STARTS.isoformat(),
        "places": PLACES,
    }


async def _preferences(stage: Stage, market: Market, played: Round) -> None:
    looking = [each for each in market.classes if each.waiting]
    seekers = sum(len(each.waiting) for each in looking)
    with stage.phase(played.label("희망 순위", "preferences"), seekers) as step:
        await stage.clock_to(played.days.opens)
        opened = await stage.desk.ask(stage.officer, OPEN_ROUND, _windows(played))
        played.id = opened["id"]
        possible = await together([partial(_possible, stage, each) for each in looking], lambda: None)
        listing: list[Callable[[], Awaitable[None]]] = []
        for each, wages in zip(looking, possible, strict=True):
            if wages:
                played.listing |= dict.fromkeys(each.waiting, each)
                listing += [partial(_list, stage, played, student, wages) for student in each.waiting]
        await together(listing, step)
        await stage.clock_to(played.days.ranking)
        seeker, nobody = next(iter(played.listing)), {"openings": list[str]()}
        await stage.desk.try_in_vain(
            stage.student(seeker), LIST, nobody, matching_round=played.id, rule="preferences_too_late"
        )


def _windows(played: Round) -> dict[str, Any]:
    days = played.days
    return {
        "programme_year": calendar.YEAR,
        "preferences_until": days.preferences_until.isoformat(),
        "rankings_until": days.rankings_until.isoformat(),
        "lot_source": f"모의 추첨 (simulated drawing), {days.deciding.date().isoformat()}",
    }


async def _possible(stage: Stage, employment_class: Class) -> dict[str, int]:
    """The openings that students of a class may list, which are those of their school, with their wages."""
    student = employment_class.waiting[0]
    shown = await stage.desk.see(stage.student(student), POSSIBLE, student=student)
    return {opening["id"]: opening["wage_krw_per_hour"] for opening in shown}


def _liked(dice: Random, wages: dict[str, int]) -> list[str]:
    """What a student lists: most go by the wage, but not only."""
    liked = dice.sample(list(wages), min(LISTED, len(wages)))
    taste = {opening: wages[opening] + dice.gauss(0, 900) for opening in liked}
    return sorted(liked, key=taste.__getitem__, reverse=True)


async def _list(stage: Stage, played: Round, student: str, wages: dict[str, int]) -> None:
    oneself, of = stage.student(student), played.listing[student]
    place = of.students.index(student)
    # Dice of their own, so that a list does not depend on who asks first.
    dice = Random(f"{stage.cast.seed}:{of.school}:{place}:{played.number}")  # noqa: S311 - a play
    if played.number == 1 and place % REACHABLE == 0:
        await stage.desk.ask(oneself, CONTACT, contact("학생", student, "ko"))
    await stage.desk.ask(oneself, LIST, {"openings": _liked(dice, wages)}, matching_round=played.id)


async def _rankings(stage: Stage, market: Market, played: Round) -> None:
    with stage.phase(played.label("기업 순위", "rankings"), len(market.companies)) as step:
        await together([partial(_rank, stage, market, played, company) for company in market.companies], step)
        await stage.desk.try_in_vain(
            stage.officer, CLOSE_ROUND, matching_round=played.id, rule="window_not_over"
        )


async def _rank(stage: Stage, market: Market, played: Round, company: str) -> None:
    """A company orders who lists its openings; some give points instead, and leave ties to the lot."""
    staff = stage.company(company)
    listed = await stage.desk.see(staff, CANDIDATES, matching_round=played.id)
    rankings = [_ranking(market, opening) for opening in listed if opening["students"]]
    if rankings:
        await stage.desk.ask(staff, RANK, {"rankings": rankings}, matching_round=played.id)


def _ranking(market: Market, opening: dict[str, Any]) -> dict[str, Any]:
    students = [candidate["student"] for candidate in opening["students"]]
    wanted = [student for student in students if market.dice.random() < 0.97]  # noqa: PLR2004 - a few are not taken
    if market.dice.random() < 0.25:  # noqa: PLR2004 - one company in four gives points
        return {"opening": opening["opening"], "scores": {each: str(_points(market)) for each in wanted}}
    market.dice.shuffle(wanted)
    return {"opening": opening["opening"], "students": wanted}


def _points(market: Market) -> int:
    return market.dice.randint(60, 95)


async def _run(stage: Stage, market: Market, played: Round) -> None:
    with stage.phase(played.label("매칭", "matching"), 2) as step:
        await stage.clock_to(played.days.deciding)
        await stage.desk.ask(stage.officer, CLOSE_ROUND, matching_round=played.id)
        step()
        drawn = sorted(market.dice.sample(range(1, 46), 6))
        seed = {"lot_seed": ",".join(map(str, drawn))}
        await stage.desk.ask(stage.officer, RUN, seed, matching_round=played.id)
        await stage.desk.try_in_vain(
            stage.officer, RUN, seed, matching_round=played.id, rule="round_not_closed"
        )


async def _answers(stage: Stage, market: Market, played: Round) -> None:
    """Most accept, some decline, and some never answer."""
    with stage.phase(played.label("제안 수락과 거절", "answers to offers"), len(played.listing)) as step:
        await stage.clock_to(played.days.accepting)
        looked = await together([partial(_offered, stage, each) for each in market.classes], lambda: None)
        offered = [student for students in looked for student in students]
        await together([partial(_answer, stage, market, played, student) for student in offered], step)
        (student, offer), (stranger, _) = played.accepted[0], played.accepted[1]
        signed = {"sign_agreement": True}
        await stage.desk.try_in_vain(
            stage.student(stranger), ACCEPT, signed, offer=offer, rule="offer_not_found"
        )
        await stage.desk.try_in_vain(
            stage.student(student), ACCEPT, signed, offer=offer, rule="offer_answered"
        )


async def _offered(stage: Stage, of: Class) -> list[str]:
    """A school sees who of a class has an offer to answer."""
    if not of.waiting:
        return []
    shown = await stage.desk.see(stage.school(of.school), SEE_CLASS, employment_class=of.id)
    return [row["student"] for row in shown["roster"] if row["progress"] == "offered"]


async def _answer(stage: Stage, market: Market, played: Round, student: str) -> None:
    oneself = stage.student(student)
    page = await stage.desk.see(oneself, OWN_PAGE, student=student)
    [offer] = [each["id"] for each in page["offers"] if each["state"] == "offered"]
    chance = market.dice.random()
    if len(played.accepted) > 1 and not played.silent:
        played.silent.append(student)
    elif len(played.accepted) > 1 and (chance < 0.06 or not played.declined):  # noqa: PLR2004 - six in a hundred
        played.declined += 1
        await stage.desk.ask(oneself, DECLINE, offer=offer)
    elif len(played.accepted) > 1 and chance < 0.09:  # noqa: PLR2004 - three in a hundred never answer
        played.silent.append(student)
    else:
        played.accepted.append((student, offer))
        await stage.desk.ask(oneself, ACCEPT, {"sign_agreement": True}, offer=offer)


async def _sign(stage: Stage, market: Market, played: Round) -> None:
    """School and company sign; offers that nobody answered have expired by then."""
    classes = {played.listing[student].id: played.listing[student] for student, _ in played.accepted}
    total = len(classes) + len(market.companies)
    with stage.phase(played.label("3자 협약 서명", "tripartite signatures"), total) as step:
        await stage.clock_to(played.days.over)
        for student in played.silent[:1]:
            await until(partial(_expired, stage, student), "an offer that nobody answered expires")
        await together(
            [
                partial(stage.desk.ask, stage.school(each.school), SIGN_CLASS, employment_class=each.id)
                for each in classes.values()
            ],
            step,
        )
        signed = await together(
            [partial(stage.desk.ask, stage.company(company), SIGN_COMPANY) for company in market.companies],
            step,
        )
        for agreement in [agreement for made in signed for agreement in made]:
            of = played.listing[agreement["student"]]
            of.placed[agreement["student"]] = agreement["placement"]


async def _expired(stage: Stage, student: str) -> bool:
    page = await stage.desk.see(stage.student(student), OWN_PAGE, student=student)
    return bool(page["offers"][-1]["state"] == "expired")
