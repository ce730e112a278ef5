"""A command imports what it needs, and what a service names is there."""

import asyncio
import subprocess
import sys
from importlib import import_module

import pytest
import typer
from typer.testing import CliRunner

from chassis.encryption import SealedTable
from chassis.inbox import Inbox
from chassis.lazily import command_line, part
from chassis.service import Service
from chassis.settings import PersonalDataSettings, ServiceSettings
from contracts.audit import AuditSealed

SERVICES = ("applications", "evaluation", "placement", "notifications")
SERVERS = ("fastapi", "faststream", "aiokafka", "asyncpg", "uvicorn", "structlog", "numba", "highspy")


def put_together(name: str, monkeypatch: pytest.MonkeyPatch) -> Service:
    """The service as its `main` describes it."""
    described: list[Service] = []

    def described_only(service: Service) -> typer.Typer:
        described.append(service)
        return command_line("none", {"none": lambda: lambda: None})

    main = import_module(f"{name}.main")
    monkeypatch.setattr(main, "cli", described_only)
    monkeypatch.setattr(sys, "argv", [name, "none"])
    with pytest.raises(SystemExit):
        main.main()
    return described[0]


@pytest.mark.parametrize("name", SERVICES)
def test_every_part_that_a_service_names_is_there(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    service = put_together(name, monkeypatch)
    assert service.name == name
    assert issubclass(part(service.settings), PersonalDataSettings if service.sealed else ServiceSettings)
    assert isinstance(part(service.inbox), Inbox)
    assert callable(part(service.api))
    assert all(asyncio.iscoroutinefunction(part(worker)) for worker in service.workers)
    assert all(isinstance(part(table), SealedTable) for table in service.sealed)
    assert service.audited_as is not None
    assert issubclass(part(service.audited_as), AuditSealed)


@pytest.mark.parametrize("name", SERVICES)
def test_help_names_every_command(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    service = put_together(name, monkeypatch)
    monkeypatch.undo()
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    with pytest.raises(SystemExit) as ended:
        import_module(f"{name}.main").main()
    assert ended.value.code == 0
    listed = [line.split()[1] for line in capsys.readouterr().out.splitlines() if line.startswith("│ ")]
    own = [*service.commands, *service.commands_inside, *(["keys"] if service.sealed else [])]
    for command in ("serve", "migrate", "parked", "restore", "audit", *own):
        assert command in listed


@pytest.mark.parametrize(
    ("program", "command", "needs_none_of"),
    [
        ("evaluation", "recompute", SERVERS),
        ("evaluation", "check-export", SERVERS),
        ("placement", "recompute", SERVERS),
        ("applications", "migrate", ("fastapi", "faststream", "aiokafka", "uvicorn", "structlog")),
        ("embedded", "token", SERVERS),
    ],
)
def test_a_command_imports_no_more_than_it_needs(
    program: str, command: str, needs_none_of: tuple[str, ...]
) -> None:
    asked = f"import sys; sys.argv = [{program!r}, {command!r}, '--help']; from {program}.main import main"
    told = "print(*sys.modules, file=sys.stderr)"
    ran = subprocess.run(
        [sys.executable, "-c", f"{asked}\ntry:\n    main()\nfinally:\n    {told}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert not set(needs_none_of) & set(ran.stderr.split())


def test_a_command_is_made_when_it_is_asked_for_and_told_by_its_name() -> None:
    def broken() -> typer.Typer:
        raise AssertionError("made though nobody asked")

    def greet(whom: str) -> None:
        typer.echo(f"hello {whom}")

    app = command_line("program", {"greet": lambda: greet, "broken": broken})
    greeted = CliRunner().invoke(app, ["greet", "you"])
    assert (greeted.exit_code, greeted.output) == (0, "hello you\n")
    misspelt = CliRunner().invoke(app, ["great", "you"])
    assert misspelt.exit_code == 2
    assert "Did you mean 'greet'?" in misspelt.output
