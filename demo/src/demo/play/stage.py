"""The stage: tokens, the clock, progress bars, and what the players know so far."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from rich.progress import Progress

from demo.cast import Applicant, Cast
from demo.ledger.draining import Drain
from demo.people import Desk, Person
from demo.report.story import Label, Phase
from embedded import clock
from embedded.stack import Stack


@dataclass(slots=True)
class Application:
    """What became of an applicant as far as its school was told."""

    applicant: Applicant
    school: Person
    id: str
    receipt: str | None = None


@dataclass(slots=True)
class Known:
    """What the players have learned: ids that services gave."""

    schools: dict[str, str] = field(default_factory=dict)
    call: str = ""
    applications: list[Application] = field(default_factory=list)
    selected: list[str] = field(default_factory=list)
    designations: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unselected: str = ""
    # What officers and schools looked at and the report shows, by a name of the play's own.
    shown: dict[str, Any] = field(default_factory=dict)


class Stage:
    """What all phases share."""

    def __init__(self, cast: Cast, stack: Stack, desk: Desk, drain: Drain, progress: Progress) -> None:
        self.cast: Final = cast
        self.desk: Final = desk
        self.drain: Final = drain
        self.known: Final = Known()
        self.phases: Final[list[Phase]] = []
        self._stack = stack
        self._progress = progress
        self._people: dict[tuple[str, str | None], Person] = {}
        self.officer: Final = self.person("officer-simulated-1", "officer")
        self.second_officer: Final = self.person("officer-simulated-2", "officer")

    def person(self, sub: str, role: str, party: str | None = None) -> Person:
        """Somebody signed in by a token of the development issuer."""
        key = (sub, party)
        if key not in self._people:
            token = self._stack.issuer.token(sub, [role], party)
            self._people[key] = Person(sub, (role,), party, token)
        return self._people[key]

    def school(self, school: str) -> Person:
        """A member of a school's staff."""
        return self.person(f"staff-{school}", "school", school)

    def company(self, company: str) -> Person:
        return self.person(f"staff-{company}", "company", company)

    def student(self, student: str) -> Person:
        return self.person(f"self-{student}", "student", student)

    async def clock_to(self, moment: datetime) -> None:
        """Let the programme's clock go on from `moment`, in all databases.

        What is under way comes to its end first, as it would in the weeks between: mail that is still to be
        sent must not be overtaken by its deadline.
        """
        await self.drain.drained()
        await clock.move_to([database.admin_url for database in self._stack.databases.values()], moment)

    @contextmanager
    def phase(self, label: Label, total: int) -> Iterator[Callable[[], None]]:
        """A part of the play with a progress bar; gives what to call when a step is done."""
        task = self._progress.add_task(f"{label.ko} [dim]{label.en}[/dim]", total=total)
        started, before = time.monotonic(), self.desk.requests
        yield lambda: self._progress.advance(task)
        self._progress.update(task, completed=total)
        self.phases.append(Phase(label, time.monotonic() - started, self.desk.requests - before))
