"""From agreements to signed placements: companies, classes, openings, one matching round."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from demo.cast import Company
from demo.people import Route, together
from demo.play import calendar
from demo.play.applying import CONTACT, contact
from demo.play.stage import Stage
from demo.report.story import Label

REGISTER: Final = Route("placement", "POST", "/companies")
APPROVE: Final = Route("placement", "POST", "/companies/approvals")
PROPOSE: Final = Route("placement", "POST", "/agreements")
SIGN: Final = Route("placement", "POST", "/agreements/signatures")
OPEN_CLASS: Final = Route("placement", "POST", "/classes")
ENROL: Final = Route("placement", "POST", "/classes/{employment_class}/roster")
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

PARTNERS: Final = 4
"""Companies that a school signs an agreement with."""
OPENINGS: Final = 3
PLACES: Final = 3
"""Places of an opening."""
TRAINING_HOURS: Final = 350
LISTED: Final = 5
"""Openings that a student lists at most."""

_FIELDS: Final = {
    "industrial": "smart_factory",
    "commercial": "office_software",
    "agricultural": "food_processing",
    "home_economics": "design",
    "fisheries": "logistics",
}


@dataclass(slots=True)
class Class:
    """An employment class with its students."""

    id: str
    school: str
    students: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Market:
    """Who meets in the matching round; the dice are those of the cast's seed."""

    dice: random.Random
    companies: dict[str, Company] = field(default_factory=dict)
    schools: list[str] = field(default_factory=list)
    classes: list[Class] = field(default_factory=list)
    round: str = ""
    seekers: list[str] = field(default_factory=list)
    offered: list[tuple[str, str]] = field(default_factory=list)


async def place(stage: Stage) -> Market:
    """The whole way; answers who met."""
    market = Market(random.Random(f"{stage.cast.seed}:market"))  # noqa: S311 - a play, not a secret
    market.schools = market.dice.sample(stage.known.selected, stage.cast.size.classes)
    for step in (
        _companies,
        _agreements,
        _classes,
        _openings,
        _preferences,
        _rankings,
        _run,
        _answers,
        _sign,
    ):
        await step(stage, market)
    return market


async def _companies(stage: Stage, market: Market) -> None:
    companies = stage.cast.companies
    with stage.phase(Label("기업 등록과 승인", "companies"), len(companies) + 1) as step:
        await stage.clock_to(calendar.AGREEING)
        await _refused_company(stage, companies[0])
        ids = await together([partial(_register, stage, company) for company in companies], step)
        market.companies = dict(zip(ids, companies, strict=True))
        body = {"programme_year": calendar.YEAR, "companies": ids, "reason": "sme_certificate_checked"}
        await stage.desk.ask(stage.officer, APPROVE, body)


async def _register(stage: Stage, company: Company) -> str:
    founder = stage.person(f"founder-{company.registration_number}", "company")
    registered = await stage.desk.ask(founder, REGISTER, _company(company))
    identity: str = registered["id"]
    told = contact("기업 담당자", identity, company.language)
    await stage.desk.ask(stage.company(identity), CONTACT, told)
    return identity


def _company(company: Company) -> dict[str, Any]:
    return {
        "registration_number": company.registration_number,
        "name_ko": company.name_ko,
        "name_en": company.name_en,
        "province": company.province,
        "industry": company.industry,
        "employees": company.employees,
        "sme_status": _status(company.employees),
        "sme_confirmed_until": calendar.SME_CONFIRMED_UNTIL.isoformat(),
    }


def _status(employees: int) -> str:
    """A simulated status; the real one goes by sales and industry."""
    return "micro" if employees < 10 else "small" if employees < 50 else "medium"  # noqa: PLR2004 - a play


async def _refused_company(stage: Stage, company: Company) -> None:
    number = company.registration_number
    wrong = _company(company) | {"registration_number": f"{number[:9]}{(int(number[9]) + 1) % 10}"}
    founder = stage.person("founder-in-error", "company")
    await stage.desk.try_in_vain(founder, REGISTER, wrong, rule="check_digit")


async def _agreements(stage: Stage, market: Market) -> None:
    companies = list(market.companies)
    with stage.phase(Label("2자 협약", "bipartite agreements"), len(market.schools) + len(companies)) as step:
        partners = {school: market.dice.sample(companies, PARTNERS) for school in market.schools}
        outsider = stage.school(stage.known.unselected)
        await stage.desk.try_in_vain(
            outsider, PROPOSE, _proposal(companies[:1]), rule="school_not_taking_part"
        )
        proposed = await together(
            [partial(_propose, stage, school, chosen) for school, chosen in partners.items()], step
        )
        waiting: dict[str, list[str]] = {company: [] for company in companies}
        for agreement in [agreement for made in proposed for agreement in made]:
            waiting[agreement["company"]].append(agreement["id"])
        await together(
            [
                partial(stage.desk.ask, stage.company(company), SIGN, {"agreements": agreements})
                for company, agreements in waiting.items()
                if agreements
            ],
            step,
        )


async def _propose(stage: Stage, school: str, companies: list[str]) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = await stage.desk.ask(stage.school(school), PROPOSE, _proposal(companies))
    return made


def _proposal(companies: list[str]) -> dict[str, Any]:
    starts_on, ends_on = calendar.AGREEMENT_TERM
    term = {"starts_on": starts_on.isoformat(), "ends_on": ends_on.isoformat()}
    agreements = [{"partner": company, **term} for company in companies]
    return {"programme_year": calendar.YEAR, "agreements": agreements}


async def _classes(stage: Stage, market: Market) -> None:
    with stage.phase(Label("취업맞춤반과 학생 명부", "classes and rosters"), len(market.schools)) as step:
        await stage.clock_to(calendar.CLASSES)
        streams = {stage.known.schools[s.register_key]: s.stream for s in stage.cast.schools}
        market.classes = await together(
            [partial(_open_class, stage, school, streams[school]) for school in market.schools], step
        )
        first = market.classes[0]
        again = {"rows": [{"reference": _reference(0)}]}
        await stage.desk.try_in_vain(
            stage.school(first.school), ENROL, again, employment_class=first.id, rule="enrolled_already"
        )


async def _open_class(stage: Stage, school: str, stream: str) -> Class:
    staff, size = stage.school(school), stage.cast.size.class_size
    agreed = await stage.desk.see(staff, AGREEMENTS, {"programme_year": calendar.YEAR})
    starts_on, ends_on = calendar.CLASS_TERM
    body = {
        "programme_year": calendar.YEAR,
        "track": (stage.known.designations.get(school) or ("general",))[0],
        "field": _FIELDS[stream],
        "hours": TRAINING_HOURS,
        "capacity": size + 2,
        "companies": [agreement["company"] for agreement in agreed["items"]],
        "starts_on": starts_on.isoformat(),
        "ends_on": ends_on.isoformat(),
    }
    opened = await stage.desk.ask(staff, OPEN_CLASS, body)
    roster = {"rows": [{"reference": _reference(number)} for number in range(size)]}
    enrolled = await stage.desk.ask(staff, ENROL, roster, employment_class=opened["id"])
    return Class(opened["id"], school, enrolled["students"])


AGREEMENTS: Final = Route("placement", "GET", "/agreements")


def _reference(number: int) -> str:
    """A school's own code for a student who does not exist."""
    return f"{calendar.YEAR}-simulated-{number + 1:03}"


async def _openings(stage: Stage, market: Market) -> None:
    with stage.phase(Label("구인 등록", "openings"), len(market.companies) + 1) as step:
        await stage.clock_to(calendar.OPENINGS)
        company = next(iter(market.companies))
        cheap = _opening(market, company) | {"wage_krw_per_hour": 9_000}
        body = {"programme_year": calendar.YEAR, "openings": [cheap]}
        await stage.desk.try_in_vain(stage.company(company), PUBLISH, body, rule="minimum_wage")
        step()
        await together([partial(_publish, stage, market, company) for company in market.companies], step)


async def _publish(stage: Stage, market: Market, company: str) -> None:
    agreed = await stage.desk.see(
        stage.company(company), AGREEMENTS, {"programme_year": calendar.YEAR, "state": "in_force"}
    )
    if agreed["items"]:
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


async def _preferences(stage: Stage, market: Market) -> None:
    with stage.phase(Label("학생 희망 순위", "preferences"), len(market.classes)) as step:
        await stage.clock_to(calendar.MATCHING)
        opened = await stage.desk.ask(stage.officer, OPEN_ROUND, _windows())
        market.round = opened["id"]
        possible = await together([partial(_possible, stage, each) for each in market.classes], step)
        listing = [
            partial(_list, stage, market, student, openings, reachable=number % 3 == 0)
            for each, openings_shown in zip(market.classes, possible, strict=True)
            for number, (student, openings) in enumerate(_wishes(market, each, openings_shown))
        ]
        await together(listing, lambda: None)
        await stage.clock_to(calendar.RANKING)
        seeker, nobody = market.seekers[0], {"openings": list[str]()}
        await stage.desk.try_in_vain(
            stage.student(seeker), LIST, nobody, matching_round=market.round, rule="preferences_too_late"
        )


def _windows() -> dict[str, Any]:
    return {
        "programme_year": calendar.YEAR,
        "preferences_until": calendar.PREFERENCES_UNTIL.isoformat(),
        "rankings_until": calendar.RANKINGS_UNTIL.isoformat(),
        "lot_source": f"모의 추첨 (simulated drawing), {calendar.DECIDING.date().isoformat()}",
    }


async def _possible(stage: Stage, employment_class: Class) -> dict[str, int]:
    """The openings that students of a class may list, which are those of their school, with their wages."""
    student = employment_class.students[0]
    shown = await stage.desk.see(stage.student(student), POSSIBLE, student=student)
    return {opening["id"]: opening["wage_krw_per_hour"] for opening in shown}


def _wishes(
    market: Market, employment_class: Class, wages: dict[str, int]
) -> Iterator[tuple[str, list[str]]]:
    """Those of a class who look for work, and what they list: most go by the wage, but not only."""
    for student in employment_class.students:
        if market.dice.random() < SEEKING:
            market.seekers.append(student)
            liked = market.dice.sample(list(wages), min(LISTED, len(wages)))
            taste = {opening: wages[opening] + market.dice.gauss(0, 900) for opening in liked}
            yield student, sorted(liked, key=taste.__getitem__, reverse=True)


SEEKING: Final = 0.42
"""Share of students who look for work; the others go on to study."""


async def _list(stage: Stage, market: Market, student: str, openings: list[str], *, reachable: bool) -> None:
    oneself = stage.student(student)
    if reachable:
        await stage.desk.ask(oneself, CONTACT, contact("학생", student, "ko"))
    await stage.desk.ask(oneself, LIST, {"openings": openings}, matching_round=market.round)


async def _rankings(stage: Stage, market: Market) -> None:
    with stage.phase(Label("기업 순위", "rankings"), len(market.companies)) as step:
        await together([partial(_rank, stage, market, company) for company in market.companies], step)
        await stage.desk.try_in_vain(
            stage.officer, CLOSE_ROUND, matching_round=market.round, rule="window_not_over"
        )


async def _rank(stage: Stage, market: Market, company: str) -> None:
    """A company orders who lists its openings; some give points instead, and leave ties to the lot."""
    staff = stage.company(company)
    listed = await stage.desk.see(staff, CANDIDATES, matching_round=market.round)
    rankings = [_ranking(market, opening) for opening in listed if opening["students"]]
    if rankings:
        await stage.desk.ask(staff, RANK, {"rankings": rankings}, matching_round=market.round)


def _ranking(market: Market, opening: dict[str, Any]) -> dict[str, Any]:
    students = [candidate["student"] for candidate in opening["students"]]
    wanted = [student for student in students if market.dice.random() < 0.97]  # noqa: PLR2004 - a few are not taken
    if market.dice.random() < 0.25:  # noqa: PLR2004 - one company in four gives points
        return {"opening": opening["opening"], "scores": {each: str(_points(market)) for each in wanted}}
    market.dice.shuffle(wanted)
    return {"opening": opening["opening"], "students": wanted}


def _points(market: Market) -> int:
    return market.dice.randint(60, 95)


async def _run(stage: Stage, market: Market) -> None:
    with stage.phase(Label("매칭", "matching"), 2) as step:
        await stage.clock_to(calendar.DECIDING)
        await stage.desk.ask(stage.officer, CLOSE_ROUND, matching_round=market.round)
        step()
        drawn = sorted(market.dice.sample(range(1, 46), 6))
        seed = {"lot_seed": ",".join(map(str, drawn))}
        await stage.desk.ask(stage.officer, RUN, seed, matching_round=market.round)
        await stage.desk.try_in_vain(
            stage.officer, RUN, seed, matching_round=market.round, rule="round_not_closed"
        )


async def _answers(stage: Stage, market: Market) -> None:
    with stage.phase(Label("제안 수락", "answers to offers"), len(market.seekers)) as step:
        await stage.clock_to(calendar.ACCEPTING)
        await together([partial(_answer, stage, market, student) for student in market.seekers], step)
        (student, offer), (stranger, _) = market.offered[0], market.offered[1]
        signed = {"sign_agreement": True}
        await stage.desk.try_in_vain(
            stage.student(stranger), ACCEPT, signed, offer=offer, rule="offer_not_found"
        )
        await stage.desk.try_in_vain(
            stage.student(student), ACCEPT, signed, offer=offer, rule="offer_answered"
        )


async def _answer(stage: Stage, market: Market, student: str) -> None:
    oneself = stage.student(student)
    page = await stage.desk.see(oneself, OWN_PAGE, student=student)
    for offer in page["offers"]:
        chance = market.dice.random()
        if chance < 0.01 and len(market.offered) > 1:  # noqa: PLR2004 - one in a hundred never answers
            continue
        if chance < 0.04 and len(market.offered) > 1:  # noqa: PLR2004 - three in a hundred decline
            await stage.desk.ask(oneself, DECLINE, offer=offer["id"])
            continue
        await stage.desk.ask(oneself, ACCEPT, {"sign_agreement": True}, offer=offer["id"])
        market.offered.append((student, offer["id"]))


async def _sign(stage: Stage, market: Market) -> None:
    with stage.phase(
        Label("3자 협약 서명", "tripartite signatures"), len(market.classes) + len(market.companies)
    ) as step:
        await stage.clock_to(calendar.SIGNING)
        await together(
            [
                partial(stage.desk.ask, stage.school(each.school), SIGN_CLASS, employment_class=each.id)
                for each in market.classes
            ],
            step,
        )
        await together(
            [partial(stage.desk.ask, stage.company(company), SIGN_COMPANY) for company in market.companies],
            step,
        )
