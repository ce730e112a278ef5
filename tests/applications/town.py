"""The service's real HTTP interface on a database of its own, its clock in a test's hand, and who uses it."""

import json
from collections.abc import Awaitable, Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx2
from tests.asking import Caller, done

from applications import events
from chassis import transaction
from chassis.incoming import Record
from chassis.transaction import Command, Pool, begin
from embedded.databases import Database
from embedded.issuer import Issuer

OPENS: Final = datetime(2025, 1, 20, tzinfo=UTC)
DEADLINE: Final = datetime(2025, 2, 14, 9, tzinfo=UTC)
BEFORE: Final = datetime(2025, 1, 10, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
PDF: Final = b"%PDF-1.7 simulated"

POLICY: Final[dict[str, Any]] = {
    "version": 1,
    "seats": 180,
    "designations_per_school": 1,
    "pools": [["continuing"], ["new"]],
    "quotas": [
        {
            "name": "regional",
            "tracks": ["regional_key_industry", "work_study"],
            "at_least": 10,
            "at_most": 10,
        },
        {"name": "new_technology", "tracks": ["new_technology"], "at_least": 25, "at_most": 25},
    ],
    "cut_line": "60",
    "tie_breaks": ["quantitative"],
    "lot_source": "Lotto 6/45, draw 1160, winning numbers in ascending order",
    "lot_drawn_on": "2025-02-22",
    "rubric": "default_2025",
    "questions": [
        {"name": "planned_students", "kinds": ["continuing", "new"], "at_least": "1", "at_most": "300"},
        *(
            {"name": name, "kinds": ["continuing"], "at_least": "0", "at_most": None}
            for name in ("graduates", "employed", "advanced", "enlisted", "excluded", "retained")
        ),
    ],
    "required_documents": [
        {"kind": "operation_plan", "kinds": ["continuing", "new"]},
        {"kind": "performance_report", "kinds": ["continuing"]},
    ],
    "scoring": {
        "reviewers_per_application": 3,
        "aggregation": "trimmed_mean",
        "normalisation": "off",
        "conflict_grounds": ["same_school", "same_province"],
        "scoring_until": "2025-03-10T09:00:00Z",
        "appeal_days": 7,
    },
    "promotion": {"offer_days": 5},
    "classes": {"min_size": 8, "max_size": 20},
    "placement": {"offer_days": 7, "rounds": 2, "preferences_at_most": 10},
}
TERMS: Final[dict[str, Any]] = {
    "kinds": ["continuing", "new"],
    "tracks": ["regional_key_industry", "work_study", "new_technology"],
    "opens_at": OPENS.isoformat(),
    "deadline": DEADLINE.isoformat(),
}
TABLES: Final = (
    "school",
    "programme_year",
    "call_for_applications",
    "extension",
    "application",
    "document",
    "submission",
    "standing",
    "review",
    "publication",
    "messaging.outbox",
    "messaging.stream",
    "messaging.audit",
)
NEW: Final[dict[str, Any]] = {
    "tracks": ["new_technology"],
    "accepts_general": True,
    "figures": {"planned_students": "45"},
}
HEADS: Final = {
    "graduates": "30",
    "employed": "20",
    "advanced": "5",
    "enlisted": "2",
    "excluded": "1",
    "retained": "18",
}
CONTINUING: Final[dict[str, Any]] = {
    "tracks": ["work_study", "new_technology"],
    "accepts_general": True,
    "figures": {"planned_students": "40", **HEADS},
}


def policy(**changed: Any) -> dict[str, Any]:
    """A policy without contradiction, with the fields named changed."""
    return deepcopy(POLICY) | changed


def row(number: int, **changed: Any) -> dict[str, Any]:
    """A simulated school of a list."""
    return {
        "neis_code": f"S{number:07d}",
        "name_ko": f"모의{number}공업고등학교",
        "name_en": f"Simulated Technical High School {number}",
        "province": "gyeongbuk",
        "stream": "industrial",
        "founder": "public",
    } | changed


@dataclass
class Town:
    """The service as its users see it, and its database as only a test may."""

    database: Database
    pool: Pool
    client: httpx2.AsyncClient
    issuer: Issuer
    stop_clock: Callable[[Database, datetime], Awaitable[None]]
    callers: int = field(default=0)

    def caller(self, *roles: str, party: str | None = None) -> Caller:
        self.callers += 1
        name = f"person-{self.callers}"
        return Caller(self.client, self.issuer.token(name, roles, party), name)

    @property
    def officer(self) -> Caller:
        return self.caller("officer")

    async def at(self, moment: datetime) -> None:
        """Stop the programme clock at `moment`."""
        await self.stop_clock(self.database, moment)

    async def schools(self, count: int) -> list[str]:
        """Register simulated schools; their ids."""
        answer = await self.officer.post("/schools/import", {"rows": [row(n) for n in range(count)]})
        return [school["id"] for school in done(answer, 201)["schools"]]

    async def open_call(self, year: int = 2025, **terms: Any) -> str:
        """Open a year and announce a call, before it opens; then it is a day after its opening."""
        await self.at(BEFORE)
        done(await self.officer.put(f"/programme-years/{year}", policy()), 201)
        call = done(await self.officer.post(f"/programme-years/{year}/calls", TERMS | terms), 201)
        await self.at(OPENS + timedelta(days=1))
        return str(call["id"])

    async def drafted(
        self, school: str, call: str, kind: str = "new", *, complete: bool = True
    ) -> "Applicant":
        """A school with a draft, complete unless told otherwise."""
        staff = self.caller("school", party=school)
        draft = done(await staff.post("/applications", {"call": call, "kind": kind}), 201)
        applicant = Applicant(staff, school, call, draft["id"])
        if complete:
            done(await staff.put(f"{applicant.path}/answers", CONTINUING if kind == "continuing" else NEW))
            done(await staff.upload(f"{applicant.path}/documents/operation_plan", PDF))
            if kind == "continuing":
                done(await staff.upload(f"{applicant.path}/documents/performance_report", PDF))
        return applicant

    async def submitted(self, school: str, call: str, kind: str = "new") -> "Applicant":
        applicant = await self.drafted(school, call, kind)
        done(await applicant.staff.post(f"{applicant.path}/submission"), 201)
        return applicant

    async def rows(self, query: str, *args: Any) -> list[dict[str, Any]]:
        async with transaction.read(self.pool) as read:
            return [dict(found) for found in await read.fetch(query, *args)]

    async def told(self, *, key: str | None = None) -> list[tuple[str, dict[str, Any]]]:
        """What stands in the outbox: last part of the type, and data, in order."""
        rows = await self.rows(
            "select headers, value from messaging.outbox where $1::text is null or key = $1 order by seq", key
        )
        return [(json.loads(r["headers"])["ce_type"].split(".")[2], json.loads(r["value"])) for r in rows]

    async def state(self) -> dict[str, list[Any]]:
        """Everything that a refusal must leave as it is."""
        return {
            table: [tuple(r.values()) for r in await self.rows(f"select * from {table}")] for table in TABLES
        }

    async def receive(self, *records: Record) -> None:
        """Hand records to the service's inbox, as one batch."""
        async with begin(self.pool, Command(actor="test")) as tx:
            await events.inbox.apply(tx, events.inbox.understand(records))


@dataclass
class Applicant:
    staff: Caller
    school: str
    call: str
    id: str

    @property
    def path(self) -> str:
        return f"/applications/{self.id}"

    async def submit(self, *, key: str | None = None) -> httpx2.Response:
        return await self.staff.post(f"{self.path}/submission", key=key)

    async def show(self) -> dict[str, Any]:
        shown: dict[str, Any] = done(await self.staff.get(self.path))
        return shown
