"""What the database itself holds, whoever writes: places, placements and the agreements under them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import asyncpg
import pytest
from tests.placement.waiting import until_behind_a_lock
from tests.placement.world import World

from chassis.transaction import Command, begin
from placement.domain.vocabulary import AgreementId, Side
from placement.handlers.placements import sign_agreement


@pytest.fixture
async def year(world: World) -> World:
    await world.year_opens()
    return world


@pytest.fixture
async def connection(world: World) -> AsyncIterator[asyncpg.Connection]:
    """Somebody who writes past every handler, as the service's own role."""
    made = await asyncpg.connect(world.database.url)
    yield made
    await made.close()


async def test_the_database_itself_refuses_a_second_placement_and_more_than_there_are_places(
    year: World, connection: asyncpg.Connection
) -> None:
    settled, [offer] = await year.offered(places=(2,))
    await year.placed(settled, settled.students[0], offer)
    with pytest.raises(asyncpg.CheckViolationError, match="never_above_capacity"):
        await connection.execute("update opening set held = 3")
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await connection.execute("delete from tripartite_agreement")
    with pytest.raises(asyncpg.UniqueViolationError, match="one_active_placement"):
        await connection.execute(_ANOTHER.format(student="student"))
    await connection.execute("insert into student select 'stu_other', school, 'other' from student")
    async with connection.transaction():
        await connection.execute(_ANOTHER.format(student="'stu_other'"))
        with pytest.raises(asyncpg.CheckViolationError, match="has no place left"):
            async with connection.transaction():
                await connection.execute(
                    "update opening set places = 1, held = 1, active = 1, state = 'filled'"
                )
                await connection.execute("update placement set state = 'active' where id = 'plc_2'")


_ANOTHER = """
    insert into tripartite_agreement (id, programme_year, student, school, employment_class, company, opening,
      route, reason, state, drafted_at, student_signed_at, school_signed_at, company_signed_at, sign_until)
    select 'agr_2', programme_year, {student}, school, employment_class, company, opening,
      'officer', 'test', state, drafted_at, student_signed_at, school_signed_at, company_signed_at, sign_until
    from tripartite_agreement;
    insert into placement (id, programme_year, student, school, employment_class, company, opening, agreement,
      state, placed_at, starts_on)
    select 'plc_2', programme_year, {student}, school, employment_class, company, opening, 'agr_2', state,
      placed_at, starts_on
    from placement
"""
"""Another placement beside the one there is, as no handler would write it."""


BEGIN_WORK: Final = """
    update placement set state = 'active', ended_at = null, ended_reason = null, ended_on = null
"""
RESUME_AGREEMENT: Final = """
    update tripartite_agreement set state = 'in_force', over_at = null, over_reason = null, over_by = null
"""
END_WORK: Final = """
    update placement set state = 'ended', ended_at = now(), ended_reason = 'resignation',
      ended_on = current_date, end_revision = 1
"""
END_AGREEMENT: Final = """
    update tripartite_agreement set state = 'ended', over_at = now(), over_reason = 'resignation',
      over_by = 'company'
"""


UNDER_WORK: Final = {
    END_AGREEMENT: "in_force_under_work",
    END_AGREEMENT.replace("'ended'", "'expired'"): "in_force_under_work",
    "update tripartite_agreement set state = 'drafted', company_signed_at = null": (
        "agreement_keeps_its_signatures"
    ),
    "update tripartite_agreement set student = 'stu_other'": "agreement_keeps_its_parties",
    "update tripartite_agreement set opening = 'opn_other'": "agreement_keeps_its_parties",
    "update tripartite_agreement set company = 'cmp_other'": "agreement_keeps_its_parties",
    "update bipartite_agreement set company = 'cmp_other'": "agreement_keeps_its_parties",
    "update bipartite_agreement set school = 'sch_other'": "agreement_keeps_its_parties",
    "update bipartite_agreement set state = 'proposed', school_signed_at = null": (
        "agreement_keeps_its_signatures"
    ),
    "update placement set opening = (select id from opening where held = 0)": "active_only_when_signed",
    "update placement set company = (select max(id) from company)": "active_only_when_signed",
}


async def test_no_agreement_is_changed_under_an_active_placement(
    year: World, connection: asyncpg.Connection
) -> None:
    settled, [offer] = await year.offered(places=(1, 1))
    await year.placed(settled, settled.students[0], offer)
    await year.company()
    before = await year.state()
    for statement, constraint in UNDER_WORK.items():
        with pytest.raises(asyncpg.CheckViolationError) as refusal:
            await connection.execute(statement)
        assert refusal.value.constraint_name == constraint, statement
    assert await year.state() == before


async def test_an_agreement_ends_with_its_placement_and_carries_no_work_afterwards(
    year: World, connection: asyncpg.Connection
) -> None:
    settled, [offer] = await year.offered()
    await year.placed(settled, settled.students[0], offer)
    async with connection.transaction():
        await connection.execute(END_WORK)
        await connection.execute(END_AGREEMENT)
    with pytest.raises(asyncpg.CheckViolationError, match="no agreement that all three signed"):
        await connection.execute(BEGIN_WORK)


async def test_who_ends_an_agreement_while_the_third_signs_waits_and_is_refused(
    year: World, connection: asyncpg.Connection
) -> None:
    settled, [offer] = await year.offered()
    agreement = AgreementId(await year.nearly_placed(settled, settled.students[0], offer))
    async with begin(year.pool, Command(actor="test")) as tx:
        await sign_agreement(tx, year.keys, agreement, Side.COMPANY, str(settled.company.party))
        ending = asyncio.create_task(connection.execute(END_AGREEMENT))
        await until_behind_a_lock(year, ending)
        assert not ending.done()
    with pytest.raises(asyncpg.CheckViolationError, match="stands on this agreement"):
        await ending
    assert await year.rows("select state from tripartite_agreement") == [{"state": "in_force"}]


async def test_work_that_is_written_while_its_agreement_ends_waits_and_is_refused(
    year: World, connection: asyncpg.Connection
) -> None:
    settled, [offer] = await year.offered()
    await year.placed(settled, settled.students[0], offer)
    await connection.execute(END_WORK)
    async with begin(year.pool, Command(actor="test")) as tx:
        await tx.execute(END_AGREEMENT)
        beginning = asyncio.create_task(connection.execute(BEGIN_WORK))
        await until_behind_a_lock(year, beginning)
        assert not beginning.done()
    with pytest.raises(asyncpg.CheckViolationError, match="no agreement that all three signed"):
        await beginning
