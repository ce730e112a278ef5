"""The audit log's chain: sealed beside the transactions, and whatever is tampered with is found and named."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from tests.patience import PATIENCE

from chassis import audit, sealing
from chassis.auditing import held_of
from chassis.refusals import Invalid
from chassis.sealing import Head, Sealer
from chassis.transaction import Command, Pool, begin, read
from chassis.verifying import Verified, verify
from contracts.audit import EvaluationAuditSealed
from contracts.topics import EVALUATION_AUDIT
from embedded.databases import Database

Databases = Callable[[str], Awaitable[Database]]
Pools = Callable[[Database], Awaitable[Pool]]
Clock = Callable[[Database, datetime], Awaitable[None]]
DAY = datetime(2025, 3, 1, 3, tzinfo=UTC)


class Log:
    """The audit log of one service, its sealer, and somebody who may change everything."""

    def __init__(self, database: Database, pool: Pool) -> None:
        self.database = database
        self.pool = pool
        self.sealer = Sealer(pool, "evaluation", EvaluationAuditSealed)

    async def write(self, *subjects: str) -> None:
        for subject in subjects:
            async with begin(self.pool, Command(actor="officer-1")) as tx:
                await audit.record(
                    tx, "thing_done", subject, reason="because", detail={"n": 1.50, "한": "글"}
                )

    async def verified(self, *held: Head) -> Verified:
        async with read(self.pool) as view:
            return await verify(view, "evaluation", held)

    async def findings(self, *held: Head) -> list[str]:
        return [str(each) for each in (await self.verified(*held)).findings]

    async def tamper(self, *statements: str) -> None:
        """As the owner of the database, whom no grant stops."""
        connection = await asyncpg.connect(self.database.admin_url)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    async def head(self) -> Head:
        async with read(self.pool) as view:
            at = await sealing.head(view)
        assert at is not None
        return at

    async def told(self) -> list[dict[str, Any]]:
        async with read(self.pool) as view:
            rows = await view.fetch(
                "select value from messaging.outbox where topic = $1 order by seq", EVALUATION_AUDIT.name
            )
        return [json.loads(row["value"]) for row in rows]


@pytest.fixture
async def log(database: Databases, pool: Pools, clock: Clock) -> Log:
    own = await database("evaluation")
    await clock(own, DAY)
    return Log(own, await pool(own))


async def test_rows_are_sealed_after_their_transactions_and_the_chain_verifies(log: Log) -> None:
    await log.write("a", "b", "c")
    assert (await log.verified()).unsealed == 3
    assert await log.sealer.seal() == 3
    verified = await log.verified()
    assert (verified.unsealed, verified.findings) == (0, ())
    assert verified.head == await log.head()
    assert await log.sealer.seal() == 0


async def test_a_row_that_commits_after_a_later_one_is_sealed_all_the_same(log: Log) -> None:
    async with begin(log.pool, Command(actor="slow")) as tx:
        await audit.record(tx, "slow", "first id")
        await log.write("second id")
        assert await log.sealer.seal() == 1
    assert await log.sealer.seal() == 1
    verified = await log.verified()
    assert (verified.unsealed, verified.findings) == (0, ())


async def test_sealing_does_not_wait_for_transactions_nor_they_for_it(log: Log) -> None:
    async with begin(log.pool, Command(actor="sealer")) as tx:
        await tx.alone("audit chain")
        async with asyncio.timeout(PATIENCE):
            await log.write("a")


async def test_sealers_at_once_make_one_chain(log: Log) -> None:
    await log.write(*map(str, range(30)))
    others = [Sealer(log.pool, "evaluation", EvaluationAuditSealed) for _ in range(4)]
    counts = await asyncio.gather(*(each.seal() for each in others))
    assert sum(counts) == 30
    verified = await log.verified()
    assert (verified.head, verified.findings) == (await log.head(), ())
    assert len(await log.told()) == 1


@pytest.mark.parametrize("column", ["actor", "action", "subject", "reason"])
async def test_a_changed_row_is_found(log: Log, column: str) -> None:
    await log.write("a", "b", "c")
    await log.sealer.seal()
    await log.tamper(f"update messaging.audit set {column} = 'x' where id = 2")
    assert await log.findings() == ["row_changed at position 2, row 2"]


async def test_a_changed_detail_and_moment_are_found(log: Log) -> None:
    await log.write("a", "b", "c")
    await log.sealer.seal()
    await log.tamper(
        "update messaging.audit set detail = jsonb_set(detail, '{n}', '1.51') where id = 1",
        "update messaging.audit set at = at + interval '1 microsecond' where id = 3",
    )
    assert await log.findings() == ["row_changed at position 1, row 1", "row_changed at position 3, row 3"]


async def test_a_missing_row_is_found(log: Log) -> None:
    await log.write("a", "b", "c")
    await log.sealer.seal()
    await log.tamper("delete from messaging.audit where id = 2")
    assert await log.findings() == ["row_missing at position 2, row 2"]


async def test_a_row_missing_together_with_its_seal_is_found(log: Log) -> None:
    await log.write("a", "b", "c")
    await log.sealer.seal()
    await log.tamper(
        "delete from messaging.audit where id = 2", "delete from messaging.audit_seal where audit = 2"
    )
    assert await log.findings() == ["seal_missing at position 2"]


async def test_swapped_rows_are_found_and_named_together(log: Log) -> None:
    await log.write("a", "b", "c")
    await log.sealer.seal()
    await log.tamper(
        """
        update messaging.audit a set at = b.at, programme_at = b.programme_at, actor = b.actor,
          action = b.action, subject = b.subject, reason = b.reason, detail = b.detail
        from messaging.audit b where (a.id, b.id) in ((1, 3), (3, 1))
        """
    )
    assert await log.findings() == ["rows_swapped at position 1, row 1 and 3"]


async def test_swapped_seals_are_found(log: Log) -> None:
    await log.write("a", "b", "c")
    await log.sealer.seal()
    await log.tamper(
        "update messaging.audit_seal set position = 99 where position = 1",
        "update messaging.audit_seal set position = 1 where position = 2",
        "update messaging.audit_seal set position = 2 where position = 99",
    )
    assert any(each.startswith("seal_changed at position 1") for each in await log.findings())


async def test_a_chain_rewritten_from_end_to_end_is_found_by_a_head_that_others_hold(log: Log) -> None:
    await log.write("a", "b", "c")
    await log.sealer.seal()
    held = await log.head()
    await log.tamper(
        "update messaging.audit set subject = 'x' where id = 2",
        "truncate messaging.audit_seal",
        "truncate messaging.audit_head",
    )
    await Sealer(log.pool, "evaluation").seal()
    assert await log.findings() == []
    assert await log.findings(held) == ["head_differs at position 3"]


async def test_a_chain_cut_off_at_its_end_is_found_by_the_heads_that_were_told(log: Log) -> None:
    await log.write("a", "b", "c")
    await log.sealer.seal()
    await log.tamper(
        "delete from messaging.audit where id > 1", "delete from messaging.audit_seal where audit > 1"
    )
    assert await log.findings() == ["head_unknown at position 3"]


async def test_the_head_is_told_once_a_day_of_the_programmes_clock(log: Log, clock: Clock) -> None:
    assert await log.sealer.seal() == 0
    assert await log.told() == []
    await log.write("a")
    await log.sealer.seal()
    await log.write("b")
    await log.sealer.seal()
    await clock(log.database, DAY + timedelta(days=1))
    await log.sealer.seal()
    first, second = await log.told()
    assert (first["service"], first["position"], second["position"]) == ("evaluation", 1, 2)
    assert Head(second["position"], second["head"]) == await log.head()
    assert second["told_at"].startswith("2025-03-02")


async def test_neither_seals_nor_heads_can_be_changed_or_removed_by_the_service(log: Log) -> None:
    await log.write("a")
    await log.sealer.seal()
    for table in ("audit_seal", "audit_head"):
        for change in (
            "update messaging.{} set head = head",
            "delete from messaging.{}",
            "truncate messaging.{}",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with begin(log.pool, Command(actor="x")) as tx:
                    await tx.execute(change.format(table))


def test_heads_of_a_file_are_those_of_the_service_alone() -> None:
    document = json.dumps(
        [
            {"service": "evaluation", "position": 3, "head": "ab", "told_at": "…"},
            {"service": "placement", "position": 4, "head": "cd"},
        ]
    )
    assert held_of("evaluation", document) == [Head(3, "ab")]
    for wrong in ("{", "[1]", '[{"service": "evaluation"}]'):
        with pytest.raises(Invalid) as refusal:
            held_of("evaluation", wrong)
        assert refusal.value.rule == "heads_unreadable"
    with pytest.raises(Invalid) as refusal:
        held_of("applications", document)
    assert refusal.value.rule == "heads_of_others"
