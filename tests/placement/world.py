"""The service's real HTTP interface on a database of its own, its clock in a test's hand, and who uses it."""

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx2
from tests.asking import Caller, done
from tests.telling import Given, Teller

from chassis import transaction
from chassis.keyring import Keyring
from chassis.transaction import Command, Pool, begin
from contracts import applications, evaluation
from contracts.event import Event
from contracts.examples import example, example_data
from embedded.databases import Database
from embedded.issuer import Issuer
from placement import events
from placement.domain.companies import check_digit

YEAR: Final = 2025
SPRING: Final = datetime(2025, 4, 10, 3, tzinfo=UTC)
LISTS_UNTIL: Final = datetime(2025, 10, 10, 9, tzinfo=UTC)
RANKS_UNTIL: Final = datetime(2025, 10, 17, 9, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
AGREED_ON: Final = "2023-03-02"
"""The day on which guardians agreed, before all years that are played."""
LOT_SOURCE: Final = "Lotto 6/45, draw 1194, winning numbers in ascending order"

STATE: Final = (
    "company",
    "bipartite_agreement",
    "employment_class",
    "student",
    "enrolment",
    "guardian_consent",
    "agreement_version",
    "import_job",
    "opening",
    "matching_round",
    "preference",
    "ranking",
    "explanation",
    "offer",
    "tripartite_agreement",
    "placement",
    "messaging.outbox",
    "messaging.audit",
)


@dataclass
class Settled:
    """A school with a class, a company with openings, their agreement in force, and students in the class."""

    school: Caller
    company: Caller
    agreement: str
    employment_class: str
    students: list[Caller]
    openings: list[str]


@dataclass
class World:
    """The service as its users see it, and its database as only a test may."""

    database: Database
    pool: Pool
    client: httpx2.AsyncClient
    issuer: Issuer
    stop_clock: Callable[[Database, datetime], Awaitable[None]]
    keys: Keyring
    teller: Teller = field(default_factory=lambda: Teller(SPRING))
    made: Counter[str] = field(default_factory=Counter)

    def caller(self, *roles: str, party: str | None = None) -> Caller:
        self.made["caller"] += 1
        name = f"person-{self.made['caller']}"
        return Caller(self.client, self.issuer.token(name, roles, party), name, party)

    @property
    def officer(self) -> Caller:
        return self.caller("officer")

    async def at(self, moment: datetime) -> None:
        """Stop the programme clock at `moment`."""
        await self.stop_clock(self.database, moment)

    async def receive(self, *told: Event) -> None:
        """Hand events to the service's inbox, as one batch."""
        await self.receive_records(*(self.teller.tells(event) for event in told))

    async def receive_records(self, *records: Given) -> None:
        async with begin(self.pool, Command(actor="test")) as tx:
            await events.inbox.apply(tx, events.inbox.understand(records))

    async def year_opens(self, **placement: int) -> None:
        """A year with classes of 2 to 20 students, then a final result with nobody in it."""
        await self.at(SPRING)
        policy = example_data(applications.ProgrammeYearOpened)["policy"]
        policy["classes"] = {"min_size": 2, "max_size": 20}
        policy["placement"] = {"offer_days": 7, "rounds": 2, "preferences_at_most": 10} | placement
        await self.receive(example(applications.ProgrammeYearOpened, programme_year=YEAR, policy=policy))
        await self.receive(final_result())

    async def selected_school(self, *designations: str, province: str = "seoul") -> Caller:
        """Somebody of a school that takes part."""
        self.made["school"] += 1
        number = self.made["school"]
        school = f"sch_{number:04}"
        await self.receive(
            example(
                evaluation.SchoolSelected,
                programme_year=YEAR,
                school=school,
                school_name_ko=f"모의{number}공업고등학교",
                school_name_en=f"Simulated Technical High School {number}",
                province=province,
                designations=designations,
            )
        )
        return self.caller("school", party=school)

    async def company(self, *, approved: bool = True) -> Caller:
        """Somebody of a registered company."""
        self.made["company"] += 1
        body = company_body(self.made["company"])
        company = done(await self.caller("company").post("/companies", body), 201)["id"]
        if approved:
            approval = {"programme_year": YEAR, "companies": [company]}
            done(await self.officer.post("/companies/approvals", approval), 201)
        return self.caller("company", party=company)

    async def agreed(self, school: Caller, company: Caller, **term: str) -> str:
        """An agreement in force, proposed by the school and signed by the company."""
        [proposed] = done(await school.post("/agreements", proposal(company, **term)), 201)
        done(await company.post("/agreements/signatures", {"agreements": [proposed["id"]]}), 201)
        return str(proposed["id"])

    async def opened_class(self, school: Caller, *companies: Caller, **plan: Any) -> str:
        body = class_body(*companies) | plan
        return str(done(await school.post("/classes", body), 201)["id"])

    async def enrolled(self, school: Caller, employment_class: str, count: int) -> list[Caller]:
        """Students of a class, whose guardians agreed, signed in."""
        rows: list[dict[str, str]] = []
        if not count:
            return []
        for _ in range(count):
            self.made["student"] += 1
            reference = f"S-{self.made['student']:04}"
            rows.append({"reference": reference, "guardian_consent_on": AGREED_ON})
        body = done(await school.post(f"/classes/{employment_class}/roster", {"rows": rows}), 201)
        return [self.caller("student", party=student) for student in body["students"]]

    async def settled(self, students: int = 2, places: Sequence[int] = (1, 1)) -> Settled:
        """All that a matching round needs."""
        school, company = await self.selected_school("new_technology"), await self.company()
        agreement = await self.agreed(school, company)
        employment_class = await self.opened_class(school, company)
        enrolled = await self.enrolled(school, employment_class, students)
        published = done(await company.post("/openings", openings_body(*places)), 201)
        openings = [opening["id"] for opening in published]
        return Settled(school, company, agreement, employment_class, enrolled, openings)

    async def round_opens(self) -> str:
        body = {
            "programme_year": YEAR,
            "preferences_until": LISTS_UNTIL.isoformat(),
            "rankings_until": RANKS_UNTIL.isoformat(),
            "lot_source": LOT_SOURCE,
        }
        return str(done(await self.officer.post("/rounds", body), 201)["id"])

    async def matched(
        self,
        settled: Settled,
        lists: Sequence[Sequence[str]],
        rankings: Sequence[dict[str, Any]],
        lot_seed: str | None = None,
    ) -> str:
        """A whole round: lists by student, rankings of the company, closed and run."""
        matching_round = await self.round_opens()
        for student, openings in zip(settled.students, lists, strict=True):
            listed = {"openings": list(openings)}
            done(await student.put(f"/rounds/{matching_round}/preferences", listed))
        await self.at(LISTS_UNTIL)
        ranked = {"rankings": list(rankings)}
        done(await settled.company.put(f"/rounds/{matching_round}/rankings", ranked))
        await self.at(RANKS_UNTIL)
        done(await self.officer.post(f"/rounds/{matching_round}/closing"), 201)
        seed = {} if lot_seed is None else {"lot_seed": lot_seed}
        done(await self.officer.post(f"/rounds/{matching_round}/run", seed), 201)
        return matching_round

    async def offered(self, students: int = 1, places: Sequence[int] = (1,)) -> tuple[Settled, list[str]]:
        """A round after which each student has an offer of the first opening; the offers by student."""
        settled = await self.settled(students, places)
        [first, *_] = settled.openings
        ranking = {"opening": first, "students": [each.party for each in settled.students]}
        await self.matched(settled, [[first]] * students, [ranking])
        return settled, [await self.offer_of(each) for each in settled.students]

    async def offer_of(self, student: Caller) -> str:
        shown = done(await student.get(f"/students/{student.party}"))
        return str(shown["offers"][-1]["id"])

    async def nearly_placed(self, settled: Settled, student: Caller, offer: str) -> str:
        """A tripartite agreement that only the company has not signed; its id."""
        accepted = await student.post(f"/offers/{offer}/acceptance", {"sign_agreement": True})
        agreement = str(done(accepted, 201)["id"])
        done(await settled.school.post(f"/tripartite-agreements/{agreement}/signature"), 201)
        return agreement

    async def placed(self, settled: Settled, student: Caller, offer: str) -> str:
        """A placement that all three have signed; its id."""
        agreement = await self.nearly_placed(settled, student, offer)
        signed = await settled.company.post(f"/tripartite-agreements/{agreement}/signature")
        return str(done(signed, 201)["placement"])

    async def rows(self, query: str, *args: Any) -> list[dict[str, Any]]:
        async with transaction.read(self.pool) as read:
            return [dict(found) for found in await read.fetch(query, *args)]

    async def told(self, kind: str | None = None) -> list[tuple[str, dict[str, Any]]]:
        """What stands in the outbox: last part of the type, and data, in order."""
        rows = await self.rows("select headers, value from messaging.outbox order by seq")
        told = [(json.loads(r["headers"])["ce_type"].split(".")[2], json.loads(r["value"])) for r in rows]
        return [each for each in told if kind in (None, each[0])]

    async def state(self) -> dict[str, list[Any]]:
        """Everything that a refusal must leave as it is."""
        return {
            table: [tuple(r.values()) for r in await self.rows(f"select * from {table} t order by t::text")]
            for table in STATE
        }


def final_result(manifest: Sequence[dict[str, Any]] = ()) -> evaluation.ResultsPublished:
    return example(
        evaluation.ResultsPublished,
        programme_year=YEAR,
        stage="final",
        appeals_until=None,
        manifest=manifest,
    )


def registration_number(number: int) -> str:
    """A simulated business registration number that checks."""
    nine = f"99986{number:04}"
    return f"{nine}{check_digit(nine)}"


def company_body(number: int, **changed: Any) -> dict[str, Any]:
    return {
        "registration_number": registration_number(number),
        "name_ko": f"모의{number}정밀",
        "name_en": f"Simulated Precision {number}",
        "province": "seoul",
        "industry": "machinery",
        "employees": 35,
        "sme_status": "small",
        "sme_confirmed_until": "2026-03-31",
    } | changed


def proposal(*partners: Caller, **term: str) -> dict[str, Any]:
    days = {"starts_on": "2025-04-01", "ends_on": "2026-02-28"} | term
    return {
        "programme_year": YEAR,
        "agreements": [{"partner": partner.party, **days} for partner in partners],
    }


def class_body(*companies: Caller) -> dict[str, Any]:
    return {
        "programme_year": YEAR,
        "track": "new_technology",
        "field": "smart_factory",
        "hours": 350,
        "capacity": 20,
        "companies": [company.party for company in companies],
        "starts_on": "2025-05-01",
        "ends_on": "2025-12-31",
    }


def openings_body(*places: int, **changed: Any) -> dict[str, Any]:
    opening = {
        "field": "smart_factory",
        "title": "설비 보전 (모의)",
        "province": "seoul",
        "address": "서울특별시 금천구 모의로 1",
        "wage_krw_per_hour": 10500,
        "hours_per_day": 7,
        "hours_per_week": 35,
        "works_from": "09:00:00",
        "works_until": "17:00:00",
        "starts_on": "2026-01-05",
    } | changed
    return {"programme_year": YEAR, "openings": [opening | {"places": each} for each in places]}
