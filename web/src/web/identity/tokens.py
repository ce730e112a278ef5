"""Bearer tokens (RFC 7519): what has to hold before somebody is believed to be who a token says.

Tokens live in machine time; the programme's clock has no say here.
"""

import json
import re
import time
from collections.abc import Callable
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import ClaimError, ExpiredTokenError, JoseError
from joserfc.jws import extract_compact, validate_compact

from web.identity.keys import KeyFile
from web.identity.principal import Principal, Role, Unauthenticated

LEEWAY: Final = 30
"""Seconds by which the clocks of issuer and service may differ."""

_SUBJECT: Final = re.compile(r"[!-~]{1,128}")
_ROLES: Final = frozenset(role.value for role in Role)


class Verifier:
    """Turns a bearer token into a `Principal`.

    Signed with an asymmetric key of the issuer; `iss`, `aud`, `exp`, `iat` and, where given, `nbf` hold
    within `LEEWAY` seconds. Roles that are not known here are passed over.
    """

    def __init__(
        self, keys: KeyFile, *, issuer: str, audience: str, clock: Callable[[], float] = time.time
    ) -> None:
        self._keys = keys
        self._claims = jwt.JWTClaimsRegistry(
            now=lambda: int(clock()),
            leeway=LEEWAY,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
        )

    def verify(self, token: str) -> Principal:
        """The caller that the token vouches for.

        Raises:
            Unauthenticated: with the rule that the token breaks; never with a part of the token.
            IdentityUnavailable: there are no keys to check it with.
        """
        try:
            claims = self._verified(token)
            self._claims.validate(claims)
        except ExpiredTokenError as error:
            raise Unauthenticated("token_expired", "The token's exp has passed") from error
        except ClaimError as error:
            raise _broken(error.claim) from error
        except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise _broken(None) from error
        return _principal(claims)

    def _verified(self, token: str) -> dict[str, Any]:
        signed = extract_compact(token.encode("ascii"))
        header = signed.headers()
        kid = header.get("kid")
        if not isinstance(kid, str):
            raise Unauthenticated("token_key_missing", "The token's header must name its key: kid")
        if str(header.get("typ", "JWT")).lower() not in {"jwt", "at+jwt"}:
            raise Unauthenticated("token_type", "The token's typ must be JWT or at+jwt")
        key, registry = self._keys.find(kid)
        if not validate_compact(signed, key, registry=registry):
            raise Unauthenticated("token_signature", "The token's signature does not hold")
        claims = json.loads(signed.payload or b"")
        if not isinstance(claims, dict):
            raise TypeError
        return claims


def _broken(claim: str | None) -> Unauthenticated:
    if claim in {"iss", "aud", "exp", "iat", "nbf", "sub"}:
        return Unauthenticated(f"token_{claim}", f"The token's {claim} is missing or does not hold")
    return Unauthenticated("token_malformed", "The token is not a JWT that this service reads")


def _principal(claims: dict[str, Any]) -> Principal:
    sub, roles, party = claims["sub"], claims.get("roles", []), claims.get("party")
    if not _SUBJECT.fullmatch(sub):
        raise Unauthenticated("token_sub", "The token's sub must be 1 to 128 visible ASCII characters")
    if not isinstance(roles, list):
        raise Unauthenticated("token_roles", "The token's roles must be a list of names")
    if not (party is None or (isinstance(party, str) and _SUBJECT.fullmatch(party))):
        raise Unauthenticated("token_party", "The token's party must be an identifier")
    known = frozenset(Role(name) for name in roles if isinstance(name, str) and name in _ROLES)
    return Principal(sub, known, party)
