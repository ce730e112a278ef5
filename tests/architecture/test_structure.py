"""What the architecture promises of the tree, beside what import-linter holds."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = ("applications", "evaluation", "placement", "notifications")
MEMBERS = ("contracts", "chassis", "web", "decisions", "papers", "services", "deploy", "demo", "benchmarks")
STANDARD_ONLY = ("chassis.refusals", "decisions.lot")
MAY_HOLD_SQL = ("store", "views")


def modules(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def source(service: str) -> Path:
    return ROOT / "services" / service / "src" / service


def imported(path: Path) -> set[str]:
    """Full names of what a module imports, those for type checkers included."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("service", SERVICES)
def test_a_domain_imports_the_standard_library_and_two_modules_that_do_the_same(service: str) -> None:
    allowed = (f"{service}.domain", *STANDARD_ONLY)
    for path in [*(source(service) / "domain").rglob("*.py")]:
        for name in imported(path):
            standard = name.partition(".")[0] in sys.stdlib_module_names
            assert standard or name.startswith(allowed), f"{path.relative_to(ROOT)} imports {name}"


@pytest.mark.parametrize("module", STANDARD_ONLY)
def test_what_a_domain_may_import_imports_the_standard_library_alone(module: str) -> None:
    member, _, name = module.partition(".")
    names = imported(ROOT / member / "src" / member / f"{name}.py")
    assert all(name.partition(".")[0] in sys.stdlib_module_names for name in names)


@pytest.mark.parametrize("service", SERVICES)
def test_only_stores_and_views_know_asyncpg(service: str) -> None:
    for path in source(service).rglob("*.py"):
        inside = path.relative_to(source(service)).parts[0].removesuffix(".py")
        if inside not in MAY_HOLD_SQL:
            assert not any(n.partition(".")[0] == "asyncpg" for n in imported(path)), path.relative_to(ROOT)


@pytest.mark.parametrize("service", SERVICES)
def test_main_puts_the_service_together_in_thirty_lines(service: str) -> None:
    assert len((source(service) / "main.py").read_text().splitlines()) <= 30


def test_no_function_is_longer_than_forty_lines() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{node.name} ({node.end_lineno - node.lineno + 1})"
        for path in modules(*MEMBERS, "tests")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > 40
    ]
    assert long == []


@pytest.mark.parametrize("service", SERVICES)
def test_handlers_and_views_open_no_transaction_and_commit_none(service: str) -> None:
    for part in ("handlers", "views", "store"):
        for path in [*source(service).glob(f"{part}.py"), *(source(service) / part).rglob("*.py")]:
            taken = {
                n
                for n in imported(path)
                if n in ("chassis.transaction.begin", "chassis.transaction.open_pool")
            }
            assert not taken, f"{path.relative_to(ROOT)} takes {taken}"


WATCHED_OTHERWISE = ("consumer.py", "positions.py", "relay.py", "settling.py")


def test_every_loop_of_a_service_gives_a_heartbeat_each_turn() -> None:
    """One that does not would hang unseen."""
    found = 0
    for path in modules("chassis/src", "web/src", "services"):
        if path.name in WATCHED_OTHERWISE and path.is_relative_to(ROOT / "chassis"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.While) and re.search(r"stop\w*\.is_set\(\)", ast.unparse(node.test)):
                found += 1
                first = ast.unparse(node.body[0])
                assert first.startswith("beat("), f"{path.relative_to(ROOT)}:{node.lineno}"
    assert found > len(SERVICES)


def test_the_demo_knows_the_services_by_their_interfaces_alone() -> None:
    for path in modules("demo/src"):
        assert not {n for n in imported(path) if n.partition(".")[0] in SERVICES}, path.relative_to(ROOT)


def test_what_a_checker_is_told_to_pass_over_has_a_reason() -> None:
    passed_over = re.compile(
        r"# (?:noqa(?:: [A-Z]+\d+(?:, ?[A-Z]+\d+)*)?|type: ignore(?:\[[a-z, -]+\])?)(?P<reason>  # \S| - \S)?"
    )
    silent = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in modules(*MEMBERS, "tests")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        for told in passed_over.finditer(line)
        if not told["reason"]
    ]
    assert silent == []


def test_nothing_is_called_utils() -> None:
    assert [path for path in modules(*MEMBERS, "tests") if path.stem == "utils"] == []


def test_the_repository_names_no_machine_path_and_no_registry() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607 - git as the shell finds it
    machine = re.compile(r"/(?:work|root|home)/\w")
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.is_file() and path.suffix not in {".png", ".csv", ".geojson"}:
            text = path.read_text(errors="replace")
            assert not machine.search(text), name
            if "lock" in path.name:
                assert "://" not in text, name


def test_every_service_says_what_it_does() -> None:
    for service in SERVICES:
        readme = (ROOT / "services" / service / "README.md").read_text()
        assert "```mermaid" in readme
