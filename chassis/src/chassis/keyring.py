"""Keys for columns that hold personal data, and how a value is sealed: AES-256-GCM, column by column.

A sealed value is `01 | key id (8 bytes) | nonce (12) | ciphertext | tag (16)`. What it belongs to (table,
column and the row's key) is authenticated with it, so a value that is moved to another row or column does
not open. Keys stand in a file of their own, which the service's settings name; it is read again when it
changes, so that a new key needs no restart.
"""

import base64
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, NewType, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KeyId = NewType("KeyId", str)
"""Sixteen hexadecimal digits."""

VERSION: Final = b"\x01"
_ID: Final = 8
_NONCE: Final = 12
_SECRET: Final = 32
_HEAD: Final = len(VERSION) + _ID + _NONCE


class KeysUnusable(Exception):  # noqa: N818 - what is wrong with a file
    """The file of keys is missing, illegible, or open to others; the message names the file, never a key."""


class Unreadable(Exception):  # noqa: N818 - a state of a value
    """A sealed value does not open: it was changed or moved, or its key is not here (`KeyMissing`)."""


class KeyMissing(Unreadable):
    """The key that a value was sealed with is not in the file; it may come back."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value belongs; `row` is the primary key of its row."""

    table: str
    column: str
    row: str

    def bound(self) -> bytes:
        return f"{self.table}\0{self.column}\0{self.row}".encode()


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals with one key."""

    key: KeyId
    _cipher: AESGCM = field(repr=False)

    def seal(self, value: bytes, place: Place) -> bytes:
        nonce = os.urandom(_NONCE)
        return VERSION + bytes.fromhex(self.key) + nonce + self._cipher.encrypt(nonce, value, place.bound())


@dataclass(frozen=True, slots=True)
class Keys:
    """What stands in the file; new values are sealed with `primary`."""

    primary: KeyId
    secrets: Mapping[KeyId, bytes] = field(repr=False)

    @classmethod
    def made(cls) -> Self:
        """One new key."""
        first = _new_id()
        return cls(first, {first: secrets.token_bytes(_SECRET)})

    def with_new(self) -> Self:
        """The same with another key, which is the primary one from then on."""
        new = _new_id()
        return replace(self, primary=new, secrets={**self.secrets, new: secrets.token_bytes(_SECRET)})

    def without(self, key: KeyId) -> Self:
        return replace(self, secrets={each: s for each, s in self.secrets.items() if each != key})

    def write(self, file: Path) -> None:
        """Replace the file at once and whole, readable by its owner alone."""
        document = {
            "primary": self.primary,
            "keys": {each: base64.b64encode(secret).decode() for each, secret in self.secrets.items()},
        }
        file.parent.mkdir(parents=True, exist_ok=True)
        new = file.with_name(f".{file.name}.{os.getpid()}")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(document, stream, indent=2)
            stream.flush()
            os.fsync(stream.fileno())
        new.replace(file)

    @classmethod
    def read(cls, file: Path) -> Self:
        """Raises: KeysUnusable."""
        try:
            if file.stat().st_mode & 0o007:
                raise KeysUnusable(f"{file} is open to every user; its mode must be 0600 or 0640")
            document = json.loads(file.read_text())
            known = {KeyId(each): base64.b64decode(text) for each, text in document["keys"].items()}
            primary = KeyId(document["primary"])
        except OSError as error:
            raise KeysUnusable(f"{file} cannot be read: {type(error).__name__}") from error
        except (ValueError, KeyError, TypeError, AttributeError):
            raise KeysUnusable(f"{file} holds no keys in the form expected") from None
        if primary not in known or any(not _is_key(each, secret) for each, secret in known.items()):
            raise KeysUnusable(f"{file} holds no keys in the form expected")
        return cls(primary, known)


def make(file: Path) -> None:
    """Make a file with one key where there is none."""
    if not file.exists():
        Keys.made().write(file)


class Keyring:
    """The keys of a file, as it stands now."""

    def __init__(self, file: Path) -> None:
        """Raises: KeysUnusable."""
        self.file = file
        self._stamp = _stamp(file)
        self._keys = Keys.read(file)
        self._ciphers = _ciphers(self._keys)

    @property
    def keys(self) -> Keys:
        """Raises: KeysUnusable: the file changed into something that holds no keys."""
        stamp = _stamp(self.file)
        if stamp != self._stamp:
            self._keys = Keys.read(self.file)
            self._ciphers = _ciphers(self._keys)
            self._stamp = stamp
        return self._keys

    def primary(self) -> Sealer:
        """Seals with the key for new values; `chassis.encryption.sealer` also knows which are retired."""
        primary = self.keys.primary
        return Sealer(primary, self._ciphers[primary])

    def open(self, sealed: bytes, place: Place) -> bytes:
        """Raises: Unreadable."""
        if key_of(sealed) not in self._ciphers:
            _ = self.keys
        try:
            return open_with(self._ciphers, sealed, place)
        except KeyMissing as error:
            raise KeyMissing(f"{error} in {self.file.name}") from None


def cipher(secret: bytes) -> AESGCM:
    return AESGCM(secret)


def open_with(ciphers: Mapping[KeyId, AESGCM], sealed: bytes, place: Place) -> bytes:
    """The value, by one of these keys.

    Raises:
        Unreadable: `KeyMissing` where none of them sealed it.
    """
    key = key_of(sealed)
    if key not in ciphers:
        raise KeyMissing(f"there is no key {key}")
    nonce, body = sealed[_HEAD - _NONCE : _HEAD], sealed[_HEAD:]
    try:
        return ciphers[key].decrypt(nonce, body, place.bound())
    except InvalidTag:
        raise Unreadable(f"a value of {place.table}.{place.column} was changed or moved") from None


def key_of(sealed: bytes) -> KeyId:
    """The key that a value was sealed with.

    Raises:
        Unreadable: it is no sealed value.
    """
    if len(sealed) < _HEAD or not sealed.startswith(VERSION):
        raise Unreadable("a value is not sealed in the form expected")
    return KeyId(sealed[len(VERSION) : len(VERSION) + _ID].hex())


def _new_id() -> KeyId:
    return KeyId(secrets.token_hex(_ID))


def _is_key(key: KeyId, secret: bytes) -> bool:
    return len(secret) == _SECRET and len(key) == 2 * _ID and not set(key) - set("0123456789abcdef")


def _ciphers(keys: Keys) -> dict[KeyId, AESGCM]:
    return {key: cipher(secret) for key, secret in keys.secrets.items()}


def _stamp(file: Path) -> tuple[int, int, int]:
    try:
        found = file.stat()
    except OSError as error:
        raise KeysUnusable(f"{file} cannot be read: {type(error).__name__}") from error
    return found.st_mtime_ns, found.st_ino, found.st_size
