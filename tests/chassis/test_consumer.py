"""The consumer on real Kafka: what FastStream and aiokafka would lose, it keeps."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.consumer.group_coordinator import GroupCoordinator
from tests.chassis.conftest import Bench, Make
from tests.chassis.records import Record, record
from tests.chassis.tally import COUNTS, THINGS

from chassis import consumer as consumer_module
from chassis import health
from chassis.bell import notify
from chassis.consumer import Consumer
from chassis.inbox import Inbox
from chassis.relay import Relay
from contracts.event import Event
from contracts.topics import DAY_MS, Topic
from embedded import stack, topics


@asynccontextmanager
async def consuming(bench: Bench, *, batch: int = 500) -> AsyncIterator[Consumer]:
    stop = asyncio.Event()
    consumer = Consumer("applications", bench.tally.inbox, bench.pool, bench.bootstrap, batch=batch)
    task = asyncio.create_task(consumer.run(stop))
    try:
        yield consumer
    finally:
        stop.set()
        await task


@asynccontextmanager
async def relaying(bench: Bench) -> AsyncIterator[None]:
    stop = asyncio.Event()
    relay = Relay(bench.database.url, bench.bootstrap, topics=(bench.things, bench.counts))
    tasks = [asyncio.create_task(relay.run(stop)), asyncio.create_task(notify(bench.pool, stop))]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*tasks)


async def produce(bench: Bench, *records: Record) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bench.bootstrap)
    await producer.start()
    try:
        for r in records:
            await producer.send_and_wait(
                r.topic, key=r.key, value=r.value, headers=r.headers, partition=r.partition
            )
    finally:
        await producer.stop()


async def settled(bench: Bench, offset: int) -> bool:
    return bool(await bench.value("select sum(next_offset) from messaging.position") == offset)


async def test_undecodable_records_are_parked_and_the_batch_around_them_is_applied(bench: Bench) -> None:
    """With FastStream's own parser one null header made the whole batch vanish."""
    good = [record(bench.tally.happened(thing=thing), 1) for thing in "abc"]
    await produce(
        bench,
        good[0],
        good[1].with_header("ce_id", None),
        Record(bench.things.name, b"tombstone", None, []),
        Record(bench.things.name, None, b"\xff\xfe", [("ce_type", b"\xff")]),
        good[2],
    )
    async with consuming(bench):
        await bench.until(lambda: settled(bench, 5))
    assert await bench.counted() == 2
    lanes = await bench.rows("select lane from messaging.parked order by lane nulls last")
    assert [row["lane"] for row in lanes] == ["b", "tombstone", None]


async def test_what_a_transaction_of_a_producer_took_back_is_not_applied(bench: Bench) -> None:
    """By default aiokafka hands over what was aborted like anything else."""
    happened = bench.tally.happened
    async with AIOKafkaProducer(
        bootstrap_servers=bench.bootstrap, transactional_id=bench.things.name
    ) as producer:

        async def send(one: Record) -> None:
            await producer.send_and_wait(
                one.topic, key=one.key, value=one.value, headers=one.headers, partition=0
            )

        await producer.begin_transaction()
        await send(record(happened(thing="a", amount=100), 1))
        await producer.abort_transaction()
        async with producer.transaction():
            await send(record(happened(thing="a"), 1))
    async with consuming(bench):

        async def applied() -> bool:
            return await bench.counted() == 1

        await bench.until(applied)
    assert await bench.value("select total from tally") == 1
    assert await bench.value("select count(*) from messaging.parked") == 0


async def test_offsets_in_the_database_rule_and_kafkas_are_for_show(bench: Bench) -> None:
    """After a restore Kafka's would lie ahead of the data."""
    await produce(bench, *(record(bench.tally.happened(thing="a"), n) for n in range(1, 11)))
    async with consuming(bench):
        await bench.until(lambda: settled(bench, 10))
    committed = AIOKafkaConsumer(bootstrap_servers=bench.bootstrap, group_id="ieum.applications")
    await committed.start()
    try:
        assert await committed.committed(TopicPartition(bench.things.name, 0)) == 10
    finally:
        await committed.stop()
    owner = await asyncpg.connect(bench.database.owner_url)
    await owner.execute(
        "truncate tally; truncate messaging.inbox; truncate messaging.mark; truncate messaging.position"
    )
    await owner.close()
    async with consuming(bench):
        await bench.until(lambda: settled(bench, 10))
    assert await bench.counted() == 10


async def test_a_stop_while_an_event_is_tried_again_passes_over_nothing(bench: Bench) -> None:
    """The batch left to the next process is followed by others before FastStream has stopped."""
    things = ["poison", *(f"thing-{n}" for n in range(60))]
    await produce(bench, *(record(bench.tally.happened(thing=thing), 1) for thing in things))
    async with consuming(bench, batch=10) as stopped:

        async def tried_again() -> bool:
            return stopped.redone > 0

        await bench.until(tried_again)
        stopped.stop()
        await asyncio.sleep(1)
    async with consuming(bench, batch=10):
        await bench.until(lambda: settled(bench, len(things)))
    assert await bench.counted() == 60
    assert [row["lane"] for row in await bench.rows("select lane from messaging.parked")] == ["poison"]


async def forget_before(bench: Bench, offset: int) -> None:
    """What Kafka does when a topic's retention is over."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bench.bootstrap)
    await admin.start()
    try:
        await admin.delete_records({TopicPartition(bench.things.name, 0): RecordsToDelete(offset)})
    finally:
        await admin.close()


@pytest.mark.parametrize(
    ("retention_ms", "counted", "parked"),
    [(DAY_MS, {"a": 3, "b": 1}, []), (None, {"b": 1}, ["gap:1", "behind_parked", "behind_parked"])],
)
async def test_a_new_consumer_of_a_topic_that_forgets_begins_each_stream_where_it_still_can(
    make_bench: Make,
    kafka: str,
    own_topics: Callable[..., Awaitable[Sequence[Topic]]],
    retention_ms: int | None,
    counted: dict[str, int],
    parked: list[str],
) -> None:
    things, counts = await own_topics(dataclasses.replace(THINGS, retention_ms=retention_ms), COUNTS)
    bench = await make_bench(kafka, things, counts)
    happened = bench.tally.happened
    await produce(
        bench, *(record(happened(thing="a"), n) for n in range(1, 6)), record(happened(thing="b"), 1)
    )
    await forget_before(bench, 2)
    async with consuming(bench):
        await bench.until(lambda: settled(bench, 6))
    assert {row["thing"]: row["events"] for row in await bench.rows("select * from tally")} == counted
    reasons = await bench.rows("select reason from messaging.parked order by id")
    assert [row["reason"] for row in reasons] == parked


async def test_a_consumer_that_missed_nothing_parks_a_stream_without_its_first_event_though_others_expired(
    make_bench: Make, kafka: str, own_topics: Callable[..., Awaitable[Sequence[Topic]]]
) -> None:
    things, counts = await own_topics(dataclasses.replace(THINGS, retention_ms=DAY_MS), COUNTS)
    bench = await make_bench(kafka, things, counts)
    happened = bench.tally.happened
    await produce(bench, *(record(happened(thing="a"), n) for n in (1, 2)))
    async with consuming(bench):
        await bench.until(lambda: settled(bench, 2))
    await forget_before(bench, 2)
    await produce(bench, record(happened(thing="new"), 2))
    async with consuming(bench):
        await bench.until(lambda: settled(bench, 3))
    assert await bench.value("select reason from messaging.parked") == "gap:1"


async def test_a_replay_from_the_beginning_changes_nothing(bench: Bench) -> None:
    await produce(bench, *(record(bench.tally.happened(thing="a"), n) for n in range(1, 11)))
    async with consuming(bench):
        await bench.until(lambda: settled(bench, 10))
    owner = await asyncpg.connect(bench.database.owner_url)
    await owner.execute("delete from messaging.inbox; update messaging.position set next_offset = 0")
    await owner.close()
    async with consuming(bench):
        await bench.until(lambda: settled(bench, 10))
    assert await bench.counted() == 10


async def test_a_database_that_drops_its_sessions_costs_nothing(bench: Bench) -> None:
    async def drop() -> None:
        for _ in range(12):
            await asyncio.sleep(0.3)
            admin = await asyncpg.connect(bench.database.admin_url)
            await admin.execute(
                """
                select pg_terminate_backend(pid) from pg_stat_activity
                where datname = current_database() and pid <> pg_backend_pid()
                """
            )
            await admin.close()

    await bench.tell_many(things=50, each=40)
    async with relaying(bench), consuming(bench, batch=50):
        await drop()

        async def done() -> bool:
            try:
                return await bench.counted() == 2000
            except OSError:
                return False

        await bench.until(done)
        await bench.drained(2000)
    assert await bench.value("select count(*) from messaging.parked") == 0
    assert await bench.value("select count(*) from messaging.inbox") == 2000


async def test_a_second_member_joins_and_leaves_without_loss(bench: Bench) -> None:
    await bench.tell_many(things=100, each=30)
    async with relaying(bench), AsyncExitStack() as members:
        await members.enter_async_context(consuming(bench, batch=20))
        for _ in range(2):
            async with consuming(bench, batch=20):
                await asyncio.sleep(1)
        await bench.drained(3000)
    assert await bench.counted() == 3000
    assert await bench.value("select count(*) from messaging.parked") == 0


async def test_a_slow_batch_holds_a_rebalance_but_not_for_ever(
    make_bench: Make, kafka: str, own_topics: Callable[..., Awaitable[Sequence[Topic]]]
) -> None:
    """Without a rebalance timeout of its own, a batch longer than the session timeout livelocks the group."""
    things, counts = await own_topics(THINGS, COUNTS)
    bench = await make_bench(kafka, things, counts)
    counted = bench.tally.count

    async def slowly(tx: object, event: Event) -> None:
        await asyncio.sleep(0.9)
        await counted(tx, event)  # type: ignore[arg-type]  # of this type alone

    bench.tally.inbox._single[bench.tally.happened.type] = slowly  # noqa: SLF001 - a slow twin of the handler
    await produce(bench, *(record(bench.tally.happened(thing=f"t{n}"), 1) for n in range(10)))
    async with consuming(bench):
        await asyncio.sleep(1.5)
        async with consuming(bench):
            await bench.until(lambda: settled(bench, 10))
    assert await bench.counted() == 10
    assert await bench.value("select max(events) from tally") == 1


@asynccontextmanager
async def closed_to_readers(bench: Bench) -> AsyncIterator[None]:
    """Nobody can learn where this database stands."""
    owner = await asyncpg.connect(bench.database.owner_url)
    try:
        async with owner.transaction():
            await owner.execute("lock table messaging.position in access exclusive mode")
            yield
    finally:
        await owner.close()


async def commit_to_kafka(bench: Bench, offset: int) -> None:
    committer = AIOKafkaConsumer(
        bootstrap_servers=bench.bootstrap, group_id="ieum.applications", enable_auto_commit=False
    )
    committer.subscribe([bench.things.name])
    await committer.start()
    try:
        await committer.commit({TopicPartition(bench.things.name, 0): offset})
    finally:
        await committer.stop()


async def test_nothing_is_read_before_it_is_known_where_the_database_stands(bench: Bench) -> None:
    """aiokafka begins at Kafka's committed offset as soon as a partition is assigned."""
    await produce(bench, *(record(bench.tally.happened(thing="a"), n) for n in range(1, 11)))
    await commit_to_kafka(bench, 6)
    async with closed_to_readers(bench), AsyncExitStack() as later:
        await later.enter_async_context(consuming(bench))
        await asyncio.sleep(2)
        later_on = later.pop_all()
    async with later_on:
        await bench.until(lambda: settled(bench, 10))
    assert await bench.value("select count(*) from messaging.parked") == 0
    assert await bench.counted() == 10


async def test_a_database_away_for_longer_than_the_session_costs_no_membership(bench: Bench) -> None:
    """No heartbeat is sent while a listener runs; one that waits for the database loses its partitions."""
    await produce(bench, record(bench.tally.happened(thing="a"), 1))
    async with closed_to_readers(bench), AsyncExitStack() as later:
        consumer = await later.enter_async_context(consuming(bench))
        await bench.until(lambda: _assigned(consumer))
        await asyncio.sleep(8)
        assert await _members(bench) == 1
        later_on = later.pop_all()
    async with later_on:
        await bench.until(lambda: settled(bench, 1))


async def _members(bench: Bench) -> int:
    admin = AIOKafkaAdminClient(bootstrap_servers=bench.bootstrap)
    await admin.start()
    try:
        (answer,) = await admin.describe_consumer_groups(["ieum.applications"])
        ((_, _, _, _, _, members, *_),) = answer.groups
        return len(members)
    finally:
        await admin.close()


async def _assigned(consumer: Consumer) -> bool:
    return consumer.client is not None and bool(consumer.client.assignment())


async def test_a_consumer_that_hangs_silently_is_found(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """It learns of no high water any more, so that its lag looks like none."""
    monkeypatch.setattr(health, "STALLED_AFTER", 2.0)
    await produce(bench, record(bench.tally.happened(thing="a"), 1))
    async with consuming(bench) as consumer:
        await bench.until(lambda: settled(bench, 1))
        alive = health.consumer_moves(consumer, bench.bootstrap)
        elsewhere = health.consumer_moves(consumer, "127.0.0.1:1")
        for _ in range(12):
            assert await alive() is None
            await asyncio.sleep(0.25)
        assert consumer.client is not None
        consumer.client._fetcher._fetch_task.cancel()  # noqa: SLF001 - as if it had died unseen
        await produce(bench, record(bench.tally.happened(thing="a"), 2))

        async def found() -> bool:
            # Without a broker nobody polls: that is no reason to start the process anew.
            assert await elsewhere() is None
            return "the consumer stands still" in (await alive() or "")

        await bench.until(found)
        assert sum(consumer.lag().values()) == 0


async def never(*_: object) -> None:
    await asyncio.Event().wait()


async def test_a_consumer_that_hangs_while_it_begins_is_found(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "JOINING_WITHIN", 2.0)
    monkeypatch.setattr("faststream.kafka.KafkaBroker.start", never)
    async with consuming(bench) as consumer:
        alive = health.consumer_moves(consumer, bench.bootstrap)
        elsewhere = health.consumer_moves(consumer, "127.0.0.1:1")

        async def found() -> bool:
            assert await elsewhere() is None
            return "the consumer stands still" in (await alive() or "")

        await bench.until(found, 10)


async def test_a_consumer_that_hangs_in_a_rebalance_is_found_when_no_rebalance_takes_so_long(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its partitions, which nobody takes from it, are polled all the while."""
    monkeypatch.setattr(health, "STALLED_AFTER", 2.0)
    monkeypatch.setattr(health, "JOINING_WITHIN", 8.0)
    answered, join = asyncio.Event(), GroupCoordinator._do_rejoin_group  # noqa: SLF001 - to hold its answer up

    async def hangs(*args: object) -> object:
        await answered.wait()
        return await join(*args)

    async with consuming(bench) as consumer:
        alive = health.consumer_moves(consumer, bench.bootstrap)
        await bench.until(lambda: _polls(consumer))
        monkeypatch.setattr(GroupCoordinator, "_do_rejoin_group", hangs)
        assert consumer.client is not None
        consumer.client._coordinator.request_rejoin()  # noqa: SLF001 - as if another member had come
        until = asyncio.get_running_loop().time() + 4
        while asyncio.get_running_loop().time() < until:
            assert await alive() is None
            await asyncio.sleep(0.25)

        async def found() -> bool:
            return "on the way to its partitions" in (await alive() or "")

        await bench.until(found, 10)
        answered.set()
        await bench.until(lambda: _polls(consumer))
        assert await alive() is None


async def _polls(consumer: Consumer) -> bool:
    return bool(consumer.signs_of_life())


async def test_a_kafka_that_is_not_there_is_no_reason_to_start_a_consumer_anew(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "JOINING_WITHIN", 3.0)
    nowhere = dataclasses.replace(bench, bootstrap="127.0.0.1:1")
    async with consuming(nowhere) as consumer:
        alive = health.consumer_moves(consumer, bench.bootstrap)
        until = asyncio.get_running_loop().time() + 5
        while asyncio.get_running_loop().time() < until:
            assert await alive() is None
            await asyncio.sleep(0.25)


async def test_a_batch_that_hangs_is_found(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "STALLED_AFTER", 1.0)
    locker = await asyncpg.connect(bench.database.owner_url)
    try:
        async with locker.transaction():
            await locker.execute("lock table tally in access exclusive mode")
            await produce(bench, record(bench.tally.happened(thing="a"), 1))
            async with AsyncExitStack() as later:
                consumer = await later.enter_async_context(consuming(bench))
                alive = health.consumer_moves(consumer, bench.bootstrap)

                async def found() -> bool:
                    return "the batch in hand" in (await alive() or "")

                await bench.until(found)
                later_on = later.pop_all()
    finally:
        await locker.close()
    async with later_on:
        await bench.until(lambda: settled(bench, 1))


async def test_a_topic_that_kafka_does_not_have_yet_holds_up_no_others(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """aiokafka waits for each topic before it begins with any."""
    monkeypatch.setattr(consumer_module, "LOOK_FOR_TOPICS", 0.5)
    later = dataclasses.replace(bench.things, name=f"{bench.things.name}.later")
    inbox = Inbox(later, bench.things, known={bench.tally.happened.type: bench.tally.happened})
    inbox.on(bench.tally.happened)(bench.tally.count)
    bench.tally = dataclasses.replace(bench.tally, inbox=inbox)
    first = record(bench.tally.happened(thing="a"), 1)
    await produce(bench, first)
    async with consuming(bench):
        await bench.until(lambda: settled(bench, 1))
        await topics.create(bench.bootstrap, [later])
        try:
            await produce(bench, dataclasses.replace(first, topic=later.name))
            await bench.until(lambda: settled(bench, 2))
        finally:
            await topics.delete(bench.bootstrap, [later.name])


async def test_the_lag_is_measured_and_falls_to_nothing(bench: Bench) -> None:
    await produce(bench, *(record(bench.tally.happened(thing="a"), n) for n in range(1, 6)))
    async with consuming(bench) as consumer:
        await bench.until(lambda: settled(bench, 5))
        await bench.until(lambda: _measured(consumer, {(bench.things.name, n): 0 for n in range(8)}))


async def _measured(consumer: Consumer, lag: dict[tuple[str, int], int]) -> bool:
    return consumer.lag() == lag


@pytest.mark.crash
async def test_a_broker_killed_under_load_costs_nothing(make_bench: Make, folder: Path) -> None:
    async with stack.running(folder) as own:
        await topics.create(own.bootstrap, [THINGS, COUNTS])
        bench = await make_bench(own.bootstrap, THINGS, COUNTS)
        async with relaying(bench), consuming(bench):
            for round_ in range(60):
                await bench.tell_many(things=50, each=1)
                if round_ == 20:
                    own.kafka.kill()
                if round_ == 40:
                    await own.start_kafka()
            await bench.drained(3000)
        assert await bench.counted() == 3000
        assert await bench.value("select count(*) from messaging.parked") == 0
        told = [(r.key, dict(r.headers)["ce_id"]) for r in await bench.records(COUNTS)]
        assert len(set(told)) == 3000


async def test_stopping_with_the_broker_away_takes_no_longer_than_its_patience(
    make_bench: Make, folder: Path
) -> None:
    async with stack.running(folder) as own:
        await topics.create(own.bootstrap, [THINGS, COUNTS])
        bench = await make_bench(own.bootstrap, THINGS, COUNTS)
        await bench.tell_many(things=50, each=2)
        async with consuming(bench), relaying(bench):
            await bench.drained(100)
            own.kafka.kill()
            began = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - began < 20
