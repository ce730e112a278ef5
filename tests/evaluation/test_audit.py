"""The audit log as an auditor uses it: by the command line, over HTTP, and by what other services hold."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
from tests.asking import done
from tests.evaluation.town import YEAR, Town
from tests.telling import Teller
from typer.testing import CliRunner

from chassis.cli import cli
from chassis.sealing import Sealer
from chassis.service import Service
from contracts.audit import ApplicationsAuditSealed, EvaluationAuditSealed
from evaluation import events
from evaluation.settings import Settings

MOMENT = datetime(2025, 3, 1, tzinfo=UTC)


async def ran(town: Town, *arguments: object, signing_key: Path = Path("none.pem")) -> Any:
    """The service's command line, on its database."""
    service = Service(
        "evaluation",
        Settings,
        events.inbox,
        commands_inside={"export": "evaluation.commands.exporting:command"},
    )
    environment = {"DATABASE_URL": town.database.url, "SIGNING_KEY": str(signing_key)}
    return await asyncio.to_thread(
        CliRunner().invoke, cli(service), [str(each) for each in arguments], env=environment
    )


async def seal(town: Town) -> None:
    await Sealer(town.runtime.pool, "evaluation", EvaluationAuditSealed).seal()


async def tamper(town: Town, statement: str) -> None:
    connection = await asyncpg.connect(town.database.admin_url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def test_a_sound_log_verifies_by_the_command_line(town: Town) -> None:
    await town.prepared({1: {}, 2: {}})
    await town.scored({1: 80, 2: 70})
    await seal(town)
    outcome = await ran(town, "audit", "verify")
    assert outcome.exit_code == 0, outcome.output
    assert "0 not sealed yet; held against 1 heads" in outcome.output


async def test_a_changed_decision_is_named_and_the_command_fails(town: Town) -> None:
    await town.prepared({1: {}})
    await seal(town)
    [row] = await town.rows("select id from messaging.audit where action = 'evaluation_started'")
    await tamper(town, f"update messaging.audit set actor = 'nobody' where id = {row['id']}")
    outcome = await ran(town, "audit", "verify")
    assert outcome.exit_code == 1
    assert f"row_changed at position {row['id']}, row {row['id']}" in outcome.output


async def test_a_log_rewritten_whole_is_found_by_what_another_service_holds(
    town: Town, tmp_path: Path
) -> None:
    await town.prepared({1: {}})
    await seal(town)
    [told] = [data for kind, data in await town.told("evaluation-audit-sealed")]
    held = tmp_path / "heads.json"
    held.write_text(json.dumps([told]))
    assert (await ran(town, "audit", "verify", "--heads", held)).exit_code == 0
    await tamper(town, "update messaging.audit set reason = 'another' where id = 1")
    await tamper(town, "truncate messaging.audit_seal, messaging.audit_head")
    await seal(town)
    assert (await ran(town, "audit", "verify")).exit_code == 0
    outcome = await ran(town, "audit", "verify", "--heads", held)
    assert outcome.exit_code == 1
    assert "head_differs" in outcome.output


async def test_heads_of_others_are_kept_and_shown_to_auditors(town: Town) -> None:
    told: dict[str, Any] = {"service": "applications", "position": 12, "head": "ab" * 32}
    event = ApplicationsAuditSealed(programme_year=YEAR, told_at=MOMENT, **told)
    record = Teller(MOMENT).tells(event)
    await town.receive(record)
    await town.receive(record)
    [kept] = done(await town.caller("auditor").get("/audit/heads", of="applications"))
    assert {name: kept[name] for name in told} == told
    outcome = await ran(town, "audit", "heads")
    assert json.loads(outcome.output)[0]["head"] == told["head"]


async def test_a_file_that_holds_no_head_of_this_service_is_refused(town: Town, tmp_path: Path) -> None:
    file = tmp_path / "heads.json"
    for content, said in (("[]", "names none of evaluation"), ("{", "must be a JSON array")):
        file.write_text(content)
        outcome = await ran(town, "audit", "verify", "--heads", file)
        assert outcome.exit_code == 1
        assert said in outcome.output


async def test_the_export_command_writes_a_year_once(town: Town, tmp_path: Path) -> None:
    await town.prepared({1: {}})
    to, key = tmp_path / "out", tmp_path / "key.pem"
    outcome = await ran(town, "export", YEAR, "--to", to, signing_key=key)
    assert outcome.exit_code == 0, outcome.output
    assert {file.name for file in to.iterdir()} == {"manifest.json", "manifest.sig", "public-key.json"}
    again = await ran(town, "export", YEAR, "--to", to, signing_key=key)
    assert (again.exit_code, "is there already" in again.output) == (2, True)


async def test_the_export_command_refuses_a_key_that_others_can_read(town: Town, tmp_path: Path) -> None:
    await town.prepared({1: {}})
    key = tmp_path / "key.pem"
    key.touch(mode=0o644)
    outcome = await ran(town, "export", YEAR, "--to", tmp_path / "out", signing_key=key)
    assert (outcome.exit_code, (tmp_path / "out").exists()) == (1, False)
    assert "only its owner may have access" in outcome.output


async def test_the_export_command_refuses_a_year_that_nobody_knows(town: Town, tmp_path: Path) -> None:
    outcome = await ran(town, "export", 2031, "--to", tmp_path / "out", signing_key=tmp_path / "key.pem")
    assert (outcome.exit_code, (tmp_path / "out").exists()) == (1, False)
    assert "There is no programme year 2031" in outcome.output
