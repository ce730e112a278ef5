"""A school drafts, saves, attaches, submits, amends and withdraws."""

from datetime import timedelta

from tests.applications.town import CONTINUING, DEADLINE, MICROSECOND, NEW, OPENS, PDF, Town
from tests.asking import done, refused


async def test_a_draft_is_saved_as_one_types_and_found_again(town: Town) -> None:
    call = await town.open_call()
    [school] = await town.schools(1)
    applicant = await town.drafted(school, call, complete=False)
    done(await applicant.staff.put(f"{applicant.path}/answers", {"tracks": ["work_study"]}))
    shown = await applicant.show()
    assert shown["state"] == "draft"
    assert shown["answers"] == {"tracks": ["work_study"], "accepts_general": None, "figures": {}}
    assert shown["closes_at"] == "2025-02-14T09:00:00Z"
    assert await town.told(key=applicant.id) == []


async def test_an_incomplete_draft_is_refused_with_every_field_named_and_uses_no_receipt(town: Town) -> None:
    call = await town.open_call()
    first, second = await town.schools(2)
    applicant = await town.drafted(first, call, "continuing", complete=False)
    answers = CONTINUING | {"figures": CONTINUING["figures"] | {"employed": "40", "planned_students": "0"}}
    done(await applicant.staff.put(f"{applicant.path}/answers", answers))
    before = await town.state()
    refused(
        await applicant.submit(),
        422,
        ("figures.planned_students", "at_least"),
        ("figures.graduates", "parts_of_graduates"),
        ("documents.operation_plan", "required"),
        ("documents.performance_report", "required"),
    )
    assert await town.state() == before
    other = await town.drafted(second, call)
    assert done(await other.submit(), 201)["receipt"] == "2025-0001"


async def test_a_continuing_school_reports_its_performance_and_the_figures_are_told(town: Town) -> None:
    call = await town.open_call()
    [school] = await town.schools(1)
    applicant = await town.submitted(school, call, "continuing")
    [(_, event)] = await town.told(key=applicant.id)
    assert event["kind"] == "continuing"
    assert event["answers"] == CONTINUING["figures"]
    assert event["tracks"] == ["work_study", "new_technology"]
    assert {document["kind"] for document in event["documents"]} == {"operation_plan", "performance_report"}
    assert event["accepted_at"] == "2025-01-21T00:00:00Z"


async def test_figures_are_decimal_texts_and_fields_are_known(town: Town) -> None:
    call = await town.open_call()
    [school] = await town.schools(1)
    applicant = await town.drafted(school, call, complete=False)
    before = await town.state()
    for body, expected in (
        ({"figures": {"planned_students": 4.5}}, ("figures.planned_students", "string_type")),
        ({"figures": {"planned_students": "1e3"}}, ("figures.planned_students", "string_pattern_mismatch")),
        ({"tracks": ["time_travel"]}, ("tracks.0", "enum")),
        ({"state": "submitted"}, ("state", "extra_forbidden")),
    ):
        refused(await applicant.staff.put(f"{applicant.path}/answers", body), 422, expected)
    assert await town.state() == before


async def test_what_was_accepted_stands_until_it_is_amended(town: Town) -> None:
    call = await town.open_call()
    [school] = await town.schools(1)
    applicant = await town.submitted(school, call)
    assert (await applicant.show())["changed_since_accepted"] is False

    done(await applicant.staff.put(f"{applicant.path}/answers", NEW | {"tracks": ["work_study"]}))
    shown = await applicant.show()
    assert shown["changed_since_accepted"] is True
    assert (shown["answers"]["tracks"], shown["accepted"]["tracks"]) == (["work_study"], ["new_technology"])
    assert len(await town.told(key=applicant.id)) == 1

    await town.at(OPENS + timedelta(days=2))
    receipt = done(await applicant.staff.post(f"{applicant.path}/amendment"), 201)
    assert (receipt["version"], receipt["receipt"]) == (2, "2025-0001")
    kind, event = (await town.told(key=applicant.id))[-1]
    assert (kind, event["amendment"], event["tracks"]) == ("application-amended", 1, ["work_study"])
    versions = await town.rows("select version, tracks from submission order by version")
    assert [(row["version"], row["tracks"]) for row in versions] == [
        (1, ["new_technology"]),
        (2, ["work_study"]),
    ]
    assert done(await applicant.staff.get(f"{applicant.path}/receipt")) == receipt


async def test_only_a_draft_is_submitted_and_only_a_submission_amended(town: Town) -> None:
    call = await town.open_call()
    drafting, submitted = await town.schools(2)
    draft = await town.drafted(drafting, call)
    applicant = await town.submitted(submitted, call)
    before = await town.state()
    refused(await draft.staff.post(f"{draft.path}/amendment"), 409, ("state", "application_not_submitted"))
    refused(await applicant.submit(), 409, ("state", "application_not_draft"))
    refused(await draft.staff.get(f"{draft.path}/receipt"), 404, ("application", "receipt_not_found"))
    assert await town.state() == before


async def test_a_school_has_one_application_to_a_call(town: Town) -> None:
    call = await town.open_call()
    [school] = await town.schools(1)
    applicant = await town.drafted(school, call)
    before = await town.state()
    again = await applicant.staff.post("/applications", {"call": call, "kind": "continuing"})
    refused(again, 409, ("call", "one_application_a_call"))
    unknown = await applicant.staff.post("/applications", {"call": "cal_unknown", "kind": "new"})
    refused(unknown, 404, ("call", "call_not_found"))
    assert await town.state() == before


async def test_a_withdrawn_application_makes_room_for_another_while_the_call_is_open(town: Town) -> None:
    call = await town.open_call()
    [school] = await town.schools(1)
    first = await town.submitted(school, call)
    shown = done(await first.staff.post(f"{first.path}/withdrawal", {"reason": "correction"}), 201)
    assert shown["withdrawal"] == {
        "at": "2025-01-21T00:00:00Z",
        "reason": "correction",
        "after_deadline": False,
    }
    second = await town.submitted(school, call)
    receipts = [row["receipt"] for row in await town.rows("select receipt from application order by id")]
    assert receipts == ["2025-0001", "2025-0002"]
    kind, event = (await town.told(key=first.id))[-1]
    assert (kind, event["reason"], event["after_deadline"]) == ("application-withdrawn", "correction", False)
    done(await second.staff.post(f"{second.path}/withdrawal", {"reason": "correction"}), 201)
    await town.at(DEADLINE)
    before = await town.state()
    late = await second.staff.post("/applications", {"call": call, "kind": "new"})
    refused(late, 409, ("deadline", "deadline_passed"))
    assert await town.state() == before


async def test_after_the_deadline_a_school_may_only_withdraw(town: Town) -> None:
    call = await town.open_call()
    [school] = await town.schools(1)
    applicant = await town.submitted(school, call)
    await town.at(DEADLINE)
    before = await town.state()
    staff, path = applicant.staff, applicant.path
    for late in (
        await staff.put(f"{path}/answers", NEW),
        await staff.upload(f"{path}/documents/operation_plan", PDF),
        await staff.delete(f"{path}/documents/operation_plan"),
        await staff.post(f"{path}/amendment"),
    ):
        refused(late, 409, ("deadline", "deadline_passed"))
    assert await town.state() == before
    done(await staff.post(f"{path}/withdrawal", {"reason": "too_few_students"}), 201)
    kind, event = (await town.told(key=applicant.id))[-1]
    assert (kind, event["after_deadline"]) == ("application-withdrawn", True)
    before = await town.state()
    refused(
        await staff.post(f"{path}/withdrawal", {"reason": "again"}), 409, ("state", "application_withdrawn")
    )
    assert await town.state() == before


async def test_a_draft_given_up_is_told_to_nobody(town: Town) -> None:
    call = await town.open_call()
    [school] = await town.schools(1)
    applicant = await town.drafted(school, call)
    done(await applicant.staff.post(f"{applicant.path}/withdrawal", {"reason": "correction"}), 201)
    assert await town.told(key=applicant.id) == []


async def test_documents_are_kept_as_they_came_and_replaced_by_name(town: Town) -> None:
    call = await town.open_call()
    [school] = await town.schools(1)
    applicant = await town.submitted(school, call)
    staff, path = applicant.staff, applicant.path
    [first] = (await applicant.show())["documents"]
    large = PDF + bytes(2 * 1024 * 1024)
    done(await staff.upload(f"{path}/documents/operation_plan", large, media_type="text/plain"))
    [second] = (await applicant.show())["documents"]
    assert (second["media_type"], second["size"]) == ("application/pdf", len(large))
    assert second["id"] != first["id"]

    answer = await staff.get(f"{path}/documents/{second['id']}")
    assert answer.content == large
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == 'attachment; filename="operation_plan"'
    accepted = (await applicant.show())["accepted"]
    assert [document["id"] for document in accepted["documents"]] == [first["id"]]
    assert (await staff.get(f"{path}/documents/{first['id']}")).content == PDF


async def test_a_file_that_is_not_what_is_taken_changes_nothing(town: Town) -> None:
    call = await town.open_call()
    [school] = await town.schools(1)
    applicant = await town.drafted(school, call)
    staff, path = applicant.staff, applicant.path
    before = await town.state()
    refused(await staff.upload(f"{path}/documents/other", b"MZ\x90"), 422, ("content", "media_type"))
    refused(await staff.upload(f"{path}/documents/other", b""), 422, ("content", "not_empty"))
    refused(await staff.upload(f"{path}/documents/..%2Fetc", PDF), 404)
    refused(await staff.upload(f"{path}/documents/UPPER", PDF), 422, ("path.name", "string_pattern_mismatch"))
    huge = await staff.upload(f"{path}/documents/other", PDF + bytes(11 * 1024 * 1024))
    assert huge.status_code == 413
    refused(await staff.delete(f"{path}/documents/other"), 404, ("name", "no_such_document"))
    assert await town.state() == before


async def test_officers_see_all_applications_filtered_and_in_pages(town: Town) -> None:
    call = await town.open_call()
    schools = await town.schools(5)
    for school in schools[:3]:
        await town.submitted(school, call)
    await town.drafted(schools[3], call, "continuing")
    officer = town.officer

    first = done(await officer.get("/applications", year=2025, limit=3))
    rest = done(await officer.get("/applications", year=2025, limit=3, after=first["next"]))
    assert [len(first["items"]), len(rest["items"]), rest["next"]] == [3, 1, None]
    ids = [item["id"] for item in first["items"] + rest["items"]]
    assert len(set(ids)) == 4
    assert len(done(await officer.get("/applications", state="submitted"))["items"]) == 3
    [continuing] = done(await officer.get("/applications", kind="continuing", call=call))["items"]
    assert continuing["school"] == schools[3]
    assert done(await officer.get("/applications", year=2024))["items"] == []
    assert done(await officer.get("/applications", province="jeju"))["items"] == []
    own = done(await town.caller("school", party=schools[1]).get("/applications"))["items"]
    assert [item["school"] for item in own] == [schools[1]]
    assert done(await officer.get(f"/applications/{own[0]['id']}"))["school"] == schools[1]


async def test_before_its_opening_a_call_takes_nothing(town: Town) -> None:
    call = await town.open_call()
    [school] = await town.schools(1)
    await town.at(OPENS - MICROSECOND)
    staff = town.caller("school", party=school)
    refused(
        await staff.post("/applications", {"call": call, "kind": "new"}),
        409,
        ("opens_at", "call_not_open_yet"),
    )
    await town.at(OPENS)
    done(await staff.post("/applications", {"call": call, "kind": "new"}), 201)
