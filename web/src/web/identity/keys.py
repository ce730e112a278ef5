"""The issuer's public keys, and what each of them may sign with."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final

import structlog
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey, import_key
from joserfc.jws import JWSRegistry
from joserfc.registry import JWS_HEADER_REGISTRY, HeaderRegistryDict

from web.identity.principal import IdentityUnavailable, Unauthenticated

_LOOK_AGAIN: Final = 10.0
_LOOK_AGAIN_FOR_UNKNOWN: Final = 1.0
_RSA_BITS: Final = 2048

_log = structlog.get_logger(__name__)


class PlainHeaders(JWSRegistry):
    """Only `alg`, `kid` and `typ`: no key, address or extension comes out of a token."""

    default_header_registry: ClassVar[HeaderRegistryDict] = {  # type: ignore[misc]  # not one of an instance
        name: JWS_HEADER_REGISTRY[name] for name in ("alg", "kid", "typ")
    }

    def __init__(self, algorithms: tuple[str, ...]) -> None:
        super().__init__(algorithms=algorithms)
        self._algorithms = algorithms

    def get_alg(self, name: str) -> Any:
        if name not in self._algorithms:
            raise Unauthenticated("token_algorithm", "The token's alg is not one that its key signs with")
        return self.algorithms[name]


def _algorithms(key: Key) -> tuple[str, ...]:
    """What a key may sign with, by its kind alone; none for a kind that is not trusted here."""
    named = key.get("alg")
    match key:
        case ECKey() if key.curve_name == "P-256":
            allowed: tuple[str, ...] = ("ES256",)
        case OKPKey() if key.curve_name == "Ed25519":
            allowed = ("EdDSA", "Ed25519")
        case RSAKey() if key.public_key.key_size >= _RSA_BITS:
            allowed = ("RS256",)
        case _:
            allowed = ()
    return tuple(name for name in allowed if named in (None, name))


@dataclass
class KeyFile:
    """The issuer's public keys (a JWKS document), read again when the file changes.

    A look at the file costs one `stat`, at most every ten seconds, or every second while tokens name keys
    that are not known.
    """

    path: Path
    clock: Callable[[], float] = time.monotonic
    _keys: dict[str, tuple[Key, PlainHeaders]] = field(default_factory=dict)
    _looked_at: float | None = None
    _seen: tuple[int, int, int] | None = None

    def find(self, kid: str) -> tuple[Key, PlainHeaders]:
        """The key and what it may sign with.

        Raises:
            Unauthenticated: no such key.
            IdentityUnavailable: there are no keys at all.
        """
        self._look(_LOOK_AGAIN if kid in self._keys else _LOOK_AGAIN_FOR_UNKNOWN)
        if not self._keys:
            raise IdentityUnavailable
        if kid not in self._keys:
            raise Unauthenticated("token_key_unknown", "The token's kid names no key of the issuer")
        return self._keys[kid]

    def _look(self, at_most_every: float) -> None:
        now = self.clock()
        if self._looked_at is not None and now - self._looked_at < at_most_every:
            return
        self._looked_at = now
        try:
            stat = self.path.stat()
            seen = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if seen != self._seen:
                self._keys = _read_keys(self.path)
                self._seen = seen
        except (OSError, ValueError, KeyError, TypeError, JoseError) as error:
            _log.error("identity keys unreadable", error=type(error).__name__)


def _read_keys(path: Path) -> dict[str, tuple[Key, PlainHeaders]]:
    document = json.loads(path.read_text("utf-8"))
    keys: dict[str, tuple[Key, PlainHeaders]] = {}
    for described in document["keys"]:
        if described.get("kty") not in {"EC", "OKP", "RSA"} or described.get("use", "sig") != "sig":
            continue
        key = import_key(described)
        allowed = _algorithms(key)
        if allowed and key.kid is not None:
            keys[key.kid] = (key, PlainHeaders(allowed))
    return keys
