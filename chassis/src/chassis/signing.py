"""A signing key of a service: Ed25519, made at first start where there is none, its public half published."""

import base64
import hashlib
import json
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)


class KeyUnusable(Exception):  # noqa: N818 - what is wrong with a file
    """The file holds no Ed25519 key, or others may read it; the message names the file, never the key."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The public half, as others know it: a JSON Web Key (RFC 8037) named by its thumbprint (RFC 7638)."""

    key: Ed25519PublicKey

    @property
    def x(self) -> str:
        return _base64url(self.key.public_bytes(Encoding.Raw, PublicFormat.Raw))

    @property
    def kid(self) -> str:
        named = json.dumps({"crv": "Ed25519", "kty": "OKP", "x": self.x}, separators=(",", ":"))
        return _base64url(hashlib.sha256(named.encode()).digest())

    def document(self) -> dict[str, str]:
        return {"kty": "OKP", "crv": "Ed25519", "x": self.x, "kid": self.kid, "alg": "EdDSA", "use": "sig"}

    @classmethod
    def read(cls, document: Any) -> Self:
        """The key in a JSON Web Key.

        Raises:
            ValueError: It is none of Ed25519.
        """
        if not isinstance(document, dict) or document.get("crv") != "Ed25519":
            raise ValueError("no Ed25519 key")
        padded = str(document.get("x", "")) + "=="
        return cls(Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(padded)))

    def signed(self, data: bytes, signature: bytes) -> bool:
        """Whether the owner of the key signed these bytes."""
        try:
            self.key.verify(signature, data)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The private half; it never leaves its file and this object."""

    _key: Ed25519PrivateKey = field(repr=False)

    @property
    def public(self) -> PublicKey:
        return PublicKey(self._key.public_key())

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data)

    @classmethod
    def open(cls, file: Path) -> Self:
        """The key in a PEM file (PKCS #8), which is made where it is not there.

        Raises:
            KeyUnusable: the file holds something else, or is open to others than its owner.
            OSError: it cannot be made or read.
        """
        with suppress(FileExistsError):
            if not file.exists():
                _make(file)
        if file.stat().st_mode & 0o077:
            raise KeyUnusable(f"{file} holds a signing key: only its owner may have access to it")
        try:
            key = load_pem_private_key(file.read_bytes(), None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise KeyUnusable(f"{file} holds no private key in PEM without a password") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise KeyUnusable(f"{file} holds a key that is not of Ed25519")
        return cls(key)


def _make(file: Path) -> None:
    """Make a key, whole or not at all, also where several processes start at once.

    Raises:
        FileExistsError: another process was faster.
    """
    content = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")  # only its owner may read it
    try:
        with os.fdopen(handle, "wb") as made:
            made.write(content)
        os.link(name, file)
    finally:
        Path(name).unlink()


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
