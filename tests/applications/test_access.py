"""Who may do what: each route by role, and a foreign school's data by nobody."""

from typing import Any

from tests.applications.town import NEW, PDF, TERMS, Town, policy, row
from tests.asking import done, refused

ROLES = {"officer", "school", "company", "student", "reviewer", "auditor", "agency", "operator"}
OFFICER = {"officer"}
SCHOOL = {"school"}
OVERSEEN = {"officer", "auditor", "school"}
ROUTES: list[tuple[str, str, set[str], Any]] = [
    ("POST", "/schools/import", OFFICER, {"rows": [row(1)]}),
    ("PUT", "/schools/{school}/name", OFFICER, {"name_ko": "새이름", "name_en": None}),
    ("POST", "/schools/{school}/closure", OFFICER, {"reason": "merged"}),
    ("GET", "/schools", ROLES, None),
    ("GET", "/schools/{school}", ROLES, None),
    ("PUT", "/programme-years/{year}", OFFICER, policy()),
    ("GET", "/programme-years", ROLES, None),
    ("GET", "/programme-years/{year}", ROLES, None),
    ("POST", "/programme-years/{year}/calls", OFFICER, TERMS),
    ("PUT", "/calls/{call}", OFFICER, TERMS | {"reason": "correction"}),
    (
        "POST",
        "/calls/{call}/extensions",
        OFFICER,
        {"school": "sch_1", "until": "2026-01-01T00:00:00Z", "reason": "x"},
    ),
    ("POST", "/calls/{call}/closure", OFFICER, None),
    ("GET", "/calls", ROLES, None),
    ("GET", "/calls/{call}", ROLES, None),
    ("GET", "/calls/{call}/extensions", {"officer", "auditor"}, None),
    ("POST", "/applications", SCHOOL, {"call": "cal_1", "kind": "new"}),
    ("PUT", "/applications/{application}/answers", SCHOOL, NEW),
    ("PUT", "/applications/{application}/documents/{name}", SCHOOL, None),
    ("DELETE", "/applications/{application}/documents/{name}", SCHOOL, None),
    ("POST", "/applications/{application}/submission", SCHOOL, None),
    ("POST", "/applications/{application}/amendment", SCHOOL, None),
    ("POST", "/applications/{application}/withdrawal", SCHOOL, {"reason": "x"}),
    ("GET", "/applications", OVERSEEN, None),
    ("GET", "/applications/{application}", OVERSEEN, None),
    ("GET", "/applications/{application}/receipt", OVERSEEN, None),
    ("GET", "/applications/{application}/documents/{document}", OVERSEEN, None),
    ("GET", "/reviews/{application}/documents", {"reviewer"}, None),
    ("GET", "/reviews/{application}/documents/{document}", {"reviewer"}, None),
    ("GET", "/audit", {"auditor"}, None),
    ("GET", "/audit/head", {"auditor"}, None),
    ("GET", "/audit/heads", {"auditor"}, None),
]


async def test_the_table_of_routes_is_the_services_own(town: Town) -> None:
    openapi = done(await town.client.get("/openapi.json"))
    documented = {(method.upper(), path) for path, methods in openapi["paths"].items() for method in methods}
    assert documented == {(method, path) for method, path, _, _ in ROUTES}


async def test_each_route_takes_its_own_roles_and_no_other(town: Town) -> None:
    names = {"school": "sch_1", "year": "2025", "call": "cal_1", "application": "app_1", "name": "plan"}
    asked = [
        (role, role in allowed, method, template.format(**names, document="doc_1"), body)
        for method, template, allowed, body in ROUTES
        for role in sorted(ROLES)
    ]
    before = await town.state()
    for role, allowed, method, path, body in sorted(asked, key=lambda each: each[1]):
        if allowed:
            break
        answer = await town.caller(role, party="sch_1").request(method, path, body)
        refused(answer, 403, ("token.roles", "role_missing"))
    assert await town.state() == before
    for role, allowed, method, path, body in asked:
        if allowed:
            answer = await town.caller(role, party="sch_1").request(method, path, body)
            assert answer.status_code not in {401, 403, 405, 500}, (role, method, path, answer.text)


async def test_without_a_token_each_route_answers_401(town: Town) -> None:
    before = await town.state()
    for method, template, _, body in ROUTES:
        path = template.replace("{year}", "2025")
        answer = await town.client.request(method, path, json=body, headers={"Idempotency-Key": "nobody"})
        refused(answer, 401, ("header.Authorization", "token_missing"))
    assert await town.state() == before


async def test_a_foreign_schools_application_does_not_exist_for_a_school(town: Town) -> None:
    call = await town.open_call()
    own, foreign = await town.schools(2)
    applicant = await town.submitted(own, call)
    [document] = (await applicant.show())["documents"]
    before = await town.state()
    stranger = town.caller("school", party=foreign)
    path = applicant.path
    for answer, expected in (
        (await stranger.get(path), ("application", "application_not_found")),
        (await stranger.get(f"{path}/receipt"), ("application", "application_not_found")),
        (await stranger.get(f"{path}/documents/{document['id']}"), ("document", "document_not_found")),
        (await stranger.put(f"{path}/answers", NEW), ("id", "application_not_found")),
        (await stranger.upload(f"{path}/documents/operation_plan", PDF), ("id", "application_not_found")),
        (await stranger.delete(f"{path}/documents/operation_plan"), ("id", "application_not_found")),
        (await stranger.post(f"{path}/submission"), ("id", "application_not_found")),
        (await stranger.post(f"{path}/amendment"), ("id", "application_not_found")),
        (await stranger.post(f"{path}/withdrawal", {"reason": "x"}), ("id", "application_not_found")),
    ):
        refused(answer, 404, expected)
    assert done(await stranger.get("/applications"))["items"] == []
    assert await town.state() == before


async def test_a_school_without_a_party_acts_for_nobody(town: Town) -> None:
    call = await town.open_call()
    before = await town.state()
    staff = town.caller("school")
    refused(
        await staff.post("/applications", {"call": call, "kind": "new"}),
        403,
        ("token.party", "party_missing"),
    )
    refused(await staff.get("/applications"), 403, ("token.party", "party_missing"))
    assert await town.state() == before


async def test_the_party_of_a_token_has_to_be_a_school_of_the_register(town: Town) -> None:
    call = await town.open_call()
    before = await town.state()
    staff = town.caller("school", party="sch_unknown")
    answer = await staff.post("/applications", {"call": call, "kind": "new"})
    refused(answer, 404, ("school", "school_not_found"))
    assert await town.state() == before
