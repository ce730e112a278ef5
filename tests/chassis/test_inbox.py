"""The inbox: each event once, in its stream's order, and what does not fit waits with all that follows it."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from types import SimpleNamespace

import asyncpg
import pytest
from tests.chassis.conftest import Bench, Make
from tests.chassis.records import Record, record
from tests.chassis.tally import COUNTS, THINGS, Tally
from tests.patience import PATIENCE

from chassis import parking, settling, telemetry
from chassis.consumer import Consumer
from chassis.identifiers import event_id
from chassis.inbox import Inbox
from chassis.marks import begin_beyond
from chassis.refusals import Conflict, Invalid, NotFound
from chassis.settling import Interrupted
from chassis.transaction import Command, Pool, Transaction, begin, read
from contracts.envelope import Envelope
from contracts.event import Event
from embedded.databases import Database

SOMEBODY = Command(actor="operator")


@pytest.fixture
async def bench(make_bench: Make) -> Bench:
    """A tally without Kafka: records are handed to its inbox."""
    return await make_bench("localhost:1", THINGS, COUNTS)


@pytest.fixture
def consumer(bench: Bench) -> Consumer:
    return Consumer("applications", bench.tally.inbox, bench.pool, bench.bootstrap)


async def apply(bench: Bench, *records: Record, inbox: Inbox | None = None) -> None:
    chosen = inbox or bench.tally.inbox
    async with begin(bench.pool, SOMEBODY) as tx:
        await chosen.apply(tx, chosen.understand(records))


async def totals(bench: Bench) -> dict[str, int]:
    return {row["thing"]: row["total"] for row in await bench.rows("select thing, total from tally")}


async def parked(bench: Bench) -> list[tuple[str | None, int | None, str]]:
    async with read(bench.pool) as view:
        return [(p.lane, p.sequence, p.reason) for p in await parking.everything(view)]


async def mark(bench: Bench, key: str) -> tuple[int, int, bool]:
    (row,) = await bench.rows("select generation, sequence, parked from messaging.mark where key = $1", key)
    return tuple(row)


async def test_an_event_has_one_effect_however_often_it_comes(bench: Bench) -> None:
    first, second = (record(bench.tally.happened(thing="a"), n) for n in (1, 2))
    await apply(bench, first, first, second)
    await apply(bench, second, first)
    assert await totals(bench) == {"a": 2}
    assert await bench.value("select count(*) from messaging.inbox where outcome = 'applied'") == 2


async def test_an_event_told_again_under_its_id_in_a_new_generation_moves_the_mark_only(bench: Bench) -> None:
    identity = event_id()
    await apply(bench, record(bench.tally.happened(thing="a"), 1, identity=identity))
    await apply(bench, record(bench.tally.happened(thing="a"), 1, generation=2, identity=identity))
    assert await totals(bench) == {"a": 1}
    assert await mark(bench, "a") == (2, 1, False)


async def test_a_gap_parks_the_stream_and_no_other(bench: Bench) -> None:
    happened = bench.tally.happened
    await apply(
        bench,
        record(happened(thing="a"), 1),
        record(happened(thing="a"), 3),
        record(happened(thing="a"), 4),
        record(happened(thing="b"), 1),
    )
    assert await totals(bench) == {"a": 1, "b": 1}
    assert await parked(bench) == [("a", 3, "gap:2"), ("a", 4, "behind_parked")]
    await apply(bench, record(happened(thing="a"), 5), record(happened(thing="b"), 2))
    assert await totals(bench) == {"a": 1, "b": 2}
    assert [p[1] for p in await parked(bench)] == [3, 4, 5]


async def test_a_new_generation_may_count_again_but_not_leave_a_gap(bench: Bench) -> None:
    happened = bench.tally.happened
    await apply(bench, *(record(happened(thing="a"), n) for n in (1, 2, 3)))
    await apply(bench, record(happened(thing="a"), 2, generation=2))
    assert await mark(bench, "a") == (2, 2, False)
    assert await totals(bench) == {"a": 4}
    await apply(bench, record(happened(thing="a"), 3, generation=1))
    assert await totals(bench) == {"a": 4}
    await apply(bench, record(happened(thing="a"), 4, generation=3))
    assert await parked(bench) == [("a", 4, "gap:3")]


async def expired(bench: Bench, partition: int) -> None:
    """As if the first records of a partition had been gone when this database came to it."""
    async with begin(bench.pool, SOMEBODY) as tx:
        await begin_beyond(tx, {(bench.things.name, partition): 1_000_000})


async def test_where_records_expired_unread_a_stream_begins_with_what_is_left_and_is_counted(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[int] = []
    monkeypatch.setattr(telemetry, "streams_begun_late", SimpleNamespace(add=lambda n, _: counted.append(n)))
    happened = bench.tally.happened
    await apply(bench, record(happened(thing="known"), 1))
    await expired(bench, 0)
    await apply(
        bench,
        record(happened(thing="a"), 7, generation=3),
        record(happened(thing="a"), 8, generation=3),
        record(happened(thing="b"), 1),
        record(happened(thing="known"), 3),
        replace(record(happened(thing="elsewhere"), 2), partition=1),
    )
    assert await totals(bench) == {"a": 2, "b": 1, "known": 1}
    assert await parked(bench) == [("elsewhere", 2, "gap:1"), ("known", 3, "gap:2")]
    assert counted == [1]
    await apply(bench, record(happened(thing="a"), 10, generation=3))
    assert ("a", 10, "gap:9") in await parked(bench)


async def test_a_stream_that_begins_late_and_fails_is_replayed_from_there(
    bench: Bench, consumer: Consumer
) -> None:
    await expired(bench, 0)
    await consumer.settle([record(bench.tally.happened(thing="poison"), n) for n in (5, 6)])
    assert await parked(bench) == [("poison", 5, "handler_failed"), ("poison", 6, "behind_parked")]
    healed = Inbox(bench.things, known={bench.tally.happened.type: bench.tally.happened})
    async with begin(bench.pool, SOMEBODY) as tx:
        assert await parking.replay(tx, healed, bench.things.name, "poison", "mended") == 2
    assert await mark(bench, "poison") == (1, 6, False)


async def test_types_that_nobody_handles_move_the_mark_and_are_counted(bench: Bench) -> None:
    await apply(bench, record(bench.tally.ignored(thing="a"), 1), record(bench.tally.happened(thing="a"), 2))
    assert await mark(bench, "a") == (1, 2, False)
    outcomes = await bench.rows("select outcome from messaging.inbox order by outcome")
    assert [row["outcome"] for row in outcomes] == ["applied", "ignored"]


async def test_types_that_this_version_does_not_know_are_passed_over(bench: Bench) -> None:
    known = record(bench.tally.happened(thing="a"), 1)
    unknown = replace(
        known, headers=[(n, b"ieum.test.new.v9" if n == "ce_type" else v) for n, v in known.headers]
    )
    await apply(bench, unknown)
    assert await parked(bench) == []
    assert await mark(bench, "a") == (1, 1, False)


def broken_records(event: Event) -> dict[str, Record]:
    good = record(event, 1)
    return {
        "envelope:ce_id_null": replace(
            good.without("ce_id"), headers=[*good.without("ce_id").headers, ("ce_id", None)]
        ),
        "envelope:ce_type_missing": good.without("ce_type"),
        "envelope:ce_source_not_utf8": replace(
            good, headers=[(n, b"\xff" if n == "ce_source" else v) for n, v in good.headers]
        ),
        "envelope:ce_id_duplicate": replace(good, headers=[*good.headers, ("ce_id", b"x")]),
        "schema::json_invalid": replace(good, value=b"\xff{"),
        "schema:thing:missing": replace(good, value=b'{"programme_year": 2025}'),
        "key_mismatch": replace(good, key=b"another"),
    }


@pytest.mark.parametrize("rule", list(broken_records(Tally.on(THINGS, COUNTS).happened(thing="a"))))
async def test_a_broken_record_is_parked_by_the_rule_it_breaks(bench: Bench, rule: str) -> None:
    broken = broken_records(bench.tally.happened(thing="a"))[rule]
    await apply(bench, broken, record(bench.tally.happened(thing="b"), 1))
    ((_, _, reason),) = await parked(bench)
    assert reason == rule
    assert await totals(bench) == {"b": 1}
    async with read(bench.pool) as view:
        (kept,) = await parking.everything(view)
    assert (kept.key, kept.value, [tuple(h) for h in kept.headers]) == (
        broken.key,
        broken.value,
        broken.headers,
    )


@pytest.mark.parametrize("value", [None, b"", b"null", b"[]"])
async def test_a_tombstone_or_an_empty_body_is_parked(bench: Bench, value: bytes | None) -> None:
    await apply(bench, replace(record(bench.tally.happened(thing="a"), 1), value=value))
    ((_, _, reason),) = await parked(bench)
    assert reason.startswith("schema:")


async def test_a_record_without_a_key_or_with_bytes_that_are_no_text_is_parked(bench: Bench) -> None:
    good = record(bench.tally.happened(thing="a"), 1)
    await apply(bench, replace(good, key=None), replace(good, key=b"\xff\x00", offset=good.offset + 1000))
    assert [lane for lane, _, _ in await parked(bench)] == ["\\xff\\0", None]


async def test_redelivery_parks_a_record_once(bench: Bench) -> None:
    ahead = record(bench.tally.happened(thing="a"), 2)
    await apply(bench, ahead)
    await apply(bench, ahead)
    assert len(await parked(bench)) == 1


async def test_one_poisonous_event_does_not_hold_up_the_others(bench: Bench, consumer: Consumer) -> None:
    happened = bench.tally.happened
    await consumer.settle(
        [
            record(happened(thing="a"), 1),
            record(happened(thing="poison"), 1),
            record(happened(thing="poison"), 2),
            record(happened(thing="a"), 2),
        ]
    )
    assert await totals(bench) == {"a": 2}
    assert await parked(bench) == [("poison", 1, "handler_failed"), ("poison", 2, "behind_parked")]
    assert await mark(bench, "poison") == (0, 0, True)
    told = await bench.value("select count(*) from messaging.outbox where key = 'a'")
    assert told == 2


async def test_handlers_of_one_and_of_all_events_have_the_same_effects(
    bench: Bench, make_bench: Make
) -> None:
    """And tell the same events, in the same order, under the same ids."""
    whole = await make_bench("localhost:1", THINGS, COUNTS, in_sets=True)
    chance = random.Random(7)
    sequences = dict.fromkeys("abcd", 0)
    records = []
    for _ in range(200):
        key = chance.choice("abcd")
        sequences[key] += 1
        kind = bench.tally.happened if chance.random() < 0.8 else bench.tally.ignored
        records.append(record(kind(thing=key), sequences[key]))
    for start in range(0, 200, 37):
        await apply(bench, *records[start : start + 37])
        await apply(whole, *records[start : start + 37])
    told = "select key, event, convert_from(value, 'UTF8') as value from messaging.outbox order by key, seq"
    for query in (
        "select * from tally order by 1",
        told,
        "select event, outcome from messaging.inbox order by 1",
    ):
        assert await bench.rows(query) == await whole.rows(query)


async def test_what_was_read_so_far_decides_whether_a_manifest_is_reached(bench: Bench) -> None:
    tally, seen = bench.tally, list[dict[str, int]]()
    inbox = Inbox(tally.happened.topic, known={e.type: e for e in (tally.happened, tally.ignored)})

    async def look(tx: Transaction, event: Event) -> None:
        del event
        seen.append(await inbox.missing(tx, tally.happened.topic, {"a": 2, "b": 1, "c": 0}))

    inbox.on(tally.happened)(look)
    await apply(bench, record(tally.happened(thing="a"), 1), inbox=inbox)
    await apply(
        bench,
        record(tally.happened(thing="x"), 1),
        record(tally.ignored(thing="b"), 1),
        record(tally.happened(thing="a"), 2),
        inbox=inbox,
    )
    assert seen == [{"a": 2, "b": 1}, {"a": 2, "b": 1}, {}]


async def test_a_parked_stream_does_not_count_as_read(bench: Bench) -> None:
    await apply(bench, record(bench.tally.happened(thing="a"), 2))
    async with begin(bench.pool, SOMEBODY) as tx:
        assert await bench.tally.inbox.missing(tx, bench.tally.happened.topic, {"a": 2}) == {"a": 2}


async def test_replay_applies_in_order_once_the_gap_is_skipped(bench: Bench) -> None:
    happened, topic = bench.tally.happened, bench.things.name
    await apply(bench, *(record(happened(thing="a"), n) for n in (1, 3, 4)))
    async with begin(bench.pool, SOMEBODY) as tx:
        with pytest.raises(Conflict, match="gap"):
            await parking.replay(tx, bench.tally.inbox, topic, "a", "try")
    async with begin(bench.pool, SOMEBODY) as tx:
        with pytest.raises(Invalid):
            await parking.skip_to(tx, topic, "a", 1, "back")
        with pytest.raises(NotFound):
            await parking.skip_to(tx, topic, "nobody", 1, "who")
        await parking.skip_to(tx, topic, "a", 2, "lost for good")
    async with begin(bench.pool, SOMEBODY) as tx:
        assert await parking.replay(tx, bench.tally.inbox, topic, "a", "gap skipped") == 2
    assert await totals(bench) == {"a": 3}
    assert await parked(bench) == []
    assert await mark(bench, "a") == (1, 4, False)
    actions = await bench.rows("select action, actor, reason from messaging.audit order by id")
    assert [tuple(a) for a in actions] == [
        ("mark_skipped", "operator", "lost for good"),
        ("parked_replayed", "operator", "gap skipped"),
    ]


async def test_replay_stops_at_what_still_fails_and_changes_nothing(bench: Bench, consumer: Consumer) -> None:
    await consumer.settle([record(bench.tally.happened(thing="poison"), 1)])
    with pytest.raises(Conflict, match="still fails: ValueError"):
        async with begin(bench.pool, SOMEBODY) as tx:
            await parking.replay(tx, bench.tally.inbox, bench.things.name, "poison", "again")
    assert await parked(bench) == [("poison", 1, "handler_failed")]


async def test_a_discarded_event_lets_its_stream_go_on(bench: Bench, consumer: Consumer) -> None:
    happened = bench.tally.happened
    await consumer.settle([record(happened(thing="poison"), 1)])
    healed = Inbox(bench.things, known={happened.type: happened})
    healed.on(happened)(_nothing)
    await consumer.settle([record(happened(thing="poison"), 2)])
    async with read(bench.pool) as view:
        first, second = await parking.everything(view)
    async with begin(bench.pool, SOMEBODY) as tx:
        with pytest.raises(Conflict):
            await parking.discard(tx, second.id, "wrong one")
        await parking.discard(tx, first.id, "cannot be counted")
        assert await parking.replay(tx, healed, bench.things.name, "poison", "go on") == 1
    assert await mark(bench, "poison") == (1, 2, False)
    outcomes = await bench.rows("select outcome from messaging.inbox order by outcome")
    assert [row["outcome"] for row in outcomes] == ["applied", "discarded"]


async def test_what_a_discard_gave_up_stands_in_the_audit_log(bench: Bench) -> None:
    """Of a gap also all that lies in it; what cannot be read has no number, and its mark stays."""
    await apply(bench, *(record(bench.tally.happened(thing="a"), n) for n in (1, 5)))
    await apply(bench, record(bench.tally.happened(thing="b"), 1).without("ce_id"))
    async with begin(bench.pool, SOMEBODY) as tx:
        for each in await parking.everything(tx):
            await parking.discard(tx, each.id, "given up")
    rows = await bench.rows(
        "select detail ->> 'from' as before, detail ->> 'to' as after from messaging.audit order by id"
    )
    assert [tuple(row) for row in rows] == [("[1, 1]", "[1, 5]"), ("[0, 0]", "[0, 0]")]


async def _nothing(tx: Transaction, event: Event) -> None:
    del tx, event


async def test_the_commands_of_an_operator_name_what_is_wrong(bench: Bench) -> None:
    await apply(bench, record(bench.tally.happened(thing="a"), 2))
    listed = bench.command("parked", "list")
    assert "gap:1" in listed.stdout
    shown = bench.command("parked", "show", "999")
    assert (shown.returncode, shown.stderr) == (1, "Nothing is parked under the number 999\n")
    discarded = bench.command("parked", "discard", "1", "--reason", "test")
    assert (discarded.returncode, discarded.stdout) == (0, "done\n")
    assert await mark(bench, "a") == (1, 2, False)


async def test_an_operator_looks_at_a_record_passes_a_gap_and_replays_by_commands(bench: Bench) -> None:
    topic, happened = bench.things.name, bench.tally.happened
    waiting = [record(happened(thing="a"), n) for n in (3, 4)]
    await apply(bench, *waiting)
    first = await bench.value("select min(id) from messaging.parked")
    shown = bench.command("parked", "show", str(first))
    assert shown.returncode == 0
    assert {"sequence: 3", "reason: gap:1", f"value: {waiting[0].value!r}"} <= set(shown.stdout.splitlines())

    stuck = bench.command("parked", "replay", topic, "a", "--reason", "too early")
    assert (stuck.returncode, stuck.stderr) == (1, f"Record {first} cannot be applied: gap:1\n")
    skipped = bench.command("parked", "skip-to", topic, "a", "2", "--reason", "never comes")
    assert (skipped.returncode, skipped.stdout) == (0, "done\n")
    replayed = bench.command("parked", "replay", topic, "a", "--reason", "the gap is passed")
    assert (replayed.returncode, replayed.stdout) == (0, "done: 2\n")

    assert await totals(bench) == {"a": 2}
    assert await mark(bench, "a") == (1, 4, False)
    assert await parked(bench) == []
    audited = await bench.rows("select actor, action, reason from messaging.audit order by id")
    assert [tuple(row) for row in audited] == [
        ("operator", "mark_skipped", "never comes"),
        ("operator", "parked_replayed", "the gap is passed"),
    ]


async def test_offsets_and_effects_are_of_one_transaction(bench: Bench) -> None:
    records = [record(bench.tally.happened(thing="poison"), 1), record(bench.tally.happened(thing="b"), 1)]
    with pytest.raises(ValueError, match="poison"):
        await apply(bench, *records)
    assert await bench.rows("select * from messaging.position") == []
    await apply(bench, records[1])
    (row,) = await bench.rows('select topic, "partition", next_offset from messaging.position')
    assert tuple(row) == (bench.things.name, 0, records[1].offset + 1)
    await apply(bench, replace(records[1], offset=0))
    (row,) = await bench.rows("select * from messaging.position")
    assert row["next_offset"] == records[1].offset + 1


async def test_a_repetition_of_a_batch_gives_the_answers_the_same_ids(bench: Bench, make_bench: Make) -> None:
    again = await make_bench("localhost:1", THINGS, COUNTS)
    records: Sequence[Record] = [record(bench.tally.happened(thing="a"), n) for n in (1, 2)]
    await apply(bench, *records)
    for one in records:
        await apply(again, one)
    ids = "select event from messaging.outbox order by seq"
    assert await bench.rows(ids) == await again.rows(ids)
    (first, *_) = await bench.rows(
        "select headers ->> 'ce_causationid' as cause from messaging.outbox order by seq"
    )
    assert first["cause"] == str(Envelope.read(records[0].headers).id)


async def test_one_id_told_in_two_generations_has_one_effect_in_one_batch_too(bench: Bench) -> None:
    """A restored service does its work again and tells the same facts under the same ids."""
    identity = event_id()
    happened = bench.tally.happened(thing="a")
    await apply(
        bench,
        record(happened, 1, identity=identity),
        record(happened, 1, generation=2, identity=identity),
    )
    assert await totals(bench) == {"a": 1}
    assert await mark(bench, "a") == (2, 1, False)


async def test_a_lost_connection_is_not_the_events_fault(bench: Bench, consumer: Consumer) -> None:
    counted, losses = bench.tally.count, iter(range(8))

    async def loses(tx: Transaction, event: Event) -> None:
        if next(losses, None) is not None:
            await tx.execute("select pg_terminate_backend(pg_backend_pid())")
        await counted(tx, event)  # type: ignore[arg-type]  # of this type alone

    bench.tally.inbox._single[bench.tally.happened.type] = loses  # noqa: SLF001 - a fragile twin of the handler
    await consumer.settle([record(bench.tally.happened(thing="a"), 1)])
    assert await parked(bench) == []
    assert await totals(bench) == {"a": 1}


async def test_a_stop_leaves_an_event_that_fails_to_the_next_process(
    bench: Bench, consumer: Consumer
) -> None:
    """Parked is what failed after patience; a process that is told to stop has none."""
    poison = record(bench.tally.happened(thing="poison"), 1)
    settling = asyncio.create_task(consumer.settle([poison]))
    await asyncio.sleep(0.3)
    consumer.stop()
    with pytest.raises(Interrupted):
        await settling
    assert await parked(bench) == []
    assert await bench.rows("select * from messaging.position") == []


async def test_many_events_that_fail_share_one_batchs_patience(
    bench: Bench, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "PATIENCE", (0.0, 1.0, 2 * PATIENCE))
    monkeypatch.setattr(settling, "PATIENCE_OF_A_BATCH", 1.5)
    poison = [record(bench.tally.happened(thing=f"poison-{n}"), 1) for n in range(20)]
    async with asyncio.timeout(PATIENCE):
        await consumer.settle([*poison, record(bench.tally.happened(thing="a"), 1)])
    assert await totals(bench) == {"a": 1}
    assert len(await parked(bench)) == 20


async def test_a_key_of_any_length_is_parked_without_holding_up_others(
    bench: Bench, consumer: Consumer
) -> None:
    good = record(bench.tally.happened(thing="a"), 1)
    long = bytes(random.Random(1).randbytes(9000))
    await consumer.settle([replace(good, key=long, offset=good.offset + 1000), good])
    assert await totals(bench) == {"a": 1}
    ((lane, _, _),) = await parked(bench)
    assert lane is not None
    assert len(lane.encode()) <= 600


async def test_an_event_class_that_cannot_read_a_record_parks_it(bench: Bench) -> None:
    class Broken(bench.tally.happened):  # type: ignore[misc,name-defined]  # a class made at run time
        @classmethod
        def read(cls, data: bytes) -> "Broken":
            raise RecursionError(len(data))

    inbox = Inbox(bench.things, known={bench.tally.happened.type: Broken})
    inbox.on(bench.tally.happened)(bench.tally.count)
    await apply(bench, record(bench.tally.happened(thing="a"), 1), inbox=inbox)
    assert await parked(bench) == [("a", 1, "undecodable:RecursionError")]


async def test_two_processes_that_believe_in_the_same_partition_have_one_effect(
    bench: Bench, pool: Callable[[Database], Awaitable[Pool]]
) -> None:
    """One was stopped and woke up after its partitions went to the other; batches overlap as they come."""
    happened = bench.tally.happened
    events = [record(happened(thing=f"thing-{n % 7}"), 1 + n // 7) for n in range(210)]
    other = await pool(bench.database)
    first, second = (Consumer("applications", bench.tally.inbox, p, "nowhere") for p in (bench.pool, other))

    async def work(consumer: Consumer, size: int) -> None:
        for start in range(0, len(events), size):
            await consumer.settle(events[start : start + size])

    await asyncio.gather(work(first, 10), work(second, 13))
    assert await totals(bench) == {f"thing-{n}": 30 for n in range(7)}
    assert await parked(bench) == []
    assert await bench.value("select count(*) from messaging.outbox") == 210


async def test_what_a_stopped_process_holds_is_waited_for_and_nothing_is_parked(bench: Bench) -> None:
    """Its transaction has the marks until PostgreSQL ends it, which takes longer than one attempt."""
    happened = bench.tally.happened
    hasty = await asyncpg.create_pool(bench.database.url, server_settings={"lock_timeout": "200ms"})
    consumer = Consumer("applications", bench.tally.inbox, Pool(hasty), bench.bootstrap)
    stopped = await asyncpg.connect(
        bench.database.url, server_settings={"idle_in_transaction_session_timeout": "2s"}
    )
    try:
        await apply(bench, record(happened(thing="a"), 1))
        await stopped.execute("begin")
        await stopped.execute("update messaging.mark set parked = parked where key = 'a'")
        await consumer.settle([record(happened(thing="a"), 2), record(happened(thing="b"), 1)])
    finally:
        stopped.terminate()
        await hasty.close()
    assert await totals(bench) == {"a": 2, "b": 1}
    assert await parked(bench) == []


async def test_replay_sees_what_is_parked_while_it_waits_for_the_stream(bench: Bench) -> None:
    """The worker parks behind; a replay that read the list before it had the lock would leave that behind."""
    happened, topic = bench.tally.happened, bench.things.name
    await apply(bench, record(happened(thing="a"), 2))

    async def replayed() -> int:
        async with begin(bench.pool, SOMEBODY) as tx:
            return await parking.replay(tx, bench.tally.inbox, topic, "a", "the first one came")

    async with begin(bench.pool, SOMEBODY) as tx:
        await parking.skip_to(tx, topic, "a", 1, "lost for good")
    async with begin(bench.pool, SOMEBODY) as worker:
        await bench.tally.inbox.apply(worker, bench.tally.inbox.understand([record(happened(thing="a"), 3)]))
        replay = asyncio.create_task(replayed())
        await asyncio.sleep(0.5)
    assert await replay == 2
    assert await parked(bench) == []
    assert await mark(bench, "a") == (1, 3, False)


async def test_discard_leaves_a_stream_parked_when_more_is_parked_meanwhile(bench: Bench) -> None:
    happened = bench.tally.happened
    undecodable = record(happened(thing="a"), 1).without("ce_id")
    await apply(bench, undecodable)
    async with read(bench.pool) as view:
        (first,) = await parking.everything(view)

    async def discarded() -> None:
        async with begin(bench.pool, SOMEBODY) as tx:
            await parking.discard(tx, first.id, "cannot be read")

    async with begin(bench.pool, SOMEBODY) as worker:
        await bench.tally.inbox.apply(worker, bench.tally.inbox.understand([record(happened(thing="a"), 2)]))
        discard = asyncio.create_task(discarded())
        await asyncio.sleep(0.5)
    await discard
    assert await mark(bench, "a") == (0, 0, True)


async def test_a_discarded_record_stays_discarded_when_its_topic_is_read_anew(bench: Bench) -> None:
    happened = bench.tally.happened
    first, second = record(happened(thing="a"), 1), record(happened(thing="a"), 2)
    undecodable = replace(first, offset=first.offset + 1000, value=b"{").without("ce_id")
    keyless = replace(first, key=None, offset=first.offset + 1001)
    await apply(bench, first, undecodable, keyless)
    async with begin(bench.pool, SOMEBODY) as tx:
        for one in await parking.everything(tx):
            await parking.discard(tx, one.id, "cannot be read")
    assert await parked(bench) == []
    await apply(bench, first, undecodable, keyless, second)
    assert await parked(bench) == []
    assert await mark(bench, "a") == (1, 2, False)


async def test_what_is_parked_cannot_be_skipped_by_mistake(bench: Bench) -> None:
    happened = bench.tally.happened
    await apply(bench, *(record(happened(thing="a"), n) for n in (1, 3, 4)))
    async with begin(bench.pool, SOMEBODY) as tx:
        with pytest.raises(Invalid, match="parked"):
            await parking.skip_to(tx, bench.things.name, "a", 3, "too far")
        await parking.skip_to(tx, bench.things.name, "a", 2, "lost for good")


async def test_replay_says_when_there_is_nothing_to_replay(bench: Bench) -> None:
    async with begin(bench.pool, SOMEBODY) as tx:
        with pytest.raises(NotFound):
            await parking.replay(tx, bench.tally.inbox, bench.things.name, "nobody", "try")
