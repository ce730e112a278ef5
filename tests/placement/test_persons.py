"""Who students are: sealed, shown to whom it concerns and on record; and found nowhere else."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import asyncpg
import httpx2
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from tests.asking import Caller, done, refused
from tests.chassis.records import Record
from tests.notifications.conftest import desk
from tests.notifications.desk import Desk
from tests.placement.world import Settled, World
from tests.planting import logged_by, tables_with

from chassis import parking
from chassis.encryption import seal_anew
from chassis.keyring import key_of
from chassis.transaction import Command, begin
from notifications import events as notifications_events
from placement.store.persons import PERSONS

__all__ = ["desk"]

NAME: Final = "PLANTED-심어둔학생"
BORN: Final = "2007-11-23"
REFERENCE: Final = "PLANTED-2025-77"
ADDRESS: Final = "planted.student.9c1e@home.example"
NEEDLES: Final = ("PLANTED", "심어둔학생", BORN, "20071123", "planted.student")
PERSON: Final = {"name": NAME, "birth_date": BORN}


async def enrolled(world: World, settled: Settled, **person: Any) -> Caller:
    row = {"reference": REFERENCE, "guardian_consent_on": "2025-04-10"} | person
    body = await settled.school.post(f"/classes/{settled.employment_class}/students", row)
    return world.caller("student", party=done(body, 201)["students"][0])


async def change(world: World, statement: str, *args: Any) -> None:
    async with begin(world.pool, Command(actor="test")) as tx:
        await tx.execute(statement, *args)


async def read_by(student: Caller) -> list[tuple[str, str | None]]:
    """What the student sees: who read (by name of the party) and what for."""
    shown = done(await student.get(f"/students/{student.party}/person/accesses"))
    return [(each["party_name_ko"] or each["role"], each["action"]) for each in shown["items"]]


async def test_a_student_is_known_to_itself_its_school_and_an_officer_with_a_reason(world: World) -> None:
    await world.year_opens()
    settled = await world.settled(students=0)
    student = await enrolled(world, settled, **PERSON)
    path = f"/students/{student.party}/person"
    for reader in (student, settled.school):
        assert done(await reader.get(path)) == {"student": student.party, **PERSON}
    refused(await world.officer.get(path), 422, ("query.reason", "reason_missing"))
    assert done(await world.officer.get(path, reason="complaint"))["name"] == NAME
    roster = done(await settled.school.get(f"/classes/{settled.employment_class}/persons"))
    assert roster == [{"student": student.party, **PERSON}]
    assert await read_by(student) == [
        ("모의1공업고등학교", "class_roster"),
        ("officer", "officer_inquiry"),
        ("모의1공업고등학교", "school_record"),
        ("student", "own_data"),
    ]


async def test_nobody_else_learns_who_a_student_is_and_no_attempt_counts_as_a_read(world: World) -> None:
    await world.year_opens()
    settled = await world.settled(students=0)
    student = await enrolled(world, settled, **PERSON)
    path = f"/students/{student.party}/person"
    other = await world.selected_school("new_technology")
    stranger = world.caller("student", party="stu_stranger")
    for reader in (other, stranger, settled.company, await world.company()):
        refused(await reader.get(path), 403, ("token.party", "not_your_own"))
    assert (await world.caller("auditor").get(path)).status_code == 403
    refused(
        await other.get(f"/classes/{settled.employment_class}/persons"),
        404,
        ("employment_class", "employment_class_not_found"),
    )
    refused(await other.put(path, PERSON), 404, ("student", "student_not_found"))
    refused(await stranger.get(f"{path}/accesses"), 403, ("token.party", "not_your_own"))
    assert await read_by(student) == []


async def test_a_company_learns_who_comes_once_the_offer_is_accepted(world: World) -> None:
    await world.year_opens()
    settled, [offer] = await world.offered()
    [student] = settled.students
    path = f"/students/{student.party}/person"
    assert (await settled.school.put(path, PERSON)).status_code == 204
    refused(await settled.company.get(path), 403, ("token.party", "not_your_own"))
    done(await student.post(f"/offers/{offer}/acceptance", {}), 201)
    assert done(await settled.company.get(path))["name"] == NAME
    assert (await read_by(student))[0][1] == "agreement_party"


async def test_a_read_that_is_not_on_record_is_not_answered(world: World) -> None:
    await world.year_opens()
    settled = await world.settled(students=0)
    student = await enrolled(world, settled, **PERSON)
    owner = await asyncpg.connect(world.database.owner_url)
    await owner.execute("revoke insert on messaging.access from placement")
    await owner.close()
    answer = await student.get(f"/students/{student.party}/person")
    assert answer.status_code == 500
    assert NAME not in answer.text


async def test_the_access_log_is_for_overseers_with_origins_and_nobody_can_change_it(world: World) -> None:
    await world.year_opens()
    settled = await world.settled(students=0)
    student = await enrolled(world, settled, **PERSON)
    for _ in range(3):
        done(await settled.school.get(f"/students/{student.party}/person"))
    auditor = world.caller("auditor")
    first = done(await auditor.get("/accesses", person=student.party, limit=2))
    assert [each["origin"] for each in first["items"]] == ["127.0.0.1"] * 2
    rest = done(await auditor.get("/accesses", account=settled.school.name, before=first["next"]))
    assert len(rest["items"]) == 1
    assert rest["next"] is None
    for statement in ("update messaging.access set account = 'x'", "delete from messaging.access"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await change(world, statement)


async def test_what_can_be_nobody_is_refused_without_repeating_it(world: World) -> None:
    await world.year_opens()
    settled = await world.settled(students=0)
    for field, value, fault in (
        ("name", "  ", "name_not_plain"),
        ("name", "줄\n바꿈", "name_not_plain"),
        ("birth_date", "2019-01-01", "birth_date_implausible"),
        ("birth_date", "1920-01-01", "birth_date_implausible"),
    ):
        rows = [{"reference": "S-1", **PERSON}, {"reference": "S-2", **PERSON, field: value}]
        answer = await settled.school.post(f"/classes/{settled.employment_class}/roster", {"rows": rows})
        refused(answer, 422, (f"rows.1.{field}", fault))
        assert value.strip() == "" or value not in answer.text
    assert await world.rows("select from student") == []


async def test_a_name_without_a_birth_date_is_refused(world: World) -> None:
    await world.year_opens()
    settled = await world.settled(students=0)
    row = {"reference": "S-1", "name": NAME}
    answer = await settled.school.post(f"/classes/{settled.employment_class}/students", row)
    assert answer.status_code == 422
    assert "PLANTED" not in answer.text


async def test_persons_are_sealed_anew_and_read_as_before(world: World) -> None:
    await world.year_opens()
    settled = await world.settled(students=0)
    student = await enrolled(world, settled, **PERSON)
    world.keys.keys.with_new().write(world.keys.file)
    assert await seal_anew(world.pool, world.keys, PERSONS, "test", lambda *_: None) == 1
    [row] = await world.rows("select name, birth_date from person")
    assert {key_of(row["name"]), key_of(row["birth_date"])} == {world.keys.primary().key}
    assert done(await student.get(f"/students/{student.party}/person"))["birth_date"] == BORN


async def test_persons_that_were_swapped_in_the_database_do_not_open(world: World) -> None:
    await world.year_opens()
    settled = await world.settled(students=2)
    one, two = settled.students
    for student in settled.students:
        await settled.school.put(f"/students/{student.party}/person", PERSON)
    await change(
        world,
        "update person p set name = o.name from person o where p.student = $1 and o.student = $2",
        one.party,
        two.party,
    )
    assert (await one.get(f"/students/{one.party}/person")).status_code == 500
    assert (await two.get(f"/students/{two.party}/person")).status_code == 200


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    yield exporter
    provider.shutdown()


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    with logged_by("placement") as written:
        yield written


async def test_a_planted_person_is_found_in_no_event_log_trace_parked_message_or_other_database(
    world: World, desk: Desk, logged: io.StringIO, spans: InMemorySpanExporter
) -> None:
    await world.year_opens()
    settled, problems = await planted(world)
    told = await world.rows("select topic, key, headers, value from messaging.outbox order by seq")
    contact = {"name": NAME, "address": ADDRESS, "language": "ko"}
    student = desk.caller("student", party=settled.students[0].party)
    assert (await student.put("/contacts/me", contact)).status_code == 204
    records = [recorded(row) for row in told]
    await desk.receive(*records)
    async with begin(desk.pool, Command(actor="test")) as tx:
        known = notifications_events.inbox.understand(records)
        await parking.park(tx, [(each, "tried") for each in known])
    await desk.courier().send_batch()

    assert await desk.rows("select from messaging.parked") != []
    assert (await world.rows("select reference from student where reference = $1", REFERENCE)) != []
    said = logged.getvalue() + "".join(span.to_json() for span in spans.get_finished_spans())
    said += "".join(problem.text for problem in problems)
    assert "request" in said
    assert "/students/{student}/person" in said
    for needle in NEEDLES:
        may_know = {"public.student"} if needle == "PLANTED" else set()
        assert await tables_with(world.rows, needle) == may_know, needle
        assert await tables_with(desk.rows, needle) == set(), needle
        assert needle.lower() not in said.lower(), needle
        assert not [row for row in told if needle.encode() in row["value"]]
    assert "planted.student" in mailed(desk.folder)
    found = await tables_with(world.rows, str(settled.students[0].party))
    assert found >= {"public.student", "public.person", "messaging.access"}


def recorded(row: dict[str, Any]) -> Record:
    """An outbox row as Kafka would hand it over."""
    headers = [(name, value.encode()) for name, value in json.loads(row["headers"]).items()]
    return Record(row["topic"], row["key"].encode(), row["value"], list(headers))


def mailed(folder: Path) -> str:
    return "".join(mail.read_text() for mail in (folder / "new").iterdir())


async def planted(world: World) -> tuple[Settled, list[httpx2.Response]]:
    """A planted student goes the whole way; what it met with on it that was refused is answered as well."""
    settled = await world.settled(students=0)
    student = await enrolled(world, settled, **PERSON)
    settled.students.append(student)
    path = f"/students/{student.party}/person"
    problems = [
        await settled.school.put(path, PERSON | {"surplus": NAME}),
        await settled.school.put(path, {"name": f"{NAME}\n", "birth_date": BORN}),
        await settled.school.put(path, {"name": NAME, "birth_date": f"{NAME}"}),
        await world.officer.get(path),
        await enrol_again(settled),
    ]
    [opening, _] = settled.openings
    await world.matched(settled, [[opening]], [{"opening": opening, "students": [student.party]}])
    await world.placed(settled, student, await world.offer_of(student))
    for reader in (student, settled.school, settled.company):
        assert done(await reader.get(path))["name"] == NAME
    return settled, problems


async def enrol_again(settled: Settled) -> httpx2.Response:
    row = {"reference": REFERENCE, **PERSON}
    return await settled.school.post(f"/classes/{settled.employment_class}/students", row)
