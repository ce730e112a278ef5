"""Who is asking: bearer tokens (RFC 6750, RFC 7519), roles, and the party somebody acts for.

Tokens live in machine time; the programme's clock has no say here.
"""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final

import structlog
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from joserfc import jwt
from joserfc.errors import ClaimError, ExpiredTokenError, JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey, import_key
from joserfc.jws import JWSRegistry, extract_compact, validate_compact
from joserfc.registry import JWS_HEADER_REGISTRY, HeaderRegistryDict

from chassis.refusals import NotAllowed, Refusal

LEEWAY: Final = 30
"""Seconds by which the clocks of issuer and service may differ."""

_LOOK_AGAIN: Final = 10.0
_LOOK_AGAIN_FOR_UNKNOWN: Final = 1.0
_RSA_BITS: Final = 2048
_SUBJECT: Final = re.compile(r"[!-~]{1,128}")

_log = structlog.get_logger(__name__)


class Role(StrEnum):
    OFFICER = "officer"
    SCHOOL = "school"
    COMPANY = "company"
    STUDENT = "student"
    REVIEWER = "reviewer"
    AUDITOR = "auditor"
    AGENCY = "agency"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Principal:
    """A verified caller: `sub` a pseudonym, `party` the school, company, student or agency it acts for."""

    sub: str
    roles: frozenset[Role]
    party: str | None = None

    def acts_for(self) -> str:
        """The party.

        Raises:
            NotAllowed: rule `party_missing`.
        """
        if self.party is None:
            raise NotAllowed("party_missing", "The token's party must be the one that is acted for")
        return self.party

    def must_be(self, party: str, *exempt: Role, otherwise: Refusal | None = None) -> None:
        """Refuse unless the caller acts for `party` or has one of the `exempt` roles.

        `otherwise` is raised instead where even the existence of the thing must not be told, for example
        `NotFound("application_not_found", …)`.

        Raises:
            NotAllowed: rule `not_your_own`.
        """
        if self.party == party or self.roles.intersection(exempt):
            return
        raise otherwise or NotAllowed(
            "not_your_own", "The token's party is not the one whose data this is: party must be its owner"
        )


class Unauthenticated(Refusal):
    """The bearer token is missing or does not hold; `web` answers 401 with `WWW-Authenticate`."""

    status: ClassVar[int] = 401


class IdentityUnavailable(Exception):  # noqa: N818 - a state of things, told as 503
    """There are no keys to verify tokens with."""


class _PlainHeaders(JWSRegistry):
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
    _keys: dict[str, tuple[Key, _PlainHeaders]] = field(default_factory=dict)
    _looked_at: float | None = None
    _seen: tuple[int, int, int] | None = None

    def find(self, kid: str) -> tuple[Key, _PlainHeaders]:
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


def _read_keys(path: Path) -> dict[str, tuple[Key, _PlainHeaders]]:
    document = json.loads(path.read_text("utf-8"))
    keys: dict[str, tuple[Key, _PlainHeaders]] = {}
    for described in document["keys"]:
        if described.get("kty") not in {"EC", "OKP", "RSA"} or described.get("use", "sig") != "sig":
            continue
        key = import_key(described)
        allowed = _algorithms(key)
        if allowed and key.kid is not None:
            keys[key.kid] = (key, _PlainHeaders(allowed))
    return keys


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


_ROLES: Final = frozenset(role.value for role in Role)
_SCHEME = HTTPBearer(
    bearerFormat="JWT",
    scheme_name="bearer",
    description="A token of the issuer: `sub` the person (a pseudonym), `roles`, `party` where it has one.",
    auto_error=False,
)


def authenticate(request: Request) -> Principal:
    """The caller of a request; the token is verified once, whoever asks first.

    Raises:
        Unauthenticated: no token, or one that does not hold.
        IdentityUnavailable: no keys to check it with.
    """
    known: Principal | None = getattr(request.state, "principal", None)
    if known is not None:
        return known
    given = request.headers.getlist("authorization")
    if not given:
        raise Unauthenticated("token_missing", "The header Authorization must carry a bearer token")
    scheme, _, token = given[0].partition(" ")
    if len(given) > 1 or scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("token_malformed", "The header Authorization must be one bearer token")
    verifier: Verifier = request.app.state.verifier
    principal = verifier.verify(token.strip())
    request.state.principal = principal
    return principal


@dataclass(frozen=True, slots=True)
class Requirement:
    """A dependency that gives the caller, who must have one of `roles` (any caller where there are none)."""

    roles: frozenset[Role]

    def check(self, principal: Principal) -> None:
        """Refuse a caller without any of the roles.

        Raises:
            NotAllowed: rule `role_missing`.
        """
        if self.roles and not self.roles & principal.roles:
            names = ", ".join(sorted(self.roles))
            raise NotAllowed("role_missing", f"The token's roles must have one of: {names}")

    async def __call__(
        self,
        request: Request,
        _documented: Annotated[HTTPAuthorizationCredentials | None, Depends(_SCHEME)],
    ) -> Principal:
        principal = authenticate(request)
        self.check(principal)
        return principal


def require(*roles: Role) -> Requirement:
    """Use as `Annotated[Principal, Depends(require(Role.SCHOOL, Role.OFFICER))]`: one of them is enough.

    Without roles every verified caller passes.
    """
    return Requirement(frozenset(roles))
