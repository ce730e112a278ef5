"""Kafka's jars: exactly those of the lock file, fetched once a user, checked against their SHA-256."""

import asyncio
import hashlib
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import platformdirs
from jgo.env import EnvironmentSpec, LockedDependency, LockFile
from jgo.maven import MavenContext, PythonResolver

from embedded.trouble import Trouble, of_disk

HERE: Final = Path(__file__).parent
SPEC: Final = HERE / "jgo.toml"
LOCK: Final = HERE / "jgo.lock.toml"
TIMEOUT: Final = 60
"""Seconds without an answer from the repository."""
ATTEMPTS: Final = 3
AT_ONCE: Final = 6


def cache() -> Path:
    """The user's own cache: it outlives working folders and clones."""
    return platformdirs.user_cache_path("ieum") / "maven"


async def class_path(say: Callable[[str], None], folder: Path | None = None) -> list[Path]:
    """The jars of the lock file in its order, fetched where they are missing or damaged.

    Raises:
        Trouble: the repository cannot be reached, gives something else, or the disk refuses.
    """
    folder = folder or cache()
    locked = LockFile.load(LOCK).dependencies
    if missing := await asyncio.to_thread(_missing, locked, folder):
        say(f"Fetching {len(missing)} jars of Apache Kafka into {folder} …")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            await _fetch_all(missing, folder)
        except OSError as error:
            raise of_disk(error, folder) from error
    return [folder / file_name(jar) for jar in locked]


def lock() -> None:
    """Resolves the coordinates of jgo.toml anew into the lock file."""
    with tempfile.TemporaryDirectory() as folder:
        context = _context(Path(folder))
        wanted = [
            context.create_dependency(coordinate) for coordinate in EnvironmentSpec.load(SPEC).coordinates
        ]
        inputs, transitive = context.resolver.resolve(wanted)
        needed = [*inputs, *(found for found in transitive if found.scope in {"compile", "runtime"})]
        LockFile.from_resolved_dependencies(needed, environment_name="kafka").save(LOCK)


def _context(folder: Path) -> MavenContext:
    return MavenContext(resolver=PythonResolver(), repo_cache=folder, timeout=TIMEOUT)


def file_name(jar: LockedDependency) -> str:
    return f"{jar.artifactId}-{jar.version}.jar"


def _missing(locked: Iterable[LockedDependency], folder: Path) -> list[LockedDependency]:
    return [jar for jar in locked if not _is_whole(folder / file_name(jar), jar)]


def _is_whole(file: Path, jar: LockedDependency) -> bool:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest() == jar.sha256
    except OSError:
        return False


async def _fetch_all(jars: Iterable[LockedDependency], folder: Path) -> None:
    turns = asyncio.Semaphore(AT_ONCE)

    async def fetch(jar: LockedDependency) -> None:
        # A thread each, so that whoever waits can be stopped in between.
        async with turns:
            await asyncio.to_thread(_fetch, jar, folder)

    fetches = [asyncio.ensure_future(fetch(jar)) for jar in jars]
    try:
        await asyncio.gather(*fetches)
    finally:
        for rest in fetches:
            rest.cancel()


def _fetch(jar: LockedDependency, folder: Path) -> None:
    """Whole or not at all, so that two who fetch at once do each other no harm.

    Raises:
        Trouble: as `class_path` says.
    """
    name = file_name(jar)
    reason = f"{name} could not be fetched from Maven Central; is the network there?"
    for attempt in range(ATTEMPTS):
        time.sleep(attempt)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            component = _context(Path(scratch)).project(jar.groupId, jar.artifactId).at_version(jar.version)
            try:
                fetched = component.artifact().resolve()
            except (OSError, RuntimeError) as error:
                if isinstance(error, OSError) and error.errno is not None:
                    raise  # of the disk; those of the network bear no number
                continue
            if _is_whole(fetched, jar):
                fetched.replace(folder / name)
                return
            reason = f"{name} from Maven Central is not the file of jgo.lock.toml (SHA-256 differs)."
    raise Trouble(reason)
