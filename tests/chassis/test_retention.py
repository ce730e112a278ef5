"""What has been kept for its time is let go of; what is needed, or must be kept, is not."""

import asyncio
import json
from datetime import timedelta
from typing import Final

import asyncpg
import pytest
from tests.chassis.conftest import Bench
from tests.chassis.records import record

from chassis import retention
from chassis.consumer import Consumer
from chassis.transaction import Command, begin
from contracts.envelope import Envelope

SOMEBODY: Final = Command(actor="somebody")
TWO_YEARS: Final = timedelta(days=731)


async def accessed(bench: Bench, *days_ago: int) -> None:
    """Somebody read a person's data so many days ago; only the owner can date a row back."""
    owner = await asyncpg.connect(bench.database.owner_url)
    await owner.executemany(
        """
        insert into messaging.access (at, account, role, origin, person, action)
        values (clock_timestamp() - make_interval(days => $1), 'reader', 'officer', 'here', 'stu_1', 'read')
        """,
        [(days,) for days in days_ago],
    )
    await owner.close()


async def kept(bench: Bench) -> list[int]:
    """How many days ago what is still on record was read."""
    rows = await bench.rows(
        "select extract(day from clock_timestamp() - at)::integer as days from messaging.access order by 1"
    )
    return [row["days"] for row in rows]


async def test_old_event_ids_are_forgotten_and_repetitions_are_still_told_from_news(bench: Bench) -> None:
    happened = bench.tally.happened
    events = [record(happened(thing="a"), n) for n in range(1, 8)]
    consumer = Consumer("applications", bench.tally.inbox, bench.pool, bench.bootstrap)
    await consumer.settle(events)
    owner = await asyncpg.connect(bench.database.owner_url)
    await owner.execute(
        "update messaging.inbox set at = at - interval '11 days' where event = any($1)",
        [Envelope.read(e.headers).id for e in events[:5]],
    )
    await owner.close()
    assert await retention.forget(bench.pool, retention.event_ids(timedelta(days=12))) == 0
    assert await retention.forget(bench.pool, retention.event_ids(timedelta(days=10)), at_once=2) == 5
    assert await bench.value("select count(*) from messaging.inbox") == 2
    await consumer.settle(events)
    assert await bench.counted() == 7
    assert await bench.value("select count(*) from messaging.inbox") == 2


async def test_the_sweep_goes_on_after_a_database_that_was_away(bench: Bench) -> None:
    consumer = Consumer("applications", bench.tally.inbox, bench.pool, bench.bootstrap)
    stop = asyncio.Event()
    sweeping = asyncio.create_task(
        retention.sweep(bench.pool, "event ids", retention.event_ids(timedelta(0)), stop, every=0.05)
    )
    admin = await asyncpg.connect(bench.database.admin_url)
    await admin.execute(
        """
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()
        """
    )
    await admin.close()
    await consumer.settle([record(bench.tally.happened(thing="a"), 1)])

    async def forgotten() -> bool:
        return not await bench.value("select count(*) from messaging.inbox")

    await bench.until(forgotten)
    stop.set()
    await sweeping


async def test_the_access_log_lets_go_of_what_is_older_than_its_time_and_says_so(bench: Bench) -> None:
    await accessed(bench, 1, 366, 730, 732, 800, 801, 802)
    assert await retention.forget(bench.pool, retention.accesses(TWO_YEARS), at_once=3) == 4
    assert await kept(bench) == [1, 366, 730]
    assert await retention.forget(bench.pool, retention.accesses(TWO_YEARS)) == 0
    rows = await bench.rows("select actor, action, detail from messaging.audit order by id")
    assert [(row["actor"], row["action"], json.loads(row["detail"])) for row in rows] == [
        ("sweep", "accesses_forgotten", {"rows": 3, "kept_days": 731}),
        ("sweep", "accesses_forgotten", {"rows": 1, "kept_days": 731}),
    ]


@pytest.mark.parametrize("kept_for", [timedelta(0), timedelta(days=360), timedelta(days=-4000)])
async def test_the_service_cannot_let_go_of_what_must_be_kept_for_a_year(
    bench: Bench, kept_for: timedelta
) -> None:
    await accessed(bench, 1, 364, 400)
    with pytest.raises(asyncpg.CheckViolationError):
        await retention.forget(bench.pool, retention.accesses(kept_for))
    assert await kept(bench) == [1, 364, 400]


@pytest.mark.parametrize(
    "statement",
    ["delete from messaging.access", "truncate messaging.access", "update messaging.access set at = now()"],
)
async def test_the_service_has_no_other_way_to_change_the_access_log(bench: Bench, statement: str) -> None:
    await accessed(bench, 4000)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with begin(bench.pool, SOMEBODY) as tx:
            await tx.execute(statement)


async def test_a_worker_sweeps_the_access_log_as_its_settings_say(bench: Bench) -> None:
    await accessed(bench, 10, 399, 401)
    bench.start("worker", ACCESS_KEPT_DAYS="400")

    async def swept() -> bool:
        return await kept(bench) == [10, 399]

    await bench.until(swept)
