"""`make up`: everything started, watched, and stopped in order."""

import asyncio
import signal
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from embedded import processes, stack
from embedded.databases import SERVICES
from embedded.kafka import FAILURES
from embedded.stack import PORTS, Stack
from embedded.trouble import Trouble, of_server

LOOK: Final = 0.5
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def asked(ports: Iterable[str]) -> dict[str, int]:
    """Ports by name, from texts like `applications=8001`.

    Raises:
        Trouble: it is not of that form, or nothing listens under that name.
    """
    chosen: dict[str, int] = {}
    for text in ports:
        name, _, number = text.partition("=")
        if name not in PORTS or not number.isdecimal() or not 0 < int(number) < 2**16:
            raise Trouble(f"{text} is not NAME=PORT with a name of {', '.join(PORTS)}.")
        chosen[name] = int(number)
    return chosen


async def up(folder: Path, ports: dict[str, int], say: Callable[[str], None]) -> None:
    """Starts the stack and all services in `folder` and stays until a signal says stop.

    Raises:
        Trouble: it cannot be started, or one of the servers ended by itself.
    """
    stop = _Stop()
    try:
        async with stack.running(folder, services=SERVICES, asked=ports, say=say) as running:
            running.describe().write(running.folder.run)
            _tell(running, say)
            stop.say = say
            await _watch(running, say)
    except asyncio.CancelledError:
        if not stop.asked:
            raise
    say("Stopped; the data stays until `make clean`.")


class _Stop:
    """Ends the task that made it at the first signal, wherever that stands; further ones change nothing."""

    def __init__(self) -> None:
        self.asked = False
        self.say: Callable[[str], None] = stack.silent
        self._task = asyncio.current_task()
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self._ask)

    def _ask(self) -> None:
        if not self.asked and self._task is not None:
            self.asked = True
            self.say("Stopping …")
            self._task.cancel()


async def _watch(running: Stack, say: Callable[[str], None]) -> None:
    told: set[str] = set()
    while True:
        for name, child in running.children().items():
            if child.status is None or name in told:
                continue
            told.add(name)
            end = f"{name} has ended by itself ({_how(child.status)}, see {running.folder.log(name)})"
            if name in running.services:
                say(f"{end}: {running.services[name].last_words()}" if child.status > 0 else end)
            else:
                words = processes.last_words(running.folder.log(name), FAILURES)
                raise of_server(f"{end}: {words}", running.folder.path)
        await asyncio.sleep(LOOK)


def _how(status: int) -> str:
    return signal.Signals(-status).name if status < 0 else f"exit status {status}"


def _tell(running: Stack, say: Callable[[str], None]) -> None:
    say("Ieum is up.")
    for label, process in running.services.items():
        say(f"  {label:14} {process.url}   documentation {process.url}/docs")
    say(f"  {'Kafka':14} {running.bootstrap}")
    say(f"  {'PostgreSQL':14} 127.0.0.1:{running.postgres.port}, passwords in {running.folder.run}")
    say(f"  {'logs':14} {running.folder.logs}")
    say("A bearer token: make token SUB=somebody ROLE=officer. Ctrl-C stops everything.")
