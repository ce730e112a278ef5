"""`make up`: the stack and the four services as one program."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from tests.embedded.conftest import EMBEDDED
from tests.patience import PATIENCE

from embedded import spans
from embedded.databases import SERVICES
from embedded.folder import Folder
from embedded.issuer import Issuer
from embedded.run import Run


@contextmanager
def up(folder: Path) -> Iterator[tuple["subprocess.Popen[str]", Run]]:
    """`embedded up`, once it says that it is."""
    program = [str(EMBEDDED), "up", "--folder", str(folder)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            said = []
            assert process.stdout is not None
            for line in process.stdout:
                said.append(line)
                if line.startswith("Ieum is up."):
                    break
            else:
                pytest.fail("".join(said))
            yield process, Run.of(Folder(folder))
        finally:
            process.kill()


def get(address: str, path: str, token: str | None = None) -> int:
    connection = HTTPConnection(urlsplit(address).netloc, timeout=30)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"} if token else {})
        return connection.getresponse().status
    finally:
        connection.close()


def wait_until(condition: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, what
        time.sleep(0.05)


def ended(numbers: dict[str, int]) -> bool:
    return not any(
        psutil.pid_exists(n) and psutil.Process(n).status() != psutil.STATUS_ZOMBIE for n in numbers.values()
    )


@pytest.mark.timeout(600)
def test_up_serves_and_tells_comes_back_from_a_kill_and_stops_in_order(working_folder: Path) -> None:
    folder = Folder(working_folder)
    with up(working_folder) as (process, run):
        assert set(run.services) == set(SERVICES)
        for address in run.services.values():
            assert get(address, "/readyz") == 200
            assert get(address, "/docs") == 200
        token = Issuer.open(folder.issuer).token("somebody", ["officer"])
        assert get(run.services["applications"], "/schools") == 401
        assert get(run.services["applications"], "/schools", token) == 200
        wait_until(lambda: any(s["kind"] == "SERVER" for s in spans.read(run.spans)), "no span was kept")

        os.kill(run.processes["placement"], signal.SIGKILL)
        assert process.stdout is not None
        told = next(line for line in process.stdout if "ended" in line)
        assert told.startswith("placement has ended by itself (SIGKILL, see ")
        assert get(run.services["applications"], "/readyz") == 200

        for number in run.processes.values():
            if psutil.pid_exists(number):
                os.kill(number, signal.SIGKILL)
        wait_until(lambda: ended(run.processes), "something outlived the kill")

    with up(working_folder) as (process, again):
        assert again.services == run.services
        assert again.databases == run.databases
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
        assert process.stdout is not None
        assert process.stdout.read().endswith("Stopped; the data stays until `make clean`.\n")
    assert ended(again.processes)
    assert not folder.run.exists()
    ends = [folder.log(name).stat().st_mtime_ns for name in (*SERVICES, "kafka", "postgres")]
    assert max(ends[:4]) < ends[4] < ends[5]
    assert "database system is shut down" in folder.log("postgres").read_text().splitlines()[-1]


@pytest.mark.timeout(600)
def test_a_server_that_dies_takes_the_rest_down_and_says_so(working_folder: Path) -> None:
    with up(working_folder) as (process, run):
        os.kill(run.processes["kafka"], signal.SIGKILL)
        assert process.wait(PATIENCE) == 1
        assert process.stdout is not None
        last = process.stdout.read().splitlines()[-1]
        assert last.startswith("kafka has ended by itself (SIGKILL, see ")
    assert ended(run.processes)
