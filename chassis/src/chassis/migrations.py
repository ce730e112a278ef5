"""Migrations: plain SQL by dbmate, those of the chassis first, then `web`'s, then the service's own.

Each has a version table of its own, so their numbers never meet.
"""

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

LAYERS: Final = ("chassis", "web")


class MigrationFailed(Exception):  # noqa: N818 - what happened
    """A migration could not be applied; the message is dbmate's own."""


def folders(service: str) -> list[tuple[str, Path]]:
    """Where the migrations of a service's database stand: (layer, folder), in the order they are applied."""
    return [
        (layer, _package(layer) / "migrations")
        for layer in LAYERS
        if (_package(layer) / "migrations").is_dir()
    ] + [(service, _package(service).parents[1] / "migrations")]


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        message = f"the package {name} is not installed"
        raise MigrationFailed(message)
    return Path(spec.origin).parent


def migrate(service: str, owner_url: str) -> None:
    """Bring a service's database up to date, as the owner of its schema.

    Raises:
        MigrationFailed: a migration does not apply; those before it stay applied.
    """
    for layer, folder in folders(service):
        _dbmate(layer, folder, owner_url, "--wait", "migrate")


def pending(service: str, owner_url: str) -> bool:
    """Whether there are migrations that this database has not seen."""
    return any("[ ]" in _dbmate(layer, folder, owner_url, "status") for layer, folder in folders(service))


def _dbmate(layer: str, folder: Path, url: str, *command: str) -> str:
    program = shutil.which("dbmate", path=str(Path(sys.executable).parent)) or "dbmate"
    separator = "&" if "?" in url else "?"
    done = subprocess.run(  # noqa: S603 - our own program and folders
        [
            program,
            "--url",
            f"{url}{separator}sslmode=disable" if "sslmode=" not in url else url,
            "--no-dump-schema",
            "--migrations-dir",
            str(folder),
            "--migrations-table",
            f"migrations_{layer}",
            *command,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise MigrationFailed(f"{layer}: {(done.stderr or done.stdout).strip().splitlines()[-1]}")
    return done.stdout
