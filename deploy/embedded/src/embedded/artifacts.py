"""Kafka's jars: exactly those of the lock file, fetched once a user, checked against their SHA-256."""

import asyncio
import hashlib
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Final

import platformdirs

from embedded.trouble import of_disk

HERE: Final = Path(__file__).parent
SPEC: Final = HERE / "jgo.toml"
LOCK: Final = HERE / "jgo.lock.toml"
AT_ONCE: Final = 6


@dataclass(frozen=True, slots=True)
class Jar:
    """One jar by its Maven coordinates, and the SHA-256 of its bytes as lower-case hex."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def file(self) -> str:
        return f"{self.artifact}-{self.version}.jar"

    def is_whole(self, file: Path) -> bool:
        try:
            return hashlib.sha256(file.read_bytes()).hexdigest() == self.sha256
        except OSError:
            return False


def cache() -> Path:
    """The user's own cache: it outlives working folders and clones."""
    return platformdirs.user_cache_path("ieum") / "maven"


def locked(lock: Path = LOCK) -> list[Jar]:
    """The jars of jgo's lock file, in its order."""
    dependencies = tomllib.loads(lock.read_text())["dependencies"]
    return [Jar(d["groupId"], d["artifactId"], d["version"], d["sha256"]) for d in dependencies]


async def class_path(
    say: Callable[[str], None], folder: Path | None = None, jars: Iterable[Jar] | None = None
) -> list[Path]:
    """The jars (those of the lock file) in `folder` (the cache), fetched where they are missing or damaged.

    Raises:
        Trouble: the repository cannot be reached, gives something else, or the disk refuses.
    """
    folder = folder or cache()
    jars = list(jars or locked())
    if missing := await asyncio.to_thread(_missing, jars, folder):
        say(f"Fetching {len(missing)} jars of Apache Kafka into {folder} …")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            await _fetch_all(missing, folder)
        except OSError as error:
            raise of_disk(error, folder) from error
    return [folder / jar.file for jar in jars]


def _missing(jars: Iterable[Jar], folder: Path) -> list[Jar]:
    return [jar for jar in jars if not jar.is_whole(folder / jar.file)]


async def _fetch_all(jars: Iterable[Jar], folder: Path) -> None:
    maven = import_module("embedded.maven")
    turns = asyncio.Semaphore(AT_ONCE)

    async def fetch(jar: Jar) -> None:
        # A thread each, so that whoever waits can be stopped in between.
        async with turns:
            await asyncio.to_thread(maven.fetch, jar, folder)

    fetches = [asyncio.ensure_future(fetch(jar)) for jar in jars]
    try:
        await asyncio.gather(*fetches)
    finally:
        for rest in fetches:
            rest.cancel()
