"""The relay: every row once to Kafka, in its stream's order; lanes shared, taken over and given up."""

import asyncio
import dataclasses
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import asyncpg
import pytest
from tests.chassis.conftest import Bench
from tests.chassis.tally import THINGS, Tally
from tests.patience import PATIENCE

from chassis import health, producer
from chassis import relay as relay_module
from chassis.bell import CHANNEL, QUIET, notify
from chassis.outbox import bucket
from chassis.relay import LANES, Relay
from contracts.envelope import Envelope
from contracts.topics import Topic
from embedded import topics


@asynccontextmanager
async def relaying(
    bench: Bench, lanes: int = 1, topics: Sequence[Topic] | None = None
) -> AsyncIterator[Relay]:
    stop = asyncio.Event()
    known = topics or (bench.things, bench.counts)
    relay = Relay(bench.database.url, bench.bootstrap, lanes=lanes, topics=known)
    tasks = [asyncio.create_task(relay.run(stop)), asyncio.create_task(notify(bench.pool, stop))]
    try:
        yield relay
    finally:
        stop.set()
        await asyncio.gather(*tasks)


async def emptied(bench: Bench) -> bool:
    return not await bench.value("select count(*) from messaging.outbox")


async def sequences(bench: Bench) -> dict[str, list[int]]:
    told = defaultdict(list)
    for record in await bench.records(bench.things):
        envelope = Envelope.read(record.headers)
        assert record.partition == bucket(envelope.subject) % bench.things.partitions
        told[envelope.subject].append(envelope.sequence)
    return told


async def test_rows_arrive_in_the_order_of_their_streams_and_are_gone(bench: Bench) -> None:
    await bench.tell_many(things=100, each=20)
    async with relaying(bench):
        await bench.until(lambda: emptied(bench))
    told = await sequences(bench)
    assert len(told) == 100
    assert all(numbers == list(range(1, 21)) for numbers in told.values())


async def test_a_commit_wakes_the_relay(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The safety poll comes so late here that nothing but the bell can."""
    monkeypatch.setattr(relay_module, "SAFETY_POLL", 2 * PATIENCE)
    async with relaying(bench):
        for n in range(10):
            await bench.tell(bench.tally.happened(thing=f"thing-{n}"))
            await bench.until(lambda: emptied(bench))


async def test_many_commits_at_once_ring_once(bench: Bench) -> None:
    """Each NOTIFY takes a lock that all commits share."""
    heard: list[str] = []
    listener, stop = await asyncpg.connect(bench.database.url), asyncio.Event()
    await listener.add_listener(CHANNEL, lambda *_: heard.append("ring"))
    ringing = asyncio.create_task(notify(bench.pool, stop))
    try:
        began = time.monotonic()
        await asyncio.gather(*(bench.tell(bench.tally.happened(thing=f"t{n}")) for n in range(300)))
        await asyncio.sleep(0.2)
        assert 1 <= len(heard) <= (time.monotonic() - began) / QUIET / 2
        assert len(heard) < 150
        before = len(heard)
        await asyncio.sleep(0.3)
        assert len(heard) == before
    finally:
        stop.set()
        await ringing
        await listener.close()


async def test_reading_the_outbox_walks_its_key_and_sorts_nothing(bench: Bench) -> None:
    """A sort over the backlog cost two thirds of the rate."""
    owner = await asyncpg.connect(bench.database.owner_url)
    try:
        await owner.execute(
            """
            insert into messaging.outbox (bucket, topic, key, event, headers, value)
            select n % 64, $1, 'k', gen_random_uuid(), '{}', repeat('x', 500)::bytea
            from generate_series(1, 30000) n
            """,
            bench.things.name,
        )
        await owner.execute("analyze messaging.outbox")
        plan: str = await owner.fetchval(
            f"explain (format json) {relay_module._READ}",  # noqa: SLF001 - the very statement
            list(range(64)),
            relay_module.ROWS_A_BUCKET,
            [bench.things.name],
        )
    finally:
        await owner.close()
    assert '"Index Name": "outbox_pkey"' in plan
    assert "Sort" not in plan
    assert "Seq Scan" not in plan


async def test_deleting_walks_the_key_though_statistics_know_of_no_rows(bench: Bench) -> None:
    """A plain join walked the whole backlog for each row of a batch."""
    fill = """
        insert into messaging.outbox (bucket, topic, key, event, headers, value)
        select n % 64, 'things', 'k', gen_random_uuid(), '{}', repeat('x', 500)::bytea
        from generate_series(1, 8000) n
        """
    owner = await asyncpg.connect(bench.database.owner_url, server_settings=relay_module.SESSION)
    try:
        await owner.execute(fill)
        await owner.execute("delete from messaging.outbox")
        await owner.execute("analyze messaging.outbox")
        await owner.execute(fill)
        rows = await owner.fetch("select bucket, seq from messaging.outbox order by seq limit 1000")
        [told] = json.loads(
            await owner.fetchval(
                f"explain (analyze, format json) {relay_module._DELETE}",  # noqa: SLF001 - the very statement
                [row["bucket"] for row in rows],
                [row["seq"] for row in rows],
            )
        )
        left = await owner.fetchval("select count(*) from messaging.outbox")
    finally:
        await owner.close()
    assert left == 7000
    assert _rows_looked_at(told["Plan"]) < 10 * len(rows)


def _rows_looked_at(plan: dict[str, Any]) -> int:
    own = plan["Actual Loops"] * (plan["Actual Rows"] + plan.get("Rows Removed by Join Filter", 0))
    return int(own) + sum(_rows_looked_at(part) for part in plan.get("Plans", []))


async def test_a_late_commit_with_a_lower_number_is_not_passed_over(bench: Bench) -> None:
    """Ids are given before the commit: a cursor that moved on would skip the one that commits late."""
    slow = await asyncpg.connect(bench.database.url)
    try:
        late = slow.transaction()
        await late.start()
        columns = "bucket, topic, key, event, headers, value"
        headers = '{"ce_type": "x", "ce_id": "x"}'
        row = (3, bench.things.name, "late", "00000000-0000-0000-0000-000000000001", headers, b"{}")
        await slow.execute(f"insert into messaging.outbox ({columns}) values ($1, $2, $3, $4, $5, $6)", *row)
        async with relaying(bench) as relay:
            await bench.tell_many(things=5, each=2)
            while relay.progress.published < 10:
                await asyncio.sleep(0.02)
            await late.commit()
            await bench.until(lambda: emptied(bench))
            assert relay.progress.published == 11
    finally:
        await slow.close()


async def test_two_relays_share_two_lanes(bench: Bench) -> None:
    async with AsyncExitStack() as both:
        first = await both.enter_async_context(relaying(bench, lanes=2))
        await bench.until(lambda: _holds(first, 2))
        second = await both.enter_async_context(relaying(bench, lanes=2))
        await bench.until(lambda: _holds(second, 1))
        await bench.until(lambda: _holds(first, 1))
        assert first.progress.lanes | second.progress.lanes == {0, 1}
        before = first.progress.published, second.progress.published
        await bench.tell_many(things=200, each=2)
        await bench.until(lambda: emptied(bench))
        assert first.progress.published > before[0]
        assert second.progress.published > before[1]
    assert all(numbers == [1, 2] for numbers in (await sequences(bench)).values())


async def test_one_relay_alone_serves_every_lane(bench: Bench) -> None:
    async with relaying(bench, lanes=4) as relay:
        await bench.until(lambda: _holds(relay, 4))
        await bench.tell_many(things=50, each=1)
        await bench.until(lambda: emptied(bench))


async def _holds(relay: Relay, lanes: int) -> bool:
    return len(relay.progress.lanes) == lanes


def test_lanes_that_would_split_a_partition_are_refused() -> None:
    with pytest.raises(ValueError, match="does not divide"):
        Relay("postgresql://x", "x", lanes=3, topics=(THINGS,))
    with pytest.raises(ValueError, match=r"8 partitions of test\.things"):
        Relay("postgresql://x", "x", lanes=16, topics=(THINGS,))


async def test_a_lost_session_loses_the_lane_and_nothing_else(bench: Bench) -> None:
    async with relaying(bench) as relay:
        for _ in range(4):
            await bench.tell_many(things=50, each=5)
            admin = await asyncpg.connect(bench.database.admin_url)
            await admin.execute(
                """
                select pg_terminate_backend(pid) from pg_stat_activity
                where datname = current_database() and application_name like 'relay%'
                """
            )
            await admin.close()
        await bench.until(lambda: emptied(bench))
        assert relay.progress.published >= 1000
    told = await sequences(bench)
    assert all(_without_repetitions(numbers) == list(range(1, 21)) for numbers in told.values())


def _without_repetitions(numbers: list[int]) -> list[int]:
    """What a consumer's marks let pass; anything out of order would show as a gap."""
    passed: list[int] = []
    for number in numbers:
        if number == (passed[-1] if passed else 0) + 1:
            passed.append(number)
    return passed


async def test_rows_for_topics_that_nobody_knows_hold_up_no_others(bench: Bench) -> None:
    """A version of the service that is older than its outbox must not fall over them, nor lose them."""
    columns = "bucket, topic, key, event, headers, value"
    owner = await asyncpg.connect(bench.database.owner_url)
    await owner.execute(
        f"""
        insert into messaging.outbox ({columns})
        select b, 'test.of-tomorrow', 'k', gen_random_uuid(), '{{}}', ''
        from generate_series(0, 63) b, generate_series(1, 200)
        """
    )
    await owner.close()
    await bench.tell_many(things=100, each=1)
    async with relaying(bench) as relay:
        await bench.until(lambda: _published(relay, 100), producer.SEND_TIMEOUT)
    assert await bench.value("select count(*) from messaging.outbox") == 64 * 200


async def test_a_topic_that_kafka_does_not_have_yet_holds_up_no_others(bench: Bench) -> None:
    """A batch for it would wait without an error, and with it all that were sent at the same time."""
    missing = dataclasses.replace(bench.counts, name=f"{bench.counts.name}.later")
    later = Tally.on(bench.things, missing)
    await bench.tell(*(later.counted(thing=f"thing-{n}", total=1) for n in range(20)))
    await bench.tell_many(things=100, each=1)
    async with relaying(bench, topics=(bench.things, missing)) as relay:
        await bench.until(lambda: _published(relay, 100), producer.SEND_TIMEOUT)
        await topics.create(bench.bootstrap, [missing])
        try:
            await bench.until(lambda: emptied(bench), 20)
        finally:
            await topics.delete(bench.bootstrap, [missing.name])
    assert relay.progress.published == 120


async def _published(relay: Relay, rows: int) -> bool:
    return relay.progress.published == rows


async def test_what_was_told_last_goes_out_with_the_relay(bench: Bench) -> None:
    async with relaying(bench) as relay:
        await bench.until(lambda: _holds(relay, 1))
        await bench.tell_many(things=500, each=4)
    assert await emptied(bench)


async def test_a_relay_that_stands_still_is_found(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "STALLED_AFTER", 2.0)
    locker = await asyncpg.connect(bench.database.owner_url)
    try:
        async with relaying(bench, lanes=2) as relay:
            alive = health.relay_moves(relay)
            await bench.until(lambda: _holds(relay, 2))
            for _ in range(12):
                assert await alive() is None
                await asyncio.sleep(0.25)
            async with locker.transaction():
                await locker.execute("lock table messaging.outbox in access exclusive mode")

                async def found() -> bool:
                    return "the relay stands still" in (await alive() or "")

                await bench.until(found)
    finally:
        await locker.close()


async def test_neither_broker_nor_database_away_counts_as_standing_still(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "STALLED_AFTER", 1.0)
    for url, bootstrap in (
        (bench.database.url, "127.0.0.1:1"),
        ("postgresql://x@127.0.0.1:1/x", bench.bootstrap),
    ):
        stop, relay = asyncio.Event(), Relay(url, bootstrap, topics=(bench.things,))
        running, alive = asyncio.create_task(relay.run(stop)), health.relay_moves(relay)
        for _ in range(10):
            assert await alive() is None
            await asyncio.sleep(0.25)
        stop.set()
        await running


async def test_a_relay_that_says_nothing_for_long_loses_its_lane(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stopped process keeps its connections: nothing but its silence tells it from one that is well."""
    monkeypatch.setattr(relay_module, "IDLE_AFTER", 2)
    silent = asyncio.Event()

    async def never(*_: object) -> int:
        await silent.wait()
        raise TimeoutError

    async with AsyncExitStack() as both:
        first = await both.enter_async_context(relaying(bench))
        await bench.until(lambda: _holds(first, 1))
        with monkeypatch.context() as patch:
            patch.setattr(producer, "send", never)
            await bench.tell(bench.tally.happened(thing="a"))
            await asyncio.sleep(0.5)
        second = await both.enter_async_context(relaying(bench))
        await bench.until(lambda: _holds(second, 1), 10)
        await bench.until(lambda: emptied(bench), 10)
        silent.set()


async def held(bench: Bench) -> dict[int, int]:
    """By which session of PostgreSQL each lane is served."""
    rows = await bench.rows(
        """
        select l.objid::integer as lane, l.pid from pg_locks l join pg_database d on d.oid = l.database
        where d.datname = current_database() and l.locktype = 'advisory' and l.classid = $1 and l.granted
        """,
        LANES,
    )
    return {row["lane"]: row["pid"] for row in rows}


@pytest.mark.crash
@pytest.mark.parametrize("lanes", [1, 2])
async def test_what_a_killed_relay_served_is_taken_over_within_a_second(bench: Bench, lanes: int) -> None:
    """Counted from when PostgreSQL lets go of it: a busy machine takes its time to bury a process."""
    first = bench.start("relay", RELAY_LANES=str(lanes))

    async def served() -> bool:
        return len(await held(bench)) == lanes

    await bench.until(served)
    async with relaying(bench, lanes) as second:
        await asyncio.sleep(1)
        await bench.until(lambda: _holds(second, lanes - 1))
        await bench.until(served)
        by_others = {of: pid for of, pid in (await held(bench)).items() if of not in second.progress.lanes}
        ((lane, session),) = by_others.items()
        first.kill()

        async def let_go() -> float:
            while (await held(bench)).get(lane) == session:
                await asyncio.sleep(0.005)
            return time.monotonic()

        async def taken() -> float:
            while lane not in second.progress.lanes:
                await asyncio.sleep(0.005)
            return time.monotonic()

        async with asyncio.timeout(30):
            free, taken_at = await asyncio.gather(let_go(), taken())
        assert taken_at - free < 1
        await bench.tell_many(things=20, each=1)
        await bench.until(lambda: emptied(bench))
    assert second.progress.published == 20
