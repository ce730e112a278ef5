"""The service's real HTTP interface on a database of its own, its clock in a test's hand, and who uses it."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx2
from tests.asking import Caller, done
from tests.telling import Given, Teller

from chassis import transaction
from chassis.incoming import Record
from chassis.runtime import Runtime
from chassis.transaction import Command, begin
from contracts import applications as told
from contracts import topics
from contracts.examples import example
from embedded.databases import Database
from embedded.issuer import Issuer
from evaluation import events

YEAR: Final = 2025
CALL: Final = "cal_1"
CLOSED: Final = datetime(2025, 2, 14, 9, tzinfo=UTC)
REVIEW: Final = datetime(2025, 2, 20, tzinfo=UTC)
SELECTION: Final = datetime(2025, 3, 12, tzinfo=UTC)
AFTER_APPEALS: Final = datetime(2025, 4, 1, tzinfo=UTC)
SEED: Final = "3-11-19-24-38-41"

POLICY: Final[dict[str, Any]] = {
    "version": 1,
    "seats": 4,
    "designations_per_school": 1,
    "pools": [["continuing"], ["new"]],
    "quotas": [
        {"name": "regional", "tracks": ["regional_key_industry", "work_study"], "at_least": 1, "at_most": 1},
        {"name": "new_technology", "tracks": ["new_technology"], "at_least": 1, "at_most": 2},
    ],
    "cut_line": "60",
    "tie_breaks": ["quantitative"],
    "lot_source": "Lotto 6/45, draw 1160, winning numbers in ascending order",
    "lot_drawn_on": "2025-02-22",
    "rubric": "plain",
    "questions": [],
    "required_documents": [{"kind": "operation_plan", "kinds": ["continuing", "new"]}],
    "scoring": {
        "reviewers_per_application": 2,
        "aggregation": "mean",
        "normalisation": "off",
        "conflict_grounds": ["same_school", "same_province"],
        "scoring_until": "2025-03-10T09:00:00Z",
        "appeal_days": 7,
    },
    "promotion": {"offer_days": 5},
    "classes": {"min_size": 8, "max_size": 20},
    "placement": {"offer_days": 7, "rounds": 2, "preferences_at_most": 10},
}
TABLES: Final = (
    "school",
    "programme_year",
    "call_for_applications",
    "participant",
    "application",
    "rubric",
    "frozen_rubric",
    "sanction",
    "eligibility_decision",
    "reported_outcome",
    "figure_score",
    "figure_waiver",
    "recorded_bonus",
    "reviewer",
    "affiliation",
    "school_corporation",
    "declared_conflict",
    "assignment",
    "sheet",
    "sheet_reopening",
    "stage_closure",
    "stage_result",
    "total",
    "run",
    "outcome",
    "standing",
    "offer",
    "appeal",
    "published_figure",
    "quota",
    "messaging.outbox",
    "messaging.stream",
    "messaging.audit",
)
CRITERIA: Final = {
    stage: [
        {
            "name": name,
            "name_ko": name,
            "name_en": name,
            "stage": stage,
            "part": part,
            "weight": weight,
            "scale": weight,
            "step": "0.001",
        }
        for name, part, weight in (("results", "quantitative", "40"), ("plan", "qualitative", "60"))
    ]
    for stage in ("documents", "performance")
}
RUBRIC: Final[dict[str, Any]] = {
    "notice": "A rubric for tests.",
    "kinds": {
        kind: {"stages": [{"stage": stage}], "criteria": CRITERIA[stage]}
        for kind, stage in (("new", "documents"), ("continuing", "performance"))
    },
}


def policy(**changed: Any) -> dict[str, Any]:
    """A policy without contradiction, with the fields named changed."""
    return deepcopy(POLICY) | changed


def sheet(percent: int) -> dict[str, str]:
    """Scores by the plain rubric that come to this total."""
    return {"results": f"{percent * 4 / 10:.1f}", "plan": f"{percent * 6 / 10:.1f}"}


@dataclass
class Applications(Teller):
    """Tells what the applications service would."""

    at: datetime = CLOSED

    def opens(self, year: int = YEAR, **changed: Any) -> list[Given]:
        rules = told.Policy.model_validate(policy(**changed))
        return [
            self.tells(told.ProgrammeYearOpened(programme_year=year, policy=rules, opened_at=CLOSED)),
            self.tells(example(told.CallOpened, programme_year=year, call=CALL, kinds=["continuing", "new"])),
        ]

    def registers(self, school: str, **facts: Any) -> Given:
        named: dict[str, Any] = {"name_ko": f"모의 {school} 고등학교", "province": "seoul"}
        given = {"school_type": "specialised", **named, **facts}
        return self.tells(example(told.SchoolRegistered, school=school, **given))

    def submits(self, application: str, school: str, **facts: Any) -> Given:
        given: dict[str, Any] = {
            "programme_year": YEAR,
            "call": CALL,
            "school_name_ko": f"모의 {school} 고등학교",
            "province": "seoul",
            "kind": "new",
            "tracks": [],
            "accepts_general": True,
            "accepted_at": CLOSED - timedelta(days=2),
        }
        return self.tells(
            example(told.ApplicationSubmitted, application=application, school=school, **(given | facts))
        )

    def withdraws(self, application: str, school: str, *, late: bool) -> Given:
        return self.tells(
            example(
                told.ApplicationWithdrawn,
                programme_year=YEAR,
                call=CALL,
                application=application,
                school=school,
                after_deadline=late,
                reason="no_longer_interested",
            )
        )

    def closes(self, applications: Sequence[str]) -> Given:
        manifest = [
            {"application": a, "sequence": self.sequence(topics.APPLICATIONS, a)} for a in applications
        ]
        return self.tells(
            example(told.CallClosed, programme_year=YEAR, call=CALL, closed_at=CLOSED, manifest=manifest)
        )


@dataclass
class Town:
    """The service as its users see it, and its database as only a test may."""

    database: Database
    runtime: Runtime
    client: httpx2.AsyncClient
    issuer: Issuer
    stop_clock: Callable[[Database, datetime], Awaitable[None]]
    applications: Applications = field(default_factory=Applications)
    callers: int = 0

    def caller(self, *roles: str, party: str | None = None) -> Caller:
        self.callers += 1
        name = f"person-{self.callers}"
        return Caller(self.client, self.issuer.token(name, roles, party), name)

    @property
    def officer(self) -> Caller:
        return self.caller("officer")

    def school(self, number: int) -> Caller:
        return self.caller("school", party=f"sch_{number}")

    def reviewer(self, number: int) -> Caller:
        return self.caller("reviewer", party=f"rev_{number}")

    async def at(self, moment: datetime) -> None:
        """Stop the programme clock at `moment`."""
        await self.stop_clock(self.database, moment)

    async def receive(self, *records: Record) -> None:
        """Hand records to the service's inbox, as one batch."""
        async with begin(self.runtime.pool, Command(actor="test")) as tx:
            await events.inbox.apply(tx, events.inbox.understand(records))

    async def rows(self, query: str, *args: Any) -> list[dict[str, Any]]:
        async with transaction.read(self.runtime.pool) as read:
            return [dict(found) for found in await read.fetch(query, *args)]

    async def told(self, *types: str, key: str | None = None) -> list[tuple[str, dict[str, Any]]]:
        """What stands in the outbox: last part of the type (of these alone), and data, in order."""
        rows = await self.rows(
            "select headers, value from messaging.outbox where $1::text is null or key = $1 order by seq", key
        )
        events_told = [
            (json.loads(r["headers"])["ce_type"].split(".")[2], json.loads(r["value"])) for r in rows
        ]
        return [each for each in events_told if not types or each[0] in types]

    async def prepared(self, wishes: Mapping[int, Mapping[str, Any]], **changed: Any) -> None:
        """Applications by school number, the call closed, participants known, evaluation started."""
        await self.at(REVIEW)
        done(await self.officer.put("/rubrics/plain", RUBRIC), 201)
        tells = self.applications
        continuing = [n for n, facts in wishes.items() if facts.get("kind") == "continuing"]
        await self.receive(
            *tells.opens(**changed),
            *(
                tells.registers(f"sch_{n}", province=facts.get("province", "seoul"))
                for n, facts in wishes.items()
            ),
            *(tells.submits(f"app_{n}", f"sch_{n}", **facts) for n, facts in wishes.items()),
            tells.closes([f"app_{n}" for n in wishes]),
        )
        participants = {"participants": [{"school": f"sch_{n}"} for n in continuing]}
        done(await self.officer.post(f"/programme-years/{YEAR - 1}/participants", participants), 201)

    async def assigned(self, reviewers: int = 3) -> None:
        people = [{"id": f"rev_{n}", "province": "jeju"} for n in range(1, reviewers + 1)]
        done(await self.officer.post("/reviewers", {"reviewers": people}), 201)
        done(await self.officer.post(f"/programme-years/{YEAR}/assignments"), 201)

    async def scored(self, totals: Mapping[int, int], reviewers: int = 3) -> None:
        """Every reviewer gives each application the total named for its school; scoring is closed."""
        await self.assigned(reviewers)
        for number in range(1, reviewers + 1):
            staff = self.reviewer(number)
            own = [each["application"] for each in done(await staff.get("/reviews"))]
            sheets = [
                {"application": each, "scores": sheet(totals[int(each.removeprefix("app_"))])} for each in own
            ]
            if sheets:
                done(await staff.post("/reviews/scores", {"sheets": sheets}), 201)
        await self.at(SELECTION)
        done(await self.officer.post(f"/programme-years/{YEAR}/scoring-closure"), 201)
        done(await self.officer.put(f"/programme-years/{YEAR}/lot", {"lot_seed": SEED}))

    async def proposed(self, stage: str, officer: Caller | None = None) -> dict[str, Any]:
        officer = officer or self.officer
        run: dict[str, Any] = done(await officer.post(f"/programme-years/{YEAR}/runs", {"stage": stage}), 201)
        return run

    async def approved(self, run: Mapping[str, Any]) -> None:
        digests = {name: run[name] for name in ("snapshot_sha256", "result_sha256")} | {"lot_seed": SEED}
        done(await self.officer.post(f"/runs/{run['id']}/approval", digests), 201)

    async def published(self, stage: str) -> dict[str, Any]:
        run = await self.proposed(stage)
        await self.approved(run)
        answer: dict[str, Any] = done(await self.officer.post(f"/runs/{run['id']}/publication"), 201)
        return answer

    async def finished(self, schools: Mapping[int, tuple[int, Mapping[str, Any]]], **changed: Any) -> None:
        """To the final result: by school number its total and its wishes."""
        await self.prepared({n: wishes for n, (_, wishes) in schools.items()}, **changed)
        await self.scored({n: total for n, (total, _) in schools.items()})
        await self.published("preliminary")
        await self.at(AFTER_APPEALS)
        await self.published("final")

    async def standings(self) -> dict[str, Any]:
        shown: dict[str, Any] = done(await self.officer.get(f"/programme-years/{YEAR}/standings"))
        return shown

    async def states(self) -> dict[str, str]:
        return {each["school"]: each["state"] for each in (await self.standings())["schools"]}

    async def state(self) -> dict[str, list[Any]]:
        """Everything that a refusal must leave as it is."""
        return {
            table: [tuple(r.values()) for r in await self.rows(f"select * from {table}")] for table in TABLES
        }

    async def offer_of(self, number: int) -> dict[str, Any] | None:
        """The offer that waits for a school's answer."""
        offers = done(await self.school(number).get(f"/programme-years/{YEAR}/offers"))
        return next((offer for offer in offers if offer["state"] == "pending"), None)
