"""Maven Central by way of jgo. Apart from `artifacts`: only a first start needs it, and it loads slowly."""

import tempfile
import time
from pathlib import Path
from typing import Final

from jgo.env import EnvironmentSpec, LockFile
from jgo.maven import MavenContext, PythonResolver

from embedded.artifacts import LOCK, SPEC, Jar
from embedded.trouble import Trouble

TIMEOUT: Final = 60
"""Seconds without an answer from the repository."""
ATTEMPTS: Final = 3


def fetch(jar: Jar, folder: Path) -> None:
    """Puts a jar into `folder`: whole or not at all, so that two who fetch at once do each other no harm.

    Raises:
        Trouble: the repository cannot be reached, or gives something else.
        OSError: of the disk.
    """
    reason = f"{jar.file} could not be fetched from Maven Central; is the network there?"
    for attempt in range(ATTEMPTS):
        time.sleep(attempt)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            component = _context(Path(scratch)).project(jar.group, jar.artifact).at_version(jar.version)
            try:
                fetched = component.artifact().resolve()
            except (OSError, RuntimeError) as error:
                if isinstance(error, OSError) and error.errno is not None:
                    raise  # of the disk; those of the network bear no number
                continue
            if jar.is_whole(fetched):
                fetched.replace(folder / jar.file)
                return
            reason = f"{jar.file} from Maven Central is not the file of {LOCK.name} (SHA-256 differs)."
    raise Trouble(reason)


def lock() -> None:
    """Resolve the jars of Kafka (jgo.toml) anew into the lock file."""
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
