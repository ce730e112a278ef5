"""A database back from a backup: behind the world, told so, and taken up again without a gap or a double."""

import asyncpg
from aiokafka import AIOKafkaProducer
from tests.chassis.conftest import Bench
from tests.chassis.records import Record, record

from chassis import outbox, restore
from chassis.identifiers import event_id
from chassis.transaction import Command, begin
from contracts.envelope import Envelope


async def rewind(bench: Bench, backup: dict[str, list[asyncpg.Record]]) -> None:
    """Put the tables back as the backup has them."""
    owner = await asyncpg.connect(bench.database.owner_url)
    try:
        for table, rows in backup.items():
            await owner.execute(f"truncate {table}")
            schema, _, name = table.rpartition(".")
            await owner.copy_records_to_table(
                name, schema_name=schema or None, records=[tuple(r) for r in rows]
            )
    finally:
        await owner.close()


async def backup(bench: Bench) -> dict[str, list[asyncpg.Record]]:
    names = ("tally", "messaging.stream", "messaging.mark", "messaging.inbox", "messaging.position")
    return {name: await bench.rows(f"select * from {name}") for name in names}


async def test_what_was_told_and_is_no_longer_known_is_listed_and_consumers_go_on(bench: Bench) -> None:
    service = bench.start()
    await bench.tell_many(things=3, each=4)
    await bench.drained(12)
    kept = await backup(bench)
    await bench.tell_many(things=3, each=2)
    await bench.drained(18)
    service.terminate()
    await bench.ended(service)

    await rewind(bench, kept)
    async with begin(bench.pool, Command(actor="operator")) as tx:
        assert await restore.raise_generation(tx, "restored from the backup of the night") == 2
    topics = (bench.things, bench.counts)
    forgotten = await restore.check(bench.pool, "applications", bench.bootstrap, topics)
    assert sorted((f.topic, f.key, f.sequence) for f in forgotten) == sorted(
        (topic.name, f"thing-{n:04}", sequence) for topic in topics for n in range(3) for sequence in (5, 6)
    )
    assert await restore.check(bench.pool, "placement", bench.bootstrap, topics) == []

    bench.start()
    await bench.tell_many(things=3, each=1)

    async def all_read() -> bool:
        return bool(
            await bench.value("select min(generation) = 2 and bool_and(not parked) from messaging.mark")
        )

    await bench.until(all_read)
    # Twelve of the backup, six that Kafka still knew, three new ones.
    assert await bench.counted() == 21
    numbers = [
        (e.generation, e.sequence)
        for e in (Envelope.read(r.headers) for r in await bench.records(bench.things))
        if e.subject == "thing-0000"
    ]
    assert numbers == [(1, 1), (1, 2), (1, 3), (1, 4), (1, 5), (1, 6), (2, 5)]


async def test_the_check_lists_what_is_not_known_and_says_so_by_its_exit_code(bench: Bench) -> None:
    clean = bench.command("restore", "check")
    assert (clean.returncode, clean.stdout) == (0, "0 events were told and are not known here\n")
    unknown = event_id()
    happened = bench.tally.happened
    await put(bench, record(happened(thing="a"), 1), record(happened(thing="a"), 2, identity=unknown))
    await stands_at(bench, a=1)
    found = bench.command("restore", "check")
    assert found.returncode == 1
    assert found.stdout.splitlines() == [
        f"{bench.things.name} a 2 {happened.type} {unknown}",
        "1 events were told and are not known here",
    ]


async def test_the_generation_is_raised_by_a_command(bench: Bench) -> None:
    raised = bench.command("restore", "raise-generation", "--reason", "a drill")
    assert (raised.returncode, raised.stdout) == (0, "done: 2\n")


async def put(bench: Bench, *records: Record) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bench.bootstrap) as producer:
        for one in records:
            await producer.send_and_wait(bench.things.name, key=one.key, value=one.value, headers=one.headers)


async def stands_at(bench: Bench, **streams: int) -> None:
    async with begin(bench.pool, Command(actor="tester")) as tx:
        await tx.executemany(
            "insert into messaging.stream values ($1, $2, $3)",
            [(bench.things.name, key, sequence) for key, sequence in streams.items()],
        )


async def test_what_a_later_generation_put_in_the_place_of_others_is_still_listed(bench: Bench) -> None:
    """The service goes on telling while somebody looks; what it was told to forget does not fade away."""
    happened, again = bench.tally.happened, event_id()
    await put(
        bench,
        *(record(happened(thing="a"), n) for n in (1, 2, 3)),
        record(happened(thing="a"), 3, generation=2),
        record(happened(thing="b"), 1),
        record(happened(thing="b"), 2, identity=again),
        record(happened(thing="b"), 2, generation=2, identity=again),
        record(happened(thing="c"), 1),
    )
    await stands_at(bench, a=3, b=2)
    async with begin(bench.pool, Command(actor="tester")) as tx:
        await restore.raise_generation(tx, "restored")
        outbox.add(tx, happened(thing="c"))
    forgotten = await restore.check(bench.pool, "applications", bench.bootstrap, [bench.things])
    assert [(f.key, f.sequence) for f in forgotten] == [("a", 3), ("c", 1)]


async def test_a_service_that_was_never_restored_has_forgotten_nothing(bench: Bench) -> None:
    service = bench.start()
    await bench.tell_many(things=20, each=5)
    topics = (bench.things, bench.counts)
    for _ in range(3):
        await bench.tell_many(things=20, each=1)
        assert await restore.check(bench.pool, "applications", bench.bootstrap, topics) == []
    service.terminate()
    await bench.ended(service)
