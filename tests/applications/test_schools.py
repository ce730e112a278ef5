"""The register of schools: taken in as a list, all or nothing, and told to the others."""

import time

import pytest
from tests.applications.town import Town, row
from tests.asking import done, refused

from applications.domain.schools import SchoolFacts, unknown_of
from chassis.refusals import Invalid, Several


def facts(
    neis_code: str | None = "S1", name_ko: str = "모의고등학교", province: str = "seoul"
) -> SchoolFacts:
    return SchoolFacts(neis_code, name_ko, None, province, "industrial", "public", "specialised")


def named(rows: list[SchoolFacts], known: list[SchoolFacts]) -> set[tuple[str | None, str]]:
    with pytest.raises(Invalid) as refusal:
        unknown_of(rows, known)
    each = refusal.value.refusals if isinstance(refusal.value, Several) else [refusal.value]
    return {(one.field, one.rule) for one in each}


def test_a_list_may_come_again_and_only_its_new_schools_are_unknown() -> None:
    known, new = facts("S1"), facts("S2")
    assert unknown_of([known, new], [known]) == [new]
    assert unknown_of([facts(None)], [facts("S1"), facts(None)]) == []


def test_two_schools_may_share_a_name_where_code_or_province_tells_them_apart() -> None:
    assert len(unknown_of([facts("S1"), facts("S2")], [])) == 2
    assert len(unknown_of([facts(None), facts(None, province="jeju")], [])) == 2
    assert named([facts(None), facts(None)], []) == {("rows.1.name_ko", "distinct")}
    assert named([facts("S1"), facts("S1", "다른고등학교")], []) == {("rows.1.neis_code", "distinct")}


def test_a_school_that_lost_or_gained_its_code_is_not_taken_for_another_one() -> None:
    assert named([facts(None)], [facts("S1")]) == {("rows.0.neis_code", "same_as_registered")}
    assert named([facts("S1")], [facts(None)]) == {("rows.0.neis_code", "same_as_registered")}
    assert named([facts("S1"), facts(None)], []) == {("rows.1.name_ko", "distinct")}


async def test_a_list_of_461_schools_is_registered_quickly_and_each_is_told(town: Town) -> None:
    rows = [row(n, neis_code=None if n == 460 else f"S{n:07d}") for n in range(461)]
    before = time.perf_counter()
    imported = done(await town.officer.post("/schools/import", {"rows": rows}), 201)
    took = time.perf_counter() - before

    assert (imported["registered"], imported["unchanged"]) == (461, 0)
    told = await town.told()
    assert [kind for kind, _ in told] == ["school-registered"] * 461
    assert {event["school"] for _, event in told} == {school["id"] for school in imported["schools"]}
    assert took < 5
    [audited] = await town.rows("select action, detail from messaging.audit")
    assert audited["action"] == "schools_imported"


async def test_the_same_list_again_registers_nothing_and_tells_nothing(town: Town) -> None:
    rows = [row(1), row(2, neis_code=None)]
    done(await town.officer.post("/schools/import", {"rows": rows}), 201)
    again = done(await town.officer.post("/schools/import", {"rows": [*rows, row(3)]}), 201)
    assert (again["registered"], again["unchanged"]) == (1, 2)
    assert len(await town.told()) == 3


async def test_every_bad_row_is_named_and_nothing_is_registered(town: Town) -> None:
    done(await town.officer.post("/schools/import", {"rows": [row(1)]}), 201)
    before = await town.state()

    shapes = [row(2, province="atlantis"), row(3, neis_code="no code"), row(4) | {"nickname": "x"}, row(5)]
    refused(
        await town.officer.post("/schools/import", {"rows": shapes}),
        422,
        ("rows.0.province", "known"),
        ("rows.1.neis_code", "string_pattern_mismatch"),
        ("rows.2.nickname", "extra_forbidden"),
    )
    facts = [row(1, name_ko="다른고등학교"), row(6), row(6, name_ko="또다른고등학교")]
    refused(
        await town.officer.post("/schools/import", {"rows": facts}),
        422,
        ("rows.0.name_ko", "same_as_registered"),
        ("rows.2.neis_code", "distinct"),
    )
    refused(await town.officer.post("/schools/import", {"rows": []}), 422, ("rows", "too_short"))
    assert await town.state() == before


async def test_renaming_tells_the_entry_as_it_is_now(town: Town) -> None:
    [school] = await town.schools(1)
    names = {"name_ko": "새이름고등학교", "name_en": "New Name High School"}
    shown = done(await town.officer.put(f"/schools/{school}/name", names))
    assert (shown["name_ko"], shown["name_en"]) == ("새이름고등학교", "New Name High School")
    kind, event = (await town.told(key=school))[-1]
    assert (kind, event["name_ko"], event["neis_code"]) == ("school-renamed", "새이름고등학교", "S0000000")
    before = await town.state()
    refused(await town.officer.put(f"/schools/{school}/name", names), 409, ("name_ko", "same_name"))
    assert await town.state() == before


async def test_a_closed_school_stays_closed_and_cannot_apply(town: Town) -> None:
    call = await town.open_call()
    [school] = await town.schools(1)
    shown = done(await town.officer.post(f"/schools/{school}/closure", {"reason": "merged"}), 201)
    assert shown["state"] == "closed"
    kind, event = (await town.told(key=school))[-1]
    assert (kind, event["reason"]) == ("school-closed", "merged")
    before = await town.state()
    staff = town.caller("school", party=school)
    refused(
        await town.officer.post(f"/schools/{school}/closure", {"reason": "merged"}),
        409,
        ("state", "school_closed"),
    )
    refused(
        await town.officer.put(f"/schools/{school}/name", {"name_ko": "새이름", "name_en": None}),
        409,
        ("state", "school_closed"),
    )
    refused(await staff.post("/applications", {"call": call, "kind": "new"}), 409, ("state", "school_closed"))
    assert await town.state() == before


async def test_schools_are_found_by_province_name_and_page(town: Town) -> None:
    rows = [row(n, province="jeju" if n % 2 else "seoul") for n in range(7)]
    done(await town.officer.post("/schools/import", {"rows": rows}), 201)
    anyone = town.caller("agency", party="agency_1")

    first = done(await anyone.get("/schools", province="seoul", limit=3))
    rest = done(await anyone.get("/schools", province="seoul", limit=3, after=first["next"]))
    assert [len(first["items"]), len(rest["items"])] == [3, 1]
    assert rest["next"] is None
    [named] = done(await anyone.get("/schools", name="school 3"))["items"]
    assert named["name_ko"] == "모의3공업고등학교"
    assert done(await anyone.get(f"/schools/{named['id']}")) == named
    refused(await anyone.get("/schools/sch_unknown"), 404, ("school", "school_not_found"))
    assert (await anyone.get("/schools", limit=201)).status_code == 422
