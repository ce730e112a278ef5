"""kill -9 at every named point, and from outside: nothing accepted is lost, nothing takes effect twice."""

import asyncio
import random
from signal import Signals

import pytest
from tests.chassis.conftest import Bench

from chassis.faults import POINTS
from contracts.envelope import Envelope

pytestmark = pytest.mark.crash

THINGS, EACH = 40, 15
EVENTS = THINGS * EACH


async def exactly_once(bench: Bench, events: int) -> None:
    """Every thing told is counted once, every count told once and in order; nothing waits or is parked."""
    assert await bench.counted() == events
    assert await bench.value("select count(*) from messaging.parked") == 0
    assert await bench.value("select count(*) from messaging.outbox") == 0
    assert await bench.value("select count(*) from messaging.inbox where outcome = 'applied'") == events
    for topic in (bench.things, bench.counts):
        streams: dict[str, list[int]] = {}
        for told in await bench.records(topic):
            envelope = Envelope.read(told.headers)
            stream = streams.setdefault(envelope.subject, [])
            if envelope.sequence not in stream:  # at least once on the topic, once in effect
                stream.append(envelope.sequence)
        assert sum(map(len, streams.values())) == events
        assert all(numbers == sorted(numbers) for numbers in streams.values())


@pytest.mark.parametrize("point", [point for point in POINTS if not point.startswith("command.")])
async def test_a_process_that_dies_there_loses_and_doubles_nothing(bench: Bench, point: str) -> None:
    await bench.tell_many(things=THINGS, each=EACH)
    dying = bench.start(CRASH_AT=f"{point}:2", INBOX_BATCH="100")
    assert await bench.ended(dying) == -Signals.SIGKILL
    bench.start(INBOX_BATCH="100")
    await bench.drained(EVENTS)
    await exactly_once(bench, EVENTS)


@pytest.mark.parametrize("point", ["command.before_commit", "command.after_commit"])
async def test_a_command_that_dies_there_is_there_whole_or_not_at_all(bench: Bench, point: str) -> None:
    """The inbox's own transactions pass the same point: a worker stands for any command."""
    await bench.tell_many(things=THINGS, each=EACH)
    dying = bench.start(CRASH_AT=f"{point}:3", INBOX_BATCH="50")
    assert await bench.ended(dying) == -Signals.SIGKILL
    effects = await bench.counted()
    assert effects == await bench.value("select count(*) from messaging.inbox")
    assert effects == await bench.value(
        "select coalesce(sum(sequence), 0) from messaging.stream where topic = $1", bench.counts.name
    )
    bench.start(INBOX_BATCH="50")
    await bench.drained(EVENTS)
    await exactly_once(bench, EVENTS)


async def test_two_workers_and_two_relays_are_killed_again_and_again(bench: Bench) -> None:
    chance = random.Random(2025)
    settings = {"RELAY_LANES": "2", "INBOX_BATCH": "20"}
    roles = ["worker", "worker", "relay", "relay"]
    running = [bench.start(role, **settings) for role in roles]
    for round_ in range(6):
        await bench.tell_many(things=THINGS, each=EACH)
        await asyncio.sleep(chance.uniform(1.0, 2.5))
        victim = round_ % 4
        running[victim].send_signal(Signals.SIGKILL if chance.random() < 0.7 else Signals.SIGTERM)
        await bench.ended(running[victim])
        running[victim] = bench.start(roles[victim], **settings)
    await bench.drained(6 * EVENTS)
    await exactly_once(bench, 6 * EVENTS)


async def test_a_process_stopped_in_its_tracks_wakes_up_as_a_stranger(bench: Bench) -> None:
    """SIGSTOP past the session timeout: its partitions are others' by then; its work is absorbed."""
    await bench.tell_many(things=THINGS, each=EACH)
    zombie = bench.start("worker", INBOX_BATCH="10")
    bench.start("relay")

    async def begun() -> bool:
        return await bench.counted() > 0

    await bench.until(begun)
    zombie.send_signal(Signals.SIGSTOP)
    bench.start("worker", INBOX_BATCH="10")
    await bench.tell_many(things=THINGS, each=EACH)
    await asyncio.sleep(8)
    zombie.send_signal(Signals.SIGCONT)
    await bench.drained(2 * EVENTS)
    await exactly_once(bench, 2 * EVENTS)
