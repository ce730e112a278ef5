"""The store on a real database: what is saved is what is loaded, and the schema itself refuses nonsense."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import asyncpg
import pytest
from pydantic import TypeAdapter
from tests.applications.town import BEFORE, DEADLINE, OPENS, PDF, Town, policy
from tests.patience import PATIENCE

from applications.domain.answers import Answers, Asked
from applications.domain.applications import Application, draft
from applications.domain.calls import Terms, announce
from applications.domain.documents import take_in
from applications.domain.policy import Policy, ProgrammeYear, Question
from applications.domain.schools import School, SchoolFacts
from applications.domain.vocabulary import (
    ApplicationId,
    CallId,
    CallState,
    DocumentId,
    Kind,
    SchoolId,
    Track,
    Year,
)
from applications.store import applications, calls, schools, years
from chassis import migrations
from chassis.refusals import NotFound
from chassis.transaction import Command, Transaction, begin

RULES = TypeAdapter(Policy).validate_python(policy(cut_line="60.50"))
YEAR = ProgrammeYear(Year(2025), RULES, BEFORE)
TERMS = Terms((Kind.NEW,), (Track.NEW_TECHNOLOGY, Track.WORK_STUDY), OPENS, DEADLINE)
CALL = announce(CallId("cal_1"), YEAR, TERMS, BEFORE)
FACTS = SchoolFacts(None, "모의공업고등학교", None, "seoul", "industrial", "public", "specialised")
SCHOOL = School(SchoolId("sch_1"), FACTS)
NOW = OPENS + timedelta(days=1)
ASKED = Asked(
    tuple(Question(name, (Kind.NEW,), None, None) for name in ("rate", "many")), (), frozenset(TERMS.tracks)
)
ANSWERS = Answers(
    (Track.WORK_STUDY, Track.NEW_TECHNOLOGY),
    accepts_general=False,
    figures={"rate": Decimal("87.125"), "many": Decimal(1000)},
)
COMMAND = Command(actor="test")


def drafted(application: str = "app_1") -> Application:
    return draft(ApplicationId(application), SCHOOL, CALL, Kind.NEW, CALL.window(), NOW)


async def prepare(tx: Transaction) -> None:
    await schools.add_schools(tx, [SCHOOL], NOW)
    assert await years.add_year(tx, YEAR)
    await years.open_receipts(tx, YEAR.year)
    await calls.add_call(tx, CALL)


async def test_a_year_a_school_and_a_call_are_loaded_as_they_were_saved(town: Town) -> None:
    async with begin(town.pool, COMMAND) as tx:
        await prepare(tx)
        assert await years.year(tx, YEAR.year) == YEAR
        assert await schools.school_for_update(tx, SCHOOL.id) == SCHOOL
        assert await schools.schools_known(tx, [FACTS]) == [FACTS]
        assert await calls.call_for_update(tx, CALL.id) == CALL
        closed = replace(CALL, state=CallState.CLOSED, closed_at=DEADLINE, version=2)
        await calls.save_call(tx, closed)
        assert await calls.call_for_share(tx, CALL.id) == closed
        assert await years.add_year(tx, YEAR) is False


async def test_an_application_is_loaded_as_it_was_saved_in_each_state(town: Town) -> None:
    async with begin(town.pool, COMMAND) as tx:
        await prepare(tx)
        present = drafted()
        assert await applications.add_application(tx, present, NOW)
        assert await applications.application_for_update(tx, present.id, SCHOOL.id) == present
        document = take_in(DocumentId("doc_1"), "operation_plan", PDF, NOW)
        await applications.add_document(tx, present.id, document, PDF)
        saved = present.save(ANSWERS, CALL.window(), NOW).attach(document, 0, CALL.window(), NOW)
        submitted = replace(saved.submit(ASKED, CALL.window(), NOW), receipt="2025-0001")
        withdrawn = submitted.withdraw("too_few_students", CALL.window(), DEADLINE)
        for state in (saved, submitted, withdrawn):
            await applications.save_application(tx, state, NOW)
            assert await applications.application_for_update(tx, present.id, SCHOOL.id) == state


async def test_an_application_is_found_for_its_own_school_alone(town: Town) -> None:
    async with begin(town.pool, COMMAND) as tx:
        await prepare(tx)
        await applications.add_application(tx, drafted(), NOW)
        with pytest.raises(NotFound):
            await applications.application_for_update(tx, ApplicationId("app_1"), SchoolId("sch_2"))


async def test_a_second_standing_application_is_not_kept(town: Town) -> None:
    async with begin(town.pool, COMMAND) as tx:
        await prepare(tx)
        assert await applications.add_application(tx, drafted("app_1"), NOW) is True
        assert await applications.add_application(tx, drafted("app_2"), NOW) is False
        await applications.save_application(tx, drafted("app_1").withdraw("x", CALL.window(), NOW), NOW)
        assert await applications.add_application(tx, drafted("app_3"), NOW) is True


async def test_standing_applications_are_those_submitted_and_not_withdrawn(town: Town) -> None:
    async with begin(town.pool, COMMAND) as tx:
        await prepare(tx)
        await applications.add_application(tx, drafted(), NOW)
        assert await applications.standing_applications(tx, CALL.id) == []
        submitted = replace(
            drafted().save(ANSWERS, CALL.window(), NOW).submit(ASKED, CALL.window(), NOW), receipt="2025-0001"
        )
        await applications.save_application(tx, submitted, NOW)
        assert await applications.standing_applications(tx, CALL.id) == [submitted.id]
        await applications.save_application(tx, submitted.withdraw("x", CALL.window(), NOW), NOW)
        assert await applications.standing_applications(tx, CALL.id) == []


async def test_receipts_drawn_at_once_differ_and_none_waits_for_another(town: Town) -> None:
    async with begin(town.pool, COMMAND) as tx:
        await prepare(tx)

    async def draw(drawn: asyncio.Barrier) -> str:
        async with begin(town.pool, COMMAND) as tx:
            receipt = await years.next_receipt(tx, YEAR.year)
            # All have theirs before any of them commits.
            await drawn.wait()
        return receipt

    barrier = asyncio.Barrier(5)
    async with asyncio.timeout(PATIENCE):
        receipts = await asyncio.gather(*(draw(barrier) for _ in range(5)))
    assert sorted(receipts) == [f"2025-000{number}" for number in range(1, 6)]


@pytest.mark.parametrize(
    "statement",
    [
        "update application set state = 'submitted'",
        "update application set state = 'withdrawn'",
        "update application set version = 1",
        "update application set receipt = '2025-0001'",
        "update application set kind = 'guest'",
        "update application set year = 2026",
        "update call_for_applications set state = 'closed'",
        "update call_for_applications set deadline = opens_at",
        "update school set state = 'closed'",
        "insert into extension values ('cal_1', 'sch_2', now(), 'system_outage', now())",
    ],
)
async def test_the_schema_refuses_what_contradicts_itself(town: Town, statement: str) -> None:
    async with begin(town.pool, COMMAND) as tx:
        await prepare(tx)
        await applications.add_application(tx, drafted(), NOW)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        async with begin(town.pool, COMMAND) as tx:
            await tx.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "create table own (id integer)",
        "drop table application",
        "alter table application drop constraint accepted_has_receipt",
        "create sequence receipt_1",
    ],
)
async def test_the_service_itself_may_define_nothing(town: Town, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with begin(town.pool, COMMAND) as tx:
            await tx.execute(statement)


async def test_two_schools_of_a_name_and_province_without_a_code_are_one(town: Town) -> None:
    with pytest.raises(asyncpg.UniqueViolationError):
        async with begin(town.pool, COMMAND) as tx:
            await schools.add_schools(tx, [SCHOOL, replace(SCHOOL, id=SchoolId("sch_2"))], NOW)


async def test_the_migration_goes_down_as_it_came_up(town: Town) -> None:
    [(_, folder)] = [layer for layer in migrations.folders("applications") if layer[0] == "applications"]
    owner = await asyncpg.connect(town.database.owner_url)
    try:
        async with begin(town.pool, COMMAND) as tx:
            await prepare(tx)
        for file in sorted(folder.glob("*.sql"), reverse=True):
            await owner.execute(file.read_text().partition("-- migrate:down")[2])
        left = await owner.fetch(
            """
            select relname from pg_class
            where relnamespace = 'public'::regnamespace and relname not like 'migrations%'
            """
        )
    finally:
        await owner.close()
    assert [row["relname"] for row in left] == []
