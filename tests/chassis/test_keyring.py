"""Sealed values: who holds the key reads them, in their own place, and nobody changes them unseen."""

import json
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import keyring
from chassis.keyring import KeyMissing, Keyring, Keys, KeysUnusable, Place, Sealer, Unreadable

NAME = Place("person", "name", "stu_1")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "keys" / "placement.json"
    keyring.make(made)
    return made


def test_the_file_is_made_once_and_for_its_owner_alone(file: Path) -> None:
    before = file.read_bytes()
    keyring.make(file)
    assert file.read_bytes() == before
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]


def test_a_value_opens_in_its_own_place_alone(file: Path) -> None:
    ring = Keyring(file)
    sealed = ring.primary().seal("심어둔 이름".encode(), NAME)
    assert ring.open(sealed, NAME).decode() == "심어둔 이름"
    for moved in (
        Place("person", "name", "stu_2"),
        Place("person", "birth_date", "stu_1"),
        Place("contact", "name", "stu_1"),
        Place("person\0name", "", "stu_1"),
    ):
        with pytest.raises(Unreadable):
            ring.open(sealed, moved)


@given(value=st.binary(max_size=200), at=st.integers(0, 300), bit=st.integers(0, 7))
def test_no_bit_of_a_sealed_value_can_be_changed_unseen(value: bytes, at: int, bit: int) -> None:
    keys = Keys.made()
    sealer = Sealer(keys.primary, keyring.cipher(keys.secrets[keys.primary]))
    sealed = bytearray(sealer.seal(value, NAME))
    sealed[at % len(sealed)] ^= 1 << bit
    with pytest.raises(Unreadable):
        keyring.open_with({keys.primary: keyring.cipher(keys.secrets[keys.primary])}, bytes(sealed), NAME)


def test_the_same_value_is_never_sealed_alike(file: Path) -> None:
    sealer = Keyring(file).primary()
    assert len({sealer.seal(b"same", NAME) for _ in range(100)}) == 100


def test_a_new_key_is_taken_up_without_a_restart_and_the_old_one_still_opens(file: Path) -> None:
    ring = Keyring(file)
    old = ring.primary().seal(b"old", NAME)
    elsewhere = Keyring(file)
    elsewhere.keys.with_new().write(file)
    new = ring.primary()
    assert new.key != keyring.key_of(old)
    assert ring.open(old, NAME) == b"old"
    assert elsewhere.open(new.seal(b"new", NAME), NAME) == b"new"


def test_without_its_key_a_value_stays_shut_and_the_key_is_named(file: Path) -> None:
    ring = Keyring(file)
    sealed = ring.primary().seal(b"value", NAME)
    gone = ring.primary().key
    ring.keys.with_new().without(gone).write(file)
    assert ring.primary().key != gone
    with pytest.raises(KeyMissing, match=gone):
        ring.open(sealed, NAME)


def test_keys_show_in_no_representation(file: Path) -> None:
    ring = Keyring(file)
    secret = json.loads(file.read_text())["keys"][ring.keys.primary]
    said = f"{ring!r} {ring.keys!r} {ring.primary()!r}"
    assert secret not in said
    assert repr(ring.keys.secrets[ring.keys.primary]) not in said


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "{}", '{"primary": 1, "keys": {"1": 2}}'),
        '{"primary": "0011223344556677", "keys": {}}',
        '{"primary": "0011223344556677", "keys": {"0011223344556677": "c2hvcnQ="}}',
    ],
)
def test_a_file_without_keys_is_refused_by_name(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(KeysUnusable, match=file.name):
        Keyring(file)


def test_a_file_that_others_may_read_or_that_is_missing_is_refused(file: Path) -> None:
    file.chmod(0o644)
    with pytest.raises(KeysUnusable, match="open to every user"):
        Keyring(file)
    file.unlink()
    with pytest.raises(KeysUnusable, match="cannot be read"):
        Keyring(file)
