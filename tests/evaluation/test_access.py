"""Role by endpoint, from the service's own OpenAPI document."""

import re
from typing import Any, Final

import pytest
from tests.evaluation.town import Town

OFFICER, OVERSEER, READER = {"officer"}, {"officer", "auditor"}, {"school", "officer", "auditor"}
SCHOOL, REVIEWER, ANYONE = {"school"}, {"reviewer"}, set[str]()
ROLES: Final = ("officer", "school", "company", "student", "reviewer", "auditor", "agency", "operator")
ALLOWED: Final = {
    "GET /audit": {"auditor"},
    "GET /audit/head": {"auditor"},
    "GET /audit/heads": {"auditor"},
    "GET /schools": OVERSEER,
    "POST /programme-years/{year}/participants": OFFICER,
    "GET /programme-years/{year}/progress": OVERSEER,
    "GET /programme-years/{year}/ineligible": OVERSEER,
    "GET /programme-years/{year}/eligibility": READER,
    "POST /applications/{application}/eligibility": OFFICER,
    "POST /sanctions": OFFICER,
    "GET /sanctions": READER,
    "POST /sanctions/{sanction}/lifting": OFFICER,
    "GET /programme-years/{year}/continued-support": READER,
    "GET /programme-years/{year}/missing-figures": OVERSEER,
    "POST /applications/{application}/missing-figures": OFFICER,
    "PUT /applications/{application}/bonus/{bonus}": OFFICER,
    "POST /applications/{application}/bonus/{bonus}/withdrawal": OFFICER,
    "PUT /rubrics/{name}": OFFICER,
    "GET /rubrics/{name}": ANYONE,
    "PUT /rubrics/{name}/sheet": OFFICER,
    "GET /rubrics/{name}/versions": OVERSEER,
    "GET /rubrics/{name}/export": OVERSEER,
    "POST /reviewers": OFFICER,
    "GET /reviewers": OVERSEER,
    "PUT /reviewers/{reviewer}": OFFICER,
    "POST /reviewers/{reviewer}/conflicts": OFFICER,
    "POST /reviewers/{reviewer}/reviews/{application}/recusal": OFFICER,
    "POST /reviewers/{reviewer}/reviews/{application}/reopening": OFFICER,
    "PUT /school-corporations": OFFICER,
    "POST /programme-years/{year}/assignments": OFFICER,
    "POST /programme-years/{year}/reviewers/{reviewer}/releases": OFFICER,
    "GET /programme-years/{year}/stages/{kind}/{stage}/statistics": OVERSEER,
    "POST /programme-years/{year}/stages/{kind}/{stage}/closure": OFFICER,
    "GET /programme-years/{year}/comments": SCHOOL,
    "GET /applications/{application}/sheets": OVERSEER,
    "GET /reviews": REVIEWER,
    "PUT /reviews/{application}/draft": REVIEWER,
    "POST /reviews/conflicts": REVIEWER,
    "POST /reviews/{application}/recusal": REVIEWER,
    "POST /reviews/scores": REVIEWER,
    "POST /reviews/{application}/scores": REVIEWER,
    "POST /programme-years/{year}/scoring-closure": OFFICER,
    "PUT /programme-years/{year}/lot": OFFICER,
    "POST /programme-years/{year}/runs": OFFICER,
    "GET /programme-years/{year}/runs": OVERSEER,
    "GET /runs/{run}": OVERSEER,
    "GET /runs/{run}/ranking": OVERSEER,
    "GET /runs/{run}/snapshot": OVERSEER,
    "GET /runs/{run}/result": OVERSEER,
    "POST /runs/{run}/approval": OFFICER,
    "POST /runs/{run}/publication": OFFICER,
    "GET /runs/{run}/comparison": OVERSEER,
    "POST /programme-years/{year}/what-ifs": OFFICER,
    "GET /programme-years/{year}/what-ifs": OVERSEER,
    "GET /what-ifs/{what_if}": OVERSEER,
    "GET /what-ifs/{what_if}/comparison": OVERSEER,
    "GET /what-ifs/{what_if}/snapshot": OVERSEER,
    "GET /what-ifs/{what_if}/result": OVERSEER,
    "POST /programme-years/{year}/appeals": SCHOOL,
    "GET /programme-years/{year}/appeals": OVERSEER,
    "GET /programme-years/{year}/appeal": SCHOOL,
    "GET /appeals/{appeal}": OVERSEER,
    "GET /appeals/{appeal}/comparison": OVERSEER,
    "POST /appeals/{appeal}/panel": OFFICER,
    "POST /appeals/{appeal}/decision": OFFICER,
    "GET /programme-years/{year}/result": SCHOOL,
    "GET /programme-years/{year}/result/letter": SCHOOL,
    "GET /programme-years/{year}/exports/{table}": OVERSEER,
    "GET /signing-keys": ANYONE,
    "GET /programme-years/{year}/standings": OVERSEER,
    "GET /programme-years/{year}/offers": READER,
    "POST /offers/{offer}/acceptance": SCHOOL,
    "POST /offers/{offer}/refusal": SCHOOL,
    "POST /programme-years/{year}/relinquishment": SCHOOL,
    "POST /programme-years/{year}/schools/{school}/revocation": OFFICER,
}
NAMES: Final = {
    "table": "scores",
    "year": "2025",
    "name": "plain",
    "run": "run_1",
    "offer": "off_1",
    "appeal": "apl_1",
    "what_if": "wif_1",
    "school": "sch_1",
    "sanction": "san_1",
    "bonus": "extra",
    "application": "app_1",
    "reviewer": "rev_1",
    "kind": "new",
    "stage": "documents",
}


async def endpoints(town: Town) -> list[str]:
    document: dict[str, Any] = (await town.client.get("/openapi.json")).json()
    return [f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods]


def filled(path: str) -> str:
    return re.sub(r"{(\w+)}", lambda name: NAMES[name[1]], path)


async def test_every_endpoint_stands_in_the_matrix(town: Town) -> None:
    assert set(await endpoints(town)) == set(ALLOWED)


async def test_every_role_is_let_in_or_refused_as_the_matrix_says(town: Town) -> None:
    for role in ROLES:
        caller = town.caller(role, party="somebody")
        for endpoint, allowed in ALLOWED.items():
            method, path = endpoint.split()
            answer = await caller.request(method, filled(path))
            forbidden = answer.status_code == 403 and answer.json()["type"].endswith("role_missing")
            assert forbidden == (bool(allowed) and role not in allowed), (role, endpoint, answer.text)


async def test_nobody_gets_in_without_a_token(town: Town) -> None:
    for endpoint in ALLOWED:
        method, path = endpoint.split()
        answer = await town.client.request(method, filled(path), headers={"Idempotency-Key": "k"})
        assert answer.status_code == 401, endpoint


@pytest.mark.parametrize("role", ["school", "reviewer"])
async def test_a_token_without_a_party_sees_nobodys_data(town: Town, role: str) -> None:
    path = "/programme-years/2025/result" if role == "school" else "/reviews"
    answer = await town.caller(role).get(path)
    assert answer.status_code == 403
    assert answer.json()["type"].endswith("party_missing")


async def test_a_field_too_many_is_refused(town: Town) -> None:
    answer = await town.officer.post(
        "/programme-years/2025/runs", {"stage": "preliminary", "state": "approved"}
    )
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "state"
