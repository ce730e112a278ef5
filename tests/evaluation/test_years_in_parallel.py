"""Years side by side: one cohort decides two years by different measures, each year under its own policy."""

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any, Final

from tests.asking import done
from tests.evaluation.town import AFTER_APPEALS, RUBRIC, SEED, SELECTION, YEAR, Town
from tests.evaluation.town import policy as town_policy
from tests.telling import Given

from contracts import applications as told
from contracts import placement
from contracts.examples import example

NEXT: Final = YEAR + 1
CLOSED: Final = datetime(NEXT, 2, 13, 9, tzinfo=UTC)
DECIDING: Final = datetime(NEXT, 3, 12, tzinfo=UTC)
CONTINUING: Final = {"kind": "continuing"}
SCORING: Final = {
    "reviewers_per_application": 2,
    "aggregation": "mean",
    "normalisation": "off",
    "conflict_grounds": ["same_school"],
    "scoring_until": f"{NEXT}-03-10T09:00:00Z",
    "appeal_days": 7,
}


def rubric(measure: str, cohort: int) -> dict[str, Any]:
    """Forty points for a measure as of the last day of the year before, sixty for the plan; 65 are needed."""
    figured = deepcopy(RUBRIC)
    continuing = figured["kinds"]["continuing"]
    continuing["stages"][0]["line"] = "65"
    continuing["criteria"][0]["scored_by"] = {
        "measure": measure,
        "cohort": cohort,
        "as_of": {"years_before": 1, "month": 12, "day": 31},
        "nothing": "0",
        "full": "100",
    }
    return figured


def outcome(town: Town, school: int, as_of: str, revision: int = 1, **heads: int) -> Given:
    """The cohort of 2024: 10 graduates of a school, of whom so many work."""
    event: type[placement.OutcomeReported | placement.OutcomeCorrected] = (
        placement.OutcomeReported if revision == 1 else placement.OutcomeCorrected
    )
    none = dict.fromkeys(
        ("advanced", "enlisted", "excluded", "due_6", "retained_6", "due_12", "retained_12"), 0
    )
    facts: dict[str, Any] = {"graduates": 10, "employed": 0, **none, **heads}
    return town.applications.tells(
        example(
            event,
            programme_year=YEAR - 1,
            school=f"sch_{school}",
            as_of=as_of,
            revision=revision,
            origin="platform",
            **facts,
        )
    )


async def scored(town: Town, year: int, plan: str) -> None:
    """Every plan of the year gets as many of its 60 points from its reviewers, and scoring is closed."""
    done(await town.officer.post(f"/programme-years/{year}/assignments"), 201)
    for number in (1, 2):
        staff = town.reviewer(number)
        own = [each for each in done(await staff.get("/reviews")) if each["year"] == year]
        sheets = [{"application": each["application"], "scores": {"plan": plan}} for each in own]
        done(await staff.post("/reviews/scores", {"sheets": sheets}), 201)
    done(await town.officer.post(f"/programme-years/{year}/scoring-closure"), 201)


async def decisions(town: Town, year: int) -> dict[str, tuple[str, str]]:
    """By school the value of its figure, and whether it is confirmed."""
    shown = done(await town.officer.get(f"/programme-years/{year}/continued-support"))
    return {each["school"]: (each["figures"][0]["value"], each["decision"]) for each in shown}


async def open_next(town: Town) -> None:
    """The year after, under a policy and a rubric of its own, with one continuing school that took part."""
    tells = town.applications
    policy = told.Policy.model_validate(
        town_policy(rubric="retained", scoring=SCORING, lot_drawn_on=f"{NEXT}-02-22", cut_line="50")
    )
    await town.receive(
        tells.tells(told.ProgrammeYearOpened(programme_year=NEXT, policy=policy, opened_at=CLOSED)),
        tells.tells(example(told.CallOpened, programme_year=NEXT, call="cal_2", kinds=["continuing", "new"])),
        tells.submits("app_21", "sch_1", programme_year=NEXT, call="cal_2", **CONTINUING),
        tells.submits("app_22", "sch_2", programme_year=NEXT, call="cal_2", **CONTINUING),
        tells.submits("app_23", "sch_3", programme_year=NEXT, call="cal_2", **CONTINUING),
        tells.tells(
            example(
                told.CallClosed,
                programme_year=NEXT,
                call="cal_2",
                closed_at=CLOSED,
                manifest=[{"application": f"app_2{n}", "sequence": 1} for n in (1, 2, 3)],
            )
        ),
    )


async def selected(town: Town) -> None:
    """The year comes to its final result."""
    await town.at(SELECTION)
    done(await town.officer.put(f"/programme-years/{YEAR}/lot", {"lot_seed": SEED}))
    await town.published("preliminary")
    await town.at(AFTER_APPEALS)
    await town.published("final")


async def test_employment_decides_one_year_and_retention_of_the_same_cohort_the_next(town: Town) -> None:
    await town.prepared({1: CONTINUING, 2: CONTINUING, 3: CONTINUING})
    done(await town.officer.put("/rubrics/plain", rubric("employment_rate", 1)), 201)
    done(await town.officer.put("/rubrics/retained", rubric("retention_12_months", 2)), 201)
    await town.receive(
        outcome(town, 1, "2024-12-31", employed=8),
        outcome(town, 2, "2024-12-31", employed=3),
        outcome(town, 3, "2024-12-31", employed=9),
    )
    people = [{"id": f"rev_{n}"} for n in (1, 2)]
    done(await town.officer.post("/reviewers", {"reviewers": people}), 201)
    await scored(town, YEAR, "48")
    this_year = {"sch_1": ("80", "confirmed"), "sch_2": ("30", "dropped"), "sch_3": ("90", "confirmed")}
    assert await decisions(town, YEAR) == this_year
    await selected(town)
    assert await town.states() == {"sch_1": "selected", "sch_2": "not_selected", "sch_3": "selected"}

    await town.at(CLOSED)
    await open_next(town)
    eligible = await town.rows("select school, reasons from application where year = $1 order by 1", NEXT)
    assert [(each["school"], each["reasons"]) for each in eligible] == [
        ("sch_1", []),
        ("sch_2", ["not_a_participant"]),
        ("sch_3", []),
    ]
    await town.receive(
        outcome(town, 1, "2025-12-31", due_12=8, retained_12=2),
        outcome(town, 3, "2025-12-31", due_12=9, retained_12=9),
        outcome(town, 2, "2024-12-31", revision=2, employed=10),
    )
    await scored(town, NEXT, "48")
    assert await decisions(town, NEXT) == {"sch_1": ("25", "dropped"), "sch_3": ("100", "confirmed")}
    assert await decisions(town, YEAR) == this_year
    kept = await town.rows(
        """
        select subject, detail ->> 'year' as year from messaging.audit
        where action = 'outcome_without_effect'
        """
    )
    assert [(each["subject"], each["year"]) for each in kept] == [("sch_2", str(YEAR))]
