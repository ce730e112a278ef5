"""The outbox: rows in the transaction of the state change, numbered densely, in their final bytes."""

import asyncio
import json
import threading
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from aiokafka.partitioner import DefaultPartitioner
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceState, use_span
from tests.chassis.conftest import Bench

from chassis import audit, outbox, producer, transaction
from chassis.outbox import bucket
from chassis.refusals import Invalid
from chassis.transaction import Command, begin, repeated
from contracts.envelope import Envelope


async def envelopes(bench: Bench) -> list[Envelope]:
    rows = await bench.rows("select headers from messaging.outbox order by topic, key, seq")
    return [Envelope.read((k, v.encode()) for k, v in json.loads(row["headers"]).items()) for row in rows]


async def test_streams_are_numbered_densely_though_many_write_at_once(bench: Bench) -> None:
    async def tell(n: int) -> None:
        await repeated(
            lambda: bench.tell(*(bench.tally.happened(thing=f"thing-{(n + k) % 3}") for k in range(3)))
        )

    await asyncio.gather(*(tell(n) for n in range(40)))
    for key in range(3):
        told = [e.sequence for e in await envelopes(bench) if e.subject == f"thing-{key}"]
        assert told == list(range(1, 41))


async def test_a_rolled_back_event_leaves_neither_row_nor_gap(bench: Bench) -> None:
    with pytest.raises(ZeroDivisionError):
        async with begin(bench.pool, Command(actor="tester")) as tx:
            outbox.add(tx, bench.tally.happened(thing="a"))
            await outbox.sequences(tx, bench.things, ["a"])
            raise ZeroDivisionError
    assert await envelopes(bench) == []
    await bench.tell(bench.tally.happened(thing="a"))
    assert [e.sequence for e in await envelopes(bench)] == [1]


async def test_the_sequences_of_a_manifest_include_what_the_transaction_itself_told(bench: Bench) -> None:
    await bench.tell(bench.tally.happened(thing="a"))
    async with begin(bench.pool, Command(actor="tester")) as tx:
        outbox.add(tx, bench.tally.happened(thing="a"))
        outbox.add(tx, bench.tally.happened(thing="b"))
        assert await outbox.sequences(tx, bench.things, ["a", "b", "c"]) == {"a": 2, "b": 1}
    assert len(await envelopes(bench)) == 3


async def test_the_envelope_says_who_when_and_why(bench: Bench) -> None:
    command = Command(actor="sub-1", correlation="corr-1")
    async with begin(bench.pool, command) as tx:
        now = await tx.now()
        outbox.add(tx, bench.tally.happened(thing="a"))
    (envelope,) = await envelopes(bench)
    assert envelope.actor == "sub-1"
    assert envelope.correlationid == "corr-1"
    assert envelope.causationid == str(command.id)
    assert envelope.source == "/ieum/applications"
    assert envelope.generation == 1
    assert abs((envelope.time - now).total_seconds()) < 5
    assert envelope.id.version == 7


async def test_an_event_that_answers_an_event_has_the_same_id_when_done_again(
    bench: Bench,
) -> None:
    cause = Envelope(
        id=UUID("0194d3b0-0000-7000-8000-000000000001"),
        source="/ieum/elsewhere",
        type="ieum.test.cause.v1",
        subject="x",
        time=(await bench.value("select programme_clock()")),
        dataschema="urn:x",
        sequence=1,
        generation=1,
        causationid="c",
        correlationid="k",
        actor="a",
        programmeyear=2025,
    )
    told: list[list[UUID]] = []
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            async with begin(bench.pool, cause) as tx:
                told.append([outbox.add(tx, bench.tally.happened(thing="a")) for _ in range(2)])
                raise ZeroDivisionError
    assert told[0] == told[1]
    assert len(set(told[0])) == 2
    assert told[0][0].version == 5


async def test_an_event_larger_than_its_topic_allows_is_refused_at_once(bench: Bench) -> None:
    limit = bench.things.max_event_bytes
    with pytest.raises(Invalid, match="bytes"):
        await bench.tell(bench.tally.happened(thing="x" * limit))
    assert await envelopes(bench) == []


@pytest.mark.parametrize("thing", ["", "a\nb", "이음" * 100])
async def test_a_key_that_no_reader_would_take_is_refused_at_once(bench: Bench, thing: str) -> None:
    with pytest.raises(Invalid, match="key"):
        await bench.tell(bench.tally.happened(thing=thing))
    with pytest.raises(Invalid, match="actor"):
        await bench.tell(bench.tally.happened(thing="a"), actor=thing)


async def test_the_largest_event_and_headers_fit_what_the_topic_allows(bench: Bench) -> None:
    topic = bench.things
    thing, actor = "a" * outbox.LONGEST_TEXT, "b" * outbox.LONGEST_TEXT
    empty = len(bench.tally.happened(thing=thing).write())
    note = "x" * (topic.max_event_bytes - empty - len(',"note":""'))
    large = type("Large", (bench.tally.happened,), {"__annotations__": {"note": str}})
    context = SpanContext(1, 1, is_remote=False, trace_state=TraceState([("k", "v" * 200)] * 1))
    with use_span(NonRecordingSpan(context)):
        async with begin(bench.pool, Command(actor=actor, correlation=actor)) as tx:
            outbox.add(tx, large(thing=thing, note=note))
    (row,) = await bench.rows("select key, headers, value from messaging.outbox")
    headers = [(name, value.encode()) for name, value in json.loads(row["headers"]).items()]
    assert "tracestate" in dict(headers)
    kafka = await producer.start(bench.bootstrap)
    try:
        message = producer.Message(row["key"].encode(), row["value"], headers)
        assert await producer.send(kafka, topic.name, 0, [message]) == 1
    finally:
        await producer.retire(kafka)


async def test_a_commit_counts_though_its_connection_is_lost_right_after_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is committed must not be answered as if it had failed."""
    process = 0

    def end(point: str) -> None:
        if point == "command.after_commit":
            thread = threading.Thread(target=asyncio.run, args=(terminated(bench, process),))
            thread.start()
            thread.join()

    monkeypatch.setattr(transaction, "reach", end)
    async with begin(bench.pool, Command(actor="tester")) as tx:
        process = await tx.fetchval("select pg_backend_pid()")
        outbox.add(tx, bench.tally.happened(thing="a"))
    monkeypatch.undo()
    assert bench.pool.told.is_set()
    # The loop stood still meanwhile; the pool learns of the loss when it turns again.
    await asyncio.sleep(0.1)
    assert [e.subject for e in await envelopes(bench)] == ["a"]


async def test_nothing_is_sent_to_the_database_after_a_commit(bench: Bench) -> None:
    async with begin(bench.pool, Command(actor="tester")) as tx:
        session = await tx.fetchval("select pg_backend_pid()")
    beside = await asyncpg.connect(bench.database.admin_url)
    try:
        last = await beside.fetchval("select query from pg_stat_activity where pid = $1", session)
    finally:
        await beside.close()
    assert last == "COMMIT;"


async def terminated(bench: Bench, process: int) -> None:
    admin = await asyncpg.connect(bench.database.admin_url)
    try:
        await admin.execute("select pg_terminate_backend($1, 5000)", process)
    finally:
        await admin.close()


async def test_what_is_told_at_the_last_moment_is_told(bench: Bench) -> None:
    async with begin(bench.pool, Command(actor="tester")) as tx:
        outbox.add(tx, bench.tally.happened(thing="a"))

        async def late() -> None:
            outbox.add(tx, bench.tally.happened(thing="b"))

        tx.before_commit(late)
    assert [e.subject for e in await envelopes(bench)] == ["a", "b"]


@pytest.mark.parametrize("partitions", [1, 4, 8, 16, 64])
def test_a_bucket_belongs_to_the_partition_that_every_client_would_choose(partitions: int) -> None:
    everyone = list(range(partitions))
    for n in range(500):
        key = f"sch_{n:x}이음"
        assert bucket(key) % partitions == DefaultPartitioner()(key.encode(), everyone, everyone)


async def test_the_row_goes_on_in_the_trace_of_the_command(bench: Bench) -> None:
    tracer = TracerProvider().get_tracer("test")
    with tracer.start_as_current_span("request") as span:
        await bench.tell(bench.tally.happened(thing="a"))
    (envelope,) = await envelopes(bench)
    assert envelope.traceparent is not None
    assert format(span.get_span_context().trace_id, "032x") in envelope.traceparent


async def test_audit_rows_can_be_added_but_neither_changed_nor_removed(bench: Bench) -> None:
    async with begin(bench.pool, Command(actor="sub-1")) as tx:
        await audit.record(tx, "thing_done", "thing-1", reason="because", detail={"n": 1})
    for change in (
        "update messaging.audit set actor = 'x'",
        "delete from messaging.audit",
        "truncate messaging.audit",
    ):
        with pytest.raises(Exception, match="permission denied"):
            async with begin(bench.pool, Command(actor="sub-1")) as tx:
                await tx.execute(change)
    rows: list[Any] = await bench.rows("select actor, action, subject, reason from messaging.audit")
    assert [tuple(row) for row in rows] == [("sub-1", "thing_done", "thing-1", "because")]
