"""One performance: start the stack, play the year, drain, check the ledger, write the report, stop."""

import asyncio
import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from platform import python_version
from signal import SIGTERM
from typing import Final

import asyncpg
from rich.console import Console

from demo import showing
from demo.cast import Cast
from demo.ledger import checks, evidence, intents
from demo.ledger.draining import Drain
from demo.ledger.evidence import Evidence
from demo.people import Desk
from demo.play import year
from demo.play.stage import Known, Stage
from demo.report import gathering, page
from demo.report.story import Check, Label, Phase, Story
from embedded import stack
from embedded.commands.folders import clean
from embedded.databases import SERVICES
from embedded.run import Run
from embedded.stack import Stack
from embedded.trouble import Trouble

KAFKA: Final = "4.4.0"


@dataclass(frozen=True, slots=True)
class Options:
    cast: Cast
    folder: Path
    report: Path
    keep: bool = False


@dataclass(slots=True)
class _Course:
    """How the performance goes: what took how long, since when."""

    started: float = field(default_factory=time.monotonic)
    phases: list[Phase] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    @contextmanager
    def phase(self, ko: str, en: str) -> Iterator[None]:
        started = time.monotonic()
        yield
        self.phases.append(Phase(Label(ko, en), time.monotonic() - started))


@dataclass(frozen=True, slots=True)
class Performance:
    """What is left of it: the story that the report tells, and the evidence it was told from.

    Neither belongs into a representation: asyncio makes one of a task's result, of seconds' length here.
    """

    story: Story = field(repr=False)
    evidence: Evidence = field(repr=False)


async def perform(options: Options, console: Console) -> Performance:
    """The whole performance.

    Raises:
        DemoFailed: a service answered otherwise than the play needs, or something did not drain.
        Trouble: the stack cannot be started.
    """
    _end_on_sigterm()
    _empty(options.folder)
    course = _Course()
    console.print("이음: 모의 데이터로 한 해를 치릅니다. Ieum plays a year with simulated data.")
    stopping = 0.0
    async with stack.running(options.folder, say=console.print) as running:
        await _start_services(running)
        run = running.describe()
        run.write(running.folder.run)
        course.phases.append(Phase(Label("스택 시작", "start the stack"), course.seconds))
        played = await _play(options, running, course, console)
        if options.keep:
            story = _tell(options, run, played, course)
            showing.summary(console, story, options.report)
            showing.addresses(console, run, _tokens(running, played.found))
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
            return Performance(story, played.found)
        stopping = time.monotonic()
    course.phases.append(Phase(Label("스택 정지", "stop the stack"), time.monotonic() - stopping))
    story = _tell(options, run, played, course)
    showing.summary(console, story, options.report)
    return Performance(story, played.found)


def _empty(folder: Path) -> None:
    """Remove what an earlier performance left there; anything else is not ours to remove."""
    if folder.exists() and any(folder.iterdir()) and not (folder / "lock").is_file():
        raise Trouble(f"{folder} holds something else than a stack; the demo would remove it.")
    clean(folder)


async def _start_services(running: Stack) -> None:
    await running.migrate()
    started = [running.launch(service, environment=_SETTINGS) for service in SERVICES]
    await asyncio.gather(*(process.ready() for process in started))


_SETTINGS: Final = {
    # Weeks pass in a second here, and nothing may be left under way when they do.
    "MAIL_POLL_SECONDS": "0.1",
    "IMPORT_POLL_SECONDS": "0.1",
    "RETENTION_SWEEP_SECONDS": "0.5",
    # The report draws one trace of a submission; one in five is enough to choose from.
    "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
    "OTEL_TRACES_SAMPLER_ARG": "0.2",
}


@dataclass(frozen=True, slots=True)
class _Played:
    found: Evidence
    known: Known
    checks: tuple[Check, ...]
    versions: tuple[tuple[str, str], ...]


async def _play(options: Options, running: Stack, course: _Course, console: Console) -> _Played:
    run = running.describe()
    databases = {service: database.url for service, database in run.databases.items()}
    file = options.folder / "ledger.jsonl"
    async with Drain(run.bootstrap_servers, databases) as drain:
        with showing.progress(console) as bars:
            async with Desk(run.services, intents.Ledger(file)) as desk:
                stage = Stage(options.cast, running, desk, drain, bars)
                await year.play(stage)
                course.phases.extend(stage.phases)
        with course.phase("모두 처리될 때까지", "drain"):
            await drain.drained(sealed=True)
    with course.phase("장부 확인", "check the ledger"), _nothing_collected():
        found = await evidence.gather(intents.read(file), run.bootstrap_servers, databases)
        checked = checks.check(found)
    return _Played(found, stage.known, checked, await _versions(run))


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """All that is read stays until the end: to look for garbage in it takes as long as to read it."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _tell(options: Options, run: Run, played: _Played, course: _Course) -> Story:
    """Write the report."""
    title = Label(
        "한 학교(모의)의 신청서 제출이 세 서비스를 거쳐 접수 안내 메일로 끝납니다.",
        "A school's (simulated) submission goes through three services and ends as a receipt by mail.",
    )
    trace = gathering.trace_of(run.spans, played.found, title)
    account = gathering.Run(options.cast, played.known, tuple(course.phases), course.seconds, played.versions)
    story = gathering.tell(account, played.found, played.checks, trace)
    options.report.write_text(page.render(story), encoding="utf-8")
    return story


async def _versions(run: Run) -> tuple[tuple[str, str], ...]:
    connection = await asyncpg.connect(run.databases["applications"].url)
    try:
        postgres = await connection.fetchval("show server_version")
    finally:
        await connection.close()
    return ("Apache Kafka", KAFKA), ("PostgreSQL", postgres.split()[0]), ("Python", python_version())


def _tokens(running: Stack, found: Evidence) -> dict[str, str]:
    """Somebody of each kind to look around as."""
    placed = next((event.data for event in found.told if event.name == "student-placed"), None)
    tokens = {"an officer": running.issuer.token("officer-simulated-1", ["officer"])}
    if placed:
        for role in ("school", "company", "student"):
            party = placed[role]
            tokens[f"a {role}, {party}"] = running.issuer.token(f"staff-{party}", [role], party)
    return tokens


def _end_on_sigterm() -> None:
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(SIGTERM, task.cancel)
