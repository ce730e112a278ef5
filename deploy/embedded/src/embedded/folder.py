"""The working folder: everything the stack keeps, in the hands of one supervisor at a time."""

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from embedded.trouble import Trouble, of_disk

ROOM: Final = 300 * 1024 * 1024
"""Bytes that must be free to begin with; an empty stack takes about 150 MB."""


class Memory(BaseModel):
    """What is chosen once and kept: ports of the last run, passwords, the id of the Kafka cluster."""

    model_config = ConfigDict(frozen=True)

    ports: dict[str, int] = Field(default_factory=dict)
    passwords: dict[str, str] = Field(default_factory=dict)
    cluster: str = Field(default_factory=lambda: secrets.token_urlsafe(16))


def write_private(file: Path, text: str) -> None:
    """Replaces `file` at once and whole, readable by its owner only.

    Raises:
        Trouble: the disk does not take it.
    """
    new = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        new.replace(file)
    except OSError as error:
        new.unlink(missing_ok=True)
        raise of_disk(error, file.parent) from error


class Folder:
    """Where things are below the working folder."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.logs = self.path / "logs"
        self.pids = self.path / "pids"
        self.run = self.path / "run.json"
        self.spans = self.path / "spans.jsonl"
        self.issuer = self.path / "issuer"
        self.mailbox = self.path / "mailbox"
        self.keys = self.path / "keys"
        self._memory = self.path / "memory.json"
        self._lock = self.path / "lock"

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    @contextmanager
    def held(self, *, room: int = ROOM) -> Iterator[None]:
        """Nobody else uses the folder meanwhile; the lock goes with the process that holds it.

        Args:
            room: Bytes that must be free on its disk.

        Raises:
            Trouble: another process holds it, or the disk refuses or is full.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = self._lock.open("a+")
        except OSError as error:
            raise of_disk(error, self.path) from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                holder = lock.read().strip() or "unknown"
                raise Trouble(f"A stack is already running in {self.path} (process {holder}).") from None
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            self._require_room(room)
            yield

    def _require_room(self, room: int) -> None:
        free = shutil.disk_usage(self.path).free
        if free < room:
            raise Trouble(
                f"No space is left on the disk of {self.path}: {free >> 20} MB are free,"
                f" the stack needs {room >> 20} MB."
            )

    def recall(self) -> Memory:
        """Raises: Trouble: the file is there and is not legible."""
        try:
            return Memory.model_validate_json(self._memory.read_bytes())
        except FileNotFoundError:
            return Memory()
        except (OSError, ValidationError) as error:
            raise Trouble(f"{self._memory} is not legible; `make clean` starts anew.") from error

    def remember(self, memory: Memory) -> None:
        write_private(self._memory, memory.model_dump_json(indent=2))
