"""Who may ask what: every route for every role, and others' data for nobody."""

from typing import Any, Final

from tests.asking import done, refused
from tests.placement.world import World

from web import Role

ALLOWED: Final[dict[str, set[str]]] = {
    "POST /companies": {"company"},
    "POST /companies/approvals": {"officer"},
    "GET /audit": {"auditor"},
    "GET /audit/head": {"auditor"},
    "GET /audit/heads": {"auditor"},
    "GET /companies": {"officer", "auditor"},
    "GET /companies/{company}": {"company", "school", "officer", "auditor"},
    "POST /companies/{company}/sme-status": {"officer"},
    "POST /companies/{company}/suspension": {"officer"},
    "POST /companies/{company}/reinstatement": {"officer"},
    "GET /companies/{company}/follow-up": {"officer", "auditor"},
    "POST /imports/companies": {"officer"},
    "POST /imports/rosters": {"school"},
    "GET /imports/{import_id}": {"school", "officer", "auditor"},
    "POST /agreements": {"school", "company"},
    "POST /agreements/signatures": {"school", "company"},
    "GET /agreements": {"school", "company", "officer", "auditor"},
    "GET /agreements/{agreement}": {"school", "company", "officer", "auditor"},
    "GET /agreements/{agreement}/document": {"school", "company", "officer", "auditor"},
    "POST /agreements/{agreement}/terms": {"school", "company"},
    "POST /agreements/{agreement}/terms/signature": {"school", "company"},
    "POST /agreements/{agreement}/end": {"school", "company", "officer"},
    "POST /classes": {"school"},
    "PUT /classes/{employment_class}": {"school"},
    "POST /classes/{employment_class}/closure": {"school"},
    "POST /classes/{employment_class}/departures": {"school"},
    "POST /classes/{employment_class}/transfers": {"school"},
    "PUT /students/{student}/guardian-consent": {"school"},
    "POST /classes/{employment_class}/students": {"school"},
    "POST /classes/{employment_class}/roster": {"school"},
    "POST /classes/{employment_class}/signatures": {"school"},
    "GET /classes": {"school", "officer", "auditor"},
    "GET /classes/{employment_class}": {"school", "officer", "auditor"},
    "POST /openings": {"company"},
    "PUT /openings/{opening}": {"company"},
    "POST /openings/{opening}/withdrawal": {"company"},
    "GET /openings": {"company", "officer", "auditor"},
    "GET /openings/{opening}": {"company", "officer", "auditor"},
    "POST /rounds": {"officer"},
    "GET /rounds": {role.value for role in Role},
    "GET /rounds/{matching_round}": {role.value for role in Role},
    "GET /rounds/{matching_round}/waiting": {"officer", "auditor"},
    "PUT /rounds/{matching_round}/preferences": {"student"},
    "GET /rounds/{matching_round}/candidates": {"company"},
    "PUT /rounds/{matching_round}/rankings": {"company"},
    "POST /rounds/{matching_round}/closing": {"officer"},
    "POST /rounds/{matching_round}/run": {"officer"},
    "GET /rounds/{matching_round}/snapshot": {"officer", "auditor"},
    "GET /rounds/{matching_round}/result": {"officer", "auditor"},
    "POST /offers/{offer}/acceptance": {"student"},
    "POST /offers/{offer}/refusal": {"student"},
    "POST /offers/{offer}/withdrawal": {"company"},
    "POST /tripartite-agreements/{agreement}/signature": {"school", "company", "student"},
    "POST /tripartite-agreements/signatures": {"company"},
    "GET /tripartite-agreements": {"school", "company", "student", "officer", "auditor"},
    "GET /tripartite-agreements/{agreement}": {"school", "company", "student", "officer", "auditor"},
    "GET /tripartite-agreements/{agreement}/document": {"school", "company", "student"},
    "POST /tripartite-agreements/{agreement}/withdrawal": {"school", "company", "student", "officer"},
    "POST /placements": {"officer"},
    "POST /placements/{placement}/end": {"school", "company", "officer"},
    "POST /placements/{placement}/end/correction": {"school", "company", "officer"},
    "POST /placements/{placement}/end/revocation": {"officer"},
    "GET /retention-checks": {"school", "company", "officer", "auditor"},
    "POST /retention-checks/answers": {"school", "company", "officer"},
    "POST /retention-checks/insurance-records": {"officer"},
    "POST /students/departments": {"school"},
    "POST /programme-years/{year}/destinations": {"school"},
    "GET /programme-years/{year}/destinations": {"school", "officer", "auditor"},
    "POST /programme-years/{year}/outcomes": {"officer"},
    "GET /programme-years/{year}/outcomes": {"school", "officer", "auditor"},
    "GET /programme-years/{year}/outcomes/revisions/{school}": {"school", "officer", "auditor"},
    "POST /programme-years/{year}/outcomes/closing": {"officer"},
    "POST /programme-years/{year}/outcomes/imports": {"officer"},
    "POST /programme-years/{year}/outcomes/imports/file": {"officer"},
    "GET /programme-years/{year}/outcomes.xlsx": {"school", "officer", "auditor"},
    "GET /open-data/outcomes.csv": {role.value for role in Role},
    "GET /students/{student}": {"student", "officer", "auditor"},
    "GET /students/{student}/openings": {"student", "officer", "auditor"},
    "PUT /students/{student}/person": {"school"},
    "GET /students/{student}/person": {"student", "school", "company", "officer"},
    "GET /students/{student}/person/accesses": {"student", "officer", "auditor"},
    "POST /students/{student}/erasure": {"student", "officer"},
    "POST /students/{student}/erasure/withdrawal": {"student", "officer"},
    "GET /students/{student}/erasure": {"student", "officer", "auditor"},
    "GET /classes/{employment_class}/persons": {"school"},
    "GET /accesses": {"officer", "auditor"},
    "GET /overview": {"officer", "auditor"},
    "GET /dashboard": {"officer", "auditor"},
    "GET /dashboard/stuck": {"officer", "auditor"},
    "GET /dashboard.xlsx": {"officer", "auditor"},
    "GET /classes/{employment_class}/roster.xlsx": {"school"},
    "GET /openings.xlsx": {"company"},
    "GET /students/{student}/record.xlsx": {"student", "officer", "auditor"},
}


async def test_each_route_answers_the_roles_it_is_for_and_no_other(world: World) -> None:
    document = done(await world.client.get("/openapi.json"))
    routes = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}
    assert routes == set(ALLOWED)
    for route, roles in ALLOWED.items():
        method, template = route.split(" ", 1)
        path = template.replace("{", "x_").replace("}", "")
        for role in Role:
            caller = world.caller(role, party="sch_x")
            answer = await caller.ask(method, path)
            denied = answer.status_code == 403 and answer.json()["type"].endswith("role_missing")
            assert denied == (role not in roles), (route, role, answer.status_code, answer.text)


async def test_nobody_without_a_token_and_no_party_without_its_id_gets_in(world: World) -> None:
    answer = await world.client.get("/rounds", params={"programme_year": 2025})
    assert answer.status_code == 401
    nobody = world.caller("school")
    refused(await nobody.get("/classes", programme_year=2025), 403, ("token.party", "party_missing"))
    both = world.caller("school", "company", party="sch_1")
    refused(await both.get("/agreements", programme_year=2025), 403, ("token.roles", "one_side"))


async def test_what_belongs_to_others_is_not_touched(world: World) -> None:
    await world.year_opens()
    mine, [offer] = await world.offered()
    [student] = mine.students
    accepted = await student.post(f"/offers/{offer}/acceptance", {})
    agreement = done(accepted, 201)["id"]
    theirs = await world.selected_school("new_technology")
    other = await world.company()
    stranger = world.caller("student", party="stu_stranger")
    before = await world.state()
    cls, opening = mine.employment_class, mine.openings[0]
    attempts: list[tuple[Any, int]] = [
        (theirs.get(f"/classes/{cls}"), 404),
        (theirs.post(f"/classes/{cls}/closure"), 404),
        (theirs.post(f"/classes/{cls}/roster", {"rows": [{"reference": "x"}]}), 404),
        (theirs.post(f"/classes/{cls}/students", {"reference": "x"}), 404),
        (theirs.post(f"/classes/{cls}/signatures"), 404),
        (theirs.post("/agreements/signatures", {"agreements": [mine.agreement]}), 404),
        (theirs.post(f"/tripartite-agreements/{agreement}/signature"), 404),
        (other.post("/agreements/signatures", {"agreements": [mine.agreement]}), 404),
        (other.post(f"/tripartite-agreements/{agreement}/signature"), 404),
        (other.get(f"/openings/{opening}"), 404),
        (other.get(f"/companies/{mine.company.party}"), 403),
        (stranger.post(f"/offers/{offer}/acceptance", {}), 404),
        (stranger.post(f"/offers/{offer}/refusal"), 404),
        (stranger.post(f"/tripartite-agreements/{agreement}/signature"), 404),
        (stranger.get(f"/students/{student.party}"), 403),
        (stranger.get(f"/students/{student.party}/openings"), 403),
    ]
    for attempt, status in attempts:
        answer = await attempt
        assert answer.status_code == status, (answer.request.url, answer.text)
    assert await world.state() == before


async def test_what_belongs_to_others_is_in_no_list(world: World) -> None:
    await world.year_opens()
    mine, [offer] = await world.offered()
    [student] = mine.students
    done(await student.post(f"/offers/{offer}/acceptance", {}), 201)
    theirs = await world.selected_school("new_technology")
    other = await world.company()
    stranger = world.caller("student", party="stu_stranger")
    year = {"programme_year": 2025}
    for caller, path in (
        (theirs, "/classes"),
        (theirs, "/agreements"),
        (theirs, "/tripartite-agreements"),
        (other, "/openings"),
        (other, "/agreements"),
        (other, "/tripartite-agreements"),
        (stranger, "/tripartite-agreements"),
    ):
        asked = year | ({"school": str(mine.school.party)} if "agreements" in path else {})
        assert done(await caller.get(path, **asked))["items"] == [], path


async def test_a_company_or_school_that_is_no_party_ends_no_placement(world: World) -> None:
    await world.year_opens()
    mine, [offer] = await world.offered()
    placement = await world.placed(mine, mine.students[0], offer)
    for caller in (await world.company(), await world.selected_school()):
        answer = await caller.post(f"/placements/{placement}/end", {"reason": "resignation"})
        refused(answer, 404, ("placement", "placement_not_found"))
