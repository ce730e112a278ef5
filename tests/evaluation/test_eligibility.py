"""Who is evaluated: the rule's reasons, sanctions on record, and officers who decide otherwise."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.asking import done, refused
from tests.evaluation.town import CLOSED, REVIEW, SELECTION, YEAR, Town, sheet

from contracts import applications as told
from contracts.examples import example
from evaluation.domain.eligibility import Candidate, decide
from evaluation.domain.policy import RequiredDocument
from evaluation.domain.vocabulary import ApplicationId, SchoolId

LIST = f"/programme-years/{YEAR}/eligibility"
CLOSE = f"/programme-years/{YEAR}/scoring-closure"
PLAN = example(told.ApplicationSubmitted).documents[0].model_dump(mode="json")
REPORT = PLAN | {"kind": "performance_report"}
REQUIRED = [
    {"kind": "operation_plan", "kinds": ["continuing", "new"]},
    {"kind": "performance_report", "kinds": ["continuing"]},
]


async def words(town: Town) -> dict[str, list[dict[str, Any]]]:
    return {each["application"]: each["words"] for each in done(await town.officer.get(LIST))}


async def decided(town: Town) -> dict[str, list[str] | None]:
    """Reasons by application; none where it is eligible."""
    rows = await town.rows("select id, eligible, reasons from application order by id")
    return {row["id"]: None if row["eligible"] else row["reasons"] for row in rows}


def otherwise(*, eligible: bool, ground: str = "decided_by_the_committee") -> dict[str, Any]:
    return {"eligible": eligible, "ground": ground}


def candidate(application: str, school: str, kind: str = "new", **facts: Any) -> Candidate:
    given: dict[str, Any] = {
        "documents": ("operation_plan",),
        "school_type": "specialised",
        "closed": False,
        "took_part": kind == "continuing",
        "sanctions": (),
        "other": None,
    }
    return Candidate(ApplicationId(application), SchoolId(school), kind, **(given | facts))


def test_only_the_first_of_a_schools_applications_is_eligible() -> None:
    plan = (RequiredDocument("operation_plan", ("new", "continuing")),)
    decisions = decide(
        [
            candidate("app_1", "sch_1", documents=()),
            candidate("app_2", "sch_1"),
            candidate("app_3", "sch_1"),
            candidate("app_4", "sch_2", "continuing"),
            candidate("app_5", "sch_2", "new", took_part=False),
            candidate("app_6", "sch_3", other="continuing"),
        ],
        plan,
    )
    assert {each.application: each.reasons for each in decisions} == {
        "app_1": ("document_missing",),
        "app_2": (),
        "app_3": ("second_application",),
        "app_4": (),
        "app_5": ("new_and_continuing",),
        "app_6": ("new_and_continuing",),
    }


async def test_two_applications_in_one_call_are_one_too_many(town: Town) -> None:
    tells = town.applications
    await town.receive(
        *tells.opens(),
        tells.registers("sch_1"),
        tells.submits("app_1", "sch_1", accepted_at=CLOSED - timedelta(days=1)),
        tells.submits("app_2", "sch_1", accepted_at=CLOSED - timedelta(days=2)),
        tells.closes(["app_1", "app_2"]),
    )
    done(await town.officer.post(f"/programme-years/{YEAR - 1}/participants", {"participants": []}), 201)
    assert await decided(town) == {"app_1": ["second_application"], "app_2": None}


async def test_a_continuing_school_files_its_performance_report(town: Town) -> None:
    await town.prepared(
        {
            1: {"kind": "continuing", "documents": [PLAN, REPORT]},
            2: {"kind": "continuing", "documents": [PLAN]},
            3: {"kind": "continuing", "documents": []},
            4: {"documents": [PLAN]},
        },
        required_documents=REQUIRED,
    )
    assert await decided(town) == {
        "app_1": None,
        "app_2": ["performance_report_missing"],
        "app_3": ["document_missing", "performance_report_missing"],
        "app_4": None,
    }
    [word] = (await words(town))["app_3"]
    assert word["findings"] == {"documents": ["operation_plan", "performance_report"]}
    assert (word["decided_by"], word["ground"]) == (None, None)


@pytest.mark.parametrize(
    ("since", "until", "reasons"),
    [
        ("2025-02-14", None, ["sanctioned"]),
        ("2024-01-01", "2025-02-14", ["sanctioned"]),
        ("2024-01-01", "2025-02-13", None),
        ("2025-02-15", None, None),
    ],
)
async def test_a_sanction_counts_on_the_day_the_call_closes(
    town: Town, since: str, until: str | None, reasons: list[str] | None
) -> None:
    await town.receive(town.applications.registers("sch_1"))
    body = {"school": "sch_1", "reason": "subsidy_misused", "since": since, "until": until}
    recorded = done(await town.officer.post("/sanctions", body), 201)
    await town.prepared({1: {}})
    assert await decided(town) == {"app_1": reasons}
    if reasons:
        [word] = (await words(town))["app_1"]
        assert word["findings"] == {"sanctions": [recorded["id"]]}


async def test_a_sanction_that_was_lifted_bars_nobody(town: Town) -> None:
    await town.receive(town.applications.registers("sch_1"))
    body = {"school": "sch_1", "reason": "subsidy_misused", "since": "2025-01-01"}
    recorded = done(await town.officer.post("/sanctions", body), 201)
    lift = f"/sanctions/{recorded['id']}/lifting"
    lifted = done(await town.officer.post(lift, {"reason": "court_ruling"}), 201)
    assert lifted["lifting_reason"] == "court_ruling"
    refused(await town.officer.post(lift, {"reason": "again"}), 409, ("sanction", "sanction_lifted"))
    await town.prepared({1: {}})
    assert await decided(town) == {"app_1": None}
    seen = done(await town.school(1).get("/sanctions"))
    assert [each["recorded_by"] for each in seen] == ["officer"]
    assert done(await town.school(2).get("/sanctions")) == []


async def test_a_sanction_that_cannot_be_is_refused_by_field(town: Town) -> None:
    await town.receive(town.applications.registers("sch_1"))
    body = {"school": "sch_1", "reason": "subsidy_misused", "since": "2025-01-02", "until": "2025-01-01"}
    before = await town.state()
    refused(await town.officer.post("/sanctions", body), 422, ("until", "until_after_since"))
    unknown = body | {"school": "sch_9", "until": None}
    refused(await town.officer.post("/sanctions", unknown), 422, ("school", "school_unknown"))
    refused(
        await town.officer.post("/sanctions/san_9/lifting", {"reason": "none"}),
        404,
        ("sanction", "sanction_not_found"),
    )
    assert await town.state() == before


async def test_an_officer_decides_otherwise_and_the_reason_is_kept_and_told(town: Town) -> None:
    await town.prepared({1: {"documents": []}})
    officer = town.officer
    path = "/applications/app_1/eligibility"
    ground = "document_received_on_paper"
    shown = done(await officer.post(path, otherwise(eligible=True, ground=ground)), 201)
    assert [(word["eligible"], word["decided_by"], word["ground"]) for word in shown["words"]] == [
        (False, None, None),
        (True, officer.name, ground),
    ]
    events = await town.told("eligibility-decided", "evaluation-scheduled", key="app_1")
    assert [(name, event.get("eligible"), event.get("ground")) for name, event in events] == [
        ("eligibility-decided", False, None),
        ("eligibility-decided", True, ground),
        ("evaluation-scheduled", None, None),
    ]
    [audited] = await town.rows("select * from messaging.audit where action = 'eligibility_overridden'")
    assert (audited["actor"], audited["subject"], audited["reason"]) == (officer.name, "app_1", ground)
    [own] = done(await town.school(1).get(LIST))
    assert [word["decided_by"] for word in own["words"]] == [None, "officer"]
    assert done(await town.school(2).get(LIST)) == []


async def test_what_stands_already_or_cannot_be_is_refused(town: Town) -> None:
    await town.prepared({1: {}, 2: {"documents": []}})
    await town.receive(town.applications.withdraws("app_2", "sch_2", late=True))
    before = await town.state()
    decide_1, decide_2 = (f"/applications/app_{n}/eligibility" for n in (1, 2))
    same = await town.officer.post(decide_1, otherwise(eligible=True))
    refused(same, 409, ("eligible", "eligibility_unchanged"))
    gone = await town.officer.post(decide_2, otherwise(eligible=True))
    refused(gone, 409, ("application", "application_withdrawn"))
    unknown = await town.officer.post("/applications/app_9/eligibility", otherwise(eligible=True))
    refused(unknown, 404, ("application", "application_not_found"))
    unfounded = await town.officer.post(decide_1, {"eligible": False})
    refused(unfounded, 422, ("ground", "missing"))
    assert await town.state() == before


async def test_nothing_is_decided_otherwise_before_the_rule_decided(town: Town) -> None:
    tells = town.applications
    await town.receive(*tells.opens(), tells.registers("sch_1"), tells.submits("app_1", "sch_1"))
    answer = await town.officer.post("/applications/app_1/eligibility", otherwise(eligible=True))
    refused(answer, 409, ("application", "not_decided_yet"))


async def test_a_school_has_one_eligible_application_also_by_an_officers_word(town: Town) -> None:
    tells = town.applications
    await town.at(REVIEW)
    await town.receive(
        *tells.opens(),
        tells.registers("sch_1"),
        tells.submits("app_1", "sch_1", accepted_at=CLOSED - timedelta(days=3)),
        tells.submits("app_2", "sch_1"),
        tells.closes(["app_1", "app_2"]),
    )
    done(await town.officer.post(f"/programme-years/{YEAR - 1}/participants", {"participants": []}), 201)
    second = "/applications/app_2/eligibility"
    answer = await town.officer.post(second, otherwise(eligible=True))
    refused(answer, 409, ("application", "another_eligible"))
    done(await town.officer.post("/applications/app_1/eligibility", otherwise(eligible=False)), 201)
    done(await town.officer.post(second, otherwise(eligible=True)), 201)
    assert await decided(town) == {"app_1": ["decided_by_the_committee"], "app_2": None}


async def test_a_withdrawn_application_bars_none_of_the_schools_that_come_later(town: Town) -> None:
    await town.prepared({1: {}})
    tells, late = town.applications, {"call": "cal_2", "programme_year": YEAR}
    manifest = [{"application": "app_9", "sequence": 1}]
    await town.receive(
        tells.withdraws("app_1", "sch_1", late=True),
        tells.tells(example(told.CallOpened, kinds=["new"], **late)),
        tells.submits("app_9", "sch_1", call="cal_2"),
        tells.tells(example(told.CallClosed, closed_at=CLOSED, manifest=manifest, **late)),
    )
    assert await decided(town) == {"app_1": None, "app_9": None}
    done(await town.officer.post("/applications/app_9/eligibility", otherwise(eligible=False)), 201)
    done(await town.officer.post("/applications/app_9/eligibility", otherwise(eligible=True)), 201)


async def test_whoever_is_let_in_after_scoring_closed_is_scored_as_long_as_scores_may_come(
    town: Town,
) -> None:
    await town.prepared({1: {}, 2: {"documents": []}})
    await town.assigned(2)
    for number in (1, 2):
        done(await town.reviewer(number).post("/reviews/app_1/scores", {"scores": sheet(80)}), 201)
    done(await town.officer.post(CLOSE), 201)
    path = "/applications/app_2/eligibility"
    await town.at(SELECTION)
    late = await town.officer.post(path, otherwise(eligible=True))
    refused(late, 409, ("scoring_until", "scoring_over"))
    await town.at(datetime(2025, 3, 1, tzinfo=UTC))
    done(await town.officer.post(path, otherwise(eligible=True)), 201)
    progress = done(await town.officer.get(f"/programme-years/{YEAR}/progress"))
    assert progress["stage"] == "reviewing"
    done(await town.officer.post(f"/programme-years/{YEAR}/assignments"), 201)
    for number in (1, 2):
        done(await town.reviewer(number).post("/reviews/app_2/scores", {"scores": sheet(70)}), 201)
    assert done(await town.officer.post(CLOSE), 201)["scored"] == 2


async def test_whoever_is_put_out_is_reviewed_no_longer_and_holds_up_nobody(town: Town) -> None:
    await town.prepared({1: {}, 2: {}})
    await town.assigned(2)
    done(await town.officer.post("/applications/app_2/eligibility", otherwise(eligible=False)), 201)
    staff = town.reviewer(1)
    assert [each["application"] for each in done(await staff.get("/reviews"))] == ["app_1"]
    answer = await staff.post("/reviews/app_2/scores", {"scores": sheet(80)})
    refused(answer, 403, ("sheets.0.application", "not_assigned"))
    for number in (1, 2):
        done(await town.reviewer(number).post("/reviews/app_1/scores", {"scores": sheet(80)}), 201)
    assert done(await town.officer.post(CLOSE), 201)["scored"] == 1


async def test_whoever_is_put_out_after_the_preliminary_result_is_in_no_final_one(town: Town) -> None:
    await town.prepared({1: {}, 2: {}})
    await town.scored({1: 80, 2: 90})
    run = await town.proposed("preliminary")
    await town.approved(run)
    done(await town.officer.post(f"/runs/{run['id']}/publication"), 201)
    done(await town.officer.post("/applications/app_2/eligibility", otherwise(eligible=False)), 201)
    await town.at(datetime(2025, 4, 1, tzinfo=UTC))
    await town.published("final")
    assert await town.states() == {"sch_1": "selected"}
    answer = await town.officer.post("/applications/app_1/eligibility", otherwise(eligible=False))
    refused(answer, 409, ("stage", "wrong_stage"))
