"""Two services at once: what one tells, as it stands in its outbox, is handed to the other's inbox."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tests.asking import Caller, done
from tests.evaluation.town import CRITERIA, SEED, Applications, Town, policy
from tests.placement import world as placing
from tests.placement.world import World
from tests.telling import Given

from contracts import applications as told
from contracts import topics
from contracts.examples import example

KINDS: Final = ("continuing", "new")
REVIEWERS: Final = (1, 2)
DAY: Final = timedelta(days=1)


def rubric(measure: str, cohort: int) -> dict[str, Any]:
    """Plans by reviewers; results of continuing schools by a measure of an earlier cohort at its end."""
    results = {
        "measure": measure,
        "cohort": cohort,
        "as_of": {"years_before": 1, "month": 12, "day": 31},
        "nothing": "0",
        "full": "100",
    }
    new, [first, plan] = CRITERIA["documents"], CRITERIA["performance"]
    return {
        "notice": "A rubric for tests.",
        "kinds": {
            "new": {"stages": [{"stage": "documents"}], "criteria": new},
            "continuing": {
                "stages": [{"stage": "performance"}],
                "criteria": [first | {"scored_by": results}, plan],
            },
        },
    }


def rules(year: int, **changed: Any) -> dict[str, Any]:
    """The policy of a year, its review and drawing in February and March of it."""
    scoring = policy()["scoring"] | {"scoring_until": f"{year}-03-10T09:00:00Z"}
    quotas = [
        {"name": "regional", "tracks": ["regional_key_industry", "work_study"], "at_least": 0, "at_most": 1},
        {"name": "new_technology", "tracks": ["new_technology"], "at_least": 0, "at_most": 2},
    ]
    drawing = {"lot_drawn_on": f"{year}-02-22", "lot_source": f"Drawing of {year}"}
    return policy(scoring=scoring, quotas=quotas, **drawing, **changed)


@dataclass
class Loop:
    """Both services, the applications service told by hand, and where reading each outbox has come to."""

    town: Town
    world: World
    applications: Applications = field(default_factory=Applications)
    read: Counter[str] = field(default_factory=Counter)
    offsets: Counter[str] = field(default_factory=Counter)

    async def at(self, moment: datetime) -> None:
        """Stop both programme clocks at `moment`."""
        await self.town.at(moment)
        await self.world.at(moment)

    async def tell(self, *records: Given) -> None:
        """What applications tells, to both; then what they have to tell each other."""
        await self.town.receive(*records)
        await self.world.receive_records(*records)
        await self.pass_on()

    async def pass_on(self) -> None:
        """Let each service read what the other told since."""
        await self.world.receive_records(*await self._new(self.town, topics.EVALUATION.name))
        await self.town.receive(*await self._new(self.world, topics.PLACEMENT.name))

    async def _new(self, service: Town | World, topic: str) -> list[Given]:
        rows = await service.rows(
            """
            select seq, key, headers, value from messaging.outbox
            where topic = $1 and seq > $2 order by seq
            """,
            topic,
            self.read[topic],
        )
        records = []
        for row in rows:
            self.read[topic] = row["seq"]
            headers = [(name, str(text).encode()) for name, text in json.loads(row["headers"]).items()]
            place = self.offsets[topic]
            records.append(Given(topic, 0, place, row["key"].encode(), row["value"], [*headers]))
            self.offsets[topic] += 1
        return records

    async def year_opens(self, year: int, **changed: Any) -> None:
        parsed = told.Policy.model_validate(rules(year, **changed))
        opened = told.ProgrammeYearOpened(
            programme_year=year, policy=parsed, opened_at=datetime(year, 1, 2, tzinfo=UTC)
        )
        await self.tell(self.applications.tells(opened))

    async def apply(self, year: int, schools: Mapping[int, str]) -> None:
        """The call of a year: schools by number apply as continuing or new ones, and it closes."""
        call, closed_at = f"cal_{year}", datetime(year, 2, 14, 9, tzinfo=UTC)
        tells = self.applications
        facts = {"programme_year": year, "call": call}
        records = [tells.tells(example(told.CallOpened, kinds=list(KINDS), **facts))]
        names = [f"app_{year}_{number}" for number in schools]
        for name, (number, kind) in zip(names, schools.items(), strict=True):
            accepted = {"kind": kind, "accepted_at": closed_at - 2 * DAY, **facts}
            records.append(tells.submits(name, f"sch_{number}", **accepted))
        manifest = [
            {"application": name, "sequence": tells.sequence(topics.APPLICATIONS, name)} for name in names
        ]
        records.append(tells.tells(example(told.CallClosed, closed_at=closed_at, manifest=manifest, **facts)))
        await self.tell(*records)

    async def reviewed(self, year: int, percent: int) -> None:
        """Two reviewers give every plan of a year so much per cent; new schools' results as well."""
        path = f"/programme-years/{year}/assignments"
        done(await self.town.officer.post(path), 201)
        for number in REVIEWERS:
            staff = self.town.reviewer(number)
            reviews = [each for each in done(await staff.get("/reviews")) if str(year) in each["application"]]
            sheets = [
                {"application": each["application"], "scores": _scores(each, percent)} for each in reviews
            ]
            done(await staff.post("/reviews/scores", {"sheets": sheets}), 201)

    async def decided(self, year: int, stage: str) -> None:
        run = done(await self.town.officer.post(f"/programme-years/{year}/runs", {"stage": stage}), 201)
        digests = {name: run[name] for name in ("snapshot_sha256", "result_sha256")} | {"lot_seed": SEED}
        done(await self.town.officer.post(f"/runs/{run['id']}/approval", digests), 201)
        done(await self.town.officer.post(f"/runs/{run['id']}/publication"), 201)
        await self.pass_on()

    async def support(self, year: int) -> dict[str, str]:
        """What the continued-support evaluation of a year says, by school."""
        shown = done(await self.town.officer.get(f"/programme-years/{year}/continued-support"))
        return {each["school"]: each["decision"] for each in shown}

    def school(self, number: int) -> Caller:
        return self.world.caller("school", party=f"sch_{number}")

    async def at_class(
        self, year: int, number: int, company: Caller, students: int, **plan: Any
    ) -> tuple[str, list[Caller]]:
        """An agreement, a class of the year and its students, signed in."""
        school = self.school(number)
        term = {"starts_on": f"{year}-04-01", "ends_on": f"{year + 1}-12-31"}
        body = {"programme_year": year, "agreements": [{"partner": company.party, **term}]}
        [agreement] = done(await school.post("/agreements", body), 201)
        done(await company.post("/agreements/signatures", {"agreements": [agreement["id"]]}), 201)
        opened = placing.class_body(company) | {
            "programme_year": year,
            "track": "general",
            "starts_on": f"{year}-05-01",
            "ends_on": f"{year}-12-31",
            "capacity": students,
        }
        employment_class = str(done(await school.post("/classes", opened | plan), 201)["id"])
        return employment_class, await self.world.enrolled(school, employment_class, students)

    async def placed(self, year: int, number: int, company: Caller, students: Sequence[Caller]) -> list[str]:
        """Placements of these students by an officer's hand, at work from November of the year."""
        body = placing.openings_body(len(students), starts_on=f"{year}-11-04") | {"programme_year": year}
        [opening] = done(await company.post("/openings", body), 201)
        placements = []
        for student in students:
            recorded = {"student": student.party, "opening": opening["id"], "reason": "late_matching"}
            agreement = done(await self.world.officer.post("/placements", recorded), 201)["id"]
            path = f"/tripartite-agreements/{agreement}/signature"
            for party in (student, self.school(number)):
                done(await party.post(path), 201)
            placements.append(str(done(await company.post(path), 201)["placement"]))
        return placements

    async def closed(self, year: int, as_of: str) -> None:
        path = f"/programme-years/{year}/outcomes/closing"
        done(await self.world.officer.post(path, {"as_of": as_of}), 201)
        await self.pass_on()

    async def corrected(self, year: int, as_of: str) -> int:
        """Count a cohort again; how many schools' figures are others than were told."""
        body = {"as_of": as_of, "reason": "late_evidence"}
        counted = done(await self.world.officer.post(f"/programme-years/{year}/outcomes", body), 201)
        await self.pass_on()
        return int(counted["corrected"])


def _scores(review: Mapping[str, Any], percent: int) -> dict[str, str]:
    plan = {"plan": f"{percent * 6 / 10:.1f}"}
    return plan if review["kind"] == "continuing" else plan | {"results": f"{percent * 4 / 10:.1f}"}
