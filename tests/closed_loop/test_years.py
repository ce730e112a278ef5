"""Years in parallel: 2024 closes, 2025 places and 2026 calls, each under its own policy."""

from datetime import UTC, datetime, timedelta

from tests.asking import Caller, done, refused
from tests.closed_loop.loop import REVIEWERS, Loop, rubric
from tests.evaluation.town import SEED
from tests.placement.test_retention import ask

END_2024 = "2024-12-31"
END_2025 = "2025-12-31"


async def prepared(loop: Loop) -> None:
    """Two rubrics, reviewers, four schools; three of them took part in 2024 before the platform."""
    town = loop.town
    await loop.at(datetime(2024, 3, 4, tzinfo=UTC))
    done(await town.officer.put("/rubrics/employment_first", rubric("employment_rate", 1)), 201)
    done(await town.officer.put("/rubrics/lasting_first", rubric("retention_12_months", 2)), 201)
    people = [{"id": f"rev_{number}", "province": "jeju"} for number in REVIEWERS]
    done(await town.officer.post("/reviewers", {"reviewers": people}), 201)
    await loop.tell(*(loop.applications.registers(f"sch_{number}") for number in (1, 2, 3, 4)))
    earlier = {"participants": [{"school": f"sch_{number}"} for number in (1, 2, 3)]}
    done(await town.officer.post("/programme-years/2024/participants", earlier), 201)
    await loop.year_opens(2024, rubric="employment_first", classes={"min_size": 2, "max_size": 3})


async def cohort_of_2024(loop: Loop, company: Caller) -> dict[int, list[str]]:
    """Three students a school; of the first all find work, of the second two, of the third none."""
    await loop.at(datetime(2024, 5, 2, 3, tzinfo=UTC))
    students = {}
    for number in (1, 2, 3):
        _, students[number] = await loop.at_class(2024, number, company, 3)
    await loop.at(datetime(2024, 10, 20, 3, tzinfo=UTC))
    return {
        number: await loop.placed(2024, number, company, students[number][:working])
        for number, working in ((1, 3), (2, 2))
    }


async def year_2025(loop: Loop) -> None:
    """The call of 2025: the 2024 cohort's employment decides who is confirmed; a new school comes in."""
    await loop.at(datetime(2025, 1, 6, 3, tzinfo=UTC))
    await loop.closed(2024, END_2024)
    await loop.year_opens(
        2025, rubric="employment_first", cut_line="65", classes={"min_size": 3, "max_size": 5}
    )
    await loop.at(datetime(2025, 2, 20, tzinfo=UTC))
    await loop.apply(2025, {1: "continuing", 2: "continuing", 3: "continuing", 4: "new"})
    await loop.reviewed(2025, 80)
    await scored(loop, 2025)
    await loop.decided(2025, "preliminary")
    await loop.at(datetime(2025, 4, 1, tzinfo=UTC))
    await loop.decided(2025, "final")


async def scored(loop: Loop, year: int) -> None:
    await loop.at(datetime(year, 3, 12, tzinfo=UTC))
    done(await loop.town.officer.post(f"/programme-years/{year}/scoring-closure"), 201)
    done(await loop.town.officer.put(f"/programme-years/{year}/lot", {"lot_seed": SEED}))


async def retention_of_2024(loop: Loop, company: Caller, placements: dict[int, list[str]]) -> None:
    """All of the first school stay a year; of the second one leaves in May, it seems the other in October."""
    await loop.at(datetime(2025, 5, 5, 3, tzinfo=UTC))
    await ask(loop.world)
    [stays, leaves] = placements[2]
    still_there = [*placements[1], stays, leaves]
    answers = [{"placement": each, "months": 6, "retained": True} for each in still_there]
    done(await company.post("/retention-checks/answers", {"answers": answers}), 201)
    await loop.at(datetime(2025, 6, 2, 3, tzinfo=UTC))
    body = {"reason": "resignation", "ended_on": "2025-05-30"}
    done(await company.post(f"/placements/{leaves}/end", body), 201)
    await loop.at(datetime(2025, 11, 6, 3, tzinfo=UTC))
    body = {"reason": "dismissal", "ended_on": "2025-10-31"}
    done(await company.post(f"/placements/{stays}/end", body), 201)
    await ask(loop.world)
    answers = [{"placement": each, "months": 12, "retained": True} for each in placements[1]]
    done(await company.post("/retention-checks/answers", {"answers": answers}), 201)


async def test_employment_of_a_cohort_decides_the_next_year_and_its_retention_the_one_after(
    loop: Loop,
) -> None:
    await prepared(loop)
    company = await loop.world.company()
    placements = await cohort_of_2024(loop, company)

    await year_2025(loop)

    assert await loop.support(2025) == {"sch_1": "confirmed", "sch_2": "confirmed", "sch_3": "dropped"}
    closed = await loop.world.told("outcome-reporting-closed")
    assert [(event["programme_year"], event["as_of"]) for _, event in closed] == [(2024, END_2024)]

    await placing_in_2025_under_its_own_policy(loop, company)
    await retention_of_2024(loop, company, placements)
    await calling_in_2026(loop)
    await a_late_correction(loop, company, placements[2][0])


async def placing_in_2025_under_its_own_policy(loop: Loop, company: Caller) -> None:
    """2024 allowed classes of two to three, 2025 of three to five; who was dropped opens none in 2025."""
    await loop.at(datetime(2025, 5, 2, 3, tzinfo=UTC))
    _, students = await loop.at_class(2025, 1, company, 4)
    school = loop.school(1)
    shown = done(await school.get("/classes", programme_year=2025))["items"][0]
    plan = {
        **{name: shown[name] for name in ("field", "hours", "companies", "starts_on", "ends_on", "track")},
        "programme_year": 2025,
        "capacity": 2,
    }
    refused(await school.post("/classes", plan), 422, ("capacity", "class_size"))
    refused(
        await school.post("/classes", plan | {"programme_year": 2024, "capacity": 5}),
        422,
        ("capacity", "class_size"),
    )
    proposal = {
        "programme_year": 2025,
        "agreements": [{"partner": company.party, "starts_on": "2025-05-01", "ends_on": "2025-12-31"}],
    }
    answer = await loop.school(3).post("/agreements", proposal)
    refused(answer, 409, ("agreements.0.school", "school_not_taking_part"))
    await loop.at(datetime(2025, 10, 20, 3, tzinfo=UTC))
    await loop.placed(2025, 1, company, students[:2])


async def calling_in_2026(loop: Loop) -> None:
    """2024's cohort is closed at the end of 2025, and its twelve months decide who is confirmed for 2026."""
    await loop.at(datetime(2026, 1, 6, 3, tzinfo=UTC))
    await loop.closed(2024, END_2025)
    await loop.year_opens(2026, rubric="lasting_first", cut_line="60", seats=2)
    await loop.at(datetime(2026, 2, 20, tzinfo=UTC))
    await loop.apply(2026, {1: "continuing", 2: "continuing", 4: "continuing"})
    await loop.reviewed(2026, 75)
    missing = done(await loop.town.officer.get("/programme-years/2026/missing-figures"))
    assert [(each["school"], each["lack"]) for each in missing] == [("sch_4", "not_reported")]
    waiver = {"reason": "not_in_2024"}
    done(await loop.town.officer.post("/applications/app_2026_4/missing-figures", waiver), 201)
    await scored(loop, 2026)
    assert await loop.support(2026) == {"sch_1": "confirmed", "sch_2": "dropped", "sch_4": "dropped"}


async def a_late_correction(loop: Loop, company: Caller, placement: str) -> None:
    """Records show who was there till November after all: 2026 follows, what was final for 2025 does not."""
    await loop.decided(2026, "preliminary")
    correction = {"reason": "dismissal", "ended_on": "2025-11-05"}
    done(await company.post(f"/placements/{placement}/end/correction", correction), 201)

    assert await loop.corrected(2024, END_2025) == 1

    assert await loop.support(2026) == {"sch_1": "confirmed", "sch_2": "confirmed", "sch_4": "dropped"}
    kept = done(await loop.world.officer.get("/programme-years/2024/outcomes/revisions/sch_2"))
    told = [(each["as_of"], each["revision"], each["figures"]["retained_12"]) for each in kept]
    assert told == [(END_2024, 1, 0), (END_2025, 1, 0), (END_2025, 2, 1)]
    await loop.at(datetime(2026, 4, 1, tzinfo=UTC) + timedelta(days=1))
    await loop.decided(2026, "final")
    standings = done(await loop.town.officer.get("/programme-years/2026/standings"))["schools"]
    assert {each["school"]: each["state"] for each in standings} == {
        "sch_1": "selected",
        "sch_2": "selected",
        "sch_4": "not_selected",
    }

    early = {"reason": "dismissal", "ended_on": "2024-12-15"}
    done(await company.post(f"/placements/{placement}/end/correction", early), 201)
    assert await loop.corrected(2024, END_2024) == 1
    assert (await loop.support(2025))["sch_2"] == "confirmed"
    [entry] = await loop.town.rows(
        "select subject, detail from messaging.audit where action = 'outcome_without_effect'"
    )
    assert entry["subject"] == "sch_2"
