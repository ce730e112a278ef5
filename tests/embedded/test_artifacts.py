"""Kafka's jars are exactly those of the lock file."""

import dataclasses
import hashlib
from pathlib import Path

import pytest

from embedded import artifacts
from embedded.artifacts import Jar
from embedded.trouble import Trouble


def silent(_: str) -> None:
    pass


def names(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir()]


def smallest() -> Jar:
    return next(jar for jar in artifacts.locked() if jar.artifact == "jspecify")


async def test_a_complete_cache_is_used_without_a_word() -> None:
    await artifacts.class_path(silent)
    said: list[str] = []
    jars = await artifacts.class_path(said.append)
    assert said == []
    assert [hashlib.sha256(jar.read_bytes()).hexdigest() for jar in jars] == [
        jar.sha256 for jar in artifacts.locked()
    ]


async def test_a_damaged_jar_is_fetched_anew(tmp_path: Path) -> None:
    jar = smallest()
    (tmp_path / jar.file).write_bytes(b"half of it")
    said: list[str] = []
    assert await artifacts.class_path(said.append, tmp_path, [jar]) == [tmp_path / jar.file]
    assert jar.is_whole(tmp_path / jar.file)
    assert said == [f"Fetching 1 jars of Apache Kafka into {tmp_path} …"]
    assert names(tmp_path) == [jar.file]


async def test_a_jar_that_is_not_the_one_that_was_locked_is_refused(tmp_path: Path) -> None:
    other = dataclasses.replace(smallest(), sha256="0" * 64)
    with pytest.raises(Trouble, match=r"is not the file of jgo.lock.toml \(SHA-256 differs\)"):
        await artifacts.class_path(silent, tmp_path, [other])
    assert names(tmp_path) == []


async def test_a_jar_that_the_repository_does_not_have_is_told(tmp_path: Path) -> None:
    never = dataclasses.replace(smallest(), version="0.0.0-never-was")
    with pytest.raises(Trouble, match="could not be fetched from Maven Central"):
        await artifacts.class_path(silent, tmp_path, [never])


def test_the_lock_names_no_addresses_and_a_digest_for_each_jar() -> None:
    assert "://" not in artifacts.LOCK.read_text()
    assert len(artifacts.locked()) > 40
    assert all(len(jar.sha256) == 64 for jar in artifacts.locked())
