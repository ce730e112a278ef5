"""From the final result to full classes: companies, agreements, classes and their rosters."""

import asyncio
import csv
import io
import random
import time
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any, Final

from demo.cast import Company
from demo.people import DemoFailed, File, Route, together
from demo.play import calendar
from demo.play.applying import CONTACT, contact
from demo.play.market import Class, Market
from demo.play.stage import Stage
from demo.report.story import Label

REGISTER: Final = Route("placement", "POST", "/companies")
APPROVE: Final = Route("placement", "POST", "/companies/approvals")
PROPOSE: Final = Route("placement", "POST", "/agreements")
SIGN: Final = Route("placement", "POST", "/agreements/signatures")
OPEN_CLASS: Final = Route("placement", "POST", "/classes")
SEE_CLASS: Final = Route("placement", "GET", "/classes/{employment_class}")
ENROL: Final = Route("placement", "POST", "/classes/{employment_class}/students")
ROSTER: Final = Route("placement", "POST", "/imports/rosters?programme_year={year}")
IMPORTED: Final = Route("placement", "GET", "/imports/{import_id}")

PARTNERS: Final = 3
"""Companies that a school signs an agreement with."""
TRAINING_HOURS: Final = 350
REACHABLE: Final = 8
"""Every so many-th company and student leaves an address; all of them read their inbox."""
PATIENCE: Final = 60.0
"""Seconds within which the files must be taken in."""

_FIELDS: Final = {
    "industrial": "smart_factory",
    "commercial": "office_software",
    "agricultural": "food_processing",
    "home_economics": "design",
    "fisheries": "logistics",
}
_HEADER: Final = ("취업맞춤반", "학번", "학과", "보호자동의일", "이름", "생년월일")
_FAMILY: Final = "가나다라마바사아자차카타파하"
_GIVEN: Final = "온새봄결빛솔하늘별이든찬누리"
_BORN: Final = date(calendar.YEAR - 18, 1, 2)
_OF_AGE: Final = date(calendar.YEAR - 18, 5, 1)
"""Who was born after this day is a minor when the class begins."""


async def prepare(stage: Stage) -> Market:
    """Everything that must stand before anybody is matched."""
    market = Market(random.Random(f"{stage.cast.seed}:market"))  # noqa: S311 - a play, not a secret
    market.schools = market.dice.sample(stage.known.selected, stage.cast.size.classes)
    await _companies(stage, market)
    await _agreements(stage, market)
    await _classes(stage, market)
    await _rosters(stage, market)
    return market


async def _companies(stage: Stage, market: Market) -> None:
    companies = stage.cast.companies
    with stage.phase(Label("기업 등록과 승인", "companies"), len(companies) + 1) as step:
        await stage.clock_to(calendar.AGREEING)
        await _refused_company(stage, companies[0])
        registering = [
            partial(_register, stage, company, reachable=number % REACHABLE == 0)
            for number, company in enumerate(companies)
        ]
        ids = await together(registering, step)
        market.companies = dict(zip(ids, companies, strict=True))
        body = {"programme_year": calendar.YEAR, "companies": ids, "reason": "sme_certificate_checked"}
        await stage.desk.ask(stage.officer, APPROVE, body)


async def _register(stage: Stage, company: Company, *, reachable: bool) -> str:
    founder = stage.person(f"founder-{company.registration_number}", "company")
    registered = await stage.desk.ask(founder, REGISTER, _company(company))
    identity: str = registered["id"]
    if reachable:
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
        sizes = _sizes(stage.cast.size.students, len(market.schools))
        market.classes = [
            Class("", school, tuple(partners[school]), size)
            for school, size in zip(market.schools, sizes, strict=True)
        ]


def _sizes(students: int, classes: int) -> list[int]:
    """As even as can be."""
    each, rest = divmod(students, classes)
    return [each + (number < rest) for number in range(classes)]


async def _propose(stage: Stage, school: str, companies: list[str]) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = await stage.desk.ask(stage.school(school), PROPOSE, _proposal(companies))
    return made


def _proposal(companies: list[str]) -> dict[str, Any]:
    starts_on, ends_on = calendar.AGREEMENT_TERM
    term = {"starts_on": starts_on.isoformat(), "ends_on": ends_on.isoformat()}
    agreements = [{"partner": company, **term} for company in companies]
    return {"programme_year": calendar.YEAR, "agreements": agreements}


async def _classes(stage: Stage, market: Market) -> None:
    with stage.phase(Label("취업맞춤반 개설", "classes open"), len(market.classes)) as step:
        await stage.clock_to(calendar.CLASSES)
        streams = {stage.known.schools[s.register_key]: s.stream for s in stage.cast.schools}
        await together(
            [partial(_open_class, stage, each, streams[each.school]) for each in market.classes], step
        )


async def _open_class(stage: Stage, opening: Class, stream: str) -> None:
    starts_on, ends_on = calendar.CLASS_TERM
    body = {
        "programme_year": calendar.YEAR,
        "track": (stage.known.designations.get(opening.school) or ("general",))[0],
        "field": _FIELDS[stream],
        "hours": TRAINING_HOURS,
        "capacity": opening.size,
        "companies": list(opening.companies),
        "starts_on": starts_on.isoformat(),
        "ends_on": ends_on.isoformat(),
    }
    opened = await stage.desk.ask(stage.school(opening.school), OPEN_CLASS, body)
    opening.id = opened["id"]


async def _rosters(stage: Stage, market: Market) -> None:
    """Each school hands its roster in as a file, with names and birth dates of people who do not exist."""
    label = Label("학생 명부 파일과 인적 사항", "rosters with persons, as files")
    with stage.phase(label, 2 * len(market.classes)) as step:
        received = await together([partial(_hand_in, stage, each) for each in market.classes], step)
        await _taken_in(stage, received)
        await together([partial(_learn, stage, market, each) for each in market.classes], step)
        first = market.classes[0]
        again = {"reference": next(iter(first.references.values()))}
        await stage.desk.try_in_vain(
            stage.school(first.school), ENROL, again, employment_class=first.id, rule="enrolled_already"
        )


async def _hand_in(stage: Stage, of: Class) -> str:
    rows = list(_roster(random.Random(f"{stage.cast.seed}:{of.school}"), of))  # noqa: S311 - a play
    written = io.StringIO()
    csv.writer(written).writerows([_HEADER, *rows])
    file = File(written.getvalue().encode("utf-8-sig"), "text/csv", rows=len(rows))
    received = await stage.desk.ask(stage.school(of.school), ROSTER, file, year=calendar.YEAR)
    identity: str = received["id"]
    return identity


def _roster(dice: random.Random, of: Class) -> Iterator[Sequence[str]]:
    """Invented people who say so in their names; a guardian has agreed for minors."""
    for number in range(of.size):
        born = _BORN + timedelta(days=dice.randrange(360))
        name = f"모의{dice.choice(_FAMILY)}{dice.choice(_GIVEN)}{dice.choice(_GIVEN)}"
        consent = calendar.CONSENT.isoformat() if born > _OF_AGE else ""
        department = ("모의 제1학과", "모의 제2학과")[number % 2]
        yield of.id, _reference(number), department, consent, name, born.isoformat()


def _reference(number: int) -> str:
    """A school's own code for a student who does not exist."""
    return f"{calendar.YEAR}-simulated-{number + 1:03}"


async def _taken_in(stage: Stage, received: Sequence[str]) -> None:
    """Files are taken in one after the other, the last one last."""
    started = time.monotonic()
    for identity in reversed(received[-12:]):
        while (job := await stage.desk.see(stage.officer, IMPORTED, import_id=identity))["state"] != "done":
            if job["state"] == "refused" or time.monotonic() - started > PATIENCE:
                raise DemoFailed(f"A roster was not taken in: {job['state']} {job['errors']}")
            await asyncio.sleep(0.3)


async def _learn(stage: Stage, market: Market, of: Class) -> None:
    """A school reads its students' pseudonyms; some of them look for work."""
    shown = await stage.desk.see(stage.school(of.school), SEE_CLASS, employment_class=of.id)
    of.references = {row["student"]: row["reference"] for row in shown["roster"]}
    if len(of.references) != of.size:
        raise DemoFailed(f"{len(of.references)} of {of.size} students are in the class")
    size = stage.cast.size
    per_class = -(-size.seekers // size.classes)
    of.seekers = of.students[: max(1, per_class - market.classes.index(of) % 2)]
