"""Kafka's jars are exactly those of the lock file."""

import hashlib
import shutil
from pathlib import Path

import pytest
from jgo.env import LockFile

from embedded import artifacts
from embedded.trouble import Trouble

SMALLEST = "jspecify-1.0.0.jar"


@pytest.fixture
async def copy(tmp_path: Path) -> Path:
    """A cache of our own, complete."""
    for jar in await artifacts.class_path(lambda _: None):
        shutil.copy(jar, tmp_path)
    return tmp_path


async def test_a_complete_cache_is_used_without_a_word(copy: Path) -> None:
    said: list[str] = []
    jars = await artifacts.class_path(said.append, copy)
    assert said == []
    locked = LockFile.load(artifacts.LOCK).dependencies
    assert [hashlib.sha256(jar.read_bytes()).hexdigest() for jar in jars] == [jar.sha256 for jar in locked]


async def test_a_damaged_jar_is_fetched_anew(copy: Path) -> None:
    jar = copy / SMALLEST
    whole = jar.read_bytes()
    jar.unlink()
    jar.write_bytes(whole[:100])
    said: list[str] = []
    await artifacts.class_path(said.append, copy)
    assert jar.read_bytes() == whole
    assert said == [f"Fetching 1 jars of Apache Kafka into {copy} …"]


async def test_a_jar_that_is_not_the_one_that_was_locked_is_refused(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = LockFile.load(artifacts.LOCK)
    (jar,) = (one for one in lock.dependencies if artifacts.file_name(one) == SMALLEST)
    jar.sha256 = "0" * 64
    lock.save(copy / "lock.toml")
    monkeypatch.setattr(artifacts, "LOCK", copy / "lock.toml")
    with pytest.raises(Trouble, match=r"is not the file of jgo.lock.toml \(SHA-256 differs\)"):
        await artifacts.class_path(lambda _: None, copy)


async def test_a_jar_that_the_repository_does_not_have_is_told(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = LockFile.load(artifacts.LOCK)
    lock.dependencies[0].version = "0.0.0-never-was"
    lock.save(copy / "lock.toml")
    monkeypatch.setattr(artifacts, "LOCK", copy / "lock.toml")
    with pytest.raises(Trouble, match="could not be fetched from Maven Central"):
        await artifacts.class_path(lambda _: None, copy)


def test_the_lock_names_no_addresses_and_a_digest_for_each_jar() -> None:
    assert "://" not in artifacts.LOCK.read_text()
    assert all(len(jar.sha256 or "") == 64 for jar in LockFile.load(artifacts.LOCK).dependencies)
