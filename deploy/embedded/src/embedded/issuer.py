"""The development issuer of bearer tokens: a key of its own, made at first start, and nobody's password."""

import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, Self

from joserfc import jwt
from joserfc.jwk import ECKey

from embedded.folder import write_private

ISSUER: Final = "ieum-development"
AUDIENCE: Final = "ieum"
ALGORITHM: Final = "ES256"
ROLES: Final = ("agency", "auditor", "company", "officer", "operator", "reviewer", "school", "student")
"""Those that `web` knows; it passes over any other."""
LIFETIME: Final = 12 * 60 * 60
"""Seconds that a token holds, of the machine's time."""


class Issuer:
    """Signs tokens with the private key in `folder`, readable by its owner alone.

    `keys` is the JWKS document with the public key that services verify tokens with.
    """

    def __init__(self, key: ECKey, keys: Path) -> None:
        self._key = key
        self.keys = keys

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Takes the key that is in `folder`, or makes one.

        Raises:
            Trouble: the folder cannot be written to.
        """
        private, public = folder / "key.json", folder / "jwks.json"
        if not private.exists():
            made = ECKey.generate_key("P-256", {"use": "sig", "alg": ALGORITHM}, auto_kid=True)
            write_private(private, json.dumps(made.as_dict(private=True)))
        key = ECKey.import_key(json.loads(private.read_text()))
        if not public.exists():
            write_private(public, json.dumps({"keys": [key.as_dict(private=False)]}))
        return cls(key, public)

    def token(
        self, sub: str, roles: Iterable[str], party: str | None = None, *, lifetime: int = LIFETIME
    ) -> str:
        """A bearer token.

        Args:
            sub: The person, under a pseudonym.
            roles: Of `ROLES`.
            party: The school, company, student or agency the person acts for.
            lifetime: Seconds from now; negative for one that has expired.
        """
        now = int(time.time())
        claims: dict[str, Any] = {"iss": ISSUER, "aud": AUDIENCE, "sub": sub, "roles": sorted(set(roles))}
        claims |= {"iat": now, "nbf": now, "exp": now + lifetime}
        if party is not None:
            claims["party"] = party
        return jwt.encode({"alg": ALGORITHM, "kid": self._key.kid, "typ": "JWT"}, claims, self._key)
